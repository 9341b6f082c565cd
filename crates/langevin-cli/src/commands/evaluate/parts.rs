//! The data to evaluate on, in the parts that are reported apart.

use super::subject::Subject;
use super::wanted::Wanted;
use crate::args::{EvaluateArguments, ReadArguments};
use crate::commands::diffuse::options;
use crate::download::hex;
use crate::exit::{Done, Failure, usage};
use langevin::SampleShape;
use langevin::config::{DataFacts, Settings};
use langevin::data::{self, Dataset, holdout_split, spread};
use langevin::eval::quality::DataSource;
use langevin::models::ModelConfig;
use sha2::{Digest, Sha256};
use std::rc::Rc;

/// A part of a data set.
pub struct Part {
    /// What it is called: a split, or its role in the run.
    pub name: String,
    /// Levels of its values; `None` for points.
    pub levels: Option<u32>,
    set: Rc<Dataset>,
    indices: Vec<usize>,
}

impl Part {
    /// Samples.
    pub fn len(&self) -> usize {
        self.indices.len()
    }

    /// Reads sample `index` into `out`, channels last, scaled to [−1, 1].
    pub fn read(&self, index: usize, out: &mut [f32]) {
        self.set.read(self.indices[index], out);
    }

    /// The class of each sample, and the names of all classes.
    pub fn labels(&self) -> Option<(Vec<usize>, &[String])> {
        let labels = self.set.labels()?;
        let labels = self.indices.iter().map(|&index| labels[index] as usize).collect();
        Some((labels, self.set.class_names()))
    }

    /// Its samples, to be described.
    pub fn source(&self) -> DataSource<'_> {
        DataSource { set: &self.set, indices: &self.indices }
    }

    /// What tells it from every other: its samples, all of them, in hexadecimal digits.
    pub fn key(&self) -> String {
        let mut hash = Sha256::new();
        let shape = [self.set.height(), self.set.width(), self.set.channels(), self.len()];
        let facts = shape.into_iter().chain(self.levels.map(|levels| levels as usize));
        facts.for_each(|fact| hash.update((fact as u64).to_le_bytes()));
        let mut sample = vec![0.0; self.set.sample_len()];
        for index in 0..self.len() {
            self.read(index, &mut sample);
            sample.iter().for_each(|value| hash.update(value.to_le_bytes()));
        }
        hex(&hash.finalize())
    }

    fn new(name: &str, set: &Rc<Dataset>, mut indices: Vec<usize>, most: Option<usize>) -> Self {
        indices.sort_unstable();
        let indices = spread(&indices, most.unwrap_or(usize::MAX));
        Self { name: name.to_owned(), levels: set.levels(), set: Rc::clone(set), indices }
    }
}

/// The parts that the arguments ask for; none where a file of statistics stands for them.
pub fn parts(arguments: &EvaluateArguments, subject: &Subject, wanted: Wanted) -> Result<Vec<Part>, Failure> {
    let read = &arguments.read;
    match (&arguments.data, subject) {
        (Some(source), _) => given_parts(source, arguments, Fit::of(subject)),
        (None, _) if arguments.statistics.is_some() => Ok(Vec::new()),
        (None, Subject::Model(model)) => {
            if read.split.is_some()
                || read.size.is_some()
                || read.channels.is_some()
                || read.data_dir.is_some()
            {
                return Err(usage(
                    "--split, --size, --channels and --data-dir say how --data is read: give it too",
                ));
            }
            own_parts(arguments, model.settings())
        }
        (None, Subject::Samples(_)) if !wanted.compares() => Ok(Vec::new()),
        (None, Subject::Samples(_)) => {
            Err(usage("these are samples: say what to compare them with by --data"))
        }
    }
}

/// The parts of the data that the arguments name.
pub fn given_parts(source: &str, arguments: &EvaluateArguments, fit: Fit) -> Result<Vec<Part>, Failure> {
    let splits: Vec<Option<String>> = match &arguments.read.split {
        Some(splits) => splits.split(',').map(|split| Some(split.to_owned())).collect(),
        None => vec![None],
    };
    let mut parts = Vec::new();
    for split in splits {
        let name = split.clone().unwrap_or_else(|| source.to_owned());
        let read = ReadArguments { split, ..arguments.read.clone() };
        let set = Rc::new(data::load(source, &options(&read, 0))?);
        fit.check(&set)?;
        parts.push(Part::new(&name, &set, (0..set.len()).collect(), arguments.count));
    }
    Ok(parts)
}

/// The run's own data: what it was trained on, and what was held out.
pub fn own_parts(arguments: &EvaluateArguments, settings: &Settings) -> Result<Vec<Part>, Failure> {
    let (recipe, facts) = (&settings.recipe, settings.data);
    let Some(source) = recipe.data.source.as_ref().filter(|_| facts.count > 0) else {
        return Err(usage("the model does not say what it was trained on: give --data"));
    };
    let set = Rc::new(data::load(source, &recipe.data.options(recipe.train.seed))?);
    Fit::of_model(settings).check(&set)?;
    if DataFacts::of(&set, recipe.data.labels) != facts {
        return Err(usage(format!(
            "{source} is no longer what the model was trained on: give --data {source}"
        )));
    }
    let holdout = recipe.data.holdout.unwrap_or(0.0);
    let (trained, held_out) = holdout_split(set.len(), holdout, recipe.train.seed);
    let mut parts = vec![Part::new("trained on", &set, trained, arguments.count)];
    if !held_out.is_empty() {
        parts.push(Part::new("held out", &set, held_out, arguments.count));
    }
    Ok(parts)
}

/// What data must be, to be compared with samples or seen by a network.
#[derive(Clone, Copy)]
pub struct Fit {
    what: &'static str,
    shape: SampleShape,
    levels: Option<u32>,
}

impl Fit {
    fn of(subject: &Subject) -> Self {
        let what = if subject.is_model() { "the model draws" } else { "the samples are" };
        Self { what, shape: subject.shape(), levels: subject.levels() }
    }

    /// As samples of a model, or what a classifier sees.
    pub fn of_model(settings: &Settings) -> Self {
        let what = match settings.recipe.model {
            ModelConfig::Classifier(_) => "the classifier sees",
            ModelConfig::Unet(_) | ModelConfig::Mlp(_) => "the model draws",
        };
        Self { what, shape: settings.shape, levels: settings.levels }
    }

    fn check(self, set: &Dataset) -> Done {
        let Self { what, shape, levels } = self;
        if set.levels().is_none() != levels.is_none() {
            let kinds = ["points", "pictures"];
            let (theirs, ours) = if set.levels().is_none() { (0, 1) } else { (1, 0) };
            return Err(usage(format!("{} holds {}, and {what} {}", set.name(), kinds[theirs], kinds[ours])));
        }
        let (height, width, channels) = (set.height(), set.width(), set.channels());
        if (height, width, channels) == (shape.height, shape.width, shape.channels) {
            return Ok(());
        }
        let advice = match (height, width) == (shape.height, shape.width) {
            true => "give --channels".to_owned(),
            false => format!("give --size {}x{}", shape.height, shape.width),
        };
        Err(usage(format!(
            "{} holds {height}x{width} pictures of {channels} channel(s), and {what} {}x{} of {}: {advice}",
            set.name(),
            shape.height,
            shape.width,
            shape.channels
        )))
    }
}
