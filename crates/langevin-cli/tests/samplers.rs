//! Every sampler from the command line: its options, noise from a file, and the comparison of all.

mod common;

use common::files::{npy, picture, write_npy};
use common::{Place, assert_says};

/// The names that `langevin samplers` lists.
fn names(place: &Place) -> Vec<String> {
    let listed = place.done("samplers").out;
    let name = |line: &str| line.split_whitespace().next().map(str::to_owned);
    let names: Vec<String> = listed
        .lines()
        .take_while(|line| !line.starts_with("Steps"))
        .filter(|line| !line.starts_with(' '))
        .filter_map(name)
        .collect();
    assert!(names.len() >= 19, "{names:?}");
    names
}

fn drawn(place: &Place, options: &str) -> Vec<f32> {
    place.done(&format!("sample model --quiet --out drawn.npy {options}"));
    let (shape, values) = npy(&place.path("drawn.npy"));
    assert_eq!(shape[1..], [1, 8, 8]);
    assert!(values.iter().all(|value| value.is_finite()), "{options}");
    values
}

fn greatest_difference(one: &[f32], other: &[f32]) -> f32 {
    assert_eq!(one.len(), other.len());
    one.iter().zip(other).map(|(one, other)| (one - other).abs()).fold(0.0, f32::max)
}

#[test]
fn every_sampler_draws() {
    let place = Place::with_digits_model();
    let reference = drawn(&place, "-n 2 --sampler ddim --steps 7");
    for name in names(&place).iter().filter(|name| *name != "ddim-inversion") {
        let few = drawn(&place, &format!("-n 2 --sampler {name} --steps 7"));
        assert!(few.iter().all(|value| value.abs() < 1.5), "{name} runs away");
        let other = greatest_difference(&few, &reference);
        assert!(["ddim", "euler"].contains(&name.as_str()) || other > 1e-6, "{name} is ddim");
        for options in [
            "--sigmas karras",
            "--sigmas log-snr",
            "--last sigma-min",
            "--last denoise",
            "--spacing quadratic",
        ] {
            let other = drawn(&place, &format!("-n 2 --sampler {name} --steps 7 {options}"));
            assert!(greatest_difference(&few, &other) > 1e-6, "{name} {options} changes nothing");
        }
    }
    let listed = place.done("samplers").out;
    assert_says(&listed, &["DPMSolverMultistepScheduler", "docs/samplers.md", "Song et al. 2021"]);
}

#[test]
fn options_change_what_they_are_for() {
    let place = Place::with_digits_model();
    for (sampler, option) in [
        ("ddim", "--eta 0.5"),
        ("euler-ancestral", "--eta 0"),
        ("lms", "--order 2"),
        ("unipc", "--order 3"),
        ("heun", "--churn 4,0.01,50,1.003"),
        ("euler", "--churn 4"),
        ("ddpm", "--variance fixed-small"),
        ("ddim", "--threshold 0.99"),
        ("ddim", "--no-clip"),
        ("DPMSolverMultistepScheduler", "--set solver_order=3"),
        ("DDIMScheduler", "--eta 1"),
    ] {
        let plain = drawn(&place, &format!("-n 1 --steps 9 --sampler {sampler}"));
        let other = drawn(&place, &format!("-n 1 --steps 9 --sampler {sampler} {option}"));
        assert!(greatest_difference(&plain, &other) > 1e-6, "{sampler} {option} changes nothing");
    }
    // All at once at η = 0: the ancestral sampler is Euler's, and Euler's is DDIM.
    let euler = drawn(&place, "-n 1 --steps 9 --sampler euler");
    assert!(
        greatest_difference(&euler, &drawn(&place, "-n 1 --steps 9 --sampler euler-ancestral --eta 0"))
            < 1e-5
    );
    assert!(greatest_difference(&euler, &drawn(&place, "-n 1 --steps 9 --sampler ddim")) < 1e-4);
}

