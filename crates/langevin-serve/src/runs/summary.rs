//! What a run is, and how far it has come.

use super::{changed, checkpoints, grid_steps};
use langevin::config::Recipe;
use langevin::train::{MetricsLine, RunFolder, is_written_to};
use serde::Serialize;
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::time::{Duration, SystemTime};
use utoipa::ToSchema;

/// No line of metrics is longer.
const LONGEST_LINE: u64 = 16 << 10;

/// A run that changed so lately is being trained, whatever is known of its lock.
const LATELY: Duration = Duration::from_secs(10);

/// How a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum RunState {
    /// A process is at it.
    Training,
    /// It has made all its steps.
    Finished,
    /// It can be gone on with.
    Stopped,
}

/// A run in a few words and numbers.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct RunSummary {
    /// Its folder's name, by which it is asked for.
    pub name: String,
    /// How it stands.
    pub state: RunState,
    /// Steps made, as far as they are written down.
    pub step: u64,
    /// Steps in all.
    pub steps: u64,
    /// Seconds until the last step, at the present speed.
    pub seconds_left: Option<f64>,
    /// Samples trained on a second.
    pub images_per_second: Option<f64>,
    /// The last mean loss.
    pub loss: Option<f64>,
    /// What it is trained on.
    pub data: Option<String>,
    /// A sample: height x width x channels, or `points`.
    pub shape: Option<String>,
    /// The network in a line.
    pub model: Option<String>,
    /// When it changed last, in seconds since 1970.
    pub changed: f64,
    /// The steps that have a grid of samples.
    pub grids: Vec<u64>,
    /// Its checkpoints, the oldest first and the best last.
    pub checkpoints: Vec<String>,
}

impl RunSummary {
    /// Of the run in `folder`. What cannot be read is left open: a folder may be half written.
    pub fn of(name: &str, folder: &RunFolder) -> Self {
        let text = fs::read_to_string(folder.config()).unwrap_or_default();
        let recipe = Recipe::parse(name, &text).ok();
        let last = last_line(folder);
        let step = last.map_or(0, |line| line.step);
        let steps = recipe.as_ref().map_or(step, |recipe| recipe.train.steps);
        let modified = changed(folder);
        // A lock that is held in another container, or on another machine, is not seen.
        let lately = modified.elapsed().is_ok_and(|age| age < LATELY) && step < steps;
        let state = match is_written_to(folder) == Some(true) || lately {
            true => RunState::Training,
            false if step >= steps => RunState::Finished,
            false => RunState::Stopped,
        };
        let training = state == RunState::Training;
        let speed = last.map(|line| line.images_per_second).filter(|speed| *speed > 0.0);
        let batch = recipe.as_ref().map_or(0, |recipe| recipe.train.batch);
        let left = speed.map(|speed| steps.saturating_sub(step) as f64 * batch as f64 / speed);
        let checkpoints = checkpoints(folder);
        let mut grids = grid_steps(folder);
        if folder.final_grid().is_file() && !grids.contains(&steps) {
            grids.push(steps);
        }
        Self {
            name: name.to_owned(),
            state,
            step,
            steps,
            seconds_left: left.filter(|_| training),
            images_per_second: speed.filter(|_| training),
            loss: last.and_then(|line| line.loss),
            data: recipe.as_ref().and_then(|recipe| recipe.data.source.clone()),
            shape: shape(folder, &checkpoints),
            model: recipe.map(|recipe| recipe.model.describe()),
            changed: modified.duration_since(SystemTime::UNIX_EPOCH).map_or(0.0, |age| age.as_secs_f64()),
            grids,
            checkpoints,
        }
    }
}

/// The last whole line of the metrics.
fn last_line(folder: &RunFolder) -> Option<MetricsLine> {
    let mut file = File::open(folder.metrics()).ok()?;
    let length = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(2 * LONGEST_LINE))).ok()?;
    let mut end = Vec::new();
    file.take(2 * LONGEST_LINE).read_to_end(&mut end).ok()?;
    let end = &end[..=end.iter().rposition(|&byte| byte == b'\n')?];
    end.split(|&byte| byte == b'\n').rev().find_map(|line| serde_json::from_slice(line).ok())
}

/// The shape of a sample, as a checkpoint says it: it follows from the data, which are not opened for it.
fn shape(folder: &RunFolder, checkpoints: &[String]) -> Option<String> {
    let newest = checkpoints.iter().rev().find(|name| *name != "best").or(checkpoints.last())?;
    let state = folder.checkpoints().join(newest).join("langevin/state.json");
    let state: serde_json::Value = serde_json::from_slice(&fs::read(state).ok()?).ok()?;
    if state["levels"].is_null() {
        return Some("points".to_owned());
    }
    let side = |key: &str| state["shape"][key].as_u64();
    Some(format!("{}x{}x{}", side("height")?, side("width")?, side("channels")?))
}
