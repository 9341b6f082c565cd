//! Adam and AdamW over all parameters of a network, with clipping at the global norm.

use super::{Ema, Gradients};
use crate::config::{OptimizerKind, TrainConfig};
use crate::tensor::to_vec;
use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Tensor, TensorData};
use langevin_kernels::AdamStep;

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
    /// Parameters that the last update had to copy, because another tensor shared their elements.
    pub copied: usize,
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
            copied: 0,
            first: zeros(),
            second: zeros(),
        }
    }

    /// One update of every parameter that learns, and of its average; gives the gradient's norm before clipping. Frozen ones
    /// keep their bits, moments and averages.
    ///
    /// A gradient of global norm n above `clip_norm` c is scaled by c / n first. Of a norm that is no finite number
    /// nothing is updated.
    ///
    /// On the CPU the weights change in their own memory, unless another tensor shares it: a clone of the network,
    /// or a graph that it took part in. Then they are copied, one parameter at a time.
    pub fn step<M: Module>(
        &mut self,
        network: M,
        gradients: &Gradients,
        learning_rate: f64,
        ema: &mut Ema,
    ) -> (M, f64) {
        let norm = gradients.norm();
        if !norm.is_finite() {
            return (network, norm);
        }
        let follow = 1.0 - ema.decay_at(self.updates);
        self.updates += 1;
        self.copied = 0;
        let step = self.numbers(norm, learning_rate, follow);
        let mut updater = Updater { step, optimizer: self, gradients, ema, index: 0 };
        (network.map(&mut updater), norm)
    }

    /// The numbers of update `updates`, counted from 1.
    fn numbers(&self, norm: f64, learning_rate: f64, follow: f64) -> AdamStep {
        let scale = if self.clip_norm > 0.0 && norm > self.clip_norm { self.clip_norm / norm } else { 1.0 };
        let [beta1, beta2] = self.betas;
        let [correction1, correction2] = self.betas.map(|beta| 1.0 - beta.powf(self.updates as f64));
        // Adam's decay is part of the gradient, AdamW's of the weights.
        let (pull, keep) = match self.kind {
            OptimizerKind::Adam => (self.weight_decay, 1.0),
            OptimizerKind::Adamw => (0.0, 1.0 - learning_rate * self.weight_decay),
        };
        AdamStep {
            scale: scale as f32,
            pull: pull as f32,
            beta1: beta1 as f32,
            rest1: (1.0 - beta1) as f32,
            beta2: beta2 as f32,
            rest2: (1.0 - beta2) as f32,
            keep: keep as f32,
            rate: (learning_rate / correction1) as f32,
            root: (1.0 / correction2.sqrt()) as f32,
            epsilon: self.epsilon as f32,
            follow: follow as f32,
        }
    }
}

struct Updater<'a> {
    step: AdamStep,
    optimizer: &'a mut Optimizer,
    gradients: &'a Gradients,
    ema: &'a mut Ema,
    index: usize,
}

