//! A live process that does a round of its work whenever it is asked to, and waits in between.
//!
//! It prints a line of JSON when it is ready, `{"parameters": …, "version": …}`; for each line with a number of seconds
//! on its standard input one more, `{"ms_per_picture": …}`; and at the end of the input `{"peak_memory_mb": …}`.

use super::line::{number_of, text_of};
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::{JoinHandle, spawn};
use std::time::Duration;

/// What an answer may take beyond the seconds asked for.
const PATIENCE: Duration = Duration::from_secs(180);

/// Errors are reasons in words: a peer that fails is reported, and the others go on.
pub struct Contestant {
    child: Child,
    /// Closed to end it.
    input: Option<ChildStdin>,
    lines: Receiver<String>,
    errors: Option<JoinHandle<String>>,
    /// Elements of all parameters of its network.
    pub parameters: u64,
    version: String,
}

impl Contestant {
    /// Starts the process, and waits until it is ready.
    pub fn start(mut command: Command, limit: Duration) -> Result<Self, String> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|cause| format!("it cannot be started: {cause}"))?;
        let (output, errors) = (child.stdout.take(), child.stderr.take());
        let (sender, lines) = channel();
        spawn(move || {
            let lines = output.into_iter().flat_map(|output| BufReader::new(output).lines());
            for line in lines.map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let errors = spawn(move || {
            let mut text = Vec::new();
            // What can be read of it is all that can be said.
            let _ = errors.map(|mut errors| errors.read_to_end(&mut text));
            String::from_utf8_lossy(&text).into_owned()
        });
        let input = child.stdin.take();
        let version = String::new();
        let mut contestant = Self { child, input, lines, errors: Some(errors), parameters: 0, version };
        let ready = contestant.answer(limit)?;
        let parameters = number_of(&ready, "parameters");
        contestant.parameters = parameters.ok_or_else(|| format!("it said no 'parameters': {ready}"))? as u64;
        contestant.version = text_of(&ready, "version").unwrap_or_default().to_owned();
        Ok(contestant)
    }

    /// The process's number.
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// One round of about `seconds`: milliseconds a picture.
    pub fn round(&mut self, seconds: f64) -> Result<f64, String> {
        let asked = self.input.as_mut().map(|input| writeln!(input, "{seconds}"));
        if !matches!(asked, Some(Ok(()))) {
            return Err(self.last_words());
        }
        let line = self.answer(PATIENCE + Duration::from_secs_f64(seconds))?;
        number_of(&line, "ms_per_picture").ok_or_else(|| format!("it said no 'ms_per_picture': {line}"))
    }

    /// Ends it: its version, and the largest memory that it took, in MB, if it could tell.
    pub fn finish(mut self) -> Result<(String, Option<f64>), String> {
        self.input = None;
        let line = self.answer(PATIENCE)?;
        Ok((std::mem::take(&mut self.version), number_of(&line, "peak_memory_mb")))
    }

    fn answer(&mut self, limit: Duration) -> Result<String, String> {
        match self.lines.recv_timeout(limit) {
            Ok(line) => Ok(line),
            Err(RecvTimeoutError::Timeout) => Err(format!("no answer within {} s", limit.as_secs())),
            Err(RecvTimeoutError::Disconnected) => Err(self.last_words()),
        }
    }

    /// The last line of the error output of a process that ended.
    fn last_words(&mut self) -> String {
        self.end();
        let text = self.errors.take().and_then(|errors| errors.join().ok()).unwrap_or_default();
        let last = text.lines().map(str::trim).rfind(|line| !line.is_empty());
        last.map_or_else(|| "it ended without a word".to_owned(), |line| line.chars().take(300).collect())
    }

    fn end(&mut self) {
        self.input = None;
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Contestant {
    fn drop(&mut self) {
        self.end();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Result<Contestant, String> {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Contestant::start(command, Duration::from_secs(20))
    }

    #[test]
    fn one_that_answers_is_asked_and_ended() {
        let script = r#"echo '{"parameters": 35746307, "version": "Shell 1"}'
            while read seconds; do echo "{\"ms_per_picture\": $seconds}"; done
            echo '{"peak_memory_mb": null}'"#;
        let mut contestant = shell(script).unwrap();
        assert_eq!(contestant.parameters, 35_746_307);
        assert_eq!((contestant.round(1.5), contestant.round(0.25)), (Ok(1.5), Ok(0.25)));
        assert_eq!(contestant.finish(), Ok(("Shell 1".to_owned(), None)));
    }

    #[test]
    fn one_that_fails_says_why() {
        let reason = |script| shell(script).err().unwrap();
        assert_eq!(reason("echo 'no module torch' >&2; exit 1"), "no module torch");
        assert_eq!(reason("exit 3"), "it ended without a word");
        assert!(reason("echo hello").contains("hello"));
        let absent = Contestant::start(Command::new("no-such-program-here"), Duration::from_secs(1));
        assert!(absent.err().unwrap().contains("cannot be started"));
        let mut mute = shell("echo '{\"parameters\": 1}'; read seconds; echo gone >&2").unwrap();
        assert_eq!(mute.round(0.1), Err("gone".to_owned()));
    }

    #[test]
    fn one_that_never_gets_ready_is_not_waited_for() {
        let mut command = Command::new("sleep");
        command.arg("60");
        let reason = Contestant::start(command, Duration::from_millis(50)).err().unwrap();
        assert!(reason.contains("no answer"), "{reason}");
    }
}