#[test]
fn noise_from_a_file_takes_the_place_of_the_seeds() {
    let place = Place::with_digits_model();
    let noise: Vec<f32> = (0..2 * 64).map(|i| ((i * 37 % 101) as f32 / 50.0 - 1.0) * 1.7).collect();
    write_npy(&place.path("noise.npy"), &[2, 1, 8, 8], &noise);
    let two = drawn(&place, "--sampler ddim --steps 10 --noise noise.npy");
    assert_eq!(two.len(), 2 * 64);
    let first = drawn(&place, "-n 1 --batch 1 --sampler ddim --steps 10 --noise noise.npy");
    assert!(greatest_difference(&two[..64], &first) < 1e-4);
    assert!(greatest_difference(&two, &drawn(&place, "-n 2 --sampler ddim --steps 10")) > 0.1);

    // Steps that draw noise need it: x_T and that of each step.
    let message = place.refused("sample model --sampler ddpm --steps 3 --noise noise.npy");
    assert_says(
        &message,
        &["noise.npy", "[2, 1, 8, 8]", "expected [4 (x_T and the noise of 3 steps), n, 1, 8, 8]"],
    );
    let all: Vec<f32> =
        noise.iter().cycle().take(4 * 128).enumerate().map(|(i, z)| z + (i / 128) as f32).collect();
    write_npy(&place.path("all.npy"), &[4, 2, 1, 8, 8], &all);
    let stochastic = drawn(&place, "--sampler ddpm --steps 3 --noise all.npy");
    let mut other = all.clone();
    other[128 + 5] += 1.0;
    write_npy(&place.path("other.npy"), &[4, 2, 1, 8, 8], &other);
    let changed = drawn(&place, "--sampler ddpm --steps 3 --noise other.npy");
    assert!(greatest_difference(&stochastic[..64], &changed[..64]) > 1e-3, "the noise of a step is not used");
    assert_eq!(stochastic[64..], changed[64..], "it belongs to the first sample alone");

    assert_says(
        &place.refused("sample model --sampler ddim -n 3 --noise noise.npy"),
        &["-n is 3", "2 samples"],
    );
    write_npy(&place.path("wrong.npy"), &[2, 8, 8, 1], &noise);
    assert_says(
        &place.refused("sample model --sampler ddim --noise wrong.npy"),
        &["[2, 8, 8, 1]", "[n, 1, 8, 8]"],
    );
    place.failed("sample model --sampler ddim --noise nowhere.npy");
}

#[test]
fn inversion_leads_back() {
    let place = Place::with_digits_model();
    let picture: Vec<f32> = (0..64).map(|i| if (i / 8 + i % 8) % 3 == 0 { 0.8 } else { -0.6 }).collect();
    write_npy(&place.path("picture.npy"), &[1, 1, 8, 8], &picture);
    place
        .done("sample model --sampler ddim-inversion --steps 40 --noise picture.npy --no-clip --out x_t.npy");
    let back = drawn(&place, "--sampler ddim --steps 40 --noise x_t.npy --no-clip");
    assert!(greatest_difference(&back, &picture) < 0.1, "{}", greatest_difference(&back, &picture));
    assert_says(&place.refused("sample model --sampler ddim-inversion"), &["--noise FILE.npy"]);
}

