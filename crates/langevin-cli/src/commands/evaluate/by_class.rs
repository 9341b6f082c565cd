//! How well samples are of the classes that they were asked to be, and how good they are, by the weight of the guidance.

mod show;

use super::drawing::sampler_of;
use super::parts::Part;
use super::quality::describer;
use super::{Asked, Wanted};
use crate::exit::{Done, Failure, usage};
use crate::guidance::{Asked as AskedClass, Guide, asked as asked_class, guidance_of};
use crate::progress::Progress;
use crate::sampling;
use langevin::diffusion::Classes;
use langevin::eval::quality::{
    Describer, Drawn, Gathered, Kept, Quality, QualityOptions, SampleSource, compare, gather, leveled,
};
use langevin::math::greatest_logit;
use langevin::pipeline::TrainedClassifier;
use langevin::sampler::{Moment, Noise};
use langevin::{SampleOptions, SampleShape, TrainedModel};
use std::ops::{ControlFlow, Range};

/// Samples that are drawn of each weight, if nothing is said.
const SAMPLES: usize = 1000;

/// What samples of one weight came to.
pub struct Row {
    pub weight: f64,
    /// Of each class that was asked for: samples, and how many the judge says are of it.
    pub agreed: Vec<(usize, usize)>,
    pub quality: Quality,
}

impl Row {
    /// The part of all samples that the judge says are of their class, and its standard error.
    pub fn agreement(&self) -> (f64, f64) {
        let (asked, agreed) =
            self.agreed.iter().fold((0, 0), |(asked, agreed), (a, b)| (asked + a, agreed + b));
        let part = agreed as f64 / asked as f64;
        (part, (part * (1.0 - part) / asked as f64).sqrt())
    }
}

/// Draws with each weight, and judges.
pub fn run(asked: Asked, model: &TrainedModel, wanted: Wanted, part: &Part) -> Done {
    let arguments = asked.arguments;
    let path = arguments.judge.as_ref().ok_or_else(|| {
        usage("several weights of --guidance are compared by a classifier: give --judge CLASSIFIER")
    })?;
    let judge = TrainedClassifier::load(path, langevin::train::WeightsKind::Ema)?;
    let guide = Guide::open(&arguments.guidance, model)?;
    let known = guide.known(model);
    check_judge(&judge, model, &known.names)
        .map_err(|error| usage(format!("{}: {error}", path.display())))?;
    let classes = match asked_class(&arguments.guidance, &known)? {
        AskedClass::One(class) => Classes::All(class),
        AskedClass::All(count) => Classes::in_turn(count),
        AskedClass::None => Classes::in_turn(known.count.ok_or_else(|| {
            usage("the model knows no classes: guide it by a --classifier, or leave --judge out")
        })?),
    };
    let count = arguments.samples.unwrap_or(SAMPLES);
    if count <= arguments.neighbours {
        return Err(usage(format!(
            "--samples is {count}: give more than --neighbours ({})",
            arguments.neighbours
        )));
    }
    let (sampler, steps) = sampler_of(arguments, model)?;
    let given = &arguments.guidance.guidance;
    let weights = if given.is_empty() { vec![1.0] } else { given.clone() };
    let (describer, loaded) = describer(asked, wanted, model.shape().elements(), std::slice::from_ref(part))?;
    let options = |weight: f64| -> Result<SampleOptions, Failure> {
        Ok(SampleOptions {
            count,
            sampler: sampler.clone(),
            steps,
            bound: sampling::bound(&arguments.sampler)?,
            classes: classes.clone(),
            guidance: guidance_of(&arguments.guidance, weight)?,
            noise: Noise::Seed(arguments.seed),
            batch: arguments.batch,
        })
    };
    // What cannot be drawn is known before the first sample is.
    for &weight in &weights {
        guide.sampling(model).denoiser(&options(weight)?).map_err(usage)?;
    }
    let kept = Kept { features: true, logits: false };
    let reference = super::drawing::described(asked, &mut part.source(), &describer, kept, &part.name)?;
    let mut rows = Vec::new();
    for &weight in &weights {
        let options = options(weight)?;
        let (samples, told) = drawn(asked, model, &guide, &options, &describer, &judge)?;
        let measured = QualityOptions { frechet: true, kernel: None, neighbours: Some(arguments.neighbours) };
        let quality = compare(&samples, &reference, measured, &mut || asked.flow())?;
        let quality = quality.ok_or_else(|| asked.interrupted())?;
        let of = options.classes.of(0..count).unwrap_or_default();
        let number = of.iter().copied().max().map_or(0, |most| most + 1);
        let mut agreed = vec![(0, 0); number];
        for (&class, told) in of.iter().zip(told) {
            agreed[class].0 += 1;
            agreed[class].1 += usize::from(told == Some(class));
        }
        rows.push(Row { weight, agreed, quality });
    }
    let how = show::How {
        count,
        sampler: sampler.name(),
        steps: guide.sampling(model).plan(&options(1.0)?)?.grid.len(),
        seed: arguments.seed,
        features: describer.name(),
        dimensions: describer.dimensions(),
        weights: loaded.map(|loaded| loaded.file.to_string()),
        judge: path,
        classifier: arguments.guidance.classifier.as_deref(),
        compared_with: &part.name,
        reference: part.len(),
        neighbours: arguments.neighbours,
    };
    show::show(arguments, &how, &rows, &known)
}

