//! What was measured, as a table, as JSON and as a plot.

use super::Measured;
use super::quality::{Comparison, Judged};
use crate::args::EvaluateArguments;
use crate::exit::Done;
use crate::feature_files::Loaded;
use crate::plan::{counted, thousands};
use crate::say::tell;
use langevin::eval::quality::Quality;
use langevin::eval::{Estimate, Nll, TimestepRow};
use langevin::features::Kind;
use langevin::render::{self, Axis, Curve};
use langevin_metrics::{InceptionScore, KernelDistance, Prdc};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;

/// Of this program: features are compared with those of another version at one's own risk.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Rows of the table by timestep: a model has hundreds of timesteps, and `--json` gives them all.
const ROWS: usize = 12;

/// Prints everything for people.
pub fn print(measured: &[Measured], judged: Option<&Judged>) {
    if let Some(judged) = judged {
        print_judged(judged);
    }
    let mut cautions: BTreeSet<&String> = judged.iter().flat_map(|judged| &judged.cautions).collect();
    for Measured { name, count, nll, ode, quality, levels } in measured {
        let kind = if levels.is_some() { "pictures" } else { "samples" };
        let count = count.map_or_else(|| "an unknown number of".to_owned(), thousands);
        tell!("{name}: {count} {kind}");
        if let Some(nll) = nll {
            print_nll(nll);
        }
        if let Some(ode) = ode {
            tell!("  by the ODE  {} bits/dim", shown(*ode));
        }
        if let (Some(comparison), Some(judged)) = (quality, judged) {
            print_quality(comparison, judged);
            cautions.extend(&comparison.quality.cautions);
        }
    }
    if measured.iter().any(|one| one.nll.is_some() || one.ode.is_some()) {
        tell!("bits/dim bound the negative log-likelihood from above; ± is the standard error over pictures");
    }
    cautions.iter().for_each(|caution| tell!("caution: {caution}"));
}

fn print_judged(judged: &Judged) {
    let from = match &judged.drawn {
        Some((sampler, steps, seed)) => format!("drawn by {sampler} in {steps} steps, seed {seed}"),
        None => "as given".to_owned(),
    };
    tell!("samples: {}, {from}", thousands(judged.samples as u64));
    let weights = match &judged.weights {
        Some(Loaded { file, sha256, .. }) => format!(" ({file}, SHA-256 {}…)", &sha256[..8]),
        None => String::new(),
    };
    tell!("features: {} of {}{weights}, langevin {VERSION}", judged.dimensions, judged.features);
    if let Some((InceptionScore { mean, std }, splits)) = judged.inception_score {
        let splits = counted(splits as u64, "split");
        tell!("  {:<18}  {mean:.4} ± {std:.4} over {splits}", inception_name(judged));
    }
}

fn print_quality(comparison: &Comparison, judged: &Judged) {
    let Quality { frechet, kernel, prdc, .. } = &comparison.quality;
    if let Some(frechet) = frechet {
        let cached = if comparison.cached { "  (mean and covariance known from before)" } else { "" };
        tell!("  {:<18}  {frechet:.4}{cached}", frechet_name(judged));
    }
    match kernel {
        Some(KernelDistance { mean, subsets: 1, .. }) => {
            tell!("  {:<18}  {mean:.6} between the whole sets", kernel_name(judged));
        }
        Some(KernelDistance { mean, std, subsets, subset_size }) => {
            tell!(
                "  {:<18}  {mean:.6} ± {std:.6} over {subsets} subsets of {subset_size}",
                kernel_name(judged)
            );
        }
        None => {}
    }
    if let Some(Prdc { precision, recall, density, coverage }) = prdc {
        tell!("  {:<18}  {precision:.4}", "precision");
        tell!("  {:<18}  {recall:.4}", "recall");
        tell!("  {:<18}  {density:.4}", "density");
        tell!("  {:<18}  {coverage:.4}  ({} neighbours)", "coverage", judged.neighbours);
    }
}

/// Whether the features are those by which papers report FID, KID and the Inception score.
fn of_papers(judged: &Judged) -> bool {
    let published = judged.weights.as_ref().is_some_and(|weights| weights.published);
    judged.features == Kind::InceptionV3.name() && published
}

fn frechet_name(judged: &Judged) -> &'static str {
    if of_papers(judged) { "FID" } else { "Fréchet distance" }
}

fn kernel_name(judged: &Judged) -> &'static str {
    if of_papers(judged) { "KID" } else { "kernel distance" }
}

fn inception_name(judged: &Judged) -> &'static str {
    if of_papers(judged) { "Inception score" } else { "classifier score" }
}

fn print_nll(nll: &Nll) {
    tell!("  bits/dim    {}", shown(nll.total));
    tell!("    L_0       {}", shown(nll.decoder));
    tell!("    L_1…T−1   {}", shown(nll.middle));
    tell!("    L_T       {}", shown(nll.prior));
    tell!("  {:>11}  {:>12}  {:>10}  {:>10}", "t", "bits/dim", "MSE of eps", "MSE of x_0");
    for row in picked(&nll.rows) {
        let (bits, eps, x0) = (row.bits.mean, row.mse_eps.mean, row.mse_x0.mean);
        tell!("  {:>11}  {bits:>12.3e}  {eps:>10.5}  {x0:>10.5}", named(row));
    }
}

