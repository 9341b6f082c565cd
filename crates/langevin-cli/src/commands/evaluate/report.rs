//! What was measured, as a table, as JSON and as a plot.

use super::Measured;
use crate::args::EvaluateArguments;
use crate::exit::Done;
use crate::plan::thousands;
use langevin::eval::{Estimate, Nll, TimestepRow};
use langevin::render::{self, Curve};
use serde_json::{Value, json};
use std::path::Path;

/// Rows of the table by timestep: a model has hundreds of timesteps, and `--json` gives them all.
const ROWS: usize = 12;

pub fn print(measured: &[Measured]) {
    for Measured { part, nll, ode } in measured {
        println!("{}: {} pictures", part.name, thousands(part.len() as u64));
        if let Some(nll) = nll {
            print_nll(nll);
        }
        if let Some(ode) = ode {
            println!("  by the ODE  {} bits/dim", shown(*ode));
        }
    }
    println!("bits/dim bound the negative log-likelihood from above; ± is the standard error over pictures");
}

fn print_nll(nll: &Nll) {
    println!("  bits/dim    {}", shown(nll.total));
    println!("    L_0       {}", shown(nll.decoder));
    println!("    L_1…T−1   {}", shown(nll.middle));
    println!("    L_T       {}", shown(nll.prior));
    println!("  {:>11}  {:>12}  {:>10}  {:>10}", "t", "bits/dim", "MSE of eps", "MSE of x_0");
    for row in picked(&nll.rows) {
        let (bits, eps, x0) = (row.bits.mean, row.mse_eps.mean, row.mse_x0.mean);
        println!("  {:>11}  {bits:>12.3e}  {eps:>10.5}  {x0:>10.5}", named(row));
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

pub fn json(arguments: &EvaluateArguments, measured: &[Measured]) -> Value {
    let estimate = |estimate: Estimate| json!({ "mean": estimate.mean, "error": estimate.error });
    let row = |row: &TimestepRow| {
        json!({
            "t": [row.timesteps.start + 1, row.timesteps.end],
            "bits": estimate(row.bits),
            "mse_eps": estimate(row.mse_eps),
            "mse_x0": estimate(row.mse_x0),
        })
    };
    let bound = |nll: &Nll| {
        json!({
            "bits_per_dim": estimate(nll.total),
            "l_0": estimate(nll.decoder),
            "l_between": estimate(nll.middle),
            "l_t": estimate(nll.prior),
            "timesteps": nll.rows.iter().map(row).collect::<Vec<_>>(),
        })
    };
    let part = |Measured { part, nll, ode }: &Measured| {
        json!({
            "part": part.name,
            "pictures": part.len(),
            "levels": part.levels,
            "nll": nll.as_ref().map(bound),
            "nll_ode": ode.map(|ode| json!({ "bits_per_dim": estimate(ode) })),
        })
    };
    json!({
        "model": arguments.model,
        "terms": if arguments.full { Value::Null } else { json!(arguments.terms) },
        "ode_steps": arguments.ode_steps,
        "seed": arguments.seed,
        "parts": measured.iter().map(part).collect::<Vec<_>>(),
    })
}

/// The term of a single timestep over t, a curve a part.
pub fn plot(path: &Path, measured: &[Measured]) -> Done {
    let points = |nll: &Nll| -> Vec<(f64, f64)> {
        let middle = |row: &TimestepRow| 0.5 * (row.timesteps.start + 1 + row.timesteps.end) as f64;
        nll.rows.iter().map(|row| (middle(row), row.bits.mean)).collect()
    };
    let all: Vec<(&str, Vec<(f64, f64)>)> =
        measured.iter().filter_map(|one| Some((one.part.name.as_str(), points(one.nll.as_ref()?)))).collect();
    let curves: Vec<Curve> = all.iter().map(|(label, points)| Curve { label, points }).collect();
    Ok(render::save_png(path, &render::curves(&curves, "terms of the bound, bits/dim", "t")?)?)
}
