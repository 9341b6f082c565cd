//! A job as it goes, by server-sent events.

use super::job::Job;
use axum::response::sse::Event;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::sleep;
use tokio_stream::wrappers::ReceiverStream;

/// Changes that come closer together are told as one.
const PAUSE: Duration = Duration::from_millis(40);

/// A stream of events.
pub type Events = ReceiverStream<Result<Event, Infallible>>;

/// The events of a job, all of its frames from number `from` on: `frame` (whose id is its number) and `job`. The stream ends with the job.
pub fn stream(job: &Arc<Job>, from: usize, place: OwnedSemaphorePermit) -> Events {
    let (send, events) = mpsc::channel(16);
    let mut watching = job.watch();
    tokio::spawn(async move {
        let _place = place;
        let mut next = from;
        loop {
            let over = watching.job.state().is_over();
            let mut events = Vec::new();
            for frame in watching.job.frames(next) {
                next += 1;
                events.push(Event::default().event("frame").id(next.to_string()).data(&*frame));
            }
            events.extend(Event::default().event("job").json_data(watching.job.view(true)));
            for event in events {
                // An error says that nobody listens any more.
                if send.send(Ok(event)).await.is_err() {
                    return;
                }
            }
            if over {
                return;
            }
            tokio::select! {
                () = watching.changed() => {}
                () = send.closed() => return,
            }
            sleep(PAUSE).await;
        }
    });
    ReceiverStream::new(events)
}
