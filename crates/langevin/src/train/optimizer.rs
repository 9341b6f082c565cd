//! Adam and AdamW over all parameters of a network, with clipping at the global norm.

use super::Ema;
use crate::config::{OptimizerKind, TrainConfig};
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Tensor, TensorData};
use rayon::prelude::*;

/// Elements that one thread updates at a time: small parameters are not worth a second thread.
const MIN_ELEMENTS: usize = 1 << 14;

/// The gradient of every parameter, in the network's order.
#[derive(Clone, Debug, Default)]
pub struct Gradients {
    /// One array a parameter; empty before the first is added.
    pub values: Vec<Vec<f32>>,
}

impl Gradients {
    /// The gradients of a backward pass. A parameter that took no part has zeros.
    pub fn of(network: &impl Module, gradients: burn::tensor::Gradients) -> Self {
        let mut gatherer = Gatherer { values: Vec::new(), gradients };
        network.visit(&mut gatherer);
        Self { values: gatherer.values }
    }

    /// Adds others of the same network.
    pub fn add(&mut self, others: Self) {
        if self.values.is_empty() {
            *self = others;
            return;
        }
        self.values.par_iter_mut().zip(others.values).for_each(|(sums, others)| {
            for (sum, other) in sums.iter_mut().zip(others) {
                *sum += other;
            }
        });
    }

    /// √Σ g² over all parameters, summed in f64.
    pub fn norm(&self) -> f64 {
        let squares = self.values.iter().flatten().map(|&g| f64::from(g) * f64::from(g));
        squares.sum::<f64>().sqrt()
    }
}

struct Gatherer {
    values: Vec<Vec<f32>>,
    gradients: burn::tensor::Gradients,
}

impl ModuleVisitor for Gatherer {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let tensor = param.val();
        let gradient = tensor.grad_remove(&mut self.gradients).map(crate::tensor::to_vec);
        self.values.push(gradient.unwrap_or_else(|| vec![0.0; tensor.shape().num_elements()]));
    }
}

/// Adam (Kingma & Ba 2015, Algorithm 1) or AdamW (Loshchilov & Hutter 2019, Algorithm 2).
#[derive(Clone, Debug)]
pub struct Optimizer {
    kind: OptimizerKind,
    betas: [f64; 2],
    epsilon: f64,
    weight_decay: f64,
    clip_norm: f64,
    /// Updates made.
    pub updates: u64,
    /// First moments m, in the network's order.
    pub first: Vec<Vec<f32>>,
    /// Second moments v, in the network's order.
    pub second: Vec<Vec<f32>>,
}

impl Optimizer {
    /// An optimiser with zero moments for parameters of these lengths.
    pub fn new(config: &TrainConfig, lengths: &[usize]) -> Self {
        let zeros = || lengths.iter().map(|&length| vec![0.0; length]).collect();
        Self {
            kind: config.optimizer,
            betas: config.betas,
            epsilon: config.epsilon,
            weight_decay: config.weight_decay,
            clip_norm: config.clip_norm,
            updates: 0,
            first: zeros(),
            second: zeros(),
        }
    }

    /// One update of every parameter and of its average; gives the gradient's norm before clipping.
    ///
    /// A gradient of global norm n above `clip_norm` c is scaled by c / n first.
    pub fn step<M: Module>(
        &mut self,
        network: M,
        gradients: &Gradients,
        learning_rate: f64,
        ema: &mut Ema,
    ) -> (M, f64) {
        let norm = gradients.norm();
        let scale = if self.clip_norm > 0.0 && norm > self.clip_norm { self.clip_norm / norm } else { 1.0 };
        let step = self.updates;
        self.updates += 1;
        let updates = self.updates as f64;
        let correction = self.betas.map(|beta| 1.0 - beta.powf(updates));
        let update = Update {
            scale: scale as f32,
            betas: self.betas.map(|beta| beta as f32),
            rests: self.betas.map(|beta| (1.0 - beta) as f32),
            rate: (learning_rate / correction[0]) as f32,
            root: (1.0 / correction[1].sqrt()) as f32,
            epsilon: self.epsilon as f32,
            keep: match self.kind {
                OptimizerKind::Adam => 1.0,
                OptimizerKind::Adamw => (1.0 - learning_rate * self.weight_decay) as f32,
            },
            // Adam's decay is part of the gradient, AdamW's of the weights.
            pull: if self.kind == OptimizerKind::Adam { self.weight_decay as f32 } else { 0.0 },
        };
        let mut updater = Updater { update, optimizer: self, gradients, ema, step, index: 0 };
        (network.map(&mut updater), norm)
    }
}

/// The numbers of one update.
#[derive(Clone, Copy)]
struct Update {
    scale: f32,
    betas: [f32; 2],
    /// 1 − β, rounded once.
    rests: [f32; 2],
    rate: f32,
    root: f32,
    epsilon: f32,
    keep: f32,
    pull: f32,
}

impl Update {
    fn apply(self, weights: &mut [f32], gradients: &[f32], first: &mut [f32], second: &mut [f32]) {
        let ([beta1, beta2], [rest1, rest2]) = (self.betas, self.rests);
        for (((w, g), m), v) in weights.iter_mut().zip(gradients).zip(first).zip(second) {
            let g = self.scale * g + self.pull * *w;
            *m = beta1 * *m + rest1 * g;
            *v = beta2 * *v + rest2 * g * g;
            *w = self.keep * *w - self.rate * *m / (v.sqrt() * self.root + self.epsilon);
        }
    }
}

struct Updater<'a> {
    update: Update,
    optimizer: &'a mut Optimizer,
    gradients: &'a Gradients,
    ema: &'a mut Ema,
    step: u64,
    index: usize,
}

impl ModuleMapper for Updater<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (index, update) = (self.index, self.update);
        self.index += 1;
        let (id, tensor, mapper) = param.consume();
        let (shape, device) = (tensor.shape(), tensor.device());
        let mut weights = crate::tensor::to_vec(tensor.detach());
        weights
            .par_chunks_mut(MIN_ELEMENTS)
            .zip(self.gradients.values[index].par_chunks(MIN_ELEMENTS))
            .zip(self.optimizer.first[index].par_chunks_mut(MIN_ELEMENTS))
            .zip(self.optimizer.second[index].par_chunks_mut(MIN_ELEMENTS))
            .for_each(|(((w, g), m), v)| update.apply(w, g, m, v));
        self.ema.update(index, &weights, self.step);
        let tensor = Tensor::from_data(TensorData::new(weights, shape), &device).require_grad();
        Param::from_mapped_value(id, tensor, mapper)
    }
}
