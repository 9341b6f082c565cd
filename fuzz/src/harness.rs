//! One input of a target: its files are written, read, and what that cost is looked at.

use crate::memory;
use crate::targets::{TARGETS, Target};
use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};

/// What the last panic said, and where it was.
static PANIC: Mutex<String> = Mutex::new(String::new());

/// The variable that has the most memory that an input took, in bytes and in parts of what is allowed, printed as it grows.
const WATCH: &str = "LANGEVIN_FUZZ_WATCH";

/// Prepares the process: one thread, and panics that are caught inside of the library do not end it.
pub fn start() {
    std::panic::set_hook(Box::new(|info| {
        let trace = std::backtrace::Backtrace::capture();
        if let Ok(mut message) = PANIC.lock() {
            *message = format!("{info}\n{trace}");
        }
    }));
    // Nobody waits for a thread to wake then.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread();
    pool.build_global().expect("nobody has started threads yet");
}

/// Gives an input to the target of this name.
///
/// Aborts where reading panics or takes more memory than the target allows, which libFuzzer takes for a crash.
pub fn run(name: &str, data: &[u8]) {
    let target = TARGETS.iter().find(|target| target.name == name).expect("the target is in the table");
    let folder = folder();
    let length = fill(folder, &(target.files)(data));
    let most = target.most(length);
    let read = || catch_unwind(AssertUnwindSafe(|| (target.read)(folder)));
    let mut result = Ok(());
    let peak = memory::limited(most, || result = read());
    if result.is_err() {
        let message = PANIC.lock().map(|message| message.clone()).unwrap_or_default();
        eprintln!("{name} panicked: {message}");
        std::process::abort();
    }
    watch(target, length, peak);
}

/// A folder of this process in memory, where there is such a place.
fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let memory = PathBuf::from("/dev/shm");
        let parent = if memory.is_dir() { memory } else { std::env::temp_dir() };
        let folder = parent.join(format!("langevin-fuzz-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("the folder for inputs can be made");
        folder
    })
}

/// Writes the files of an input in place of those of the one before; gives their bytes together.
fn fill(folder: &Path, files: &[(&'static str, Vec<u8>)]) -> usize {
    static BEFORE: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut before = BEFORE.lock().expect("inputs come one after another");
    for name in &*before {
        // A reader may have moved it.
        let _ = fs::remove_file(folder.join(name));
    }
    *before = files.iter().map(|(name, _)| *name).collect();
    for (name, bytes) in files {
        let path = folder.join(name);
        if fs::write(&path, bytes).is_err() {
            fs::create_dir_all(path.parent().expect("it lies in the folder")).expect("folders can be made");
            fs::write(&path, bytes).expect("files can be written");
        }
    }
    files.iter().map(|(_, bytes)| bytes.len()).sum()
}

/// Says what an input took, where that is asked for and more than of any before.
fn watch(target: &Target, length: usize, peak: usize) {
    static MOST: Mutex<usize> = Mutex::new(0);
    static ASKED: OnceLock<bool> = OnceLock::new();
    if *ASKED.get_or_init(|| std::env::var_os(WATCH).is_some()) {
        let share = peak.saturating_mul(1000) / target.most(length);
        let mut most = MOST.lock().expect("inputs come one after another");
        if share > *most {
            *most = share;
            eprintln!("{length} bytes took {peak}: {share} thousandths of what is allowed");
        }
    }
}
