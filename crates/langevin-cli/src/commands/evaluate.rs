//! `langevin evaluate`: how good a model is, in numbers.

mod parts;
mod report;

use super::use_threads;
use crate::args::{EvaluateArguments, Metric};
use crate::exit::{Done, Failure, usage};
use crate::output::check_png;
use crate::plan::thousands;
use crate::progress::Progress;
use crate::sampling;
use crate::signals::Signals;
use langevin::TrainedModel;
use langevin::compute::set_exact;
use langevin::eval::{BoundTerms, Estimate, Flow, FlowOptions, Nll, NllOptions, evaluate_nll};
use langevin::models::{Conditioning, Network};
use parts::{Part, parts};
use std::ops::ControlFlow;

/// What was measured on a part of the data.
struct Measured {
    part: Part,
    nll: Option<Nll>,
    ode: Option<Estimate>,
}

/// Runs the command.
pub fn run(arguments: &EvaluateArguments) -> Done {
    let signals = Signals::listen()?;
    if let Some(plot) = &arguments.plot {
        check_png(plot)?;
        if !arguments.metrics.contains(&Metric::Nll) {
            return Err(usage("--plot shows the terms of --metrics nll: ask for it too"));
        }
    }
    if [arguments.terms, arguments.batch, arguments.ode_steps].contains(&0) || arguments.count == Some(0) {
        return Err(usage("-n, --terms, --ode-steps and --batch are at least 1"));
    }
    use_threads(arguments.threads)?;
    set_exact(arguments.exact);
    let model = sampling::model(&arguments.model, None, arguments.weights.into())?;
    if model.settings().levels.is_none() {
        return Err(usage(
            "--metrics nll is for models of pictures: points have no levels whose probability it could be",
        ));
    }
    let classes = arguments.class.map(|class| [class]);
    let told = Conditioning::at(&[0.0]).with_classes(classes.as_ref().map(|classes| &classes[..]));
    model.network.check(&told, 1).map_err(usage)?;
    let wanted = |metric| arguments.metrics.contains(&metric);
    let mut measured = Vec::new();
    for part in parts(arguments, &model)? {
        let nll = wanted(Metric::Nll).then(|| nll(arguments, &model, &part, &signals)).transpose()?;
        let ode = wanted(Metric::NllOde).then(|| ode(arguments, &model, &part, &signals)).transpose()?;
        measured.push(Measured { part, nll, ode });
    }
    if arguments.json {
        println!("{:#}", report::json(arguments, &measured));
    } else {
        report::print(&measured);
    }
    if let Some(plot) = &arguments.plot {
        report::plot(plot, &measured)?;
        // What is printed as JSON stays JSON.
        if !arguments.json {
            println!("the terms over the timesteps in {}", plot.display());
        }
    }
    Ok(())
}

fn nll(
    arguments: &EvaluateArguments,
    model: &TrainedModel,
    part: &Part,
    signals: &Signals,
) -> Result<Nll, Failure> {
    let terms = BoundTerms {
        network: &model.network,
        process: &model.process,
        bound: model.checkpoint.bound(),
        shape: model.shape(),
        levels: part.levels,
        class: arguments.class,
    };
    let options = NllOptions {
        terms: (!arguments.full).then_some(arguments.terms),
        seed: arguments.seed,
        batch: arguments.batch,
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
        if signals.received().is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    progress.finish();
    nll.ok_or(Failure::Interrupted(signals.received().unwrap_or(2)))
}

fn ode(
    arguments: &EvaluateArguments,
    model: &TrainedModel,
    part: &Part,
    signals: &Signals,
) -> Result<Estimate, Failure> {
    let network = &model.differentiable();
    let (process, shape, levels, class) = (&model.process, model.shape(), part.levels, arguments.class);
    let options = FlowOptions { steps: arguments.ode_steps, seed: arguments.seed, batch: arguments.batch };
    let total = 4 * arguments.ode_steps * part.len();
    let mut progress = Progress::new("solving", total as u64, 0, arguments.quiet);
    let read = |index: usize, out: &mut [f32]| part.read(index, out);
    let flow = Flow { network, process, shape, levels, class };
    let device = langevin::cpu().autodiff();
    let bits = flow.evaluate(part.len(), &read, options, &device, &mut |done, _| {
        progress.update(
            done as u64,
            format!("{}: the ODE of {} pictures", part.name, thousands(part.len() as u64)),
        );
        if signals.received().is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    progress.finish();
    bits.ok_or(Failure::Interrupted(signals.received().unwrap_or(2)))
}
