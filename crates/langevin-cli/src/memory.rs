//! How much memory this process may take: of the machine, of its control group, of its own limit.

use std::fs;
use std::path::{Path, PathBuf};

/// Addresses that the GNU C library reserves when a thread first allocates: the one that waits for signals is yet to start.
const RESERVED: usize = 64 << 20;

/// The memory that this process may come to hold in all, what it holds already included; `None` where the system does not say.
pub fn available() -> Option<usize> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let held = kibibytes(&status, "VmRSS:")?;
    let machine = fs::read_to_string("/proc/meminfo").ok();
    let machine = machine.and_then(|text| Some(kibibytes(&text, "MemAvailable:")? + held));
    let limits = fs::read_to_string("/proc/self/limits").ok();
    let addresses =
        limits.and_then(|text| address_limit(&text)).and_then(|limit| within_addresses(&status, limit));
    let groups = fs::read_to_string("/proc/self/cgroup").ok();
    let group = groups.and_then(|text| group_free(&text)).map(|free| free + held);
    [machine, addresses, group].into_iter().flatten().min()
}

/// The most that this process has held so far.
pub fn peak() -> Option<usize> {
    kibibytes(&fs::read_to_string("/proc/self/status").ok()?, "VmHWM:")
}

/// A field such as `VmRSS:     1000 kB`, in bytes.
fn kibibytes(text: &str, field: &str) -> Option<usize> {
    let line = text.lines().find_map(|line| line.strip_prefix(field))?;
    line.trim().strip_suffix("kB")?.trim().parse::<usize>().ok()?.checked_mul(1024)
}

/// The limit of addresses (`ulimit -v`) in `/proc/self/limits`.
fn address_limit(limits: &str) -> Option<usize> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max address space"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// What data may take of a limit of addresses: not what files, and heaps that are only reserved, take of it.
fn within_addresses(status: &str, limit: usize) -> Option<usize> {
    let (all, data) = (kibibytes(status, "VmSize:")?, kibibytes(status, "VmData:")?);
    Some(limit.saturating_sub(all.saturating_sub(data) + RESERVED))
}

/// The least that this process's control groups leave: each from its own to the root, of both versions.
fn group_free(groups: &str) -> Option<usize> {
    let mounts = groups.lines().filter_map(|line| {
        let mut fields = line.splitn(3, ':').skip(1);
        let (controllers, path) = (fields.next()?, fields.next()?);
        let (root, names) = match controllers {
            "" => ("/sys/fs/cgroup", &V2),
            _ if controllers.split(',').any(|name| name == "memory") => ("/sys/fs/cgroup/memory", &V1),
            _ => return None,
        };
        Some((PathBuf::from(root), path.trim_start_matches('/').to_owned(), names))
    });
    let free = mounts.flat_map(|(root, path, names)| {
        let below = Path::new(&path).ancestors().map(|part| root.join(part)).collect::<Vec<_>>();
        below.into_iter().filter_map(|folder| folder_free(&folder, names))
    });
    free.min()
}

/// The files of a control group: its limit, its use, and the name of what it could give up at once in `memory.stat`.
struct Names {
    limit: &'static str,
    used: &'static str,
    reclaimable: &'static str,
}

const V1: Names = Names {
    limit: "memory.limit_in_bytes",
    used: "memory.usage_in_bytes",
    reclaimable: "total_inactive_file",
};
const V2: Names = Names { limit: "memory.max", used: "memory.current", reclaimable: "inactive_file" };

/// What the group in `folder` leaves; `None` where it has no limit (`max`, or beyond any machine's memory).
fn folder_free(folder: &Path, names: &Names) -> Option<usize> {
    let read = |name: &str| fs::read_to_string(folder.join(name)).ok();
    let number = |name: &str| read(name)?.trim().parse::<usize>().ok();
    let limit = number(names.limit).filter(|&limit| limit < 1 << 60)?;
    let stat = read("memory.stat").unwrap_or_default();
    let cached =
        stat.lines().find_map(|line| line.strip_prefix(names.reclaimable)?.trim().parse::<usize>().ok());
    let used = number(names.used)?.saturating_sub(cached.unwrap_or(0));
    Some(limit.saturating_sub(used))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_s_words_are_read() {
        let status = "VmPeak:\t  9000 kB\nVmSize:\t  5000 kB\nVmRSS:\t 100 kB\nVmData:\t 3000 kB\n";
        assert_eq!(kibibytes(status, "VmRSS:"), Some(100 << 10));
        assert_eq!(kibibytes(status, "VmHWM:"), None);
        let limits = "Limit   Soft Limit  Hard Limit  Units\nMax address space         8192000              unlimited            bytes\n";
        assert_eq!(address_limit(limits), Some(8_192_000));
        assert_eq!(address_limit("Max address space         unlimited            unlimited  bytes"), None);
        assert_eq!(within_addresses(status, (10_000 << 10) + RESERVED), Some(8000 << 10));
        assert_eq!(within_addresses(status, 10_000 << 10), Some(0));
    }

    #[test]
    fn a_group_s_limit_counts_without_what_it_could_give_up() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("memory.current", "700\n");
        write("memory.max", "max\n");
        assert_eq!(folder_free(folder.path(), &V2), None);
        write("memory.max", "1000\n");
        write("memory.stat", "anon 400\ninactive_file 200\n");
        assert_eq!(folder_free(folder.path(), &V2), Some(500));
        write("memory.limit_in_bytes", "9223372036854771712\n");
        write("memory.usage_in_bytes", "700\n");
        assert_eq!(folder_free(folder.path(), &V1), None);
        write("memory.limit_in_bytes", "650\n");
        write("memory.stat", "inactive_file 0\ntotal_inactive_file 100\n");
        assert_eq!(folder_free(folder.path(), &V1), Some(50));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_may_take_more_than_it_holds() {
        assert!(available().unwrap() > peak().unwrap() / 2);
    }
}