fn shown(estimate: Estimate) -> String {
    format!("{:.4} ± {:.4}", estimate.mean, estimate.error)
}

/// A group's timesteps as the papers count them.
fn named(row: &TimestepRow) -> String {
    let (first, last) = (row.timesteps.start + 1, row.timesteps.end);
    if first == last { first.to_string() } else { format!("{first}–{last}") }
}

/// Some rows, the first and the last among them, closer together where t is small.
fn picked(rows: &[TimestepRow]) -> Vec<&TimestepRow> {
    if rows.len() <= ROWS {
        return rows.iter().collect();
    }
    let place = |i: usize| ((rows.len() as f64).powf(i as f64 / (ROWS - 1) as f64) as usize).max(i + 1);
    let mut places: Vec<usize> = (0..ROWS).map(|i| place(i).min(rows.len()) - 1).collect();
    places.dedup();
    places.into_iter().map(|place| &rows[place]).collect()
}

/// Everything for programs.
pub fn json(arguments: &EvaluateArguments, measured: &[Measured], judged: Option<&Judged>) -> Value {
    let part = |one: &Measured| {
        json!({
            "part": one.name,
            "pictures": one.count,
            "levels": one.levels,
            "nll": one.nll.as_ref().map(bound_json),
            "nll_ode": one.ode.map(|ode| json!({ "bits_per_dim": estimate_json(ode) })),
            "quality": one.quality.as_ref().zip(judged).map(|(quality, judged)| quality_json(quality, judged)),
        })
    };
    json!({
        "model": arguments.what,
        "terms": if arguments.full { Value::Null } else { json!(arguments.terms) },
        "ode_steps": arguments.ode_steps,
        "seed": arguments.seed,
        "samples": judged.map(judged_json),
        "parts": measured.iter().map(part).collect::<Vec<_>>(),
    })
}

fn estimate_json(estimate: Estimate) -> Value {
    json!({ "mean": estimate.mean, "error": estimate.error })
}

fn bound_json(nll: &Nll) -> Value {
    let row = |row: &TimestepRow| {
        json!({
            "t": [row.timesteps.start + 1, row.timesteps.end],
            "bits": estimate_json(row.bits),
            "mse_eps": estimate_json(row.mse_eps),
            "mse_x0": estimate_json(row.mse_x0),
        })
    };
    json!({
        "bits_per_dim": estimate_json(nll.total),
        "l_0": estimate_json(nll.decoder),
        "l_between": estimate_json(nll.middle),
        "l_t": estimate_json(nll.prior),
        "timesteps": nll.rows.iter().map(row).collect::<Vec<_>>(),
    })
}

fn judged_json(judged: &Judged) -> Value {
    let drawn = judged.drawn.as_ref();
    json!({
        "count": judged.samples,
        "drawn": drawn.map(|(sampler, steps, seed)| json!({ "sampler": sampler, "steps": steps, "seed": seed })),
        "features": {
            "name": judged.features,
            "dimensions": judged.dimensions,
            "file": judged.weights.as_ref().map(|weights| &weights.file),
            "sha256": judged.weights.as_ref().map(|weights| &weights.sha256),
            "version": VERSION,
        },
        "inception_score": judged.inception_score.map(|(score, splits)| json!({
            "mean": score.mean, "std": score.std, "splits": splits,
        })),
        "cautions": judged.cautions,
    })
}

fn quality_json(comparison: &Comparison, judged: &Judged) -> Value {
    let Quality { frechet, kernel, prdc, cautions } = &comparison.quality;
    let mut found = json!({
        "kernel_distance": kernel.map(|kernel| json!({
            "mean": kernel.mean, "std": (kernel.subsets > 1).then_some(kernel.std), "subsets": kernel.subsets, "subset_size": kernel.subset_size,
        })),
        "prdc": prdc.map(|prdc| json!({
            "precision": prdc.precision, "recall": prdc.recall, "density": prdc.density, "coverage": prdc.coverage,
            "neighbours": judged.neighbours,
        })),
        "cautions": cautions,
    });
    // Called FID by the features alone that the name stands for.
    found[if of_papers(judged) { "fid" } else { "frechet" }] = json!(frechet);
    found
}

/// The term of a single timestep over t, a curve a part.
pub fn plot(path: &Path, measured: &[Measured]) -> Done {
    let points = |nll: &Nll| -> Vec<(f64, f64)> {
        let middle = |row: &TimestepRow| 0.5 * (row.timesteps.start + 1 + row.timesteps.end) as f64;
        nll.rows.iter().map(|row| (middle(row), row.bits.mean)).collect()
    };
    let all: Vec<(&str, Vec<(f64, f64)>)> =
        measured.iter().filter_map(|one| Some((one.name.as_str(), points(one.nll.as_ref()?)))).collect();
    let curves: Vec<Curve> = all.iter().map(|(label, points)| Curve { label, points }).collect();
    Ok(render::save_png(
        path,
        &render::curves(&curves, "terms of the bound, bits/dim", "t", Axis::Logarithmic)?,
    )?)
}
