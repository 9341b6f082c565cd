//! A file from the network, or from elsewhere on the disk, whole and checked or not at all.

use crate::exit::{Done, Failure};
use crate::progress::Progress;
use anyhow::{Context, anyhow};
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::Path;
use std::time::Duration;

/// Bytes taken at a time.
const CHUNK: usize = 1 << 16;

/// How long a server may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a file must be.
#[derive(Clone, Copy, Debug)]
pub struct Expected {
    /// Its bytes.
    pub bytes: u64,
    /// Their SHA-256, in hexadecimal digits.
    pub sha256: &'static str,
}

/// Gets `url` into the file `to`, which appears once it is whole and what was expected.
pub fn download(url: &str, to: &Path, expected: Expected, quiet: bool) -> Done {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_connect(Some(PATIENCE))
        .timeout_recv_response(Some(PATIENCE))
        .user_agent(concat!("langevin/", env!("CARGO_PKG_VERSION")))
        .build()
        .into();
    let answer = agent.get(url).call().map_err(|error| match error {
        ureq::Error::StatusCode(code) => {
            anyhow!("{url} answers with status {code}: give another --url, or --file")
        }
        error => anyhow!("{url} cannot be reached: {error}"),
    })?;
    let mut body = answer.into_body();
    keep(&mut body.as_reader(), url, to, expected, quiet)
}

/// Copies `file` to `to`, in the same way.
pub fn copy(file: &Path, to: &Path, expected: Expected, quiet: bool) -> Done {
    let mut reader = File::open(file).with_context(|| format!("cannot open {}", file.display()))?;
    keep(&mut reader, &file.display().to_string(), to, expected, quiet)
}

fn keep(from: &mut dyn Read, source: &str, to: &Path, expected: Expected, quiet: bool) -> Done {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    }
    let partial = to.with_added_extension("partial");
    let taken = take(from, source, &partial, expected, quiet);
    if taken.is_err() {
        // What is not whole is of no use to anybody.
        let _ = fs::remove_file(&partial);
    }
    taken?;
    fs::rename(&partial, to).with_context(|| format!("cannot write {}", to.display()))?;
    Ok(())
}

fn take(from: &mut dyn Read, source: &str, partial: &Path, expected: Expected, quiet: bool) -> Done {
    let cannot = || format!("cannot write {}", partial.display());
    let mut file = File::create(partial).with_context(cannot)?;
    let mut progress = Progress::new("fetching", expected.bytes, 0, quiet);
    let (mut bytes, mut chunk) = (0u64, vec![0; CHUNK]);
    loop {
        let read = from.read(&mut chunk).with_context(|| format!("{source} stopped after {bytes} bytes"))?;
        if read == 0 {
            break;
        }
        bytes += read as u64;
        if bytes > expected.bytes {
            break;
        }
        file.write_all(&chunk[..read]).with_context(cannot)?;
        progress.update(bytes, format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20)));
    }
    progress.finish();
    if bytes != expected.bytes {
        let found = if bytes > expected.bytes { "more".to_owned() } else { bytes.to_string() };
        return Err(anyhow!(
            "{source} has {found} where {} bytes are expected: nothing is kept",
            expected.bytes
        )
        .into());
    }
    file.sync_all().with_context(cannot)?;
    // Of what lies on the disk, whoever else writes there.
    let found = sha256(partial)?;
    if found != expected.sha256 {
        let message = format!(
            "{source} is not the published file: its SHA-256 is {found}, and {} is expected; nothing is kept",
            expected.sha256
        );
        return Err(anyhow!(message).into());
    }
    Ok(())
}

/// The SHA-256 of a file, in hexadecimal digits.
pub fn sha256(path: &Path) -> Result<String, Failure> {
    let cannot = || format!("cannot read {}", path.display());
    let mut file = File::open(path).with_context(cannot)?;
    let (mut hash, mut chunk) = (Sha256::new(), vec![0; CHUNK]);
    loop {
        match file.read(&mut chunk).with_context(cannot)? {
            0 => return Ok(hex(&hash.finalize())),
            read => hash.update(&chunk[..read]),
        }
    }
}

/// Bytes in hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead, BufReader};
    use std::net::TcpListener;

    /// The SHA-256 of "abc", of FIPS 180-2.
    const ABC: Expected =
        Expected { bytes: 3, sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" };

    #[test]
    fn a_good_file_takes_the_place_of_an_old_one() {
        let folder = tempfile::tempdir().unwrap();
        let to = folder.path().join("deep/weights.pth");
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/weights.pth", listener.local_addr().unwrap());
        let server = std::thread::spawn(move || {
            for body in ["abc", "abd"] {
                let (mut stream, _) = listener.accept().unwrap();
                let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
                while lines.next().is_some_and(|line| !line.unwrap().is_empty()) {}
                write!(stream, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{body}").unwrap();
            }
        });
        download(&url, &to, ABC, true).unwrap();
        assert_eq!(fs::read(&to).unwrap(), b"abc");
        // Another that is wrong leaves it alone.
        assert!(download(&url, &to, ABC, true).is_err());
        assert_eq!(fs::read(&to).unwrap(), b"abc");
        assert_eq!(fs::read_dir(to.parent().unwrap()).unwrap().count(), 1);
        server.join().unwrap();
        fs::write(folder.path().join("at-hand"), b"abc").unwrap();
        let copied = folder.path().join("copied");
        copy(&folder.path().join("at-hand"), &copied, ABC, true).unwrap();
        assert_eq!(fs::read(copied).unwrap(), b"abc");
    }
}
