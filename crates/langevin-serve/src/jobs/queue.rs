//! The queue: first come, first served; neighbours that want the same model compute together.

use super::job::Job;
use super::view::Ticket;
use crate::engine::Engine;
use crate::error::ApiError;
use crate::limits::Limits;
use crate::models::ModelKey;
use axum::http::StatusCode;
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, SystemTime};

/// How much may compute at once: this many jobs, and as many samples as one asking for it all would have.
const AT_ONCE: usize = 16;

/// How often jobs are looked after that nobody watches, or that take too long.
const ROUND: Duration = Duration::from_millis(500);

/// Ended jobs that are remembered, whatever they keep.
const REMEMBERED: usize = 256;

/// The model that is at work.
struct Loaded {
    key: ModelKey,
    engine: Engine,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Arc<Job>>,
    running: Vec<Arc<Job>>,
    /// All that are known, ended ones too.
    jobs: BTreeMap<u64, Arc<Job>>,
    next: u64,
    closed: bool,
}

/// Jobs, in order.
pub struct Queue {
    limits: Limits,
    /// In the ids of its jobs, so that no page takes one for a job of an earlier server.
    name: String,
    state: Mutex<State>,
    changed: Condvar,
}

impl Queue {
    /// Starts the threads that begin jobs, and that look after them.
    ///
    /// # Errors
    /// If the system has none.
    pub fn start(limits: Limits) -> io::Result<Arc<Self>> {
        let begun = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let name = format!("{:06x}", begun.as_millis() & 0xff_ffff);
        let queue = Arc::new(Self { limits, name, state: Mutex::default(), changed: Condvar::new() });
        let (dispatcher, keeper) = (Arc::clone(&queue), Arc::clone(&queue));
        thread::Builder::new().name("queue".to_owned()).spawn(move || dispatcher.dispatch())?;
        thread::Builder::new().name("keeper".to_owned()).spawn(move || keeper.keep())?;
        Ok(queue)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a job.
    ///
    /// # Errors
    /// 429 if so many wait already.
    pub fn submit(&self, ticket: Ticket) -> Result<Arc<Job>, ApiError> {
        let mut state = self.state();
        if state.waiting.len() >= self.limits.queue {
            let sentence = format!("{} requests wait already: try again in a moment", state.waiting.len());
            return Err(ApiError::new(StatusCode::TOO_MANY_REQUESTS, sentence));
        }
        state.next += 1;
        let job = Arc::new(Job::new(state.next, &self.name, ticket, state.waiting.len()));
        state.waiting.push_back(Arc::clone(&job));
        state.jobs.insert(job.number, Arc::clone(&job));
        drop(state);
        self.changed.notify_all();
        Ok(job)
    }

    /// The job of an id.
    pub fn job(&self, id: &str) -> Option<Arc<Job>> {
        let (number, _) = id.strip_prefix('j')?.split_once('-')?;
        let job = self.state().jobs.get(&number.parse().ok()?).cloned()?;
        (job.id == id).then_some(job)
    }

    /// All jobs that are known, and how many wait and run.
    pub fn list(&self) -> (Vec<Arc<Job>>, usize, usize) {
        let state = self.state();
        (state.jobs.values().cloned().collect(), state.waiting.len(), state.running.len())
    }

    /// Gives a job up.
    pub fn cancel(&self, job: &Job) {
        job.cancel();
        let mut state = self.state();
        state.waiting.retain(|waiting| waiting.number != job.number);
        state.waiting.iter().enumerate().for_each(|(position, job)| job.set_position(position));
        self.forget(&mut state);
        drop(state);
        self.changed.notify_all();
    }

    /// Gives all jobs up, and takes no more.
    pub fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        state.waiting.clear();
        state.jobs.values().for_each(|job| job.cancel());
        drop(state);
        self.changed.notify_all();
    }

