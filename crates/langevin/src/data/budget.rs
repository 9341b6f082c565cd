//! How much memory pictures take while they are decoded, whatever the number of threads.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Memory for as many pictures as may be in decoding at once: the least of the whole, and a thread's share.
const LEAST: u64 = 2 << 30;
const A_THREAD: u64 = 256 << 20;

/// An amount that several threads draw on. One that asks for more than there is waits until it is alone.
#[derive(Debug)]
pub(super) struct Budget {
    held: Mutex<u64>,
    freed: Condvar,
    most: u64,
}

/// A part of a [`Budget`], given back when it is dropped.
#[derive(Debug)]
pub(super) struct Share<'a> {
    budget: &'a Budget,
    bytes: u64,
}

impl Budget {
    /// One for all threads that decode.
    pub(super) fn for_decoding() -> Self {
        Self::of(LEAST.max(rayon::current_num_threads() as u64 * A_THREAD))
    }

    fn of(most: u64) -> Self {
        Self { held: Mutex::new(0), freed: Condvar::new(), most }
    }

    /// Waits until `bytes` are to be had. Who holds a share asks for no other, or both may wait for ever.
    pub(super) fn share(&self, bytes: u64) -> Share<'_> {
        let mut held = self.lock();
        while *held > 0 && held.saturating_add(bytes) > self.most {
            held = self.freed.wait(held).unwrap_or_else(PoisonError::into_inner);
        }
        *held += bytes;
        Share { budget: self, bytes }
    }

    fn lock(&self) -> MutexGuard<'_, u64> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        *self.budget.lock() -= self.bytes;
        self.budget.freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering};

    #[test]
    fn no_more_is_held_than_there_is_but_by_one_alone() {
        let (budget, held, most) = (Budget::of(10), AtomicU64::new(0), AtomicU64::new(0));
        std::thread::scope(|scope| {
            for thread in 0..6u64 {
                let (budget, held, most) = (&budget, &held, &most);
                scope.spawn(move || {
                    for turn in 0..200 {
                        let bytes = 1 + (thread * 7 + turn * 3) % 14;
                        let _share = budget.share(bytes);
                        let now = held.fetch_add(bytes, Ordering::SeqCst) + bytes;
                        assert!(now <= 10 || now == bytes, "{now} with {bytes}");
                        most.fetch_max(now, Ordering::SeqCst);
                        std::thread::yield_now();
                        held.fetch_sub(bytes, Ordering::SeqCst);
                    }
                });
            }
        });
        assert_eq!((*budget.lock(), most.load(Ordering::SeqCst)), (0, 14));
    }
}
