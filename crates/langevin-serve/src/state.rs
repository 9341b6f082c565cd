//! What every request can reach.

use crate::error::{Answer, ApiError};
use crate::jobs::Queue;
use crate::limits::Limits;
use crate::models::{DataCache, Models};
use crate::runs::Runs;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What is answered at once is done by so many at a time.
const DESKS: usize = 2;

/// Large bodies that may arrive at a time.
const BODIES: usize = 8;

/// What is shared by all requests; a clone is another handle to the same.
#[derive(Clone)]
pub struct App {
    /// What a request may ask for.
    pub limits: Limits,
    /// The runs.
    pub runs: Arc<Runs>,
    /// The models.
    pub models: Arc<Models>,
    /// What the models were trained on.
    pub data: Arc<DataCache>,
    /// What computes.
    pub queue: Arc<Queue>,
    /// Places for what is answered at once, and is work all the same: pictures decoded, data read, fields.
    pub desks: Arc<Semaphore>,
    /// Places for bodies that are large.
    pub bodies: Arc<Semaphore>,
    /// Places for streams of events.
    pub streams: Arc<Semaphore>,
}

impl App {
    /// What requests share.
    pub fn new(limits: Limits, runs: Arc<Runs>, models: Arc<Models>, queue: Arc<Queue>) -> Self {
        let places = |count| Arc::new(Semaphore::new(count));
        let data = Arc::new(DataCache::default());
        let (desks, bodies, streams) = (places(DESKS), places(BODIES), places(limits.streams));
        Self { limits, runs, models, data, queue, desks, bodies, streams }
    }

    /// Does what is to be answered at once on a thread that may wait, few at a time. Who goes away before its turn has come leaves
    /// nothing behind.
    ///
    /// # Errors
    /// If it panics.
    pub async fn at_once<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Answer<T> {
        let place = Arc::clone(&self.desks).acquire_owned().await.map_err(ApiError::failed)?;
        let done = tokio::task::spawn_blocking(move || {
            let _place = place;
            work()
        });
        done.await.map_err(|_| ApiError::failed("it broke off: this is a bug of ours"))
    }

    /// A place for a stream of events, as long as it is held.
    ///
    /// # Errors
    /// 429 if there is none.
    pub fn stream(&self) -> Answer<OwnedSemaphorePermit> {
        let place = Arc::clone(&self.streams).try_acquire_owned();
        place.map_err(|_| ApiError::busy("so many streams of events are open that no other is: close a page"))
    }
}
