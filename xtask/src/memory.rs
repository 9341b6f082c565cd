//! Whether the plan's estimate of a run's memory is that of the real run, recipe by recipe.

mod cases;

use crate::commands::{cargo, line, output, run as run_command};
use anyhow::{Context, Result, bail};
use cases::{CASES, Case};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::{available_parallelism, sleep};
use std::time::Duration;

/// How far from the measured peak an estimate may be.
const TOLERATED: f64 = 0.2;

/// What a run of a few steps does, so that nothing of a long run is missing: checkpoints, grids, the held-out loss.
const COMMON: &str = "--set train.checkpoint_every=2 --set train.holdout_every=2 --set sample.grid_every=2 \
    --set sample.grid_steps=2 --quiet";

/// Pictures that are drawn where none are given.
const PICTURES: usize = 256;

/// Runs every recipe, prints estimated and measured peaks, and checks that they agree.
///
/// # Errors
/// If a run fails, or an estimate is further from the peak than is tolerated.
pub fn run(options: &[String]) -> Result<()> {
    let (given, chosen) = parse(options)?;
    run_command(&mut cargo(&["build", "--release", "--package", "langevin-cli"]))?;
    let program =
        std::env::current_exe().context("where this program lies is not known")?.with_file_name("langevin");
    let place = std::env::temp_dir().join(format!("langevin-memory-{}", std::process::id()));
    fs::create_dir_all(&place).with_context(|| format!("cannot make {}", place.display()))?;
    let bench = Bench { program, place, given };
    let found = bench.measure_all(&chosen);
    fs::remove_dir_all(&bench.place).with_context(|| format!("cannot remove {}", bench.place.display()))?;
    let far = found?;
    if far > 0 {
        bail!("{far} estimates are further than {:.0} % from the measured peak", 100.0 * TOLERATED);
    }
    Ok(())
}

/// The pictures that are given, and the recipes that are asked for.
fn parse(options: &[String]) -> Result<(Option<PathBuf>, Vec<String>)> {
    let (mut given, mut chosen) = (None, Vec::new());
    for pair in options.chunks(2) {
        match pair {
            [name, path] if name == "--pictures" => {
                given = Some(fs::canonicalize(path).with_context(|| format!("cannot find {path}"))?)
            }
            [name, names] if name == "--recipe" => chosen = names.split(',').map(str::to_owned).collect(),
            _ => {
                bail!("'memory' takes --pictures FOLDER|ZIP and --recipe NAME,..., got '{}'", pair.join(" "))
            }
        }
    }
    if let Some(unknown) = chosen.iter().find(|name| CASES.iter().all(|case| case.recipe != **name)) {
        bail!("there is no recipe {unknown}");
    }
    Ok((given, chosen))
}

/// Where and with what it is measured.
struct Bench {
    program: PathBuf,
    place: PathBuf,
    given: Option<PathBuf>,
}

impl Bench {
    /// Prints a line for each case; gives how many estimates are too far.
    fn measure_all(&self, chosen: &[String]) -> Result<usize> {
        println!(
            "| recipe | data | batch | threads | planned, MiB | measured, MiB | ratio |\n|---|---|---|---|---|---|---|"
        );
        let cores = available_parallelism().map_or(1, usize::from);
        let mut far = 0;
        for case in
            CASES.iter().filter(|case| chosen.is_empty() || chosen.iter().any(|name| name == case.recipe))
        {
            let threads = if case.quick && cores > 1 { vec![1, cores] } else { vec![cores] };
            for threads in threads {
                let [planned, measured] = self.measure(case, threads)?;
                let ratio = planned / measured;
                far += usize::from((ratio - 1.0).abs() > TOLERATED);
                let Case { recipe, data, batch, .. } = case;
                println!(
                    "| `{recipe}` | {data} | {batch} | {threads} | {planned:.0} | {measured:.0} | {ratio:.2} |"
                );
            }
        }
        Ok(far)
    }

    /// The planned and the measured peak of a case, in MiB.
    fn measure(&self, case: &Case, threads: usize) -> Result<[f64; 2]> {
        let mut command = Command::new(&self.program);
        command.arg("train").args(self.data(case)?).args(["--recipe", case.recipe]);
        command.args(case.arguments().split_whitespace()).args(COMMON.split_whitespace());
        command.args(["--threads", &threads.to_string()]);
        let mut dry = Command::new(&self.program);
        let plan = output(dry.args(command.get_args()).arg("--dry-run"))?;
        let planned =
            planned_mebibytes(&plan).with_context(|| format!("the plan says nothing of memory: {plan}"))?;
        let out = self.place.join("run");
        command.arg("--over-memory").arg("--out").arg(&out).stdout(Stdio::null());
        let measured = peak_mebibytes(&mut command)?;
        fs::remove_dir_all(&out).with_context(|| format!("cannot remove {}", out.display()))?;
        Ok([planned, measured])
    }

