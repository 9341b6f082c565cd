//! `langevin denoise`: start from a noisy picture, and come back.

use crate::args::DenoiseArguments;
use crate::exit::{Done, Failure, usage};
use crate::output::check_png;
use crate::progress::Progress;
use crate::sampling;
use crate::say::{note, tell};
use crate::signals::Signals;
use langevin::compute::set_exact;
use langevin::data::{Channels, read_picture, write_png};
use langevin::render::{self, Pictures};
use langevin::tensor::to_vec;
use langevin::{Renoising, SampleShape};
use std::ops::ControlFlow;

/// Runs the command.
pub fn run(arguments: &DenoiseArguments) -> Done {
    for path in [Some(&arguments.out), arguments.result.as_ref()].into_iter().flatten() {
        check_png(path)?;
    }
    set_exact(arguments.exact);
    let model = sampling::model(&arguments.model, arguments.size, arguments.weights.into())?;
    let (shape, total) = (model.shape(), model.process.len());
    let Some(levels) = model.settings().levels else {
        return Err(usage(format!("{} is a model of points, not of pictures", arguments.model.display())));
    };
    if !(1..=total).contains(&arguments.from) {
        return Err(usage(format!("--from is {}: this model's timesteps are 1 to {total}", arguments.from)));
    }
    let x0 = picture(arguments, shape)?;
    let signals = Signals::listen()?;
    let mut progress = Progress::new("denoising", arguments.from as u64, 0, false);
    let mut between: Vec<(String, Vec<f32>)> = Vec::new();
    let back = model.sampling().renoise(
        &x0,
        &Renoising {
            timestep: arguments.from - 1,
            steps: None,
            seed: arguments.seed,
            class: arguments.class,
        },
        &mut |moment| {
            progress.update((arguments.from - moment.left) as u64, String::new());
            // Three moments on the way back.
            let t = moment.t as usize;
            if [3, 2, 1].iter().any(|part| t == arguments.from * part / 4) && t > 0 {
                between.push((format!("t = {t}"), to_vec(moment.x.clone())));
            }
            if signals.received().is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        },
    )?;
    progress.finish();
    let Some((x_t, result)) = back else {
        return Err(Failure::Interrupted(signals.received().unwrap_or(2)));
    };
    let mut columns = vec![("picture".to_owned(), x0), (format!("t = {}", arguments.from), x_t)];
    columns.append(&mut between);
    columns.push(("denoised".to_owned(), result.clone()));
    let pictures: Result<Vec<_>, _> =
        columns.iter().map(|(_, values)| Pictures::new(values, shape.batch(1))).collect();
    let labels: Vec<&String> = columns.iter().map(|(label, _)| label).collect();
    render::save_png(&arguments.out, &render::strip(&pictures?, &labels)?)?;
    tell!("the picture, its noisy form and what became of it in {}", arguments.out.display());
    if let Some(path) = &arguments.result {
        write_png(path, &result, shape.height, shape.width, shape.channels, levels)?;
        tell!("the result alone in {}", path.display());
    }
    Ok(())
}

/// The picture in the model's shape; what had to be changed for that is said.
fn picture(arguments: &DenoiseArguments, shape: SampleShape) -> Result<Vec<f32>, Failure> {
    let path = &arguments.image;
    let mut picture = read_picture(path, None)?;
    if picture.channels != shape.channels {
        let channels = match shape.channels {
            1 => Channels::Grey,
            3 => Channels::Rgb,
            4 => Channels::Rgba,
            _ => {
                let (got, expected) = (picture.channels, shape.channels);
                let path = path.display();
                return Err(usage(format!(
                    "{path} has {got} channels, but the model's pictures have {expected}"
                )));
            }
        };
        note!("note: {} is converted from {} to {channels}", path.display(), picture.kind());
        picture = picture.with_channels(channels);
    }
    if (picture.height, picture.width) != (shape.height, shape.width) {
        note!(
            "note: {} is resized and cropped from {}x{} to the model's {}x{}",
            path.display(),
            picture.height,
            picture.width,
            shape.height,
            shape.width
        );
        picture = picture.fit(shape.height, shape.width);
    }
    Ok(picture.to_scaled())
}
