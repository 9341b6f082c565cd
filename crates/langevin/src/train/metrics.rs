//! The numbers of a run, a line of JSON each, in `metrics.jsonl`.

use super::quarters::Quarters;
use crate::files::write_whole;
use serde::{Deserialize, Serialize};
use serde_json::json;
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
    /// The losses of its samples, by the quarter of their timesteps.
    pub quarters: Quarters,
    /// The gradient's global norm before clipping.
    pub grad_norm: f64,
    /// The learning rate of the step.
    pub lr: f64,
}

impl StepReport {
    /// Whether the step changed nothing, because its loss or gradient is not a finite number.
    pub fn is_skipped(&self) -> bool {
        !(self.loss.is_finite() && self.grad_norm.is_finite())
    }
}

/// One line of `metrics.jsonl`: the steps since the line before.
///
/// Means and maxima are over the steps that were made; a line of none has neither.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricsLine {
    /// Optimiser steps so far, with those that were skipped.
    pub step: u64,
    /// Mean training loss.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss: Option<f64>,
    /// The greatest training loss, in a line of several steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss_max: Option<f64>,
    /// Mean loss of the samples whose timesteps lie in the first (cleanest), second, third and last quarter of all; `null` where
    /// none was drawn. It is the loss as it is minimised, but for the weight of a draw ([`Quarters`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss_quarters: Option<[Option<f64>; 4]>,
    /// Mean of the bound that the objective has a part of, in bits/dim without L_T.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vlb: Option<f64>,
    /// Loss on the held-out part, at fixed timesteps and noise; only where it was taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holdout_loss: Option<f64>,
    /// The part of the held-out samples whose class a classifier tells, at the same timesteps and noise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holdout_accuracy: Option<f64>,
    /// Mean global norm of the gradient before clipping.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grad_norm: Option<f64>,
    /// The greatest norm, in a line of several steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grad_norm_max: Option<f64>,
    /// Learning rate of the last step.
    pub lr: f64,
    /// Steps that were skipped, because their loss or gradient is not a finite number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skipped: Option<u64>,
    /// Steps whose loss or gradient stands far out from those before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spikes: Option<u64>,
    /// Samples trained on a second.
    pub images_per_second: f64,
    /// Fréchet distance of samples and data; only where it was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frechet: Option<f64>,
    /// The bound on the negative log-likelihood, in bits/dim; only where it was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nll: Option<f64>,
}

/// An open `metrics.jsonl`.
#[derive(Debug)]
pub struct MetricsLog {
    file: File,
    path: PathBuf,
    least: Option<f64>,
    /// The last line that was there when it was opened, and the file's length with it.
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
            let mut lines = BufReader::new(File::open(path)?).lines().enumerate().peekable();
            while let Some((number, line)) = lines.next() {
                let parsed = line.and_then(|line| Ok((serde_json::from_str::<MetricsLine>(&line)?, line)));
                let (parsed, line) = match parsed {
                    Ok(parsed) => parsed,
                    // The last line may be cut short by a crash.
                    Err(_) if lines.peek().is_none() => break,
                    Err(cause) => {
                        let what = format!(
                            "line {} is damaged ({cause}): repair it, or move the file away",
                            number + 1
                        );
                        return Err(io::Error::new(io::ErrorKind::InvalidData, what));
                    }
                };
                if parsed.step > step {
                    break;
                }
                least = lesser(least, parsed.frechet);
                kept.push_str(&line);
                kept.push('\n');
                last = Some((parsed, kept.len() as u64));
            }
            write_whole(path, |file| file.write_all(kept.as_bytes()))?;
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

    /// The line that ends at `step`, if it is the last that was there when the log was opened.
    pub fn line_of(&self, step: u64) -> Option<MetricsLine> {
        self.last.map(|(line, _)| line).filter(|line| line.step == step)
    }

    /// The same, if it has no measurement.
    pub fn unmeasured_line(&self, step: u64) -> Option<MetricsLine> {
        self.line_of(step).filter(|line| line.frechet.is_none())
    }

