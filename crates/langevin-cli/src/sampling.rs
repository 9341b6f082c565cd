//! From the sampler's arguments to a sampler, every wrong combination in a sentence.

use crate::args::SamplerArguments;
use crate::exit::{Done, Failure, usage};
use langevin::diffusion::Bound;
use langevin::interop::diffusers::{Class, Scheduler, field_for};
use langevin::math::{GridOptions, Sigmas, Spacing, Variance};
use langevin::sampler::{Churn, Knob, Knobs, SAMPLERS, Sampler};
use langevin::train::{Checkpoint, WeightsKind, find_checkpoint};
use langevin::{SamplerChoice, TrainedModel};
use serde_json::{Value, json};
use std::path::Path;

/// The largest magnitude that dynamic thresholding allows; Saharia et al. 2022 set none.
const NO_MAXIMUM: f64 = f64::INFINITY;

/// Numbers of all samples together: they are in memory until they are written.
const MAX_ELEMENTS: usize = 1 << 32;

/// The model at `path`; `size` is for a pipeline of another program.
pub fn model(path: &Path, size: Option<[usize; 2]>, weights: WeightsKind) -> Result<TrainedModel, Failure> {
    let checkpoint = Checkpoint::open_sized(&find_checkpoint(path)?, size)?;
    if size.is_some() && checkpoint.pipeline.is_none() {
        return Err(usage(format!("{} says the size of its samples: leave --size out", path.display())));
    }
    Ok(TrainedModel::of(checkpoint, weights)?)
}

/// The sampler that the arguments name, or the model's own.
pub fn choice(arguments: &SamplerArguments, model: &TrainedModel) -> Result<SamplerChoice, Failure> {
    match (&arguments.sampler, &model.checkpoint.pipeline) {
        (Some(name), _) if name.ends_with("Scheduler") => {
            let unknown =
                || usage(format!("{name} is not a scheduler that can be followed: see `langevin samplers`"));
            let class = Class::named(name).ok_or_else(unknown)?;
            diffusers(model.scheduler(class).map_err(usage)?, arguments)
        }
        (None, Some(pipeline)) => diffusers(pipeline.scheduler.clone(), arguments),
        (name, _) => own(name.as_deref().unwrap_or("ddpm"), arguments, model),
    }
}

/// One of our samplers, by its name.
pub fn named(name: &str) -> Result<&'static Sampler, Failure> {
    Sampler::named(name).ok_or_else(|| {
        let names: Vec<&str> = SAMPLERS.iter().map(|sampler| sampler.name).collect();
        usage(format!("{name} is not one of the samplers {}", names.join(", ")))
    })
}

fn own(name: &str, arguments: &SamplerArguments, model: &TrainedModel) -> Result<SamplerChoice, Failure> {
    let sampler = named(name)?;
    if !arguments.set.is_empty() {
        return Err(usage(format!("--set is for a scheduler of diffusers, and {name} is none")));
    }
    let knobs = knobs(sampler, arguments, model.process.variance)?;
    let levels = GridOptions {
        sigmas: arguments.sigmas.unwrap_or_default(),
        spacing: arguments.spacing.unwrap_or(Spacing::Trailing),
        last: arguments.last.unwrap_or_default(),
    };
    if levels.sigmas != Sigmas::Schedule && arguments.spacing.is_some() {
        let sigmas = levels.sigmas;
        return Err(usage(format!(
            "--spacing chooses timesteps of the schedule, and --sigmas {sigmas} does not"
        )));
    }
    Ok(SamplerChoice::Own { sampler, knobs: Some(knobs), levels })
}

/// The samples that are computed at a time, of `count` in all.
pub fn batch(count: usize, batch: usize, elements: usize) -> Result<usize, Failure> {
    if count == 0 || batch == 0 {
        return Err(usage("-n and --batch are at least 1"));
    }
    if count.checked_mul(elements).is_none_or(|total| total > MAX_ELEMENTS) {
        let most = MAX_ELEMENTS / elements;
        return Err(usage(format!(
            "-n is {count}: at most {most} samples of this size are drawn at once; use several --seed"
        )));
    }
    Ok(batch.min(count))
}

/// Refuses samples that are not numbers.
pub fn check_finite(samples: &[f32], elements: usize) -> Done {
    let Some(index) = samples.iter().position(|value| !value.is_finite()) else { return Ok(()) };
    let sample = index / elements;
    Err(Failure::Failed(anyhow::anyhow!(
        "sample {sample} is infinite or no number, and nothing is written: bound the prediction (leave --no-clip out), \
         or take more steps or another --sampler"
    )))
}

