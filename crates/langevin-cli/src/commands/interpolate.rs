//! `langevin interpolate`: from one sample to another, through samples.

use super::use_threads;
use crate::args::{InterpolateArguments, SamplerArguments};
use crate::exit::{Done, Failure, usage};
use crate::folders::check_empty;
use crate::guidance::{Guide, guidance, one_class};
use crate::moments::{self, Moment};
use crate::output::{self, Form};
use crate::plan::counted;
use crate::progress::Progress;
use crate::sampling;
use crate::say::tell;
use crate::signals::Signals;
use langevin::compute::set_exact;
use langevin::render;
use langevin::{SampleOptions, TrainedModel};
use std::path::Path;

/// Samples of a strip, and of an animation.
const COUNTS: (usize, usize) = (9, 33);

/// How long a frame is shown, in milliseconds.
const DELAY: u32 = 80;

/// Runs the command.
pub fn run(arguments: &InterpolateArguments) -> Done {
    let signals = Signals::listen()?;
    let drawing = &arguments.drawing;
    use_threads(drawing.threads)?;
    set_exact(drawing.exact);
    let model = sampling::model(&arguments.model, drawing.size, drawing.weights.into())?;
    let animated = is_gif(&arguments.out);
    let form =
        if animated { Form::Sheet } else { Form::of(&arguments.out, model.settings().levels.is_none())? };
    if form == Form::Folder {
        check_empty(&arguments.out, "the samples would mix with what is there; choose another --out")?;
    }
    let guide = Guide::open(&arguments.drawing.guidance, &model)?;
    let options = options(arguments, &model, &guide, animated)?;
    let plan = model.sampling().plan(&options).map_err(|error| usage(error.to_string()))?;
    let steps = plan.grid.len();
    let batches = options.count.div_ceil(options.batch);
    let mut progress = Progress::new("sampling", (batches * steps) as u64, 0, drawing.quiet);
    let seeds = [arguments.from, arguments.to];
    let samples = guide.sampling(&model).interpolate(&options, seeds, &mut |first, moment| {
        let taken = first / options.batch * steps + steps - moment.left;
        let done = if moment.left == 0 { options.count.min(first + options.batch) } else { first };
        progress.update(taken as u64, format!("{done} of {} samples", options.count));
        signals.flow()
    })?;
    progress.finish();
    let Some(samples) = samples else {
        return Err(Failure::Interrupted(signals.received().unwrap_or(2)));
    };
    sampling::check_finite(&samples, model.shape().elements())?;
    match form {
        Form::Sheet => write_way(&arguments.out, animated, &samples, &model)?,
        _ => output::write(&arguments.out, &samples, model.settings())?,
    }
    let count = counted(options.count as u64, "sample");
    tell!("{count} from seed {} to seed {} in {}", arguments.from, arguments.to, arguments.out.display());
    Ok(())
}

fn is_gif(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gif"))
}

fn options(
    arguments: &InterpolateArguments,
    model: &TrainedModel,
    guide: &Guide,
    animated: bool,
) -> Result<SampleOptions, Failure> {
    let own = SamplerArguments { sampler: Some("ddim".to_owned()), ..arguments.sampler.clone() };
    let wanted = if arguments.sampler.sampler.is_some() { &arguments.sampler } else { &own };
    let sampler = sampling::choice(wanted, model)?;
    let bound = sampling::bound(wanted)?;
    let count = arguments.count.unwrap_or(if animated { COUNTS.1 } else { COUNTS.0 });
    let batch = sampling::batch(count, arguments.drawing.batch, model.shape().elements())?;
    let (steps, towards) = (wanted.steps, &arguments.drawing.guidance);
    let (classes, guidance) = (one_class(towards, &guide.known(model))?, guidance(towards)?);
    Ok(SampleOptions { count, sampler, steps, bound, classes, guidance, batch, ..SampleOptions::default() })
}

/// A strip, or an animation there and back.
fn write_way(path: &Path, animated: bool, samples: &[f32], model: &TrainedModel) -> Done {
    let elements = model.shape().elements();
    let last = (samples.len() / elements - 1) as f64;
    let part = |index: usize| format!("{:.2}", index as f64 / last);
    let moments: Vec<Moment> =
        samples.chunks(elements).enumerate().map(|(index, frame)| (part(index), frame.to_vec())).collect();
    if !animated {
        return moments::write_strip(path, &moments, model.settings());
    }
    let there = moments::frames(&moments, model.settings())?;
    let back = there[1..there.len() - 1].iter().rev();
    let frames: Vec<_> = there.iter().chain(back).cloned().collect();
    Ok(render::save_gif(path, &frames, DELAY, DELAY)?)
}
