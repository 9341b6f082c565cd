//! Files in places where none should be, and files that are gone when they are wanted.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::data::gather::{Files, gather};
use crate::data::{BadFile, DataError, OnBadFile};

fn skip() -> DataOptions {
    DataOptions { on_bad_file: OnBadFile::Skip, ..DataOptions::default() }
}

fn reports(bad: &[BadFile]) -> Vec<String> {
    bad.iter().map(ToString::to_string).collect()
}

fn bad_at(path: &Path) -> Vec<String> {
    match load(path.to_str().unwrap(), &DataOptions::default()).unwrap_err() {
        DataError::Unreadable { bad, .. } => reports(&bad),
        other => panic!("{other}"),
    }
}

#[cfg(unix)]
#[test]
fn links_that_lead_nowhere_or_back_are_named() {
    use std::os::unix::fs::symlink;
    let root = folder(&[("a/1.png", &grey_png(2, 2, 1)), ("b/1.png", &grey_png(2, 2, 2))]);
    let aside = folder(&[("x.png", &grey_png(2, 2, 3))]);
    let at = |name: &str| root.path().join(name);
    symlink(root.path(), at("a/back")).unwrap();
    symlink(at("b"), at("a/second")).unwrap();
    symlink("circle.png", at("circle.png")).unwrap();
    symlink("/nowhere/at-all.png", at("dangling.png")).unwrap();
    symlink(at("b/1.png"), at("file.png")).unwrap();
    symlink(aside.path(), at("linked")).unwrap();
    symlink(root.path().parent().unwrap(), at("up")).unwrap();
    let bad = bad_at(root.path());
    assert_eq!(bad[0], "'a/back/': it is a link back to a folder that it lies in");
    assert_eq!(bad[1], "'a/second/': it is a link to the folder 'b', which is read already");
    assert!(
        bad[2].starts_with("'circle.png': it is a link to 'circle.png', which cannot be followed: "),
        "{}",
        bad[2]
    );
    assert_eq!(bad[3], "'dangling.png': it is a link to '/nowhere/at-all.png', which does not exist");
    assert_eq!(bad[4], "'up/': it is a link back to a folder that it lies in");
    assert_eq!(bad.len(), 5);
    let set = set_at(root.path(), &skip());
    assert_eq!((0..set.len()).map(|i| set.picture(i).samples[0]).collect::<Vec<_>>(), [1, 2, 2, 3]);
}

