//! Handing one output to several tasks.

/// A pointer to an output of which each task writes its own part.
#[derive(Clone, Copy)]
pub(crate) struct Shared(*mut f32);

// SAFETY: the tasks that hold it write disjoint elements, and read no element that another writes.
unsafe impl Send for Shared {}
unsafe impl Sync for Shared {}

impl Shared {
    /// The start of `slice`.
    pub(crate) fn new(slice: &mut [f32]) -> Self {
        Self(slice.as_mut_ptr())
    }

    /// The element at `offset`.
    ///
    /// # Safety
    /// `offset` must lie in the slice, and no other task may touch what is written through the pointer.
    #[inline(always)]
    pub(crate) unsafe fn at(self, offset: usize) -> *mut f32 {
        // SAFETY: the caller's promise.
        unsafe { self.0.add(offset) }
    }
}

/// Splits `items` into runs of equal length for the threads at hand: at most `largest` a run (but at least one
/// run a thread where there are enough), a multiple of `multiple`.
pub(crate) fn run_length(items: usize, largest: usize, multiple: usize) -> usize {
    let threads = rayon::current_num_threads();
    let runs = items.div_ceil(largest.max(1)).next_multiple_of(threads);
    items.div_ceil(runs.max(1)).next_multiple_of(multiple).max(multiple)
}
