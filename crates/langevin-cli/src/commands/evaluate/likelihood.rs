//! What a model says of data: likelihoods.

use super::{Asked, Part};
use crate::exit::{Failure, usage};
use crate::guidance::{Asked as AskedClass, Known, asked as asked_class};
use crate::plan::thousands;
use crate::progress::Progress;
use langevin::TrainedModel;
use langevin::diffusion::{Classes, Denoiser, Process};
use langevin::eval::{BoundTerms, Estimate, Flow, FlowOptions, Nll, NllOptions, evaluate_nll};

fn levels(part: &Part) -> Result<u32, Failure> {
    part.levels.ok_or_else(|| usage("points have no levels"))
}

/// The classes that the network is told: the one that is asked for, or else the data's own, where they are those that it learned.
fn classes(asked: Asked, model: &TrainedModel, part: &Part) -> Result<Classes, Failure> {
    let known = Known::of(model);
    let classes = match asked_class(&asked.arguments.guidance, &known)? {
        AskedClass::One(class) => Classes::All(class),
        AskedClass::All(_) => {
            return Err(usage("--class all is for samples: of data, each has its own class"));
        }
        AskedClass::None => match part.labels() {
            Some((labels, names)) if !names.is_empty() && names == known.names => {
                Classes::Each(labels.into())
            }
            _ => Classes::None,
        },
    };
    // What the network lacks is told before it computes.
    let denoiser = Denoiser::new(&model.network, &model.process, model.checkpoint.bound());
    denoiser.of_classes(classes.clone()).map_err(usage)?;
    Ok(classes)
}

/// The bound on the negative log-likelihood of a part of the data.
pub fn nll(asked: Asked, model: &TrainedModel, part: &Part) -> Result<Nll, Failure> {
    let arguments = asked.arguments;
    let levels = levels(part)?;
    // Another variance than the model's own changes the bound, and nothing of the network.
    let variance = arguments.sampler.variance.unwrap_or(model.process.variance);
    let process = &Process { variance, ..model.process.clone() };
    let terms = BoundTerms {
        network: &model.network,
        process,
        bound: model.checkpoint.bound(),
        shape: model.shape(),
        levels,
    };
    let options = NllOptions {
        terms: (!arguments.full).then_some(arguments.terms),
        seed: arguments.seed,
        batch: arguments.batch,
        classes: classes(asked, model, part)?,
    };
    let steps = if arguments.full { model.process.len() } else { arguments.terms.min(model.process.len()) };
    let mut progress = Progress::new("evaluating", (part.len() * steps) as u64, 0, arguments.quiet);
    let read = |index: usize, out: &mut [f32]| part.read(index, out);
    let device = langevin::cpu();
    let nll = evaluate_nll(&terms, part.len(), &read, options, &device, &mut |done, _| {
        let samples = thousands((done / steps) as u64);
        progress.update(
            done as u64,
            format!("{}: {samples} of {} pictures", part.name, thousands(part.len() as u64)),
        );
        asked.flow()
    });
    progress.finish();
    nll.ok_or_else(|| asked.interrupted())
}

/// The negative log-likelihood by the ODE.
pub fn ode(asked: Asked, model: &TrainedModel, part: &Part) -> Result<Estimate, Failure> {
    let arguments = asked.arguments;
    let network = &model.differentiable();
    let (process, shape, levels) = (&model.process, model.shape(), levels(part)?);
    let options = FlowOptions { steps: arguments.ode_steps, seed: arguments.seed, batch: arguments.batch };
    let total = 4 * arguments.ode_steps * part.len();
    let mut progress = Progress::new("solving", total as u64, 0, arguments.quiet);
    let read = |index: usize, out: &mut [f32]| part.read(index, out);
    let flow = Flow { network, process, shape, levels, classes: classes(asked, model, part)? };
    let device = langevin::cpu().autodiff();
    let bits = flow.evaluate(part.len(), &read, options, &device, &mut |done, _| {
        progress.update(
            done as u64,
            format!("{}: the ODE of {} pictures", part.name, thousands(part.len() as u64)),
        );
        asked.flow()
    });
    progress.finish();
    bits.ok_or_else(|| asked.interrupted())
}
