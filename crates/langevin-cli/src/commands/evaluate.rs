//! `langevin evaluate`: how good a model is, in numbers.

mod describer;
mod drawing;
mod likelihood;
mod parts;
mod quality;
mod reference;
mod report;
mod subject;

use super::use_threads;
use crate::args::{EvaluateArguments, Metric};
use crate::exit::{Done, Failure, usage};
use crate::output::check_png;
use crate::signals::Signals;
use langevin::compute::set_exact;
use langevin::eval::{Estimate, Nll};
use parts::{Part, parts};
use quality::{Comparison, Judge};
use std::ops::ControlFlow;
use subject::Subject;

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
    /// Whether a metric is to be measured of this subject.
    fn wants(&self, metric: Metric, subject: &Subject) -> bool {
        let given = &self.arguments.metrics;
        match subject {
            _ if given.contains(&metric) => true,
            Subject::Model(_) if given.is_empty() => metric == Metric::Nll,
            Subject::Samples(_) if given.is_empty() => metric == Metric::Frechet,
            _ if !given.contains(&Metric::All) || metric == Metric::NllOde => false,
            // All that can be measured, and only that.
            _ if metric == Metric::Nll => subject.is_model() && subject.levels().is_some(),
            _ => metric != Metric::Fid,
        }
    }

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
    let subject = Subject::open(arguments)?;
    if arguments.save_statistics.is_some()
        && !Metric::SAMPLES.iter().any(|&metric| asked.wants(metric, &subject))
    {
        return Err(usage(
            "--save-statistics keeps those of the data's features: ask for --metrics frechet too",
        ));
    }
    let parts = parts(arguments, &subject)?;
    let judge = Judge::new(asked, &subject, &parts)?;
    let mut measured = Vec::new();
    for part in &parts {
        let model = |metric| subject.model().filter(|_| asked.wants(metric, &subject));
        let save = arguments.save_statistics.as_deref().filter(|_| measured.is_empty());
        measured.push(Measured {
            name: part.name.clone(),
            count: Some(part.len() as u64),
            levels: part.levels,
            nll: model(Metric::Nll).map(|model| likelihood::nll(asked, model, part)).transpose()?,
            ode: model(Metric::NllOde).map(|model| likelihood::ode(asked, model, part)).transpose()?,
            quality: judge.as_ref().map(|judge| judge.against(Some(part), save)).transpose()?,
        });
    }
    if let (Some(path), Some(judge)) = (&arguments.statistics, &judge) {
        let (name, quality) = (path.display().to_string(), judge.against(None, None)?);
        let (count, quality) = (quality.reference, Some(quality));
        measured.push(Measured { name, count, levels: None, nll: None, ode: None, quality });
    }
    let judged = judge.map(Judge::finish);
    if arguments.json {
        println!("{:#}", report::json(arguments, &measured, judged.as_ref()));
    } else {
        report::print(&measured, judged.as_ref());
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

/// What cannot be right, whatever the model.
fn check(arguments: &EvaluateArguments) -> Done {
    if let Some(plot) = &arguments.plot {
        check_png(plot)?;
        let shown = [Metric::Nll, Metric::All];
        if !arguments.metrics.is_empty() && !arguments.metrics.iter().any(|metric| shown.contains(metric)) {
            return Err(usage("--plot shows the terms of --metrics nll: ask for it too"));
        }
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
    Ok(())
}
