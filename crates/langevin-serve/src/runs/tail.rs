//! The lines of a log that is being written.

use langevin::train::MetricsLine;
use std::fs::{File, Metadata};
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::PathBuf;

/// Bytes that are read at a time; more comes with the next look.
const PORTION: u64 = 4 << 20;

/// Lines of one answer; more are thinned out evenly.
const MOST_LINES: usize = 5000;

/// What a look at the log gave.
#[derive(Debug, Default, PartialEq)]
pub struct Look {
    /// Whether the log is another than before, so that what was read of it counts no more.
    pub reset: bool,
    /// The lines since the last look.
    pub lines: Vec<MetricsLine>,
}

/// A log, and how far it has been read.
pub struct Tail {
    path: PathBuf,
    offset: u64,
    identity: Option<u64>,
}

impl Tail {
    /// The log at `path`, from its beginning.
    pub fn new(path: PathBuf) -> Self {
        Self { path, offset: 0, identity: None }
    }

    /// The whole lines that came since the last look. A log that is not there yet has none.
    ///
    /// # Errors
    /// If it is there and cannot be read.
    pub fn look(&mut self) -> io::Result<Look> {
        let mut file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Look::default()),
            Err(error) => return Err(error),
        };
        let facts = file.metadata()?;
        // A run that is resumed writes its log anew.
        let identity = identity(&facts);
        let reset = self.identity.is_some_and(|known| known != identity) || facts.len() < self.offset;
        if reset {
            self.offset = 0;
        }
        self.identity = Some(identity);
        file.seek(SeekFrom::Start(self.offset))?;
        let mut bytes = Vec::new();
        BufReader::new(file).take(PORTION).read_to_end(&mut bytes)?;
        let whole = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |last| last + 1);
        self.offset += whole as u64;
        let lines = bytes[..whole].split(|&byte| byte == b'\n');
        let lines = lines.filter_map(|line| serde_json::from_slice(line).ok()).collect();
        Ok(Look { reset, lines })
    }

    /// All lines after `step`, thinned.
    ///
    /// # Errors
    /// As for [`Tail::look`].
    pub fn all(&mut self, step: u64) -> io::Result<Vec<MetricsLine>> {
        Ok(thinned(self.rest(step)?))
    }

    /// All lines after `step`, every one.
    ///
    /// # Errors
    /// As for [`Tail::look`].
    pub fn rest(&mut self, step: u64) -> io::Result<Vec<MetricsLine>> {
        let mut lines = Vec::new();
        loop {
            let before = self.offset;
            let look = self.look()?;
            if look.reset {
                lines.clear();
            }
            lines.extend(look.lines.into_iter().filter(|line| line.step > step));
            if self.offset == before {
                return Ok(lines);
            }
        }
    }
}

/// At most so many lines, evenly chosen; the last always stays, and so do those with a measurement.
pub fn thinned(lines: Vec<MetricsLine>) -> Vec<MetricsLine> {
    let every = lines.len().div_ceil(MOST_LINES).max(1);
    let last = lines.len().saturating_sub(1);
    let keeps = |index: usize, line: &MetricsLine| {
        (last - index).is_multiple_of(every) || line.frechet.is_some() || line.holdout_loss.is_some()
    };
    lines.into_iter().enumerate().filter(|(index, line)| keeps(*index, line)).map(|(_, line)| line).collect()
}

/// What tells one file of a name from the next.
#[cfg(unix)]
fn identity(facts: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(facts)
}

#[cfg(not(unix))]
fn identity(facts: &Metadata) -> u64 {
    let created = facts.created().ok().and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
    created.map_or(0, |age| age.as_nanos() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, OpenOptions};
    use std::io::Write;

    fn line(step: u64) -> String {
        format!("{{\"step\":{step},\"loss\":0.5,\"lr\":0.001,\"images_per_second\":9.0}}\n")
    }

    fn steps(look: &Look) -> Vec<u64> {
        look.lines.iter().map(|line| line.step).collect()
    }

    #[test]
    fn only_whole_lines_are_seen_and_each_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.jsonl");
        let mut tail = Tail::new(path.clone());
        assert_eq!(tail.look().unwrap(), Look::default());
        fs::write(&path, line(1) + &line(2)[..9]).unwrap();
        assert_eq!(steps(&tail.look().unwrap()), [1]);
        let mut file = OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all((line(2)[9..].to_owned() + &line(3)).as_bytes()).unwrap();
        let look = tail.look().unwrap();
        assert_eq!((steps(&look), look.reset), (vec![2, 3], false));
        assert!(tail.look().unwrap().lines.is_empty());
    }

    #[test]
    fn a_log_written_anew_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let (path, other) = (folder.path().join("metrics.jsonl"), folder.path().join("other"));
        fs::write(&path, line(1) + &line(2)).unwrap();
        let mut tail = Tail::new(path.clone());
        tail.look().unwrap();
        fs::write(&other, line(1) + &line(2) + &line(3)).unwrap();
        fs::rename(&other, &path).unwrap();
        let look = tail.look().unwrap();
        assert_eq!((steps(&look), look.reset), (vec![1, 2, 3], true));
    }

    #[test]
    fn long_logs_are_thinned_to_their_last_line() {
        let lines: Vec<MetricsLine> =
            (1..=12_001).map(|step| serde_json::from_str(&line(step)).unwrap()).collect();
        let few = thinned(lines.clone());
        assert!(few.len() <= MOST_LINES + 1 && few.len() > MOST_LINES / 2, "{}", few.len());
        assert_eq!(few.last().unwrap().step, 12_001);
        assert_eq!(thinned(lines[..7].to_vec()).len(), 7);
        assert!(thinned(Vec::new()).is_empty());
    }
}
