//! A job: what was asked for, how far it is, and what came of it.

use super::view::{JobState, JobView, Outcome, Ticket};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Bytes of all frames of a job: where a sample is large there are fewer.
const FRAME_BYTES: usize = 8 << 20;

/// A moment on the way, as it is sent: JSON.
pub type Frame = Arc<str>;

/// A job of the queue.
pub struct Job {
    /// Its number; jobs begin in their order.
    pub number: u64,
    /// What clients call it: its number, and what tells this server from the one before it.
    pub id: String,
    /// What was asked for.
    pub ticket: Ticket,
    inner: Mutex<Inner>,
    changed: watch::Sender<u64>,
    cancelled: AtomicBool,
    watchers: AtomicUsize,
}

struct Inner {
    state: JobState,
    position: Option<usize>,
    turn: Option<u64>,
    step: usize,
    steps: usize,
    error: Option<String>,
    begun: Option<Instant>,
    seconds: Option<f64>,
    seen: Instant,
    frames: Vec<Frame>,
    frame_bytes: usize,
    outcome: Option<Arc<Outcome>>,
}

impl Job {
    /// A job that waits.
    pub fn new(number: u64, server: &str, ticket: Ticket, position: usize) -> Self {
        let inner = Inner {
            state: JobState::Queued,
            position: Some(position),
            turn: None,
            step: 0,
            steps: 0,
            error: None,
            begun: None,
            seconds: None,
            seen: Instant::now(),
            frames: Vec::new(),
            frame_bytes: 0,
            outcome: None,
        };
        let (changed, _) = watch::channel(0);
        let (cancelled, watchers) = (AtomicBool::new(false), AtomicUsize::new(0));
        let id = format!("j{number}-{server}");
        Self { number, id, ticket, inner: Mutex::new(inner), changed, cancelled, watchers }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self) {
        self.changed.send_modify(|version| *version += 1);
    }

    /// As clients see it; `results` says whether with the result.
    pub fn view(&self, results: bool) -> JobView {
        let inner = self.inner();
        let result = inner.outcome.as_ref().filter(|_| results).map(|outcome| outcome.view.clone());
        JobView {
            id: self.id.clone(),
            kind: self.ticket.work.kind(),
            state: inner.state,
            position: inner.position,
            turn: inner.turn,
            step: inner.step,
            steps: inner.steps,
            model: self.ticket.facts.id.clone(),
            request: self.ticket.request.clone(),
            command: self.ticket.command.clone(),
            error: inner.error.clone(),
            count: self.ticket.work.count(),
            seconds: inner.seconds.or(inner.begun.map(|begun| begun.elapsed().as_secs_f64())),
            result,
        }
    }

    /// How it stands.
    pub fn state(&self) -> JobState {
        self.inner().state
    }

    /// Says how many are before it.
    pub fn set_position(&self, position: usize) {
        let mut inner = self.inner();
        if inner.state == JobState::Queued && inner.position != Some(position) {
            inner.position = Some(position);
            drop(inner);
            self.tell();
        }
    }

    /// Its turn has come, after so many others; `false` if it was given up before.
    pub fn begin(&self, turn: u64) -> bool {
        let mut inner = self.inner();
        if inner.state != JobState::Queued {
            return false;
        }
        (inner.state, inner.position, inner.begun) = (JobState::Running, None, Some(Instant::now()));
        inner.turn = Some(turn);
        drop(inner);
        self.tell();
        true
    }

    /// It is over, one way or another; the first end counts.
    pub fn end(&self, how: Result<Option<Outcome>, String>) {
        let mut inner = self.inner();
        if inner.state.is_over() {
            return;
        }
        match how {
            Ok(Some(outcome)) => (inner.state, inner.outcome) = (JobState::Done, Some(Arc::new(outcome))),
            Ok(None) => inner.state = JobState::Cancelled,
            Err(error) => (inner.state, inner.error) = (JobState::Failed, Some(error)),
        }
        (inner.seconds, inner.position) = (inner.begun.map(|begun| begun.elapsed().as_secs_f64()), None);
        drop(inner);
        self.tell();
    }

    /// Gives it up: at once if it waits, else after the step that it is in.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
        let mut inner = self.inner();
        if !inner.state.is_over() {
            (inner.state, inner.position) = (JobState::Cancelled, None);
            inner.seconds = inner.begun.map(|begun| begun.elapsed().as_secs_f64());
            drop(inner);
            self.tell();
        }
    }

    /// Whether to go on.
    pub fn flow(&self) -> ControlFlow<()> {
        if self.cancelled.load(Ordering::Relaxed) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    /// How far it is.
    pub fn step(&self, step: usize, steps: usize) -> ControlFlow<()> {
        let mut inner = self.inner();
        (inner.step, inner.steps) = (step, steps);
        drop(inner);
        self.tell();
        self.flow()
    }

    /// Whether another frame is to be kept.
    pub fn wants_frame(&self) -> bool {
        self.ticket.frames && self.inner().frame_bytes < FRAME_BYTES
    }

    /// Keeps a frame for all who watch, now or later.
    pub fn push(&self, frame: String) {
        let mut inner = self.inner();
        inner.frame_bytes += frame.len();
        inner.frames.push(frame.into());
        drop(inner);
        self.tell();
    }

    /// The frames from number `from` on.
    pub fn frames(&self, from: usize) -> Vec<Frame> {
        let inner = self.inner();
        inner.frames.get(from..).map(<[Frame]>::to_vec).unwrap_or_default()
    }

    /// What came of it.
    pub fn outcome(&self) -> Option<Arc<Outcome>> {
        self.inner().outcome.clone()
    }

    /// Bytes that it keeps.
    pub fn bytes(&self) -> usize {
        let inner = self.inner();
        let files = inner.outcome.iter().flat_map(|outcome| &outcome.files).map(|(_, bytes)| bytes.len());
        let view = inner.outcome.as_ref().map_or(0, |outcome| outcome.view.bytes());
        inner.frame_bytes + view + files.sum::<usize>()
    }

    /// How long it has computed.
    pub fn elapsed(&self) -> Option<Duration> {
        let inner = self.inner();
        inner.begun.filter(|_| inner.state == JobState::Running).map(|begun| begun.elapsed())
    }

    /// Somebody asked for it.
    pub fn seen(&self) {
        self.inner().seen = Instant::now();
    }

    /// How long nobody has asked for it or watched it.
    pub fn unwatched(&self) -> Duration {
        match self.watchers.load(Ordering::Relaxed) {
            0 => self.inner().seen.elapsed(),
            _ => Duration::ZERO,
        }
    }

    /// Watches it: the number changes whenever anything of it does.
    pub fn watch(self: &Arc<Self>) -> Watching {
        self.watchers.fetch_add(1, Ordering::Relaxed);
        Watching { job: Arc::clone(self), changed: self.changed.subscribe() }
    }
}

/// As long as this lives, somebody watches the job.
pub struct Watching {
    /// The job.
    pub job: Arc<Job>,
    changed: watch::Receiver<u64>,
}

impl Watching {
    /// Waits until anything of the job changes.
    pub async fn changed(&mut self) {
        // The sender lives as long as the job, which is held.
        let _ = self.changed.changed().await;
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.job.seen();
        self.job.watchers.fetch_sub(1, Ordering::Relaxed);
    }
}
