//! `langevin samplers`: list the samplers.

use crate::exit::Done;
use crate::say::tell;
use langevin::interop::diffusers::CLASSES;
use langevin::sampler::{Knob, SAMPLERS, Sampler};

/// Runs the command.
pub fn run() -> Done {
    for sampler in SAMPLERS {
        let steps = sampler.steps.map_or("all".to_owned(), |steps| steps.to_string());
        tell!("{:<16} {}", sampler.name, sampler.good_for);
        tell!("{:<16} steps {steps}, {} a step{}", "", evaluations(sampler), options(sampler));
        tell!("{:<16} {}\n", "", sampler.source);
    }
    tell!(
        "Steps are those taken if --steps is not given. --sigmas, --spacing and --last choose the noise levels.\n"
    );
    tell!("The schedulers of diffusers 0.42.1, as they compute, go by their class names:");
    for class in CLASSES {
        tell!("  {}", class.name);
    }
    tell!("Where these depart from the papers is told in docs/samplers.md.");
    Ok(())
}

fn evaluations(sampler: &Sampler) -> &'static str {
    if sampler.evaluations == 1 { "one evaluation" } else { "two evaluations" }
}

fn options(sampler: &Sampler) -> String {
    let option = |knob: &Knob| match knob {
        Knob::Eta(own) => format!(", --eta {own}"),
        Knob::Order(own, most) => format!(", --order {own} (1 to {most})"),
        Knob::Variance => ", --variance the model's".to_owned(),
        Knob::Churn => ", --churn 0".to_owned(),
    };
    sampler.knobs.iter().map(option).collect()
}