    /// The data of a case as arguments: a built-in set, or pictures of a size.
    fn data(&self, case: &Case) -> Result<Vec<String>> {
        let Some((height, width)) = case.size() else { return Ok(vec![case.data.to_owned()]) };
        if let Some(given) = &self.given {
            return Ok(vec![given.display().to_string(), "--size".to_owned(), format!("{height}x{width}")]);
        }
        let path = self.place.join(format!("{height}x{width}.npy"));
        if !path.exists() {
            draw(&path, PICTURES.min((64 << 20) / (3 * height * width)), height, width)?;
        }
        Ok(vec![path.display().to_string()])
    }
}

/// Writes RGB pictures of noise as a NumPy array, `[count, height, width, 3]`: what they show takes no memory.
fn draw(path: &Path, count: usize, height: usize, width: usize) -> Result<()> {
    let header =
        format!("{{'descr': '|u1', 'fortran_order': False, 'shape': ({count}, {height}, {width}, 3), }}");
    let length = (10 + header.len() + 1).next_multiple_of(64) - 10;
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((length as u16).to_le_bytes());
    bytes.extend(header.bytes());
    bytes.resize(10 + length - 1, b' ');
    bytes.push(b'\n');
    let mut state = 1u32;
    bytes.extend((0..count * height * width * 3).map(|_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    }));
    fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}

/// The number of the plan's line `memory  about 81 MiB (…)`.
fn planned_mebibytes(plan: &str) -> Option<f64> {
    let line = plan.lines().find_map(|line| line.trim().strip_prefix("memory"))?;
    let mut words = line.trim().strip_prefix("about ")?.split_whitespace();
    let number: f64 = words.next()?.parse().ok()?;
    match words.next()? {
        "MiB" => Some(number),
        "GiB" => Some(1024.0 * number),
        _ => None,
    }
}

/// Runs a command to its end; gives the most that it held in memory. Linux keeps that mark itself, so looking now and then
/// misses only what rises in a process's last milliseconds.
fn peak_mebibytes(command: &mut Command) -> Result<f64> {
    let mut process = command.spawn().with_context(|| format!("cannot start `{}`", line(command)))?;
    let status = format!("/proc/{}/status", process.id());
    let mut peak = 0.0f64;
    let ended = loop {
        if let Some(ended) = process.try_wait()? {
            break ended;
        }
        let mark = fs::read_to_string(&status).ok().and_then(|text| high_water_mark(&text));
        peak = peak.max(mark.unwrap_or(0.0));
        sleep(Duration::from_millis(3));
    };
    if !ended.success() {
        bail!("`{}` failed ({ended})", line(command));
    }
    if peak == 0.0 {
        bail!("this system does not say what memory a process takes (/proc/PID/status)");
    }
    Ok(peak)
}

fn high_water_mark(status: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<f64>().ok()? / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::cases::UNMEASURED;
    use super::*;

    #[test]
    fn plans_and_marks_are_read() {
        let plan = "      data  x\n    memory  about 81 MiB (3.00 GiB are free)\n    device  CPU\n";
        assert_eq!(planned_mebibytes(plan), Some(81.0));
        assert_eq!(planned_mebibytes("    memory  about 1.50 GiB\n"), Some(1536.0));
        assert_eq!(planned_mebibytes("    device  CPU\n"), None);
        assert_eq!(high_water_mark("Name:\tx\nVmHWM:\t  2048 kB\n"), Some(2.0));
    }

    #[test]
    fn options_are_checked() {
        let parse = |words: &[&str]| parse(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
        assert_eq!(
            parse(&["--recipe", "digits,cifar10"]).unwrap(),
            (None, vec!["digits".into(), "cifar10".into()])
        );
        for wrong in [
            &["--recipe", "nothing"][..],
            &["--pictures"],
            &["--size", "3"],
            &["--pictures", "/no/such/place"],
        ] {
            assert!(parse(wrong).is_err(), "{wrong:?}");
        }
    }

    /// Every recipe that the program carries is measured.
    #[test]
    fn no_recipe_is_left_out() {
        for entry in fs::read_dir(crate::root().join("recipes")).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            let measured = CASES.iter().any(|case| case.recipe == name);
            assert!(measured != UNMEASURED.contains(&name.as_str()), "{name}");
        }
    }
}
