//! `langevin sample`: draw samples from a trained model.

use super::use_threads;
use crate::args::SampleArguments;
use crate::exit::{Done, Failure, usage};
use crate::folders::check_empty;
use crate::guidance::{Asked, Guide, Known, asked, guidance};
use crate::output::{self, Form};
use crate::plan::counted;
use crate::progress::Progress;
use crate::say::tell;
use crate::signals::Signals;
use crate::{moments, noise_file, sampling};
use langevin::compute::set_exact;
use langevin::diffusion::Classes;
use langevin::render::{self, Pictures};
use langevin::sampler::{Moment, Noise, NoiseSource, Plan};
use langevin::tensor::to_vec;
use langevin::{SampleOptions, TrainedModel};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// Columns of a reverse strip, and frames of an animation.
const STRIP_COLUMNS: usize = 9;
const FRAMES: usize = 60;

/// Samples of each class, of all classes, and at most.
const EACH: usize = 8;
const MOST_EACH: usize = 1 << 24;

/// Pictures of a strip.
const STRIP_ROWS: usize = 8;

/// Runs the command.
pub fn run(arguments: &SampleArguments) -> Done {
    let signals = Signals::listen()?;
    use_threads(arguments.threads)?;
    set_exact(arguments.exact);
    let model = sampling::model(&arguments.model, arguments.size, arguments.weights.into())?;
    let points = model.settings().levels.is_none();
    let guide = Guide::open(&arguments.guidance, &model)?;
    let known = guide.known(&model);
    let asked = asked(&arguments.guidance, &known)?;
    let options = options(arguments, &model, &guide, asked)?;
    if arguments.trajectory.is_some() && arguments.trajectory == arguments.out {
        return Err(usage("--out and --trajectory name the same file"));
    }
    let out = arguments.out.clone().unwrap_or_else(|| match &arguments.noise {
        Some(_) => PathBuf::from("samples.png"),
        None => PathBuf::from(format!("samples-seed{}.png", arguments.seed)),
    });
    if Form::of(&out, points)? == Form::Folder {
        check_empty(&out, "the samples would mix with what is there; choose another --out")?;
    }
    let plan = model.sampling().plan(&options).map_err(|error| usage(error.to_string()))?;
    let trajectory = arguments.trajectory.as_deref();
    let mut trajectory = trajectory.map(|path| Trajectory::new(path, &model, &options, &plan)).transpose()?;
    let steps = plan.grid.len();
    let batches = options.count.div_ceil(options.batch);
    let mut progress = Progress::new("sampling", (batches * steps) as u64, 0, arguments.quiet);
    let samples = guide.sampling(&model).sample(&options, &mut |first, moment| {
        let taken = first / options.batch * steps + steps - moment.left;
        let done = if moment.left == 0 { options.count.min(first + options.batch) } else { first };
        progress.update(taken as u64, format!("{done} of {} samples", options.count));
        if let Some(trajectory) = trajectory.as_mut().filter(|_| first == 0) {
            trajectory.show(&moment, steps);
        }
        if signals.received().is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    progress.finish();
    let Some(samples) = samples else {
        return Err(Failure::Interrupted(signals.received().unwrap_or(2)));
    };
    sampling::check_finite(&samples, model.shape().elements())?;
    match (asked, Form::of(&out, points)?) {
        (Asked::All(classes), Form::Sheet) if !points => {
            write_rows(&out, &samples, &model, &known, classes)?;
        }
        _ => output::write(&out, &samples, model.settings())?,
    }
    let kind = if points { "point" } else { "picture" };
    tell!("{} in {}", counted(options.count as u64, kind), out.display());
    if let Some(trajectory) = trajectory {
        trajectory.write()?;
        let shown = counted(trajectory.rows as u64, kind);
        let begin = if options.sampler.inverts() { "data" } else { "noise" };
        tell!("the way of {shown} from {begin} in {}", trajectory.path.display());
    }
    Ok(())
}

fn options(
    arguments: &SampleArguments,
    model: &TrainedModel,
    guide: &Guide,
    asked: Asked,
) -> Result<SampleOptions, Failure> {
    let points = model.settings().levels.is_none();
    let sampler = sampling::choice(&arguments.sampler, model)?;
    let bound = sampling::bound(&arguments.sampler)?;
    let steps = arguments.sampler.steps;
    let guidance = guidance(&arguments.guidance)?;
    let mut options = SampleOptions { sampler, bound, steps, guidance, ..SampleOptions::default() };
    options.noise = Noise::Seed(arguments.seed);
    let given = match &arguments.noise {
        Some(path) => {
            let plan = model.sampling().plan(&options).map_err(|error| usage(error.to_string()))?;
            let steps = plan.draws_noise.then(|| plan.grid.len());
            let (count, noise) = noise_file::read(path, model.shape(), points, steps)?;
            options.noise = Noise::Given(noise);
            Some(count)
        }
        None if options.sampler.inverts() => {
            return Err(usage("this sampler goes from data to noise: give the data as --noise FILE.npy"));
        }
        None => None,
    };
    let (count, classes) = match asked {
        Asked::All(classes) => {
            let each = arguments.count.or(given.map(|given| given / classes)).unwrap_or(EACH);
            let count = each.saturating_mul(classes);
            (count, (0..classes).flat_map(|class| std::iter::repeat_n(class, each.min(MOST_EACH))).collect())
        }
        Asked::One(class) => (usual(arguments, given, points), vec![class]),
        Asked::None => (usual(arguments, given, points), Vec::new()),
    };
    let batch = arguments.batch.unwrap_or(if points { count } else { 16 });
    let batch = sampling::batch(count, batch, model.shape().elements())?;
    if let Some(given) = given.filter(|&given| given < count) {
        return Err(usage(format!("-n is {count}, but --noise holds that of {given} samples")));
    }
    options.classes = match &classes[..] {
        [] => Classes::None,
        [class] => Classes::All(*class),
        _ => Classes::Each(classes.into()),
    };
    guide.sampling(model).denoiser(&options).map_err(usage)?;
    Ok(SampleOptions { count, batch, ..options })
}

/// As many as are asked for, as there is noise for, or as are shown well.
fn usual(arguments: &SampleArguments, given: Option<usize>, points: bool) -> usize {
    arguments.count.or(given).unwrap_or(if points { 2000 } else { 16 })
}

/// A row a class, with its name.
fn write_rows(path: &Path, samples: &[f32], model: &TrainedModel, known: &Known, classes: usize) -> Done {
    let count = samples.len() / model.shape().elements();
    let names: Vec<String> = (0..classes).map(|class| known.name(class)).collect();
    let pictures = Pictures::new(samples, model.shape().batch(count))?;
    Ok(render::save_png(path, &render::named_rows(&pictures, count / classes, &names)?)?)
}

/// A moment's name: its timestep, which between two of the process is rounded.
fn label(t: f64) -> String {
    format!("t = {:.0}", t)
}

/// Moments of the first batch on its way from noise.
struct Trajectory {
    path: PathBuf,
    animated: bool,
    settings: langevin::config::Settings,
    rows: usize,
    moments: Vec<(String, Vec<f32>)>,
}

impl Trajectory {
    fn new(path: &Path, model: &TrainedModel, options: &SampleOptions, plan: &Plan) -> Result<Self, Failure> {
        let animated = moments::is_animation(path, "--trajectory")?;
        let batch = options.batch.min(options.count);
        let points = model.settings().levels.is_none();
        let rows = if animated || points { batch } else { batch.min(STRIP_ROWS) };
        let noise = NoiseSource { noise: &options.noise, first: 0, samples: rows, shape: model.shape() };
        let start = (label(plan.grid.step(0).from.t + 1.0), to_vec(noise.start(&langevin::cpu())));
        Ok(Self {
            path: path.to_owned(),
            animated,
            settings: model.settings().clone(),
            rows,
            moments: vec![start],
        })
    }

    /// Keeps a moment if its turn has come; x_T is there already, and the last is always kept.
    fn show(&mut self, moment: &Moment, steps: usize) {
        let wanted = if self.animated { FRAMES } else { STRIP_COLUMNS };
        let taken = steps - moment.left;
        let due = self.moments.len() * steps <= taken * (wanted - 1) || moment.left == 0;
        if due {
            let mut values = to_vec(moment.x.clone());
            values.truncate(self.rows * self.settings.shape.elements());
            self.moments.push((label(moment.t), values));
        }
    }

    fn write(&self) -> Done {
        if !self.animated {
            return moments::write_strip(&self.path, &self.moments, &self.settings);
        }
        Ok(render::save_gif(&self.path, &moments::frames(&self.moments, &self.settings)?, 60, 2000)?)
    }
}
