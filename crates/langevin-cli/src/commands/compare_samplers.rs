//! `langevin compare-samplers`: samplers by numbers of steps, at the same noise.

use super::use_threads;
use crate::args::CompareSamplersArguments;
use crate::exit::{Done, Failure, usage};
use crate::guidance::{Guide, guidance, one_class};
use crate::output::check_png;
use crate::progress::Progress;
use crate::sampling::{self, named};
use crate::say::tell;
use crate::signals::Signals;
use langevin::math::{GridOptions, Last};
use langevin::render::{self, Panel, Pictures, PlotOptions, Range, Series};
use langevin::sampler::{Knobs, Noise, SAMPLERS, Sampler};
use langevin::tensor::to_points;
use langevin::{SampleOptions, SamplerChoice, TrainedModel};
use std::fmt::Write;
use std::fs;
use std::ops::ControlFlow;
use std::time::Instant;

/// The most samples of a run that a sheet has room for.
const MOST: usize = 64;

/// Steps, if none are asked for.
const STEPS: [usize; 4] = [5, 10, 20, 50];

/// One run.
struct Cell {
    steps: usize,
    evaluations: usize,
    seconds: f64,
    /// Root mean square difference from the reference.
    distance: f64,
    /// Whether the steps drew noise of their own: then these are other samples than the reference's.
    other: bool,
    samples: Vec<f32>,
}

/// Runs the command.
pub fn run(arguments: &CompareSamplersArguments) -> Done {
    check_png(&arguments.out)?;
    let signals = Signals::listen()?;
    use_threads(arguments.threads)?;
    let model = sampling::model(&arguments.model, arguments.size, arguments.weights.into())?;
    let points = model.settings().levels.is_none();
    let count = arguments.count.unwrap_or(if points { 2000 } else { 4 });
    if count == 0 || !points && count > MOST {
        return Err(usage(format!("-n is {count}: give 1 to {MOST}")));
    }
    let samplers = samplers(&arguments.samplers)?;
    let numbers = numbers(&arguments.steps, model.process.len());
    let levels = GridOptions { sigmas: arguments.sigmas, spacing: arguments.spacing, last: Last::Data };
    let guide = Guide::open(&arguments.guidance, &model)?;
    let known = guide.known(&model);
    let (classes, guidance) = (one_class(&arguments.guidance, &known)?, guidance(&arguments.guidance)?);
    let options = |sampler: &'static Sampler, steps: usize, levels: GridOptions| SampleOptions {
        count,
        batch: count,
        steps: Some(steps),
        sampler: SamplerChoice::Own { sampler, knobs: None, levels },
        noise: Noise::Seed(arguments.seed),
        classes: classes.clone(),
        guidance,
        bound: None,
    };
    // Every wrong number is known before the first sample is drawn.
    for (sampler, &steps) in
        samplers.iter().flat_map(|sampler| numbers.iter().map(move |steps| (sampler, steps)))
    {
        let planned = model.sampling().plan(&options(sampler, steps, levels));
        planned.map_err(|error| usage(format!("{} in {steps} steps: {error}", sampler.name)))?;
    }
    let reference_steps = arguments.reference.clamp(1, model.process.len());
    let total = samplers.len() * numbers.len() + 1;
    let mut progress = Progress::new("comparing", total as u64, 0, arguments.quiet);
    progress.update(0, format!("reference: ddim, {reference_steps} steps"));
    let whole = options(named("ddim")?, reference_steps, GridOptions::default());
    let reference = draw((&model, &guide), &whole, reference_steps, &signals)?;
    let mut rows: Vec<(&Sampler, Vec<Cell>)> = Vec::new();
    for sampler in samplers {
        let mut cells = Vec::new();
        for &steps in &numbers {
            let done = rows.len() * numbers.len() + cells.len() + 1;
            progress.update(done as u64, format!("{}, {steps} steps", sampler.name));
            let mut cell = draw((&model, &guide), &options(sampler, steps, levels), steps, &signals)?;
            cell.distance = rms(&cell.samples, &reference.samples);
            cell.other = sampler.draws_noise(&Knobs::new(model.process.variance));
            cells.push(cell);
        }
        rows.push((sampler, cells));
    }
    progress.finish();
    print_table(&rows, &reference, count);
    let table = arguments.out.with_extension("csv");
    fs::write(&table, csv(&rows, &reference))
        .map_err(|cause| anyhow::anyhow!("cannot write {}: {cause}", table.display()))?;
    let image =
        if points { plots(&rows, &reference)? } else { sheet(&rows, &reference, &numbers, &model, count)? };
    render::save_png(&arguments.out, &image)?;
    tell!("the samples in {}, the table in {}", arguments.out.display(), table.display());
    Ok(())
}

/// The numbers of steps: those asked for, or the usual ones that the process has timesteps for.
fn numbers(asked: &[usize], timesteps: usize) -> Vec<usize> {
    if !asked.is_empty() {
        return asked.to_vec();
    }
    let usual: Vec<usize> = STEPS.into_iter().filter(|&steps| steps <= timesteps).collect();
    if usual.is_empty() { vec![timesteps] } else { usual }
}

