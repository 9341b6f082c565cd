//! One training batch: which samples, at which timesteps, with which noise.

use super::timesteps::TimestepDraw;
use crate::config::Settings;
use crate::data::{Dataset, Order, flip_horizontal};
use crate::diffusion::Process;
use crate::models::Conditioning;
use langevin_math::Objective;
use langevin_math::rng::{Purpose, Stream};
use rayon::prelude::*;
use std::ops::Range;

/// x_t, the timesteps, and what the network should answer, for some rows of a step's batch.
///
/// Every draw follows from the run's seed and the sample's position in the run: neither the split into
/// smaller batches nor a resumption changes any.
pub struct Batch {
    /// Position in the run of the first sample.
    pub first_sample: u64,
    /// x_0 of each sample, channels last.
    pub x0: Vec<f32>,
    /// x_t of each sample, channels last.
    pub x: Vec<f32>,
    /// The timestep of each sample.
    pub timesteps: Vec<f64>,
    /// The class of each sample, where classes are learned.
    pub labels: Option<Vec<usize>>,
    /// The class of each sample that the network is told, where it is told any.
    pub classes: Option<Vec<usize>>,
    /// What the loss of each sample counts, for how often its timestep is drawn.
    pub weights: Vec<f64>,
    /// The target of each sample, channels last.
    pub target: Vec<f32>,
}

/// What batches are drawn from.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    /// The settings of the run.
    pub settings: &'a Settings,
    /// The process.
    pub process: &'a Process,
    /// The data.
    pub data: &'a Dataset,
    /// The samples of `data` that are trained on.
    pub indices: &'a [usize],
    /// Positions in `indices`, by the sample's position in the run.
    pub order: &'a Order,
}

impl Source<'_> {
    /// The classes of the samples `picks` of the data, if the network is told them.
    pub(super) fn classes(&self, picks: &[usize]) -> Option<Vec<usize>> {
        let labels = self.data.labels().filter(|_| self.settings.recipe.data.labels)?;
        Some(picks.iter().map(|&pick| labels[pick] as usize).collect())
    }

    /// What of them the network is told: nothing, where it is to find them out.
    fn told(&self, labels: Option<Vec<usize>>) -> Option<Vec<usize>> {
        labels.filter(|_| !matches!(self.settings.recipe.objective, Objective::CrossEntropy { .. }))
    }

    /// Whether samples are seen without noise.
    fn is_clean(&self) -> bool {
        self.settings.recipe.objective == Objective::CrossEntropy { clean: true }
    }

    /// Keeps the class of a part of the samples from the network, each by its own position in the run
    /// (Ho & Salimans 2022, Algorithm 1).
    fn forget_some(&self, classes: &mut [usize], first_sample: u64) {
        let train = &self.settings.recipe.train;
        let Some(null_class) = self.settings.recipe.model.null_class() else { return };
        let dropout = train.label_dropout.unwrap_or(0.0);
        for (sample, class) in (first_sample..).zip(classes) {
            let mut drawn = [0.0];
            Stream::new(train.seed, Purpose::LabelDropout, sample).uniform(0, &mut drawn);
            if f64::from(drawn[0]) < dropout {
                *class = null_class;
            }
        }
    }
}

impl Batch {
    /// Rows `rows` of the batch of optimiser step `step`, counted from 0, at the timesteps of that step's draw.
    pub fn draw(source: Source, timesteps: &TimestepDraw, step: u64, rows: Range<usize>) -> Self {
        let Source { settings, process, data, indices, order } = source;
        let train = &settings.recipe.train;
        let size = settings.shape.elements();
        let start = step * train.batch as u64;
        let first_sample = start + rows.start as u64;
        let picks: Vec<usize> =
            order.batch(first_sample, rows.len()).into_iter().map(|position| indices[position]).collect();
        let (steps, weights): (Vec<usize>, _) = rows.clone().map(|row| timesteps.row(row)).unzip();
        let mut batch = Self::empty(first_sample, rows.len() * size);
        batch.weights = weights;
        let flip = settings.recipe.data.flip;
        let chunks = batch.x0.par_chunks_mut(size).zip(batch.x.par_chunks_mut(size));
        chunks.zip(batch.target.par_chunks_mut(size)).enumerate().for_each(|(row, ((x0, x), target))| {
            let sample = first_sample + row as u64;
            let mut eps = vec![0.0; size];
            data.read(picks[row], x0);
            if flip && Stream::new(train.seed, Purpose::Flip, sample).below(0, 0, 2) == 1 {
                let shape = settings.shape;
                flip_horizontal(x0, shape.height, shape.width, shape.channels);
            }
            Stream::new(train.seed, Purpose::TrainNoise, sample).normal(0, &mut eps);
            process.diffuse(steps[row], x0, &eps, x);
            process.target(steps[row], x0, &eps, target);
        });
        batch.timesteps = steps.iter().map(|&step| step as f64).collect();
        if source.is_clean() {
            batch.without_noise();
        }
        batch.labels = source.classes(&picks);
        batch.classes = source.told(batch.labels.clone()).map(|mut classes| {
            source.forget_some(&mut classes, first_sample);
            classes
        });
        batch
    }

    /// Held-out samples `rows` of `held_out`, sample k of `of` at timestep ⌊(k + ½) T / of⌋ with its own fixed noise.
    pub fn held_out(source: Source, held_out: &[usize], rows: Range<usize>, of: usize) -> Self {
        let Source { settings, process, data, .. } = source;
        let size = settings.shape.elements();
        let mut batch = Self::empty(0, rows.len() * size);
        batch.weights = vec![1.0; rows.len()];
        for (row, k) in rows.clone().enumerate() {
            let elements = row * size..(row + 1) * size;
            let (x0, mut eps) = (&mut batch.x0[elements.clone()], vec![0.0; size]);
            data.read(held_out[k], x0);
            let stream = Stream::new(settings.recipe.train.seed, Purpose::HoldoutNoise, held_out[k] as u64);
            stream.normal(0, &mut eps);
            let step = (2 * k + 1) * process.len() / (2 * of);
            process.diffuse(step, x0, &eps, &mut batch.x[elements.clone()]);
            process.target(step, x0, &eps, &mut batch.target[elements]);
            batch.timesteps.push(step as f64);
        }
        if source.is_clean() {
            batch.without_noise();
        }
        let picks: Vec<usize> = rows.map(|k| held_out[k]).collect();
        batch.labels = source.classes(&picks);
        batch.classes = source.told(batch.labels.clone());
        batch
    }

    /// What the network is told of the samples.
    pub fn conditioning(&self) -> Conditioning<'_> {
        Conditioning::at(&self.timesteps).with_classes(self.classes.as_deref())
    }

    /// The samples as they are, at the cleanest timestep.
    fn without_noise(&mut self) {
        self.x.copy_from_slice(&self.x0);
        self.timesteps.fill(0.0);
    }

    fn empty(first_sample: u64, elements: usize) -> Self {
        let zeros = || vec![0.0; elements];
        let (x0, x, target) = (zeros(), zeros(), zeros());
        Self {
            first_sample,
            x0,
            x,
            timesteps: Vec::new(),
            labels: None,
            classes: None,
            weights: Vec::new(),
            target,
        }
    }
}
