//! How the C library's allocator treats large buffers.

/// Makes the GNU C library keep the memory of freed buffers for the next, for the whole process; elsewhere does
/// nothing. Meant for a program's first line.
///
/// By default a large buffer is mapped at each allocation and unmapped when freed: a training step then faults in every
/// page of every activation anew (36,000 faults a step of the Fashion-MNIST network at batch 64, none with
/// this), and the peak is the same.
pub fn keep_freed_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: the call takes two numbers, and may be made at any time.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, i32::MAX);
        libc::mallopt(libc::M_TRIM_THRESHOLD, i32::MAX);
    }
}
