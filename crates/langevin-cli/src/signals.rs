//! Ctrl-C and SIGTERM: the first asks, the second does not wait.

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Remembers the signal that asked the program to stop.
#[derive(Clone)]
pub struct Signals {
    received: Arc<AtomicUsize>,
}

impl Signals {
    /// Begins to listen. A second signal ends the program at once, with the same exit code.
    pub fn listen() -> io::Result<Self> {
        let received = Arc::new(AtomicUsize::new(0));
        let asked = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&asked))?;
            flag::register(signal, Arc::clone(&asked))?;
            flag::register_usize(signal, Arc::clone(&received), signal as usize)?;
        }
        Ok(Self { received })
    }

    /// The signal that was received, if any.
    pub fn received(&self) -> Option<i32> {
        match self.received.load(Ordering::Relaxed) {
            0 => None,
            signal => Some(signal as i32),
        }
    }

    /// Whether what computes goes on.
    pub fn flow(&self) -> ControlFlow<()> {
        if self.received().is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

/// Ends the program in silence when what it prints goes to a pipe that is no longer read, as in `| head`.
///
/// Not for training: it would end unsaved.
pub fn end_when_unread() {
    // Should it fail, such an end is only a louder one.
    #[cfg(unix)]
    let _ = flag::register_conditional_shutdown(
        signal_hook::consts::SIGPIPE,
        128 + signal_hook::consts::SIGPIPE,
        Arc::new(AtomicBool::new(true)),
    );
}