    /// Begins jobs in their order, until the queue is closed.
    fn dispatch(self: &Arc<Self>) {
        let mut loaded: Option<Loaded> = None;
        let mut turns = 0;
        while let Some(job) = self.next_job(loaded.as_ref().map(|loaded| &loaded.key)) {
            if !job.begin(turns) {
                self.ended(&job);
                continue;
            }
            turns += 1;
            let key = job.ticket.facts.key();
            if loaded.as_ref().is_none_or(|loaded| loaded.key != key) {
                // The old one goes first: two large ones may not fit.
                loaded = None;
                match load(&job) {
                    Ok(engine) => loaded = Some(Loaded { key, engine }),
                    Err(error) => {
                        job.end(Err(error));
                        self.ended(&job);
                        continue;
                    }
                }
            }
            let Some(Loaded { engine, .. }) = &loaded else { continue };
            let (member, queue, theirs) = (engine.join(), Arc::clone(self), Arc::clone(&job));
            let begun = thread::Builder::new().name(job.id.clone()).spawn(move || {
                let work =
                    AssertUnwindSafe(|| theirs.ticket.work.run(&theirs.ticket.facts, &member, &theirs));
                let how = catch_unwind(work);
                drop(member);
                theirs.end(how.unwrap_or_else(|_| Err("it broke off: this is a bug of ours".to_owned())));
                queue.ended(&theirs);
            });
            if let Err(error) = begun {
                job.end(Err(format!("the system has no thread for it: {error}")));
                self.ended(&job);
            }
        }
    }

    /// The next job, when its turn has come: at once if nothing runs, or if it wants the model that is at work and there
    /// is room; no job overtakes another.
    fn next_job(&self, at_work: Option<&ModelKey>) -> Option<Arc<Job>> {
        let mut state = self.state();
        loop {
            if state.closed {
                return None;
            }
            let fits = state.waiting.front().is_some_and(|job| {
                let together: usize = state.running.iter().map(|running| running.ticket.work.width()).sum();
                let room = job.ticket.work.room();
                state.running.is_empty()
                    || at_work == Some(&job.ticket.facts.key())
                        && state.running.len() < AT_ONCE
                        && together + job.ticket.work.width() <= room
            });
            if fits && let Some(job) = state.waiting.pop_front() {
                state.running.push(Arc::clone(&job));
                state.waiting.iter().enumerate().for_each(|(position, job)| job.set_position(position));
                return Some(job);
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn ended(&self, job: &Job) {
        let mut state = self.state();
        state.running.retain(|running| running.number != job.number);
        self.forget(&mut state);
        drop(state);
        self.changed.notify_all();
    }

    /// Forgets the oldest ended jobs beyond what is kept.
    fn forget(&self, state: &mut State) {
        let mut over: Vec<(u64, usize)> = Vec::new();
        let mut bytes = 0;
        for (number, job) in state.jobs.iter().rev().filter(|(_, job)| job.state().is_over()) {
            bytes += job.bytes();
            over.push((*number, bytes));
        }
        for (index, (number, bytes)) in over.into_iter().enumerate() {
            // The newest stays, however large.
            if index > 0 && (index >= REMEMBERED || bytes > self.limits.kept_bytes) {
                state.jobs.remove(&number);
            }
        }
    }

    /// Gives up what nobody watches, and ends what takes too long.
    fn keep(&self) {
        loop {
            thread::sleep(ROUND);
            let state = self.state();
            if state.closed {
                return;
            }
            let alive: Vec<Arc<Job>> = state.waiting.iter().chain(&state.running).cloned().collect();
            drop(state);
            for job in alive {
                let most = Duration::from_secs(self.limits.seconds);
                if job.elapsed().is_some_and(|elapsed| elapsed > most) {
                    let seconds = self.limits.seconds;
                    job.end(Err(format!("it took more than {seconds} s: ask for fewer samples or steps")));
                    self.cancel(&job);
                } else if job.unwatched() > Duration::from_secs(self.limits.unwatched_seconds) {
                    self.cancel(&job);
                }
            }
        }
    }
}

/// Reads a job's model, and puts it to work.
fn load(job: &Job) -> Result<Engine, String> {
    let model = job.ticket.facts.load()?;
    Engine::start(model.network).map_err(|error| format!("the system has no thread for the model: {error}"))
}
