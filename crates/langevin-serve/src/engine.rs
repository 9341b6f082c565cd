//! One network for several jobs: the passes that they ask for at the same time are one pass.
//!
//! Each job runs its own sampler on a thread of its own, with a [`Member`] in the network's place. A pass waits until every
//! member has asked for one, or has ended; then all their x are put together. A sample's result does not depend on the batch
//! that it is in, so each job gets what it would get alone, bit for bit, whatever samplers, steps and timesteps
//! the others have.

use burn::tensor::Tensor;
use langevin::compute::PreparedWeights;
use langevin::models::{Conditioning, Model, Network};
use langevin::nn::DropoutKey;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How long a pass waits for a member that does something else, such as writing down what it has.
const PATIENCE: Duration = Duration::from_millis(20);

/// A pass that a member asks for.
struct Call {
    x: Tensor<4>,
    timesteps: Vec<f64>,
    classes: Option<Vec<usize>>,
    answer: SyncSender<Tensor<4>>,
}

#[derive(Default)]
struct Desk {
    members: usize,
    calls: Vec<Call>,
    /// When the first of them came.
    since: Option<Instant>,
    closed: bool,
}

#[derive(Default)]
struct Shared {
    desk: Mutex<Desk>,
    changed: Condvar,
}

impl Shared {
    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A network on a thread of its own, at work for its members.
pub struct Engine {
    shared: Arc<Shared>,
    null_class: Option<usize>,
}

impl Engine {
    /// Puts the network to work.
    ///
    /// # Errors
    /// If the system has no thread for it.
    pub fn start(network: Model) -> std::io::Result<Self> {
        let (shared, null_class) = (Arc::new(Shared::default()), network.null_class());
        let theirs = Arc::clone(&shared);
        thread::Builder::new().name("engine".to_owned()).spawn(move || serve(&network, &theirs))?;
        Ok(Self { shared, null_class })
    }

    /// A place at the network, for one job.
    pub fn join(&self) -> Member {
        let (null_class, shared) = (self.null_class, Arc::clone(&self.shared));
        Member { shared, null_class, counted: Cell::new(false) }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.shared.desk().closed = true;
        self.shared.changed.notify_all();
    }
}

/// A job's place at the network. Passes wait for it from its first call on: what it does before may take long.
pub struct Member {
    shared: Arc<Shared>,
    null_class: Option<usize>,
    counted: Cell<bool>,
}

impl Drop for Member {
    fn drop(&mut self) {
        if self.counted.get() {
            self.shared.desk().members -= 1;
            self.shared.changed.notify_all();
        }
    }
}

impl Network for Member {
    fn forward(&self, x: Tensor<4>, conditioning: Conditioning, _: Option<DropoutKey>) -> Tensor<4> {
        let (answer, answered) = sync_channel(1);
        let timesteps = conditioning.timesteps.to_vec();
        let classes = conditioning.classes.map(<[usize]>::to_vec);
        let mut desk = self.shared.desk();
        if !self.counted.replace(true) {
            desk.members += 1;
        }
        desk.since.get_or_insert_with(Instant::now);
        desk.calls.push(Call { x, timesteps, classes, answer });
        drop(desk);
        self.shared.changed.notify_all();
        answered.recv().expect("a pass that failed is the failure of all that are in it")
    }

    fn null_class(&self) -> Option<usize> {
        self.null_class
    }

    /// The class was held against the network before the job was taken.
    fn check(&self, _: &Conditioning, _: usize) -> Result<(), langevin::models::ConditioningError> {
        Ok(())
    }
}

/// Answers calls until the engine is gone.
fn serve(network: &Model, shared: &Shared) {
    let _kept = PreparedWeights::keep();
    while let Some(calls) = next_calls(shared) {
        // What panics is a bug; it ends the jobs that are in the pass, by their answers that never come, and no other.
        let _ = catch_unwind(AssertUnwindSafe(|| pass(network, calls)));
    }
}

/// The calls of the next pass: of all members, or of those that came in time.
fn next_calls(shared: &Shared) -> Option<Vec<Call>> {
    let mut desk = shared.desk();
    loop {
        if desk.closed {
            return None;
        }
        let waited = desk.since.map(|since| since.elapsed());
        match waited {
            Some(waited) if desk.calls.len() >= desk.members || waited >= PATIENCE => {
                desk.since = None;
                return Some(std::mem::take(&mut desk.calls));
            }
            Some(waited) => {
                let woken = shared.changed.wait_timeout(desk, PATIENCE - waited);
                desk = woken.unwrap_or_else(PoisonError::into_inner).0;
            }
            None => desk = shared.changed.wait(desk).unwrap_or_else(PoisonError::into_inner),
        }
    }
}

/// One pass for calls that know classes, and one for those that do not.
fn pass(network: &Model, calls: Vec<Call>) {
    let (with, without): (Vec<Call>, Vec<Call>) = calls.into_iter().partition(|call| call.classes.is_some());
    for calls in [with, without].into_iter().filter(|calls| !calls.is_empty()) {
        let timesteps: Vec<f64> = calls.iter().flat_map(|call| call.timesteps.iter().copied()).collect();
        let classes: Vec<usize> =
            calls.iter().flat_map(|call| call.classes.iter().flatten().copied()).collect();
        let classes = calls[0].classes.is_some().then_some(&classes[..]);
        let sizes: Vec<usize> = calls.iter().map(|call| call.timesteps.len()).collect();
        let (xs, answers): (Vec<_>, Vec<_>) = calls.into_iter().map(|call| (call.x, call.answer)).unzip();
        let x = if xs.len() == 1 { xs.into_iter().next().expect("one") } else { Tensor::cat(xs, 0) };
        let output = network.forward(x, Conditioning::at(&timesteps).with_classes(classes), None);
        let mut first = 0;
        for (size, answer) in sizes.iter().zip(answers) {
            let part = if sizes.len() == 1 { output.clone() } else { output.clone().narrow(0, first, *size) };
            first += size;
            // A job that is gone needs no answer.
            let _ = answer.send(part);
        }
    }
}