fn knobs(sampler: &Sampler, arguments: &SamplerArguments, variance: Variance) -> Result<Knobs, Failure> {
    let has = |wanted: fn(&Knob) -> bool| sampler.knobs.iter().any(wanted);
    let given = [
        ("--eta", arguments.eta.is_some(), has(|knob| matches!(knob, Knob::Eta(_)))),
        ("--order", arguments.order.is_some(), has(|knob| matches!(knob, Knob::Order(..)))),
        ("--variance", arguments.variance.is_some(), has(|knob| matches!(knob, Knob::Variance))),
        ("--churn", arguments.churn.is_some(), has(|knob| matches!(knob, Knob::Churn))),
    ];
    if let Some((flag, ..)) = given.iter().find(|(_, given, has)| *given && !has) {
        return Err(usage(format!("{} has no {flag}: see `langevin samplers`", sampler.name)));
    }
    arguments.eta.map(check_eta).transpose()?;
    let most = sampler.knobs.iter().find_map(|knob| match knob {
        Knob::Order(_, most) => Some(*most),
        _ => None,
    });
    if let (Some(order), Some(most)) = (arguments.order, most)
        && !(1..=most).contains(&order)
    {
        return Err(usage(format!("--order is {order}: {} has orders 1 to {most}", sampler.name)));
    }
    arguments.variance.map(|asked| check_variance(asked, variance)).transpose()?;
    Ok(Knobs {
        eta: arguments.eta,
        order: arguments.order,
        variance: arguments.variance.unwrap_or(variance),
        churn: arguments.churn.as_deref().map(churn).transpose()?.unwrap_or_default(),
    })
}

/// Refuses a learned variance of a model that has learned none.
pub fn check_variance(asked: Variance, model: Variance) -> Result<(), Failure> {
    if asked == Variance::Learned && model != Variance::Learned {
        return Err(usage(
            "--variance is learned, but the model has learned none: use fixed-large or fixed-small",
        ));
    }
    Ok(())
}

fn check_eta(eta: f64) -> Result<(), Failure> {
    if (0.0..=1.0).contains(&eta) { Ok(()) } else { Err(usage(format!("--eta is {eta}: give 0 to 1"))) }
}

fn churn(numbers: &[f64]) -> Result<Churn, Failure> {
    let churn = match *numbers {
        [amount] => Churn { amount, ..Churn::default() },
        [amount, min, max] => Churn { amount, min, max, scale: 1.0 },
        [amount, min, max, scale] => Churn { amount, min, max, scale },
        _ => return Err(usage("--churn takes S, or S,MIN,MAX, or S,MIN,MAX,NOISE")),
    };
    let sound = churn.amount >= 0.0 && churn.min >= 0.0 && churn.max >= churn.min && churn.scale >= 0.0;
    if sound {
        Ok(churn)
    } else {
        Err(usage("--churn takes numbers of 0 or more, the smaller noise level first"))
    }
}

/// A scheduler of diffusers with what is set about it.
fn diffusers(scheduler: Scheduler, arguments: &SamplerArguments) -> Result<SamplerChoice, Failure> {
    let name = scheduler.class().name;
    let ours = [
        ("order", arguments.order.is_some()),
        ("spacing", arguments.spacing.is_some()),
        ("sigmas", arguments.sigmas.is_some()),
        ("last", arguments.last.is_some()),
        ("variance", arguments.variance.is_some()),
        ("churn", arguments.churn.is_some()),
    ];
    if let Some((flag, _)) = ours.iter().find(|(_, given)| *given) {
        let takes = |field: &str| scheduler.class().takes(field.split('=').next().unwrap_or(field));
        return Err(usage(match field_for(flag).filter(|field| takes(field)) {
            Some(field) => format!("{name} has its own names: use --set {field} in place of --{flag}"),
            None => format!("{name} has no --{flag}: choose another --sampler (see `langevin samplers`)"),
        }));
    }
    let mut set = json!({});
    for assignment in &arguments.set {
        let (key, value) = assignment
            .split_once('=')
            .ok_or_else(|| usage(format!("--set {assignment}: expected KEY=VALUE")))?;
        if !scheduler.class().takes(key) {
            return Err(usage(format!("--set {assignment}: {name} has no {key} that concerns sampling")));
        }
        set[key] = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
    }
    if let Some(eta) = arguments.eta {
        if !scheduler.class().takes("eta") {
            return Err(usage(format!("{name} has no --eta: choose --sampler ddim, or another that has")));
        }
        check_eta(eta)?;
        set["eta"] = json!(eta);
    }
    Ok(SamplerChoice::Diffusers(scheduler.with(&set).map_err(usage)?))
}

/// What the arguments do to x̂_0; `None` leaves it to the model, or to the scheduler.
pub fn bound(arguments: &SamplerArguments) -> Result<Option<Bound>, Failure> {
    if let Some(quantile) = arguments.threshold {
        if !(quantile > 0.0 && quantile <= 1.0) {
            return Err(usage(format!(
                "--threshold is {quantile}: give a quantile above 0 and up to 1, such as 0.995"
            )));
        }
        return Ok(Some(Bound::Dynamic { quantile, max: NO_MAXIMUM }));
    }
    Ok(arguments.no_clip.then_some(Bound::None))
}