    /// Adds a measurement to the last line that was there, whose other numbers stay as they are written.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn add_measurement(&mut self, frechet: f64, nll: Option<f64>) -> io::Result<()> {
        let Some((line, end)) = self.last else { return Ok(()) };
        self.least = lesser(self.least, Some(frechet));
        let end_of_line = nll.map_or_else(String::new, |nll| format!(",\"nll\":{}", json!(nll)));
        let mut text = fs::read(&self.path)?;
        // In place of the brace and the line's end.
        text.truncate(end as usize - 2);
        text.extend(format!(",\"frechet\":{}{end_of_line}}}\n", json!(frechet)).bytes());
        write_whole(&self.path, |file| file.write_all(&text))?;
        self.last = Some((MetricsLine { frechet: Some(frechet), nll, ..line }, text.len() as u64));
        self.file = OpenOptions::new().append(true).open(&self.path)?;
        Ok(())
    }

    /// Waits until all lines are on the disk.
    ///
    /// # Errors
    /// If the system cannot say so.
    pub fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
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

/// The last line of the log at `path`, if there is one that is whole.
pub fn last_line(path: &Path) -> Option<MetricsLine> {
    let lines = BufReader::new(File::open(path).ok()?).lines().map_while(Result::ok);
    lines.map_while(|line| serde_json::from_str(&line).ok()).last()
}

/// The lesser of those that are there.
fn lesser(one: Option<f64>, other: Option<f64>) -> Option<f64> {
    one.into_iter().chain(other).reduce(f64::min)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(step: u64, frechet: Option<f64>) -> MetricsLine {
        MetricsLine {
            step,
            loss: Some(0.1 + 0.2),
            loss_max: None,
            loss_quarters: None,
            vlb: None,
            holdout_loss: None,
            holdout_accuracy: None,
            grad_norm: Some(1.0),
            grad_norm_max: None,
            lr: 1e-3,
            skipped: None,
            spikes: None,
            images_per_second: 10.0,
            frechet,
            nll: None,
        }
    }

    #[test]
    fn a_reopened_log_forgets_what_will_be_written_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.jsonl");
        let mut log = MetricsLog::open(&path, 0).unwrap();
        for step in 1..=5 {
            log.write(&line(step, Some(step as f64))).unwrap();
        }
        fs::write(&path, fs::read_to_string(&path).unwrap() + "{\"step\":6,\"lo").unwrap();
        let mut again = MetricsLog::open(&path, 3).unwrap();
        again.write(&line(4, Some(4.0))).unwrap();
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
    fn quarters_stand_in_a_line_that_has_them_and_older_lines_are_read() {
        let means = Some([Some(0.5), None, Some(0.25), Some(0.125)]);
        let new = MetricsLine { loss_quarters: means, ..line(1, None) };
        let text = serde_json::to_string(&new).unwrap();
        assert!(text.contains("\"loss_quarters\":[0.5,null,0.25,0.125]"), "{text}");
        assert_eq!(serde_json::from_str::<MetricsLine>(&text).unwrap(), new);
        let old = serde_json::to_string(&line(1, None)).unwrap();
        assert!(!old.contains("quarters"), "{old}");
        assert_eq!(serde_json::from_str::<MetricsLine>(&old).unwrap().loss_quarters, None);
    }

    #[test]
    fn a_measurement_comes_to_the_line_that_lacks_it() {
        let folder = tempfile::tempdir().unwrap();
        let (path, other) = (folder.path().join("metrics.jsonl"), folder.path().join("other.jsonl"));
        let measured = MetricsLine { nll: Some(0.3), ..line(2, Some(2.0)) };
        let mut log = MetricsLog::open(&path, 0).unwrap();
        [line(1, Some(3.0)), line(2, None)].iter().for_each(|line| log.write(line).unwrap());
        let mut again = MetricsLog::open(&path, 2).unwrap();
        assert_eq!(again.unmeasured_line(1), None);
        assert_eq!(again.unmeasured_line(2).map(|line| line.step), Some(2));
        again.add_measurement(2.0, Some(0.3)).unwrap();
        assert_eq!((again.line_of(2), again.unmeasured_line(2)), (Some(measured), None));
        again.write(&line(3, None)).unwrap();
        assert_eq!(again.least_frechet(), Some(2.0));
        let mut whole = MetricsLog::open(&other, 0).unwrap();
        [line(1, Some(3.0)), measured, line(3, None)].iter().for_each(|line| whole.write(line).unwrap());
        assert_eq!(fs::read_to_string(&path).unwrap(), fs::read_to_string(&other).unwrap());
    }
}
