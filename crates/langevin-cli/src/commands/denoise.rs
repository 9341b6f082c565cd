//! `langevin denoise`: start from a noisy picture, and come back.

use super::use_threads;
use crate::args::DenoiseArguments;
use crate::exit::{Done, Failure, usage};
use crate::guidance::{Asked, Known};
use crate::moments::Moment;
use crate::output::check_png;
use crate::progress::Progress;
use crate::say::tell;
use crate::signals::Signals;
use crate::{moments, picture, sampling};
use langevin::Renoising;
use langevin::compute::set_exact;
use langevin::data::{read_picture, write_png};
use langevin::tensor::to_vec;

/// Runs the command.
pub fn run(arguments: &DenoiseArguments) -> Done {
    for path in [Some(&arguments.out), arguments.result.as_ref()].into_iter().flatten() {
        check_png(path)?;
    }
    let signals = Signals::listen()?;
    use_threads(arguments.threads)?;
    set_exact(arguments.exact);
    let model = sampling::model(&arguments.model, arguments.size, arguments.weights.into())?;
    let (shape, total) = (model.shape(), model.process.len());
    let Some(levels) = model.settings().levels else {
        return Err(usage(format!("{} is a model of points, not of pictures", arguments.model.display())));
    };
    if !(1..=total).contains(&arguments.from) {
        return Err(usage(format!("--from is {}: this model's timesteps are 1 to {total}", arguments.from)));
    }
    let steps = arguments.steps.unwrap_or(arguments.from);
    if !(1..=arguments.from).contains(&steps) {
        let from = arguments.from;
        return Err(usage(format!(
            "--steps is {steps}: back from --from {from} there are 1 to {from} steps"
        )));
    }
    let path = &arguments.image;
    let x0 = picture::fitted(path, read_picture(path, None)?, shape)?;
    let mut progress = Progress::new("denoising", steps as u64, 0, arguments.quiet);
    let mut between: Vec<Moment> = Vec::new();
    let class = match arguments.class.as_deref().map(|text| Known::of(&model).find(text)).transpose()? {
        None | Some(Asked::None) => None,
        Some(Asked::One(class)) => Some(class),
        Some(Asked::All(_)) => return Err(usage("--class is all: name one class")),
    };
    let wanted =
        Renoising { timestep: arguments.from - 1, steps: arguments.steps, seed: arguments.seed, class };
    let back = model.sampling().renoise(&x0, &wanted, &mut |moment| {
        progress.update((steps - moment.left) as u64, String::new());
        // Three moments on the way back.
        if [3, 2, 1].iter().any(|part| moment.left == steps * part / 4) && moment.left > 0 {
            between.push((format!("t = {:.0}", moment.t), to_vec(moment.x.clone())));
        }
        signals.flow()
    })?;
    progress.finish();
    let Some((x_t, result)) = back else {
        return Err(Failure::Interrupted(signals.received().unwrap_or(2)));
    };
    let mut columns = vec![("picture".to_owned(), x0), (format!("t = {}", arguments.from), x_t)];
    columns.append(&mut between);
    columns.push(("denoised".to_owned(), result.clone()));
    moments::write_strip(&arguments.out, &columns, model.settings())?;
    tell!("the picture, its noisy form and what became of it in {}", arguments.out.display());
    if let Some(path) = &arguments.result {
        write_png(path, &result, shape.height, shape.width, shape.channels, levels)?;
        tell!("the result alone in {}", path.display());
    }
    Ok(())
}