/// Whether a classifier can judge what a model draws of these classes.
fn check_judge(judge: &TrainedClassifier, model: &TrainedModel, names: &[String]) -> Result<(), String> {
    let settings = judge.settings();
    if settings.shape != model.shape() {
        return Err("the judge sees pictures of another size than the model draws".to_owned());
    }
    if !names.is_empty() && !settings.class_names.is_empty() && settings.class_names != names {
        let theirs = settings.class_names.join(", ");
        return Err(format!("the judge tells {theirs} apart, and the model draws {}", names.join(", ")));
    }
    Ok(())
}

/// Draws, describes, and lets the judge say what it sees.
fn drawn(
    asked: Asked,
    model: &TrainedModel,
    guide: &Guide,
    options: &SampleOptions,
    describer: &Describer,
    judge: &TrainedClassifier,
) -> Result<(Gathered, Vec<Option<usize>>), Failure> {
    let sampling = guide.sampling(model);
    let (plan, denoiser) = (sampling.plan(options)?, sampling.denoiser(options)?);
    let (steps, batch) = (plan.grid.len(), options.batch);
    let total = (options.count.div_ceil(batch) * steps) as u64;
    let mut progress = Progress::new("sampling", total, 0, asked.arguments.quiet);
    let mut observe = |first: usize, moment: Moment| {
        let message = format!("weight {}: {first} of {} samples", options.guidance.weight, options.count);
        progress.update((first / batch * steps + steps - moment.left) as u64, message);
        asked.flow()
    };
    let generation = sampling.generation(options, &plan, &denoiser);
    let source = Drawn { generation, levels: model.settings().levels, observe: &mut observe };
    let mut seen = Seen { source, judge, told: Vec::with_capacity(options.count) };
    let kept = Kept { features: true, logits: false };
    let go_on = &mut |_: usize| ControlFlow::Continue(());
    let gathered = gather(&mut seen, describer, kept, batch, go_on)?;
    let told = seen.told;
    progress.finish();
    Ok((gathered.ok_or_else(|| asked.interrupted())?, told))
}

/// Samples that the judge sees as they pass.
struct Seen<'a> {
    source: Drawn<'a>,
    judge: &'a TrainedClassifier,
    told: Vec<Option<usize>>,
}

impl SampleSource for Seen<'_> {
    fn count(&self) -> usize {
        self.source.count()
    }

    fn shape(&self) -> SampleShape {
        self.source.shape()
    }

    fn levels(&self) -> Option<u32> {
        self.source.levels()
    }

    fn read(&mut self, range: Range<usize>) -> Option<Vec<f32>> {
        let samples = self.source.read(range)?;
        let logits = self.judge.classification().logits(leveled(&samples, self.levels()), &langevin::cpu());
        let classes = self.judge.network.classes();
        self.told.extend(logits.chunks(classes).map(greatest_logit));
        Some(samples)
    }
}