fn samplers(names: &[String]) -> Result<Vec<&'static Sampler>, Failure> {
    if names.is_empty() {
        return Ok(SAMPLERS.iter().filter(|sampler| !sampler.inverts()).collect());
    }
    let sampler = |name: &String| {
        let sampler = named(name)?;
        let message = || usage(format!("{name} goes from data to noise, and has no samples to compare"));
        if sampler.inverts() { Err(message()) } else { Ok(sampler) }
    };
    names.iter().map(sampler).collect()
}

fn draw(
    (model, guide): (&TrainedModel, &Guide),
    options: &SampleOptions,
    steps: usize,
    signals: &Signals,
) -> Result<Cell, Failure> {
    let (begun, mut evaluations) = (Instant::now(), 0);
    let samples = guide.sampling(model).sample(options, &mut |_, moment| {
        evaluations = moment.evaluations;
        if signals.received().is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    let samples = samples.ok_or(Failure::Interrupted(signals.received().unwrap_or(2)))?;
    let seconds = begun.elapsed().as_secs_f64();
    Ok(Cell { steps, evaluations, seconds, distance: 0.0, other: false, samples })
}

fn rms(a: &[f32], b: &[f32]) -> f64 {
    let squares: f64 = a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2)).sum();
    (squares / a.len() as f64).sqrt()
}

fn print_table(rows: &[(&Sampler, Vec<Cell>)], reference: &Cell, count: usize) {
    tell!("{:<16} {:>5} {:>11} {:>9} {:>12}", "sampler", "steps", "evaluations", "distance", "ms a sample");
    let line = |name: &str, cell: &Cell, distance: &str| {
        let milliseconds = 1e3 * cell.seconds / count as f64;
        tell!("{name:<16} {:>5} {:>11} {distance:>9} {milliseconds:>12.1}", cell.steps, cell.evaluations);
    };
    line("ddim", reference, "reference");
    for (sampler, cells) in rows {
        for cell in cells {
            let mark = if cell.other { "*" } else { "" };
            line(sampler.name, cell, &format!("{:.4}{mark}", cell.distance));
        }
    }
    tell!("distance: root mean square difference from the reference's samples");
    tell!("*: the steps draw noise of their own, and so make other samples: as far away as any two are");
}

fn csv(rows: &[(&Sampler, Vec<Cell>)], reference: &Cell) -> String {
    let mut text = "sampler,steps,evaluations,distance,draws_noise,seconds\n".to_owned();
    let mut line = |name: &str, cell: &Cell| {
        let Cell { steps, evaluations, distance, other, seconds, .. } = cell;
        let line = writeln!(text, "{name},{steps},{evaluations},{distance:.6},{other},{seconds:.4}");
        line.expect("a string takes what is written");
    };
    line("reference", reference);
    rows.iter().for_each(|(sampler, cells)| cells.iter().for_each(|cell| line(sampler.name, cell)));
    text
}

/// The reference above, a row a sampler, a group of columns a number of steps.
fn sheet(
    rows: &[(&Sampler, Vec<Cell>)],
    reference: &Cell,
    steps: &[usize],
    model: &TrainedModel,
    count: usize,
) -> Result<render::RgbImage, render::RenderError> {
    let joined: Vec<Vec<f32>> =
        rows.iter().map(|(_, cells)| cells.iter().flat_map(|cell| cell.samples.clone()).collect()).collect();
    let shape = model.shape();
    let head =
        (format!("ddim, {} steps", reference.steps), Pictures::new(&reference.samples, shape.batch(count))?);
    let mut labelled = Vec::new();
    for ((sampler, _), values) in rows.iter().zip(&joined) {
        labelled.push((sampler.name.to_owned(), Pictures::new(values, shape.batch(count * steps.len()))?));
    }
    let groups: Vec<String> = steps.iter().map(|steps| format!("{steps} steps")).collect();
    render::contact_sheet(&head, &labelled, &groups, count)
}

/// A plot a run; the reference first.
fn plots(rows: &[(&Sampler, Vec<Cell>)], reference: &Cell) -> Result<render::RgbImage, render::RenderError> {
    let mut captions = vec![format!("ddim, {}", reference.steps)];
    let mut points = vec![to_points(&reference.samples)];
    for (sampler, cells) in rows {
        for cell in cells {
            captions.push(format!("{}, {}", sampler.name, cell.steps));
            points.push(to_points(&cell.samples));
        }
    }
    // The reference's range: a solver that runs away must not shrink the others.
    let range = Some(Range::of([&points[0][..]]));
    let series: Vec<_> = points.iter().map(|points| [Series { points, ..Series::default() }]).collect();
    let panels: Vec<Panel> =
        captions.iter().zip(&series).map(|(caption, series)| Panel { caption, series }).collect();
    render::panels(&panels, &PlotOptions { range, ..PlotOptions::default() })
}
