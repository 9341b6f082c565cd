//! A run as it goes, by server-sent events.

use super::tail::{Tail, thinned};
use super::{RunSummary, Runs};
use axum::response::sse::Event;
use langevin::train::RunFolder;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::sleep;
use tokio_stream::wrappers::ReceiverStream;

/// How often the folder is looked at.
const BETWEEN_LOOKS: Duration = Duration::from_millis(400);

/// How often a run that trains says how it stands, though nothing but its clock has changed.
const BETWEEN_SUMMARIES: Duration = Duration::from_secs(2);

/// A stream of events.
pub type Events = ReceiverStream<Result<Event, Infallible>>;

/// The events of a run, from the lines after `after` on: `run`, `metrics`, and `reset` where its log is written anew.
pub fn stream(runs: Arc<Runs>, name: String, after: u64, place: OwnedSemaphorePermit) -> Events {
    let (send, events) = mpsc::channel(64);
    tokio::spawn(async move {
        let _place = place;
        let Some(folder) = runs.folder(&name) else { return };
        let mut watch = Watch::new(name, folder, after);
        loop {
            // Files are read on a thread that may wait for them.
            let looked = tokio::task::spawn_blocking(move || {
                let events = watch.look();
                (watch, events)
            });
            let Ok((next, events)) = looked.await else { return };
            watch = next;
            for event in events {
                // An error says that nobody listens any more.
                if send.send(Ok(event)).await.is_err() {
                    return;
                }
            }
            if send.is_closed() {
                return;
            }
            sleep(BETWEEN_LOOKS).await;
        }
    });
    ReceiverStream::new(events)
}

struct Watch {
    name: String,
    folder: RunFolder,
    tail: Tail,
    after: u64,
    shown: Option<(RunSummary, Instant)>,
}

impl Watch {
    fn new(name: String, folder: RunFolder, after: u64) -> Self {
        let tail = Tail::new(folder.metrics());
        Self { name, folder, tail, after, shown: None }
    }

    /// What has happened since the last look.
    fn look(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        let look = self.tail.look().unwrap_or_default();
        // What a page saw before a run was resumed may be steps that are yet to come again.
        let ahead = self.shown.is_none() && look.lines.last().is_some_and(|line| line.step < self.after);
        if look.reset || ahead {
            self.after = 0;
            events.push(Event::default().event("reset").data("{}"));
        }
        let after = self.after;
        for line in thinned(look.lines.into_iter().filter(|line| line.step > after).collect()) {
            self.after = line.step;
            let event = Event::default().event("metrics").id(line.step.to_string());
            events.extend(event.json_data(line));
        }
        let summary = RunSummary::of(&self.name, &self.folder);
        let tells = match &self.shown {
            None => true,
            Some((shown, when)) => {
                let still = RunSummary {
                    step: shown.step,
                    loss: shown.loss,
                    changed: shown.changed,
                    seconds_left: shown.seconds_left,
                    images_per_second: shown.images_per_second,
                    ..summary.clone()
                };
                still != *shown || summary != *shown && when.elapsed() >= BETWEEN_SUMMARIES
            }
        };
        if tells {
            let event = Event::default().event("run").json_data(&summary);
            // First, as the page's frame.
            events.splice(0..0, event);
            self.shown = Some((summary, Instant::now()));
        }
        events
    }
}
