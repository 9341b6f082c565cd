//! Samples on their way to be measured: drawn or read, and described.

use super::Asked;
use crate::args::EvaluateArguments;
use crate::exit::{Failure, usage};
use crate::guidance::{Asked as AskedClass, Guide, asked as asked_class, guidance};
use crate::plan::thousands;
use crate::progress::Progress;
use crate::sampling;
use anyhow::Context;
use langevin::diffusion::Classes;
use langevin::eval::quality::{Describer, Drawn, Gathered, Kept, SampleSource, gather};
use langevin::sampler::Noise;
use langevin::{SampleOptions, SamplerChoice, TrainedModel};

/// The sampler if nothing is said: a good one in few steps.
const SAMPLER: (&str, usize) = ("ddim", 50);

/// Sampler, steps and seed of samples.
pub type HowDrawn = (String, usize, u64);

/// Draws samples from a model, and describes them.
pub fn draw(
    asked: Asked,
    model: &TrainedModel,
    count: usize,
    describer: &Describer,
    kept: Kept,
) -> Result<(Gathered, Option<HowDrawn>), Failure> {
    let arguments = asked.arguments;
    let guide = Guide::open(&arguments.guidance, model)?;
    let (sampler, steps) = sampler_of(arguments, model)?;
    let classes = match asked_class(&arguments.guidance, &guide.known(model))? {
        AskedClass::None => Classes::None,
        AskedClass::One(class) => Classes::All(class),
        AskedClass::All(count) => Classes::in_turn(count),
    };
    let options = SampleOptions {
        count,
        sampler,
        steps,
        bound: sampling::bound(&arguments.sampler)?,
        classes,
        guidance: guidance(&arguments.guidance)?,
        noise: Noise::Seed(arguments.seed),
        batch: arguments.batch,
    };
    let sampling = guide.sampling(model);
    let (plan, denoiser) = (sampling.plan(&options)?, sampling.denoiser(&options)?);
    let steps = plan.grid.len();
    let total = count.div_ceil(arguments.batch) * steps;
    let mut progress = Progress::new("sampling", total as u64, 0, arguments.quiet);
    let mut observe = |first: usize, moment: langevin::sampler::Moment| {
        let taken = first / arguments.batch * steps + steps - moment.left;
        let message = format!("{} of {} samples", thousands(first as u64), thousands(count as u64));
        progress.update(taken as u64, message);
        asked.flow()
    };
    let generation = sampling.generation(&options, &plan, &denoiser);
    let mut source = Drawn { generation, levels: model.settings().levels, observe: &mut observe };
    let gathered = gather(&mut source, describer, kept, arguments.batch, &mut |_| asked.flow())
        .context("the samples that the model draws cannot be measured")?;
    progress.finish();
    let gathered = gathered.ok_or_else(|| asked.interrupted())?;
    let name = match &options.sampler {
        SamplerChoice::Own { sampler, .. } => sampler.name.to_owned(),
        SamplerChoice::Diffusers(scheduler) => scheduler.class().name.to_owned(),
    };
    Ok((gathered, Some((name, steps, arguments.seed))))
}

/// The sampler and its steps that the arguments ask for, or what is good in few steps.
pub fn sampler_of(
    arguments: &EvaluateArguments,
    model: &TrainedModel,
) -> Result<(SamplerChoice, Option<usize>), Failure> {
    let mut wanted = arguments.sampler.clone();
    if wanted.sampler.is_none() && model.checkpoint.pipeline.is_none() {
        // ddpm's own number is all of the model's, which a measure of thousands of samples rarely waits for.
        let own = if wanted.variance.is_some() { "ddpm" } else { SAMPLER.0 };
        wanted.sampler = Some(own.to_owned());
        wanted.steps = wanted.steps.or(Some(SAMPLER.1.min(model.process.len())));
    }
    let sampler = sampling::choice(&wanted, model)?;
    if sampler.inverts() {
        return Err(usage("this sampler goes from data to noise: choose another"));
    }
    Ok((sampler, wanted.steps))
}

/// The features of a source, with a bar.
pub fn described(
    asked: Asked,
    source: &mut dyn SampleSource,
    describer: &Describer,
    kept: Kept,
    what: &str,
) -> Result<Gathered, Failure> {
    let (arguments, count) = (asked.arguments, source.count() as u64);
    let mut progress = Progress::new("describing", count, 0, arguments.quiet);
    let gathered = gather(source, describer, kept, arguments.batch, &mut |done| {
        progress.update(done as u64, format!("{what}, by {}", describer.name()));
        asked.flow()
    })?;
    progress.finish();
    gathered.ok_or_else(|| asked.interrupted())
}
