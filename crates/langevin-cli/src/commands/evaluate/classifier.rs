//! How often a classifier tells the classes of data, by timestep.

use super::Asked;
use super::parts::{Fit, Part, given_parts, own_parts};
use crate::accuracy;
use crate::exit::{Done, usage};
use crate::progress::Progress;
use crate::say::tell;
use langevin::eval::Labelled;
use langevin::pipeline::TrainedClassifier;
use langevin::train::Checkpoint;
use serde_json::json;

/// Measures the classifier of a checkpoint.
pub fn run(asked: Asked, checkpoint: Checkpoint) -> Done {
    let arguments = asked.arguments;
    if !arguments.metrics.is_empty() {
        return Err(usage("a classifier draws nothing and is no likelihood: leave --metrics out"));
    }
    let classifier = TrainedClassifier::of(checkpoint, arguments.weights.into())?;
    let settings = classifier.settings();
    let parts = match &arguments.data {
        Some(source) => given_parts(source, arguments, Fit::of_model(settings))?,
        None => own_parts(arguments, settings)?,
    };
    let steps = accuracy::timesteps(settings);
    let mut found = Vec::new();
    for part in &parts {
        let labels = labels(part, &settings.class_names)?;
        let total = (labels.len() * steps.len()) as u64;
        let mut progress = Progress::new("classifying", total, 0, arguments.quiet);
        let read = |index: usize, out: &mut [f32]| part.read(index, out);
        let labelled =
            Labelled { read: &read, labels: &labels, seed: arguments.seed, batch: arguments.batch };
        let device = langevin::cpu();
        let rows = classifier.classification().accuracy(labelled, &steps, &device, &mut |done| {
            progress.update(done as u64, part.name.clone());
            asked.flow()
        });
        progress.finish();
        found.push((part, rows.ok_or_else(|| asked.interrupted())?));
    }
    if arguments.json {
        let parts: Vec<_> =
            found.iter().map(|(part, rows)| accuracy::json(&part.name, part.len(), rows)).collect();
        tell!("{:#}", json!({ "classes": settings.class_names, "parts": parts }));
    } else {
        found.iter().for_each(|(part, rows)| accuracy::print(&part.name, part.len(), rows));
    }
    Ok(())
}

/// The class of each sample of a part, as the classifier numbers them.
pub fn labels(part: &Part, names: &[String]) -> Result<Vec<usize>, crate::exit::Failure> {
    let Some((labels, theirs)) = part.labels() else {
        return Err(usage(format!("{} has no labels, so no class of it is right or wrong", part.name)));
    };
    // By their names, where there are any: other data may number them in another way.
    let ours: Option<Vec<usize>> =
        theirs.iter().map(|name| names.iter().position(|known| known == name)).collect();
    match ours {
        Some(ours) => Ok(labels.into_iter().map(|label| ours[label]).collect()),
        None if names.is_empty() => Ok(labels),
        None => Err(usage(format!(
            "{} has the classes {}, and the classifier tells {} apart",
            part.name,
            theirs.join(", "),
            names.join(", ")
        ))),
    }
}
