//! `langevin inpaint`: fill in a part of a picture.

use super::use_threads;
use crate::args::InpaintArguments;
use crate::exit::{Done, Failure, usage};
use crate::folders::check_empty;
use crate::guidance::{Guide, guidance, one_class};
use crate::moments::{self, Moment};
use crate::output::{self, Form};
use crate::plan::counted;
use crate::progress::Progress;
use crate::say::tell;
use crate::signals::Signals;
use crate::{picture, sampling};
use langevin::compute::set_exact;
use langevin::data::read_picture;
use langevin::render::{self, Pictures};
use langevin::sampler::Noise;
use langevin::{Inpainting, SampleOptions, TrainedModel};

/// Steps if none are asked for, of samplers that would take more: RePaint's number.
const STEPS: usize = 250;

/// Fillings that a strip has room for beside picture and mask; more are drawn as a grid.
const STRIP_FILLINGS: usize = 8;

/// Runs the command.
pub fn run(arguments: &InpaintArguments) -> Done {
    let signals = Signals::listen()?;
    let drawing = &arguments.drawing;
    use_threads(drawing.threads)?;
    set_exact(drawing.exact);
    let form = Form::of(&arguments.out, false)?;
    if form == Form::Folder {
        check_empty(&arguments.out, "the fillings would mix with what is there; choose another --out")?;
    }
    let model = sampling::model(&arguments.model, drawing.size, drawing.weights.into())?;
    if model.settings().levels.is_none() {
        return Err(usage(format!("{} is a model of points, not of pictures", arguments.model.display())));
    }
    let guide = Guide::open(&arguments.drawing.guidance, &model)?;
    let options = options(arguments, &model, &guide)?;
    let inpainting = inpainting(arguments, &model)?;
    let plan = model.sampling().plan(&options).map_err(|error| usage(error.to_string()))?;
    let steps = inpainting.steps(plan.grid.len());
    let batches = options.count.div_ceil(options.batch);
    let total = (batches as u64).saturating_mul(steps as u64);
    let mut progress = Progress::new("filling in", total, 0, drawing.quiet);
    let filled = guide.sampling(&model).inpaint(&options, &inpainting, &mut |first, moment| {
        let taken = first / options.batch * steps + steps - moment.left;
        let done = if moment.left == 0 { options.count.min(first + options.batch) } else { first };
        progress.update(taken as u64, format!("{done} of {} fillings", options.count));
        signals.flow()
    })?;
    progress.finish();
    let Some(filled) = filled else {
        return Err(Failure::Interrupted(signals.received().unwrap_or(2)));
    };
    sampling::check_finite(&filled, model.shape().elements())?;
    let (out, fillings) = (&arguments.out, counted(options.count as u64, "filling"));
    if form == Form::Sheet {
        write_sheet(arguments, &model, &inpainting, &filled)?;
        tell!("the picture, what is known of it, and {fillings} in {}", out.display());
    } else {
        output::write(out, &filled, model.settings())?;
        tell!("{fillings} in {}", out.display());
    }
    Ok(())
}

fn options(
    arguments: &InpaintArguments,
    model: &TrainedModel,
    guide: &Guide,
) -> Result<SampleOptions, Failure> {
    let sampler = sampling::choice(&arguments.sampler, model)?;
    let bound = sampling::bound(&arguments.sampler)?;
    let count = arguments.count;
    let batch = sampling::batch(count, arguments.drawing.batch, model.shape().elements())?;
    let (steps, wanted) = (arguments.sampler.steps, &arguments.drawing.guidance);
    let (classes, guidance) = (one_class(wanted, &guide.known(model))?, guidance(wanted)?);
    let noise = Noise::Seed(arguments.seed);
    let mut options = SampleOptions { count, sampler, steps, bound, classes, guidance, noise, batch };
    if options.steps.is_none() {
        let own = model.sampling().plan(&options).map_err(|error| usage(error.to_string()))?;
        options.steps = Some(own.grid.len().min(STEPS)).filter(|&steps| steps == STEPS);
    }
    Ok(options)
}

fn inpainting(arguments: &InpaintArguments, model: &TrainedModel) -> Result<Inpainting, Failure> {
    let (path, shape) = (&arguments.image, model.shape());
    let read = read_picture(path, None)?;
    let mask = match &arguments.mask {
        Some(mask) => {
            let error = |error| usage(format!("{}: {error}", mask.display()));
            let marked = read_picture(mask, None)?.mask_for_shape((read.height, read.width), shape);
            marked.map_err(error)?
        }
        None => read.holes_for_shape(shape).ok_or_else(|| {
            usage(format!(
                "{} is opaque everywhere, so there is nothing to fill in: give a --mask, or erase a part of it",
                path.display()
            ))
        })?,
    };
    if !mask.contains(&true) {
        let mask = arguments.mask.as_ref().unwrap_or(path);
        return Err(usage(format!(
            "{} is black where the picture is: there is nothing to fill in",
            mask.display()
        )));
    }
    let known = picture::fitted(path, read, shape)?;
    Ok(Inpainting { known, mask, jump: arguments.jump, resamples: arguments.resamples })
}

/// The picture, the picture without what is filled in, and the fillings.
fn write_sheet(
    arguments: &InpaintArguments,
    model: &TrainedModel,
    inpainting: &Inpainting,
    filled: &[f32],
) -> Done {
    let (shape, known) = (model.shape(), &inpainting.known);
    let pixels = known.chunks(shape.channels).zip(&inpainting.mask);
    // Grey is as far from white as from black.
    let masked: Vec<f32> =
        pixels.flat_map(|(pixel, &mask)| pixel.iter().map(move |&v| if mask { 0.0 } else { v })).collect();
    if arguments.count > STRIP_FILLINGS {
        let all = [&known[..], &masked, filled].concat();
        let pictures = Pictures::new(&all, shape.batch(arguments.count + 2))?;
        return Ok(render::save_png(&arguments.out, &render::grid(&pictures, None)?)?);
    }
    let mut columns: Vec<Moment> = vec![("picture".to_owned(), known.clone()), ("known".to_owned(), masked)];
    let fillings = filled.chunks(shape.elements()).enumerate();
    columns.extend(fillings.map(|(index, filling)| (format!("filled {}", index + 1), filling.to_vec())));
    moments::write_strip(&arguments.out, &columns, model.settings())
}
