//! How the C library's allocator treats large buffers.

/// Makes the GNU C library keep the memory of freed buffers for the next, in huge pages where the system has them,
/// for the whole process; elsewhere does nothing. Meant for a program's first line.
///
/// By default a large buffer is mapped at each allocation and unmapped when freed, and the end of the heap is handed
/// back: a training step then faults in the pages of its activations anew. And a kernel that walks over dozens of
/// rows at once needs more pages of 4 KiB than the processor remembers.
pub fn keep_freed_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: the calls take two numbers, and may be made at any time.
    unsafe {
        // Not a higher M_MMAP_THRESHOLD: the library takes none above 32 MiB, and activations are larger.
        libc::mallopt(libc::M_MMAP_MAX, 0);
        libc::mallopt(libc::M_TRIM_THRESHOLD, -1);
    }
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    ask_for_huge_pages();
}

/// Grows the heap by half of the machine's memory, which takes addresses alone, and asks for huge pages there. What
/// the system refuses changes speed only.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn ask_for_huge_pages() {
    // SAFETY: `free` gets what `malloc` gave, the advice stays within it and changes no contents.
    unsafe {
        let page = libc::sysconf(libc::_SC_PAGESIZE).max(1) as usize;
        let memory = page * libc::sysconf(libc::_SC_PHYS_PAGES).max(0) as usize;
        let heap = libc::malloc(memory / 2);
        if !heap.is_null() {
            let skipped = heap.align_offset(page);
            libc::madvise(heap.byte_add(skipped), memory / 2 - skipped, libc::MADV_HUGEPAGE);
            libc::free(heap);
        }
    }
}