#[test]
fn what_does_not_go_together_is_refused() {
    let place = Place::with_digits_model();
    for (options, parts) in [
        ("--sampler dpm", &["dpm is not one of the samplers", "dpmpp-2m"][..]),
        ("--sampler ddpm --eta 1", &["ddpm has no --eta"]),
        ("--sampler ddim --order 2", &["ddim has no --order"]),
        ("--sampler ddim --eta 1.5", &["--eta is 1.5", "0 to 1"]),
        ("--sampler lms --order 5", &["--order is 5", "1 to 4"]),
        ("--sampler heun --churn 1,2", &["--churn takes"]),
        ("--sampler ddim --sigmas karras --spacing leading", &["--spacing", "karras"]),
        ("--sampler ddim --set solver_order=3", &["--set", "ddim"]),
        ("--sampler LMSDiscreteScheduler --sigmas karras", &["use_karras_sigmas"]),
        ("--sampler PNDMScheduler --sigmas karras", &["has no --sigmas"]),
        ("--sampler XScheduler", &["XScheduler", "langevin samplers"]),
        ("--sampler ddim --eta -1", &["--eta is -1"]),
        ("--sampler DDIMScheduler --eta nan", &["--eta is NaN"]),
        (
            "--sampler DDIMScheduler --set clip_sample_range=-1",
            &["clip_sample_range = -1, expected more than 0"],
        ),
        (
            "--sampler DDIMScheduler --set thresholding=true --set sample_max_value=0.5",
            &["sample_max_value = 0.5"],
        ),
        ("--sampler DDIMScheduler --set steps_offset=18446744073709551615", &["offset"]),
        ("--sampler DDPMScheduler --set variance_type=learned_range", &["learned none"]),
        ("--sampler ddim --last denoise --steps 40", &["39", "40"]),
        ("--size 9x9", &["--size"]),
        ("--sampler DDIMScheduler --set nonsense=3", &["DDIMScheduler has no nonsense"]),
        ("--sampler DPMSolverMultistepScheduler --set algorithm_type=dpmsolver", &["algorithm_type"]),
        ("--sampler ddim --threshold 0", &["--threshold is 0"]),
        ("--sampler ddpm --variance learned", &["learned none"]),
        ("--class 3", &["knows no classes"]),
    ] {
        assert_says(&place.refused(&format!("sample model {options}")), parts);
    }
}

/// A number that is not asked for is one that can be had.
#[test]
fn every_choice_of_levels_has_its_own_number_of_steps() {
    let place = Place::with_digits_model();
    for options in ["--last denoise", "--last sigma-min", "--spacing quadratic", "--spacing linspace-open"] {
        drawn(&place, &format!("-n 1 {options}"));
    }
    for class in
        ["UniPCMultistepScheduler", "DPMSolverMultistepScheduler", "PNDMScheduler --set steps_offset=1"]
    {
        drawn(&place, &format!("-n 1 --sampler {class}"));
    }
}

#[test]
fn a_comparison_is_a_sheet_and_a_table() {
    let place = Place::with_digits_model();
    let ran =
        place.done("compare-samplers model --samplers ddim,unipc,ddpm --steps 3,40 -n 2 --out c.png --quiet");
    assert_says(&ran.out, &["unipc", "reference", "c.png", "c.csv"]);
    picture(&place.path("c.png"));
    let table = place.text("c.csv");
    let rows: Vec<Vec<&str>> = table.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(rows.len(), 1 + 1 + 3 * 2);
    let row =
        |name: &str, steps: &str| rows.iter().find(|row| row[0] == name && row[1] == steps).unwrap().clone();
    // The reference is ddim with all 40 steps: that is ddim's distance 0, and fewer steps are further away.
    assert_eq!(row("ddim", "40")[3].parse::<f64>().unwrap(), 0.0);
    assert!(row("ddim", "3")[3].parse::<f64>().unwrap() > 0.0);
    assert_eq!((row("ddpm", "3")[4], row("ddim", "3")[4]), ("true", "false"));
    assert_eq!((row("reference", "40")[2], row("unipc", "3")[2]), ("40", "3"));
    assert_says(&place.refused("compare-samplers model --samplers ddim-inversion"), &["from data to noise"]);
    assert_says(&place.refused("compare-samplers model --steps 5,41"), &["in 41 steps", "40"]);
    // The usual numbers, but for 50: the process has 40.
    place.done("compare-samplers model --samplers euler -n 1 --out d.png --quiet");
    assert_eq!(place.text("d.csv").lines().count(), 1 + 1 + 3);
}
