//! Where the time goes: seconds spent in each kind of operation, forward and backward.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

static ENABLED: AtomicBool = AtomicBool::new(false);
static SPENT: Mutex<BTreeMap<&'static str, Spent>> = Mutex::new(BTreeMap::new());

/// What one kind of operation took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// In forward passes.
    pub forward: Duration,
    /// In backward passes.
    pub backward: Duration,
}

/// Begins to measure, from zero.
///
/// Only what the CPU kernels compute is measured; the rest of a step's time is that of Burn's own operations, of
/// its graph and of the trainer.
pub fn start_profile() {
    SPENT.lock().unwrap_or_else(|e| e.into_inner()).clear();
    ENABLED.store(true, Ordering::Relaxed);
}

/// Ends measuring; gives what each kind of operation took since [`start_profile`].
pub fn stop_profile() -> BTreeMap<&'static str, Spent> {
    ENABLED.store(false, Ordering::Relaxed);
    std::mem::take(&mut SPENT.lock().unwrap_or_else(|e| e.into_inner()))
}

/// Runs `body`, and counts its time for `name` while a profile is on.
pub(crate) fn measured<R>(name: &'static str, backward: bool, body: impl FnOnce() -> R) -> R {
    if !ENABLED.load(Ordering::Relaxed) {
        return body();
    }
    let start = Instant::now();
    let result = body();
    let mut all = SPENT.lock().unwrap_or_else(|e| e.into_inner());
    let spent = all.entry(name).or_default();
    *(if backward { &mut spent.backward } else { &mut spent.forward }) += start.elapsed();
    result
}
