//! Runs as they lie in their folder.
//!
//! What a client names is looked up in what the folder lists; it never becomes a part of a path. So there is nothing to
//! be said of dots and slashes in it.

mod events;
mod record;
mod routes;
mod stamp;
mod summary;
mod tail;

pub use record::{Grid, Record, RecordError};
pub use routes::router;
pub use stamp::Stamp;
pub use summary::{RunState, RunSummary};

use langevin::train::RunFolder;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The folder of runs.
pub struct Runs {
    root: PathBuf,
}

impl Runs {
    /// The runs in `root`; or `root` alone, if it is a run itself. One that is not there yet is made, for what will be trained.
    ///
    /// # Errors
    /// If it cannot be read or made.
    pub fn new(root: &Path) -> io::Result<Self> {
        fs::create_dir_all(root)?;
        fs::read_dir(root)?;
        Ok(Self { root: root.to_owned() })
    }

    /// The folders of all runs with their names, the one that changed last first.
    fn folders(&self) -> Vec<(String, RunFolder)> {
        if is_run(&self.root) {
            return vec![(own_name(&self.root), RunFolder::new(&self.root))];
        }
        let entries = fs::read_dir(&self.root).into_iter().flatten();
        let paths = entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| is_run(path));
        let mut found: Vec<(SystemTime, String, RunFolder)> = paths
            .filter_map(|path| {
                let folder = RunFolder::new(&path);
                Some((changed(&folder), name_of(&path)?, folder))
            })
            .collect();
        found.sort_by(|a, b| (b.0, &b.1).cmp(&(a.0, &a.1)));
        found.into_iter().map(|(_, name, folder)| (name, folder)).collect()
    }

    /// The folder of the run of that name, if there is one.
    pub fn folder(&self, name: &str) -> Option<RunFolder> {
        self.folders().into_iter().find(|(known, _)| known == name).map(|(_, folder)| folder)
    }

    /// What each run is and how far it has come, the one that changed last first.
    pub fn list(&self) -> Vec<RunSummary> {
        self.folders().iter().map(|(name, folder)| RunSummary::of(name, folder)).collect()
    }

    /// The folder of a run's checkpoint, if there are both.
    pub fn checkpoint(&self, run: &str, checkpoint: &str) -> Option<PathBuf> {
        let folder = self.folder(run)?;
        let name = checkpoints(&folder).into_iter().find(|name| name == checkpoint)?;
        Some(folder.checkpoints().join(name))
    }
}

fn is_run(path: &Path) -> bool {
    path.join("config.toml").is_file()
}

/// A name that is text; another could not be asked for.
fn name_of(path: &Path) -> Option<String> {
    Some(path.file_name()?.to_str()?.to_owned())
}

/// The name of a folder that is known by its path alone, such as `.`.
fn own_name(path: &Path) -> String {
    let name = fs::canonicalize(path).ok().and_then(|path| name_of(&path));
    name.unwrap_or_else(|| "run".to_owned())
}

/// When its metrics, or else its settings, changed last.
fn changed(folder: &RunFolder) -> SystemTime {
    let time = |path: PathBuf| path.metadata().and_then(|file| file.modified()).ok();
    time(folder.metrics()).or_else(|| time(folder.config())).unwrap_or(SystemTime::UNIX_EPOCH)
}

/// The names of a run's checkpoints, the oldest first and the best last.
fn checkpoints(folder: &RunFolder) -> Vec<String> {
    let entries = fs::read_dir(folder.checkpoints()).into_iter().flatten();
    let names = entries.filter_map(|entry| name_of(&entry.ok()?.path()));
    let is_one = |name: &String| {
        let step = name.strip_prefix("step-").is_some_and(|step| step.parse::<u64>().is_ok());
        // What is being written or removed has another ending.
        (step || name == "best") && folder.checkpoints().join(name).is_dir()
    };
    let mut names: Vec<String> = names.filter(is_one).collect();
    names.sort_by_key(|name| (name == "best", name.clone()));
    names
}

/// The steps that have a grid, in order, but for the last step's, which is another file.
fn grid_steps(folder: &RunFolder) -> Vec<u64> {
    let entries = fs::read_dir(folder.root.join("samples")).into_iter().flatten();
    let names = entries.filter_map(|entry| name_of(&entry.ok()?.path()));
    let step = |name: String| name.strip_prefix("step-")?.strip_suffix(".png")?.parse().ok();
    let mut steps: Vec<u64> = names.filter_map(step).collect();
    steps.sort_unstable();
    steps
}
