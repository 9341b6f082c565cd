//! The machine in a line: figures mean nothing without it.

use std::env::consts::{ARCH, OS};
use std::fs;
use std::thread::available_parallelism;

/// The instruction sets that decide how fast it can be.
const SETS: [&str; 8] = ["avx", "avx2", "fma", "avx512f", "avx512_bf16", "amx_tile", "asimd", "sve"];

/// Processor, cores, instruction sets, caches and memory, as far as Linux tells them.
pub fn describe() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let cache = |index: usize| read(&format!("/sys/devices/system/cpu/cpu0/cache/index{index}/size"));
    let cores = available_parallelism().map_or(1, usize::from);
    let caches = [("L2", cache(2)), ("L3", cache(3))];
    describe_from(cores, &read("/proc/cpuinfo"), &read("/proc/meminfo"), &caches)
}

fn describe_from(cores: usize, cpuinfo: &str, meminfo: &str, caches: &[(&str, String)]) -> String {
    let field = |name: &str| {
        let line =
            cpuinfo.lines().find(|line| line.split(':').next().is_some_and(|key| key.trim() == name))?;
        Some(line.split_once(':')?.1.trim())
    };
    let mut parts = vec![field("model name").unwrap_or(ARCH).to_owned()];
    parts.push(format!("{cores} core{}", if cores == 1 { "" } else { "s" }));
    let flags: Vec<&str> =
        field("flags").or_else(|| field("Features")).unwrap_or_default().split_whitespace().collect();
    let sets: Vec<&str> = SETS.into_iter().filter(|set| flags.contains(set)).collect();
    if !sets.is_empty() {
        parts.push(sets.join(" "));
    }
    for (name, size) in caches {
        if !size.trim().is_empty() {
            parts.push(format!("{name} {}", size.trim()));
        }
    }
    let kibibytes = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let kibibytes = kibibytes.and_then(|rest| rest.trim().strip_suffix("kB")?.trim().parse::<f64>().ok());
    if let Some(kibibytes) = kibibytes {
        parts.push(format!("{:.0} GiB of memory", kibibytes / f64::from(1 << 20)));
    }
    parts.push(OS.to_owned());
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_linux_tells_is_said() {
        let cpuinfo = "processor\t: 0\nmodel name\t: AMD EPYC\nflags\t\t: fpu avx2 fma sse\n";
        let caches = [("L2", "512K\n".to_owned()), ("L3", String::new())];
        let text = describe_from(2, cpuinfo, "MemTotal:       24576000 kB\n", &caches);
        assert!(text.starts_with("AMD EPYC, 2 cores, avx2 fma, L2 512K, 23 GiB of memory"), "{text}");
        let bare = describe_from(1, "", "", &[]);
        assert_eq!(bare, format!("{ARCH}, 1 core, {OS}"));
    }
}
