//! How the C library's allocator treats large buffers.

/// Makes the GNU C library keep the memory of freed buffers for the next, for the whole process; elsewhere does
/// nothing. Meant for a program's first line.
///
/// By default a large buffer is mapped at each allocation and unmapped when freed, and the end of the heap is handed
/// back: a training step then faults in the pages of its activations anew.
pub fn keep_freed_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: the calls take two numbers, and may be made at any time.
    unsafe {
        // Not a higher M_MMAP_THRESHOLD: the library takes none above 32 MiB, and activations are larger.
        libc::mallopt(libc::M_MMAP_MAX, 0);
        libc::mallopt(libc::M_TRIM_THRESHOLD, -1);
    }
}
