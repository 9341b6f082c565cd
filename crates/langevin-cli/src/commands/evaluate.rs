//! `langevin evaluate`: how good a model is, in numbers.

mod by_class;
mod classifier;
mod drawing;
mod likelihood;
mod parts;
mod quality;
mod reference;
mod report;
mod subject;
mod wanted;

use super::use_threads;
use crate::args::EvaluateArguments;
use crate::exit::{Done, Failure, usage};
use crate::output::check_png;
use crate::say::tell;
use crate::signals::Signals;
use langevin::compute::set_exact;
use langevin::data::read_statistics;
use langevin::eval::{Estimate, Nll};
use langevin::models::ModelConfig;
use langevin::train::{Checkpoint, find_checkpoint};
use parts::{Part, parts};
use quality::{Comparison, Judge};
use std::ops::ControlFlow;
use subject::Subject;
use wanted::Wanted;

/// Samples that a model draws, and steps of the ODE, at most: what is more is a slip of the hand, and would run for days.
const MOST_SAMPLES: usize = 10_000_000;
const MOST_STEPS: usize = 100_000;

/// What was measured on a part of the data.
struct Measured {
    /// What the part is called.
    name: String,
    /// Its samples, where their number is known.
    count: Option<u64>,
    /// Levels of its values.
    levels: Option<u32>,
    nll: Option<Nll>,
    ode: Option<Estimate>,
    quality: Option<Comparison>,
}

/// What is asked for.
#[derive(Clone, Copy)]
struct Asked<'a> {
    arguments: &'a EvaluateArguments,
    signals: &'a Signals,
}

impl Asked<'_> {
    /// Whether to go on.
    fn flow(&self) -> ControlFlow<()> {
        self.signals.flow()
    }

    fn interrupted(&self) -> Failure {
        Failure::Interrupted(self.signals.received().unwrap_or(2))
    }
}

/// Runs the command.
pub fn run(arguments: &EvaluateArguments) -> Done {
    let signals = &Signals::listen()?;
    check(arguments)?;
    use_threads(arguments.threads)?;
    set_exact(arguments.exact);
    let asked = Asked { arguments, signals };
    if let Some(checkpoint) = classifier_of(arguments) {
        return classifier::run(asked, checkpoint);
    }
    let subject = Subject::open(arguments)?;
    let wanted = Wanted::resolve(arguments, &subject)?;
    let parts = parts(arguments, &subject, wanted)?;
    if let (Some(model), Some(part), true) = (subject.model(), parts.first(), by_class(arguments)) {
        return by_class::run(asked, model, wanted, part);
    }
    let judge = Judge::new(asked, wanted, &subject, &parts)?;
    let mut measured = Vec::new();
    for part in &parts {
        let model = |wanted: bool| subject.model().filter(|_| wanted);
        let save = arguments.save_statistics.as_deref().filter(|_| measured.is_empty());
        measured.push(Measured {
            name: part.name.clone(),
            count: Some(part.len() as u64),
            levels: part.levels,
            nll: model(wanted.nll).map(|model| likelihood::nll(asked, model, part)).transpose()?,
            ode: model(wanted.ode).map(|model| likelihood::ode(asked, model, part)).transpose()?,
            quality: judge.as_ref().map(|judge| judge.against(Some(part), save)).transpose()?.flatten(),
        });
    }
    if let (Some(path), Some(judge)) = (&arguments.statistics, &judge) {
        let (name, quality) = (path.display().to_string(), judge.against(None, None)?);
        let count = read_statistics(path)?.count();
        measured.push(Measured { name, count, levels: None, nll: None, ode: None, quality });
    }
    let judged = judge.map(Judge::finish);
    if arguments.json {
        tell!("{:#}", report::json(arguments, &measured, judged.as_ref()));
    } else {
        report::print(&measured, judged.as_ref());
    }
    if let Some(plot) = &arguments.plot {
        report::plot(plot, &measured)?;
        // What is printed as JSON stays JSON.
        if !arguments.json {
            tell!("the terms over the timesteps in {}", plot.display());
        }
    }
    Ok(())
}

/// Whether samples are judged by their classes.
fn by_class(arguments: &EvaluateArguments) -> bool {
    arguments.judge.is_some() || arguments.guidance.guidance.len() > 1
}

/// The checkpoint that is to be measured, if it is a classifier's.
fn classifier_of(arguments: &EvaluateArguments) -> Option<Checkpoint> {
    let checkpoint = Checkpoint::open(&find_checkpoint(&arguments.what).ok()?).ok()?;
    matches!(checkpoint.settings.recipe.model, ModelConfig::Classifier(_)).then_some(checkpoint)
}

/// What cannot be right, whatever the model.
fn check(arguments: &EvaluateArguments) -> Done {
    if let Some(plot) = &arguments.plot {
        check_png(plot)?;
    }
    if let Some(path) = &arguments.save_statistics
        && path.extension().is_none_or(|ending| ending != "npz")
    {
        return Err(usage(format!("{} does not end in .npz, which it would be", path.display())));
    }
    let counts = [arguments.terms, arguments.batch, arguments.ode_steps, arguments.neighbours];
    let given = [arguments.count, arguments.samples].into_iter().flatten();
    if counts.into_iter().chain(given).any(|count| count == 0) {
        return Err(usage("-n, --samples, --terms, --ode-steps, --neighbours and --batch are at least 1"));
    }
    let patience = [
        ("--samples", arguments.samples.unwrap_or(1), MOST_SAMPLES),
        ("--ode-steps", arguments.ode_steps, MOST_STEPS),
    ];
    if let Some((flag, count, most)) = patience.into_iter().find(|(_, count, most)| count > most) {
        return Err(usage(format!(
            "{flag} is {count}: give at most {}",
            crate::plan::thousands(most as u64)
        )));
    }
    Ok(())
}
