//! `langevin bench`: how fast a recipe's network trains and predicts on this machine.

mod profile;
mod report;
mod samples;
mod work;

use super::use_threads;
use crate::args::{BenchArguments, Work};
use crate::exit::{Done, Failure, usage};
use crate::say::tell;
use anyhow::Context;
use langevin::compute::{isa, kernels_from_environment, set_exact};
use langevin::config::{Recipe, Settings, builtin_recipe};
use langevin::data::Dataset;
use profile::Profile;
use report::{Compute, Figures, peak_memory_mb};
use serde_json::json;
use std::fs;
use std::io::BufRead;
use std::path::Path;

/// Seconds of a round, where one piece of work does not take longer.
const ROUND_SECONDS: f64 = 1.0;

/// Seconds over which a profile is taken, where one piece of work does not take longer.
const PROFILE_SECONDS: f64 = 3.0;

/// Runs the command.
pub fn run(arguments: &BenchArguments) -> Done {
    let threads = use_threads(arguments.threads)?;
    set_exact(arguments.exact);
    if arguments.rounds == 0 {
        return Err(usage("--rounds is 0: give at least 1"));
    }
    let recipe = recipe(arguments)?;
    let data = samples::for_recipe(&recipe)?;
    let settings = Settings::resolve(recipe, &data)?;
    if arguments.rounds_on_stdin {
        let work = arguments.only.context("--rounds-on-stdin needs --only")?;
        return answer(&settings, work::prepare(work, &settings, data)?.as_mut());
    }
    let (forward_seconds, of_forward) = time(arguments, Work::Forward, &settings, &data)?;
    let (train_seconds, of_train) = time(arguments, Work::Train, &settings, &data)?;
    let figures = Figures {
        name: arguments.recipe.as_deref().unwrap_or("digits"),
        settings: &settings,
        compute: Compute {
            threads,
            isa: isa(),
            kernels: kernels_from_environment().map_err(usage)?,
            exact: arguments.exact,
        },
        rounds: arguments.rounds,
        forward_seconds,
        train_seconds,
        peak_memory_mb: peak_memory_mb(),
        profile: of_train.or(of_forward),
    };
    if arguments.json {
        tell!("{:#}", figures.to_json());
    } else {
        tell!("{}", figures.to_table().trim_end());
    }
    Ok(())
}

/// The median of the rounds, and a profile, of what is wanted of a piece of work.
fn time(
    arguments: &BenchArguments,
    wanted: Work,
    settings: &Settings,
    data: &Dataset,
) -> Result<(Option<f64>, Option<Profile>), Failure> {
    if arguments.only.is_some_and(|only| only != wanted) {
        return Ok((None, None));
    }
    let mut work = work::prepare(wanted, settings, data.clone())?;
    let rounds: Result<Vec<f64>, Failure> =
        (0..arguments.rounds).map(|_| work::round(work.as_mut(), ROUND_SECONDS)).collect();
    let seconds = median(rounds?);
    // The training step's, unless the forward pass alone is asked for.
    let profiled = arguments.profile && arguments.only.unwrap_or(Work::Train) == wanted;
    let profile = profiled.then(|| Profile::take(wanted, work.as_mut(), PROFILE_SECONDS)).transpose()?;
    Ok((Some(seconds), profile))
}

/// The recipe that the arguments ask for, with nothing held out of its few samples.
fn recipe(arguments: &BenchArguments) -> Result<Recipe, Failure> {
    let mut recipe = match arguments.recipe.as_deref() {
        Some(name) if Path::new(name).is_file() => {
            let text = fs::read_to_string(name).with_context(|| format!("cannot read the recipe {name}"))?;
            Recipe::parse(name, &text)?
        }
        name => builtin_recipe(name.unwrap_or("digits"))?,
    };
    for assignment in &arguments.set {
        recipe = recipe.with_assignment(assignment)?;
    }
    recipe.data.size = arguments.size.or(recipe.data.size);
    recipe.data.holdout = Some(0.0);
    recipe.train.batch = arguments.batch.unwrap_or(recipe.train.batch);
    Ok(recipe)
}

/// Makes a round for each number of seconds that a line of the standard input asks for, and says each in a line of
/// JSON, so that rounds of several programs can alternate.
fn answer(settings: &Settings, work: &mut dyn work::Step) -> Done {
    tell!("{}", json!({ "parameters": settings.recipe.model.parameter_count(settings.shape) }));
    for line in std::io::stdin().lock().lines() {
        let line = line.context("cannot read the standard input")?;
        let seconds: f64 =
            line.trim().parse().with_context(|| format!("'{line}' is no number of seconds"))?;
        let taken = work::round(work, seconds)?;
        tell!("{}", json!({ "ms_per_picture": 1e3 * taken / settings.recipe.train.batch as f64 }));
    }
    tell!("{}", json!({ "peak_memory_mb": peak_memory_mb() }));
    Ok(())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len().is_multiple_of(2) { (values[middle - 1] + values[middle]) / 2.0 } else { values[middle] }
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn the_median_is_the_middle_or_the_mean_of_two() {
        assert_eq!(median(vec![3.0, 1.0, 20.0]), 3.0);
        assert_eq!(median(vec![4.0, 1.0, 20.0, 2.0]), 3.0);
        assert_eq!(median(vec![7.0]), 7.0);
    }
}
