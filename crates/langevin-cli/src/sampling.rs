//! From the sampler's arguments to a sampler, every wrong combination in a sentence.

use crate::args::SamplerArguments;
use crate::exit::{Failure, usage};
use langevin::diffusion::Bound;
use langevin::interop::diffusers::{CLASSES, Class, Scheduler, field_for};
use langevin::math::{GridOptions, Sigmas, Spacing, Variance};
use langevin::sampler::{Churn, Knob, Knobs, SAMPLERS, Sampler};
use langevin::{SamplerChoice, TrainedModel};
use serde_json::{Value, json};

/// The largest magnitude that dynamic thresholding allows; Saharia et al. 2022 set none.
const NO_MAXIMUM: f64 = f64::INFINITY;

/// The sampler that the arguments name, or the model's own.
pub fn choice(arguments: &SamplerArguments, model: &TrainedModel) -> Result<SamplerChoice, Failure> {
    match (&arguments.sampler, &model.checkpoint.pipeline) {
        (Some(name), _) if name.ends_with("Scheduler") => {
            let class =
                Class::named(name).ok_or_else(|| usage(Scheduler::new(name, &json!({})).unwrap_err()))?;
            diffusers(Scheduler::of(class), arguments)
        }
        (None, Some(pipeline)) => diffusers(pipeline.scheduler.clone(), arguments),
        (name, _) => own(name.as_deref().unwrap_or("ddpm"), arguments, model),
    }
}

/// One of our samplers, by its name.
pub fn named(name: &str) -> Result<&'static Sampler, Failure> {
    Sampler::named(name).ok_or_else(|| {
        let names: Vec<&str> = SAMPLERS.iter().map(|sampler| sampler.name).collect();
        usage(format!(
            "there is no sampler {name}: choose one of {}, or a scheduler of diffusers such as {}",
            names.join(", "),
            CLASSES[1].name
        ))
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

/// Whether a sampler goes from data to noise.
pub fn inverts(choice: &SamplerChoice) -> bool {
    match choice {
        SamplerChoice::Own { sampler, .. } => sampler.inverts(),
        SamplerChoice::Diffusers(scheduler) => scheduler.inverts(),
    }
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
    if let Some(eta) = arguments.eta.filter(|eta| !(0.0..=1.0).contains(eta)) {
        return Err(usage(format!("--eta is {eta}: give 0 to 1")));
    }
    let most = sampler.knobs.iter().find_map(|knob| match knob {
        Knob::Order(_, most) => Some(*most),
        _ => None,
    });
    if let (Some(order), Some(most)) = (arguments.order, most)
        && !(1..=most).contains(&order)
    {
        return Err(usage(format!("--order is {order}: {} has orders 1 to {most}", sampler.name)));
    }
    if arguments.variance == Some(Variance::Learned) && variance != Variance::Learned {
        return Err(usage(
            "--variance is learned, but the model has learned none: use fixed-large or fixed-small",
        ));
    }
    Ok(Knobs {
        eta: arguments.eta,
        order: arguments.order,
        variance: arguments.variance.unwrap_or(variance),
        churn: arguments.churn.as_deref().map(churn).transpose()?.unwrap_or_default(),
    })
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
        let field = field_for(flag).unwrap_or("KEY=VALUE");
        return Err(usage(format!(
            "{name} has its own names: use --set {field} in place of --{flag}, or --sampler with one of `langevin samplers`"
        )));
    }
    let mut set = json!({});
    for assignment in &arguments.set {
        let (key, value) = assignment
            .split_once('=')
            .ok_or_else(|| usage(format!("--set {assignment}: expected KEY=VALUE")))?;
        set[key] = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
    }
    if let Some(eta) = arguments.eta {
        set["eta"] = json!(eta);
    }
    for key in set.as_object().into_iter().flat_map(|set| set.keys()) {
        if !scheduler.class().takes(key) {
            return Err(usage(format!("{name} has no {key} that concerns sampling: leave it out")));
        }
    }
    Ok(SamplerChoice::Diffusers(scheduler.with(&set).map_err(usage)?))
}

/// What the arguments do to x̂_0; `None` leaves it to the model, or to the scheduler.
pub fn bound(arguments: &SamplerArguments, choice: &SamplerChoice) -> Result<Option<Bound>, Failure> {
    if let Some(quantile) = arguments.threshold {
        if !(quantile > 0.0 && quantile <= 1.0) {
            return Err(usage(format!(
                "--threshold is {quantile}: give a quantile above 0 and up to 1, such as 0.995"
            )));
        }
        return Ok(Some(Bound::Dynamic { quantile, max: NO_MAXIMUM }));
    }
    if arguments.no_clip {
        return Ok(Some(Bound::None));
    }
    Ok(match choice {
        SamplerChoice::Diffusers(scheduler) => Some(scheduler.bound()),
        SamplerChoice::Own { .. } => None,
    })
}
