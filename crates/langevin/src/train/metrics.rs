//! The numbers of a run, a line of JSON each, in `metrics.jsonl`.

use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

/// What one optimiser step gave.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepReport {
    /// The mean loss of the step's batch.
    pub loss: f64,
    /// An estimate of L_0 + … + L_{T−1} in bits/dim, from its batch; `None` where the objective has no part of it.
    pub bound: Option<f64>,
    /// The gradient's global norm before clipping.
    pub grad_norm: f64,
    /// The learning rate of the step.
    pub lr: f64,
}

/// One line of `metrics.jsonl`: the steps since the line before.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricsLine {
    /// Optimiser steps made so far.
    pub step: u64,
    /// Mean training loss over the line's steps.
    pub loss: f64,
    /// Mean over the line's steps of the bound that the objective has a part of, in bits/dim without L_T.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vlb: Option<f64>,
    /// Loss on the held-out part, at fixed timesteps and noise; only where it was taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holdout_loss: Option<f64>,
    /// Fréchet distance of samples and data; only where it was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frechet: Option<f64>,
    /// The bound on the negative log-likelihood, in bits/dim; only where it was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nll: Option<f64>,
    /// Mean global norm of the gradient before clipping.
    pub grad_norm: f64,
    /// Learning rate of the last step.
    pub lr: f64,
    /// Samples trained on a second, over the line's steps.
    pub images_per_second: f64,
}

/// An open `metrics.jsonl`.
#[derive(Debug)]
pub struct MetricsLog {
    file: File,
    path: PathBuf,
    least: Option<f64>,
    /// The last line that was there when it was opened, and where it begins.
    last: Option<(MetricsLine, u64)>,
}

impl MetricsLog {
    /// Opens the log at `path`, keeping only lines up to `step`: what a resumed run will write again is dropped.
    ///
    /// # Errors
    /// If the file cannot be read or written.
    pub fn open(path: &Path, step: u64) -> io::Result<Self> {
        let (mut kept, mut least, mut last) = (String::new(), None, None);
        if path.exists() {
            for line in BufReader::new(File::open(path)?).lines() {
                let line = line?;
                // A line cut short by a crash does not parse, and is dropped with what follows it.
                let Ok(parsed) = serde_json::from_str::<MetricsLine>(&line) else { break };
                if parsed.step > step {
                    break;
                }
                least = lesser(least, parsed.frechet);
                last = Some((parsed, kept.len() as u64));
                kept.push_str(&line);
                kept.push('\n');
            }
            let aside = path.with_extension("jsonl.partial");
            fs::write(&aside, kept)?;
            fs::rename(&aside, path)?;
        }
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        Ok(Self { file, path: path.to_owned(), least, last })
    }

    /// Appends a line, whole.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write(&mut self, line: &MetricsLine) -> io::Result<()> {
        self.least = lesser(self.least, line.frechet);
        let mut text = serde_json::to_string(line).map_err(io::Error::other)?;
        text.push('\n');
        self.file.write_all(text.as_bytes())
    }

    /// The line that ends at `step`, if it is the last that was there and has no measurement.
    pub fn unmeasured_line(&self, step: u64) -> Option<MetricsLine> {
        self.last.map(|(line, _)| line).filter(|line| line.step == step && line.frechet.is_none())
    }

    /// Writes a line in place of the last that was there.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn amend(&mut self, line: &MetricsLine) -> io::Result<()> {
        if let Some((_, begin)) = self.last.take() {
            self.file.set_len(begin)?;
        }
        self.write(line)
    }

    /// The least Fréchet distance in it.
    pub fn least_frechet(&self) -> Option<f64> {
        self.least
    }

    /// Where the log is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// The lesser of those that are there.
fn lesser(one: Option<f64>, other: Option<f64>) -> Option<f64> {
    one.into_iter().chain(other).reduce(f64::min)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reopened_log_forgets_what_will_be_written_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.jsonl");
        let line = |step| MetricsLine {
            step,
            loss: 0.5,
            vlb: None,
            holdout_loss: None,
            frechet: Some(step as f64),
            nll: None,
            grad_norm: 1.0,
            lr: 1e-3,
            images_per_second: 10.0,
        };
        let mut log = MetricsLog::open(&path, 0).unwrap();
        for step in 1..=5 {
            log.write(&line(step)).unwrap();
        }
        fs::write(&path, fs::read_to_string(&path).unwrap() + "{\"step\":6,\"lo").unwrap();
        let mut again = MetricsLog::open(&path, 3).unwrap();
        again.write(&line(4)).unwrap();
        assert_eq!(again.least_frechet(), Some(1.0));
        assert_eq!(again.unmeasured_line(3), None);
        let steps: Vec<u64> = fs::read_to_string(&path)
            .unwrap()
            .lines()
            .map(|text| serde_json::from_str::<MetricsLine>(text).unwrap().step)
            .collect();
        assert_eq!(steps, [1, 2, 3, 4]);
    }

    #[test]
    fn a_measurement_comes_to_the_line_that_lacks_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.jsonl");
        let line = |step, frechet| MetricsLine {
            step,
            loss: 0.5,
            vlb: None,
            holdout_loss: None,
            frechet,
            nll: None,
            grad_norm: 1.0,
            lr: 1e-3,
            images_per_second: 10.0,
        };
        let mut log = MetricsLog::open(&path, 0).unwrap();
        [line(1, Some(3.0)), line(2, None)].iter().for_each(|line| log.write(line).unwrap());
        let mut again = MetricsLog::open(&path, 2).unwrap();
        assert_eq!((again.unmeasured_line(1), again.unmeasured_line(2)), (None, Some(line(2, None))));
        again.amend(&line(2, Some(2.0))).unwrap();
        again.write(&line(3, None)).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        let found: Vec<MetricsLine> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(found, [line(1, Some(3.0)), line(2, Some(2.0)), line(3, None)]);
        assert_eq!(again.least_frechet(), Some(2.0));
    }
}
