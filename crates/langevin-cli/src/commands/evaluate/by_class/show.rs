//! Agreement and quality by weight: as a table, as JSON and as curves.

use super::Row;
use crate::args::EvaluateArguments;
use crate::exit::Done;
use crate::guidance::Known;
use crate::plan::thousands;
use crate::say::tell;
use langevin::render::{self, Axis, Curve};
use serde_json::{Value, json};
use std::path::Path;

/// How the samples were drawn and judged.
pub struct How<'a> {
    pub count: usize,
    pub sampler: &'a str,
    pub steps: usize,
    pub seed: u64,
    pub features: &'a str,
    pub dimensions: usize,
    pub weights: Option<String>,
    pub judge: &'a Path,
    pub classifier: Option<&'a Path>,
    pub compared_with: &'a str,
    pub reference: usize,
    pub neighbours: usize,
}

/// Shows the rows as the arguments ask.
pub fn show(arguments: &EvaluateArguments, how: &How, rows: &[Row], known: &Known) -> Done {
    if arguments.json {
        tell!("{:#}", as_json(how, rows, known));
    } else {
        print(how, rows, known);
    }
    if let Some(path) = &arguments.plot {
        render::save_png(path, &plot(how, rows)?)?;
        if !arguments.json {
            tell!("agreement and quality by weight in {}", path.display());
        }
    }
    Ok(())
}

fn print(how: &How, rows: &[Row], known: &Known) {
    let How { count, sampler, steps, seed, features, dimensions, .. } = how;
    let by = how.classifier.map_or_else(|| "itself".to_owned(), |path| path.display().to_string());
    tell!(
        "samples: {} of each weight, drawn by {sampler} in {steps} steps, seed {seed}, guided by {by}",
        thousands(*count as u64)
    );
    let (reference, weights) =
        (thousands(how.reference as u64), how.weights.as_deref().unwrap_or("no network"));
    tell!(
        "features: {dimensions} of {features} ({weights}), compared with {reference} of {}",
        how.compared_with
    );
    tell!("judge: {}", how.judge.display());
    tell!(
        "  {:>8}  {:>17}  {:>9}  {:>9}  {:>9}",
        "guidance",
        "of their class",
        "Fréchet",
        "precision",
        "recall"
    );
    for row in rows {
        let (part, error) = row.agreement();
        let agreement = format!("{:.1} % ± {:.1}", 100.0 * part, 100.0 * error);
        let frechet = row.quality.frechet.map_or_else(String::new, |frechet| format!("{frechet:.4}"));
        let prdc = row.quality.prdc.as_ref();
        let (precision, recall) =
            (prdc.map_or(f64::NAN, |p| p.precision), prdc.map_or(f64::NAN, |p| p.recall));
        tell!("  {:>8}  {agreement:>17}  {frechet:>9}  {precision:>9.3}  {recall:>9.3}", row.weight);
    }
    print_classes(rows, known);
    rows.iter().flat_map(|row| &row.quality.cautions).take(1).for_each(|caution| tell!("caution: {caution}"));
}

/// Each class's own agreement, a column a weight.
fn print_classes(rows: &[Row], known: &Known) {
    let classes = rows.first().map_or(0, |row| row.agreed.len());
    let asked = |class: usize| rows.iter().any(|row| row.agreed[class].0 > 0);
    let names: Vec<String> = (0..classes).map(|class| known.name(class)).collect();
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
    let head: String = rows.iter().map(|row| format!("  {:>7}", row.weight)).collect();
    tell!("  {:<width$}{head}", "class");
    for class in (0..classes).filter(|&class| asked(class)) {
        let parts = rows.iter().map(|row| {
            let (asked, agreed) = row.agreed[class];
            format!("  {:>5.1} %", 100.0 * agreed as f64 / asked as f64)
        });
        tell!("  {:<width$}{}", names[class], parts.collect::<String>());
    }
}

fn as_json(how: &How, rows: &[Row], known: &Known) -> Value {
    let row = |row: &Row| {
        let (agreement, error) = row.agreement();
        let classes: Vec<Value> = row
            .agreed
            .iter()
            .enumerate()
            .filter(|(_, (asked, _))| *asked > 0)
            .map(|(class, (asked, agreed))| {
                json!({ "class": class, "name": known.name(class), "samples": asked, "agreed": agreed })
            })
            .collect();
        let prdc = row.quality.prdc.as_ref();
        json!({
            "guidance": row.weight,
            "agreement": agreement,
            "agreement_error": error,
            "frechet": row.quality.frechet,
            "precision": prdc.map(|p| p.precision),
            "recall": prdc.map(|p| p.recall),
            "density": prdc.map(|p| p.density),
            "coverage": prdc.map(|p| p.coverage),
            "classes": classes,
        })
    };
    json!({
        "samples": how.count,
        "sampler": how.sampler,
        "steps": how.steps,
        "seed": how.seed,
        "judge": how.judge,
        "classifier": how.classifier,
        "features": { "name": how.features, "dimensions": how.dimensions, "weights": how.weights },
        "reference": { "name": how.compared_with, "samples": how.reference },
        "neighbours": how.neighbours,
        "weights": rows.iter().map(row).collect::<Vec<_>>(),
    })
}

/// Agreement, precision and recall over the weight, and below them the Fréchet distance.
fn plot(how: &How, rows: &[Row]) -> Result<render::RgbImage, render::RenderError> {
    let over = |value: &dyn Fn(&Row) -> f64| -> Vec<(f64, f64)> {
        rows.iter().map(|row| (row.weight, value(row))).collect()
    };
    let prdc =
        |of: fn(&langevin_metrics::Prdc) -> f64| over(&|row| row.quality.prdc.as_ref().map_or(f64::NAN, of));
    let agreement = over(&|row| row.agreement().0);
    let (precision, recall) = (prdc(|p| p.precision), prdc(|p| p.recall));
    let frechet = over(&|row| row.quality.frechet.unwrap_or(f64::NAN));
    let above = [
        Curve { label: "of their class", points: &agreement },
        Curve { label: "precision", points: &precision },
        Curve { label: "recall", points: &recall },
    ];
    let by = if how.classifier.is_some() { "classifier" } else { "classifier-free" };
    let x = &format!("weight of the {by} guidance");
    let above = render::curves(&above, "part of the samples", x, Axis::Linear)?;
    let distance = [Curve { label: how.features, points: &frechet }];
    let below = render::curves(&distance, "Fréchet distance", x, Axis::Linear)?;
    Ok(render::stacked(&[above, below]))
}
