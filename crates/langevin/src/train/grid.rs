//! The sample grids of a run.

use crate::config::Settings;
use crate::diffusion::{Denoiser, GuidanceError, Process};
use crate::models::Model;
use crate::render::{self, Pictures, PlotOptions, RenderError, Series};
use crate::sampler::{Generation, Knobs, Noise, Plan, Sampler};
use crate::tensor::to_points;
use langevin_math::{GridOptions, MathError};
use std::ops::ControlFlow;
use std::path::Path;

/// Why a grid could not be drawn.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum GridError {
    #[error(transparent)]
    Process(#[from] MathError),
    #[error(transparent)]
    Guidance(#[from] GuidanceError),
    #[error(transparent)]
    Render(#[from] RenderError),
}

/// Draws the settings' grid with `network` into `path`; `false` if `proceed` stopped it.
///
/// `proceed` is told the reverse steps taken, and to take.
///
/// # Errors
/// If the process cannot be visited in the grid's steps, or the picture cannot be written.
pub fn draw_grid(
    settings: &Settings,
    process: &Process,
    network: &Model,
    path: &Path,
    proceed: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
) -> Result<bool, GridError> {
    let sample = &settings.recipe.sample;
    let sampler = Sampler::named("ddpm").expect("the registry has it");
    let knobs = Knobs::new(process.variance);
    let plan = &Plan::of(sampler, knobs, &process.table, GridOptions::default(), sample.grid_steps)?;
    let denoiser = Denoiser::new(network, process, settings.bound());
    let denoiser = &denoiser.of_classes(settings.classes_in_turn())?;
    let (count, shape, noise) = (sample.grid_samples, settings.shape, &Noise::Seed(sample.seed));
    // No more at a time than training takes, and points all at once.
    let batch = if settings.clips() { count.min(settings.micro_batch()) } else { count };
    let total = count.div_ceil(batch) * plan.grid.len();
    let drawn = Generation { denoiser, plan, shape, noise, first: 0, count, batch }
        .run(&crate::tensor::cpu(), &mut |first, moment| {
            proceed((first / batch + 1) * plan.grid.len() - moment.left, total)
        });
    let Some(samples) = drawn else { return Ok(false) };
    let image = if settings.levels.is_some() {
        render::grid(&Pictures::new(&samples, shape.batch(count))?, None)?
    } else {
        let points = to_points(&samples);
        let series = [Series { points: &points, ..Series::default() }];
        render::scatter(&series, &PlotOptions::default())?
    };
    render::save_png(path, &image)?;
    Ok(true)
}
