//! How much one client may ask for.

use serde::Serialize;
use std::time::Duration;
use utoipa::ToSchema;

/// What a request may ask for at most; more is refused in a sentence.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct Limits {
    /// Pictures of one request.
    pub count: usize,
    /// Points of one request.
    pub points: usize,
    /// Steps of a sampler.
    pub steps: usize,
    /// The longer side of a picture that is sent, in pixels.
    pub picture_side: u32,
    /// Bytes of a request's body.
    pub body_bytes: usize,
    /// Requests that wait for their turn; the next one is refused with 429.
    pub queue: usize,
    /// Seconds that one request may compute.
    pub seconds: u64,
    /// Seconds after which a request that nobody watches is given up.
    pub unwatched_seconds: u64,
    /// Streams of events at a time.
    pub streams: usize,
    /// Connections at a time; further ones wait to be accepted.
    pub connections: usize,
    /// Seconds that a request's head, and then its body, may take to arrive.
    pub arrival_seconds: u64,
    /// Bytes of finished results that are kept for their clients, the newest of them.
    pub kept_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            count: 64,
            points: 4000,
            steps: 4000,
            picture_side: 4096,
            body_bytes: 16 << 20,
            queue: 32,
            seconds: 600,
            unwatched_seconds: 60,
            streams: 128,
            connections: 512,
            arrival_seconds: 10,
            kept_bytes: 128 << 20,
        }
    }
}

impl Limits {
    /// What a head or a body may take to arrive.
    pub fn arrival(&self) -> Duration {
        Duration::from_secs(self.arrival_seconds)
    }
}