impl ModuleMapper for Updater<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let index = self.index;
        self.index += 1;
        // The parameter lets go of its tensor here, so that nothing but a clone or a graph can share its elements.
        let (id, tensor, mapper) = param.consume();
        if !tensor.is_require_grad() {
            return Param::from_mapped_value(id, tensor, mapper);
        }
        let (shape, device) = (tensor.shape(), tensor.device());
        let tensor = tensor.inner();
        self.optimizer.copied += usize::from(!tensor.can_mut());
        // On the CPU this takes the buffer out of an unshared tensor, and `from_data` puts it into the next.
        let mut weights = to_vec(tensor);
        self.step.apply(
            &mut weights,
            &self.gradients.values[index],
            &mut self.optimizer.first[index],
            &mut self.optimizer.second[index],
            &mut self.ema.values[index],
        );
        let tensor = Tensor::from_data(TensorData::new(weights, shape), &device).require_grad();
        Param::from_mapped_value(id, tensor, mapper)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::builtin_recipe;
    use crate::models::weights::weights_of;
    use crate::models::{Conditioning, Network, UNet, UNetConfig};
    use burn::tensor::Device;

    /// Where the elements of each parameter lie.
    #[derive(Default)]
    struct Addresses(Vec<*const f32>);

    impl ModuleMapper for Addresses {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            let (id, tensor, mapper) = param.consume();
            let (shape, device) = (tensor.shape(), tensor.device());
            let values = to_vec(tensor.inner());
            self.0.push(values.as_ptr());
            let tensor = Tensor::from_data(TensorData::new(values, shape), &device).require_grad();
            Param::from_mapped_value(id, tensor, mapper)
        }
    }

    fn addresses(network: UNet) -> (UNet, Vec<*const f32>) {
        let mut addresses = Addresses::default();
        let network = network.map(&mut addresses);
        (network, addresses.0)
    }

    fn gradients(network: &UNet, device: &Device) -> Gradients {
        let x = Tensor::<4>::from_data(TensorData::new(vec![0.5; 2 * 8 * 8], [2, 8, 8, 1]), device);
        let y = network.forward(x, Conditioning::at(&[3.0, 400.0]), None) - 1.0;
        Gradients::of(network, (y.clone() * y).mean().backward())
    }

    /// A small network, an optimiser for it, and the average of its weights.
    fn setup(device: &Device) -> (UNet, Optimizer, Ema) {
        let config = "channels = [8, 16]\nblocks_per_level = 1\nattention_levels = [2]\ngroups = 4";
        let network = toml::from_str::<UNetConfig>(config).unwrap().init(1, 1, device);
        let values: Vec<Vec<f32>> =
            gradients(&network, device).values.iter().map(|g| vec![0.0; g.len()]).collect();
        let lengths: Vec<usize> = values.iter().map(Vec::len).collect();
        let optimizer = Optimizer::new(&builtin_recipe("digits").unwrap().train, &lengths);
        (network, optimizer, Ema::new(0.9, values))
    }

    #[test]
    fn weights_stay_where_they_are() {
        let device = Device::flex().autodiff();
        let (network, mut optimizer, mut ema) = setup(&device);
        // Initial weights may lie in memory that is not a vector's; from here on they do.
        let (network, before) = addresses(network);
        let (mut network, again) = addresses(network);
        assert_eq!(before, again);
        for _ in 0..3 {
            let gradients = gradients(&network, &device);
            network = optimizer.step(network, &gradients, 1e-3, &mut ema).0;
            assert_eq!(optimizer.copied, 0);
        }
        let (_, after) = addresses(network);
        assert_eq!(before, after);
    }

    #[test]
    fn a_clone_keeps_its_weights() {
        let device = Device::flex().autodiff();
        let (network, mut optimizer, mut ema) = setup(&device);
        let kept = network.clone();
        let before = weights_of(&kept);
        let gradients = gradients(&network, &device);
        let (network, _) = optimizer.step(network, &gradients, 1e-3, &mut ema);
        assert_eq!(optimizer.copied, gradients.values.len());
        assert_eq!(weights_of(&kept), before);
        assert_ne!(weights_of(&network), before);
    }

    #[test]
    fn a_gradient_that_is_no_number_changes_nothing() {
        let device = Device::flex().autodiff();
        let (network, mut optimizer, mut ema) = setup(&device);
        let before = weights_of(&network);
        let mut gradients = gradients(&network, &device);
        gradients.values[3][0] = f32::NAN;
        let (network, norm) = optimizer.step(network, &gradients, 1e-3, &mut ema);
        assert!(norm.is_nan());
        assert_eq!(weights_of(&network), before);
        assert_eq!(optimizer.updates, 0);
        assert!(optimizer.first.iter().chain(&ema.values).flatten().all(|&x| x == 0.0));
    }
}
