//! Working memory that is kept from call to call.
//!
//! A kernel's intermediate results are as large as its activations. Allocated anew each time, their pages would
//! be handed back to the system and faulted in again; kept, they stay in the caches.

use std::cell::RefCell;
use std::ops::{Deref, DerefMut};

/// Whether each buffer is as long as was asked for, holds no numbers, and is freed when it is dropped, so that a
/// sanitizer sees what is read or written beyond it, and a test what is read before it is written.
const EXACT: bool = cfg!(exact_scratch);

/// Elements of a cache line.
const LINE: usize = 16;

#[derive(Clone, Copy)]
#[repr(align(64))]
struct Line(#[expect(dead_code, reason = "read through pointers only")] [f32; LINE]);

thread_local! {
    /// Buffers of this thread that are not in use.
    static KEPT: RefCell<Vec<Vec<Line>>> = const { RefCell::new(Vec::new()) };
}

/// Elements that this thread keeps.
#[cfg(test)]
pub(crate) fn kept_len() -> usize {
    KEPT.with_borrow(|kept| kept.iter().map(|lines| lines.len() * LINE).sum())
}

/// A buffer of f32 at a multiple of 64 bytes, whose contents are whatever an earlier use left there.
pub(crate) struct Scratch {
    lines: Vec<Line>,
    len: usize,
    /// Whether the thread that drops it keeps it for later.
    keep: bool,
}

impl Scratch {
    /// A buffer of `len` elements; of those that this thread keeps, the smallest that is large enough.
    pub(crate) fn new(len: usize) -> Self {
        let needed = len.div_ceil(LINE);
        if EXACT {
            return Self { lines: vec![Line([f32::NAN; LINE]); needed], len, keep: false };
        }
        let mut lines = KEPT.with_borrow_mut(|kept| {
            let fitting = (0..kept.len()).filter(|&i| kept[i].len() >= needed);
            let chosen = fitting.min_by_key(|&i| kept[i].len()).or_else(|| kept.len().checked_sub(1));
            chosen.map(|i| kept.swap_remove(i)).unwrap_or_default()
        });
        if lines.len() < needed {
            // Nothing of the old contents is wanted: free first, then allocate.
            lines = Vec::new();
            lines.resize(needed, Line([0.0; LINE]));
        }
        Self { lines, len, keep: true }
    }

    /// A buffer of `len` zeros that is freed when it is dropped.
    pub(crate) fn freed(len: usize) -> Self {
        Self { lines: vec![Line([0.0; LINE]); len.div_ceil(LINE)], len, keep: false }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if !self.keep {
            return;
        }
        let lines = std::mem::take(&mut self.lines);
        // At the end of a thread the list may be gone already; then the buffer is freed.
        let _ = KEPT.try_with(|kept| kept.borrow_mut().push(lines));
    }
}

impl Deref for Scratch {
    type Target = [f32];
    fn deref(&self) -> &[f32] {
        // SAFETY: a line is 16 f32 without padding, and `len` was rounded up to whole lines.
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast(), self.len) }
    }
}

impl DerefMut for Scratch {
    fn deref_mut(&mut self) -> &mut [f32] {
        // SAFETY: as above, and the borrow is unique.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), self.len) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_is_aligned_and_used_again() {
        let first = {
            let mut a = Scratch::new(100);
            a[99] = 7.0;
            assert_eq!(a.len(), 100);
            assert_eq!(a.as_ptr() as usize % 64, 0);
            a.as_ptr()
        };
        let b = Scratch::new(90);
        assert!(EXACT || b.as_ptr() == first);
        let c = Scratch::new(90);
        assert_ne!(c.as_ptr(), first);
    }
}