#[cfg(unix)]
#[test]
fn pipes_and_sockets_are_named_and_not_waited_for() {
    let root = folder(&[("a.png", &grey_png(2, 2, 1))]);
    let pipe = root.path().join("pipe.png");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let _socket = std::os::unix::net::UnixListener::bind(root.path().join("socket")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", root.path().join("zero.png")).unwrap();
    let what = "it is a pipe, a socket or a device";
    assert_eq!(
        bad_at(root.path()),
        ["pipe.png", "socket", "zero.png"].map(|name| format!("'{name}': {what}"))
    );
    assert_eq!(set_at(root.path(), &skip()).len(), 1);
    let text = error_at(&pipe, &DataOptions::default());
    assert!(text.contains("pipe.png") && text.contains("is no file"), "{text}");
    assert!(crate::data::read_picture(&pipe, None).unwrap_err().to_string().contains("is no file"));
}

#[cfg(target_os = "linux")]
#[test]
fn names_that_are_not_utf8_are_read_apart_and_named_in_escapes() {
    use std::os::unix::ffi::OsStrExt;
    let root = folder(&[]);
    let write = |name: &[u8], bytes: &[u8]| {
        let path = root.path().join(std::ffi::OsStr::from_bytes(name));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    };
    write(b"k\xe9/\xe8.png", &grey_png(2, 2, 1));
    write(b"k\xe9/\xe9.png", &grey_png(2, 2, 2));
    write(b"k\xe8/\xe9.png", &grey_png(2, 2, 3));
    let set = set_at(root.path(), &DataOptions::default());
    assert_eq!(set.class_names(), ["k\\xe8", "k\\xe9"]);
    assert_eq!([0, 1, 2].map(|i| set.picture(i).samples[0]), [3, 1, 2]);
    write(b"k\xe9/\x1b[2J\xff.png", b"");
    assert_eq!(bad_at(root.path()), ["'k\\xe9/\\u{1b}[2J\\xff.png': the file is empty"]);
}

#[test]
fn names_that_lead_out_of_an_archive_are_named() {
    let png = grey_png(2, 2, 7);
    let files = [
        "top/a/1.png",
        "top/b/2.png",
        "./top/b/3.png",
        "../../evil.png",
        "/etc/evil.png",
        "c:\\evil.png",
        "top/..\\..\\evil.png",
    ];
    let root = folder(&[("in/set.zip", &zipped(&files.map(|name| (name, png.as_slice()))))]);
    let bad = bad_at(&root.path().join("in/set.zip"));
    let reason = "its name leads out of the archive (nothing is ever written there)";
    let names = ["../../evil.png", "/etc/evil.png", "c:/evil.png", "top/../../evil.png"];
    assert_eq!(bad, names.map(|name| format!("'{name}': {reason}")));
    let set = set_at(&root.path().join("in/set.zip"), &skip());
    // They do not decide what the folders mean either.
    assert_eq!(
        (set.class_names(), set.labels()),
        (&["a".to_owned(), "b".to_owned()][..], Some(&[0, 1, 1][..]))
    );
    assert!(!root.path().join("evil.png").exists());
    // What decoding alone finds stands in the same report.
    let mut damaged = png.clone();
    let at = damaged.len() - 20;
    damaged[at] ^= 1;
    let root = folder(&[("set.zip", &zipped(&[("../x.png", &png), ("a.png", &png), ("b.png", &damaged)]))]);
    let bad = bad_at(&root.path().join("set.zip"));
    assert!(bad[0].starts_with("'../x.png'") && bad[1].starts_with("'b.png': ") && bad.len() == 2, "{bad:?}");
}

#[test]
fn entries_that_cannot_be_unpacked_are_named() {
    let png = grey_png(2, 2, 7);
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let plain = zip::write::SimpleFileOptions::default();
    for (name, bytes) in
        [("good.png", png.as_slice()), ("same1.png", &png), ("same2.png", &png), ("x.png", &png)]
    {
        archive.start_file(name, plain.compression_method(zip::CompressionMethod::Stored)).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.add_symlink("link.png", "/etc/passwd", plain).unwrap();
    archive.start_file("./good2.png", plain).unwrap();
    archive.write_all(&png).unwrap();
    archive.start_file("good2.png", plain).unwrap();
    archive.write_all(&png).unwrap();
    let mut bytes = archive.finish().unwrap().into_inner();
    // Two entries of one name, which no writer makes.
    while let Some(at) = bytes.windows(9).position(|window| window == b"same2.png") {
        bytes[at..at + 9].copy_from_slice(b"same1.png");
    }
    // A flipped bit in the samples of x.png, which its checksum tells.
    let at = bytes.windows(5).position(|window| window == b"x.png").unwrap() + 5 + png.len() / 2;
    bytes[at] ^= 1;
    let root =
        folder(&[("set.zip", &bytes), ("secret.zip", include_bytes!("../../../tests/data/encrypted.zip"))]);
    let bad = bad_at(&root.path().join("set.zip"));
    assert_eq!(bad[..2], ["'good2.png': the archive has several files of this name"; 2]);
    assert_eq!(bad[2], "'link.png': it is a link, and links in archives are not followed");
    assert_eq!(bad[3], "'same1.png': the archive has several files of this name");
    assert!(bad[4].starts_with("'x.png': it cannot be unpacked: "), "{}", bad[4]);
    assert_eq!(bad.len(), 5);
    assert_eq!(set_at(&root.path().join("set.zip"), &skip()).len(), 1);
    assert_eq!(bad_at(&root.path().join("secret.zip")), ["'a.png': it is encrypted"]);
}

/// Three pictures, of which the second is another one from its n-th reading on.
struct Changing {
    names: Vec<String>,
    from: usize,
    then: Result<Vec<u8>, String>,
    reads: AtomicUsize,
}

impl Changing {
    fn now(&self, index: usize, reads: usize) -> Result<Vec<u8>, String> {
        if index == 1 && reads >= self.from { self.then.clone() } else { Ok(grey_png(4, 4, index as u8)) }
    }
}

impl Files for Changing {
    fn names(&self) -> &[String] {
        &self.names
    }

    fn size(&self, index: usize) -> Result<u64, String> {
        self.now(index, self.reads.load(Ordering::Relaxed)).map(|bytes| bytes.len() as u64)
    }

    fn read(&self, index: usize, limit: u64) -> Result<Vec<u8>, String> {
        let reads = self.reads.fetch_add(usize::from(index == 1), Ordering::Relaxed);
        let mut bytes = self.now(index, reads)?;
        bytes.truncate(limit as usize);
        Ok(bytes)
    }
}

#[test]
fn files_that_change_between_two_readings_are_named() {
    let cases = [
        (Err("it was removed while the set was read".to_owned()), "removed"),
        (Ok(grey_png(5, 4, 9)), ""),
        (Ok(Vec::new()), ""),
        (Ok(grey_png(4, 4, 1)[..40].to_vec()), ""),
    ];
    for (then, said) in cases {
        for from in 0..3 {
            let files = || Changing {
                names: ["a.png", "b.png", "c.png"].map(str::to_owned).to_vec(),
                from,
                then: then.clone(),
                reads: AtomicUsize::new(0),
            };
            let error =
                gather("set".to_owned(), "set", &files(), &DataOptions::default()).unwrap_err().to_string();
            // Of another size from the start it is no bad file.
            if from < 2 && error.contains("mixes sizes") {
                continue;
            }
            assert!(
                error.starts_with("1 of the 3") && error.contains("'b.png'") && error.contains(said),
                "{error}"
            );
            let set = gather("set".to_owned(), "set", &files(), &skip()).unwrap();
            assert_eq!((set.len(), set.skipped().len()), (2, 1), "{from}");
        }
    }
}
