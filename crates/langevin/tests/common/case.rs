//! One U-Net of the reference vectors: its network with its drawn weights, and what it is compared in.
//!
//! tools/parity/cases.py says what is stored of a case.

use super::drawn::{numbers, projections, timesteps, weights};
use super::{Vectors, worst_of};
use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use langevin::config::builtin_recipe;
use langevin::interop::diffusers::{foreign_name, from_diffusers, read_unet_config};
use langevin::models::weights::{Array, Weights, parameter_names, weights_of, with_weights};
use langevin::models::{ClassEmbedding, Conditioning, Network, UNet, UNetConfig};
use langevin::tensor::to_vec;
use langevin::train::{Ema, Gradients, Optimizer};
use serde_json::Value;
use std::collections::BTreeMap;

/// ‖g − g′‖ ≤ 1e-4 ‖g′‖ + 1e-6 ‖all g′‖, for every parameter.
const OF_ITSELF: f64 = 1e-4;
const OF_ALL: f64 = 1e-6;

/// A case of a file.
pub struct Case<'a> {
    name: String,
    vectors: &'a Vectors,
    /// As diffusers wrote it.
    pub config: Value,
    /// As we read it.
    pub network: UNetConfig,
    channels: usize,
    size: [usize; 2],
    timesteps: Vec<f64>,
    classes: Option<Vec<usize>>,
    seed: u64,
    rate: f64,
}

/// Normal numbers that are uniform: of variance 1.
const UNIT: f64 = 1.732_050_807_568_877_2;

impl<'a> Case<'a> {
    /// All cases of a file.
    pub fn all(vectors: &'a Vectors) -> Vec<Self> {
        let names: Vec<String> = serde_json::from_value(vectors.metadata("cases")).unwrap();
        names.into_iter().map(|name| Self::open(vectors, name)).collect()
    }

    fn open(vectors: &'a Vectors, name: String) -> Self {
        let described = vectors.metadata(&name);
        let field = |key: &str| serde_json::from_value::<Vec<f64>>(described[key].clone()).ok();
        let size = field("size").unwrap();
        let config = described["config"].clone();
        let read = read_unet_config(&config).unwrap_or_else(|error| panic!("{name}: {error}"));
        Self {
            vectors,
            config,
            network: read.network,
            channels: read.channels,
            size: [size[0] as usize, size[1] as usize],
            timesteps: field("timesteps").unwrap(),
            classes: field("classes").map(|classes| classes.iter().map(|&class| class as usize).collect()),
            rate: described["rate"].as_f64().unwrap(),
            seed: described["seed"].as_u64().unwrap(),
            name,
        }
    }

    /// The case's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The keys of diffusers before attention was rewritten, each with its present one.
    pub fn old_keys(&self) -> Option<BTreeMap<String, String>> {
        let keys = self.vectors.find_metadata(&format!("{}.old_keys", self.name))?;
        Some(serde_json::from_value(keys).unwrap())
    }

    /// The weights under diffusers' names.
    pub fn foreign_weights(&self) -> Weights {
        let shapes: BTreeMap<String, Vec<usize>> = weights_of(&self.initial(&Device::flex()))
            .into_iter()
            .map(|(name, array)| (foreign_name(&name), array.shape))
            .collect();
        let drawn = shapes.into_iter().enumerate().map(|(index, (key, shape))| {
            let values = weights(self.seed, index as u64, &key, &shape);
            (key, Array { shape, values })
        });
        drawn.collect()
    }

    fn initial(&self, device: &Device) -> UNet {
        self.network.validate_build(self.size[0], self.size[1]).unwrap();
        self.network.init(self.channels, 1, device)
    }

    /// The network with `foreign` weights.
    pub fn with_weights(&self, foreign: Weights, device: &Device) -> UNet {
        let network = self.initial(device);
        let names = parameter_names(&network);
        with_weights(network, from_diffusers(foreign, &names))
            .unwrap_or_else(|e| panic!("{}: {e}", self.name))
    }

    fn tensor(&self, index: u64, channels: usize, scale: f64, device: &Device) -> Tensor<4> {
        let [height, width] = self.size;
        let batch = self.timesteps.len();
        let values = numbers(self.seed + 1, index, batch * channels * height * width, scale, 0.0);
        let x = TensorData::new(values, [batch, channels, height, width]);
        contiguous(Tensor::<4>::from_data(x, device).permute([0, 2, 3, 1]))
    }

    fn output(&self, network: &UNet, x: Tensor<4>, timesteps: &[f64]) -> Tensor<4> {
        let vectors = numbers(self.seed + 1, 2, timesteps.len() * self.network.embedding(), UNIT, 0.0);
        let class_vectors =
            (self.network.class_embedding == Some(ClassEmbedding::Identity {})).then_some(&vectors[..]);
        let conditioning = Conditioning { timesteps, classes: self.classes.as_deref(), class_vectors };
        network.forward(x, conditioning, None)
    }

    /// The output of `network`, and the largest difference from diffusers' over the largest of its outputs.
    pub fn output_error(&self, network: &UNet, device: &Device) -> f64 {
        let y = self.output(network, self.tensor(0, self.channels, UNIT, device), &self.timesteps);
        let ours = to_vec(contiguous(y.permute([0, 3, 1, 2])));
        let theirs = &self.vectors.array(&format!("{}.y", self.name)).values;
        assert_eq!(ours.len(), theirs.len(), "{}", self.name);
        let largest = theirs.iter().fold(0.0f32, |most, y| most.max(y.abs()));
        worst_of(ours.iter().zip(theirs).map(|(a, b)| f64::from((a - b).abs()))) / f64::from(largest)
    }

    /// The worst parameter's ‖g − g′‖ in parts of what it may be, with its name.
    pub fn gradient_error(&self, network: &UNet, device: &Device) -> (f64, String) {
        let x = self.tensor(0, self.channels, UNIT, device);
        let target = self.tensor(1, self.network.outputs(self.channels), UNIT, device);
        let error = self.output(network, x, &self.timesteps) - target;
        let loss = (error.clone() * error).mean();
        let gradients = Gradients::of(network, loss.backward()).values;
        let expected = self.vectors.doubles(&format!("{}.loss", self.name))[0];
        let relative = (f64::from(loss.into_scalar::<f32>()) - expected).abs() / expected;
        assert!(relative < 1e-5, "{}: the loss differs by {relative:.1e}", self.name);
        let names = parameter_names(network).into_iter().map(|name| foreign_name(&name));
        let gradients: BTreeMap<String, Vec<f32>> = names.zip(gradients).collect();
        let norms = self.vectors.doubles(&format!("{}.grad_norm", self.name));
        assert_eq!(gradients.len(), norms.len(), "{}", self.name);
        let all = norms.iter().map(|norm| norm * norm).sum::<f64>().sqrt();
        let errors = gradients.iter().zip(&norms).enumerate().map(|(index, ((key, ours), norm))| {
            (worst_of([self.distance(index, key, ours) / (OF_ITSELF * norm + OF_ALL * all)]), key.clone())
        });
        errors.max_by(|a, b| a.0.total_cmp(&b.0)).unwrap()
    }

    /// ‖g − g′‖ of the `index`-th parameter: from the whole gradient, or from its random projections, each of whose
    /// squares is ‖g − g′‖² on average.
    fn distance(&self, index: usize, key: &str, ours: &[f32]) -> f64 {
        if let Some(theirs) = self.vectors.find(&format!("{}.grad.{key}", self.name)) {
            assert_eq!(ours.len(), theirs.values.len(), "{}: {key}", self.name);
            let squares =
                ours.iter().zip(&theirs.values).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2));
            return squares.sum::<f64>().sqrt();
        }
        let theirs = self.vectors.doubles(&format!("{}.grad_projections", self.name));
        let ours = projections(self.seed, index as u64, ours);
        let theirs = &theirs[index * ours.len()..][..ours.len()];
        (ours.iter().zip(theirs).map(|(a, b)| (a - b).powi(2)).sum::<f64>() / ours.len() as f64).sqrt()
    }

    /// The worst relative difference of the losses of ten training steps, with its step.
    pub fn losses_error(&self, mut network: UNet, device: &Device) -> (f64, usize) {
        let start = weights_of(&network);
        let values: Vec<Vec<f32>> =
            parameter_names(&network).iter().map(|name| start[name].values.clone()).collect();
        let lengths: Vec<usize> = values.iter().map(Vec::len).collect();
        let recipe = builtin_recipe("digits").unwrap();
        let mut optimizer = Optimizer::new(&recipe.train, &lengths);
        let mut ema = Ema::new(0.9, values);
        let process = recipe.diffusion.process().unwrap();
        let mut worst = (0.0, 0);
        let expected = self.vectors.doubles(&format!("{}.losses", self.name));
        assert_eq!(expected.len(), 10, "{}", self.name);
        for (step, expected) in expected.into_iter().enumerate() {
            let at = step as u64;
            let x0 = to_vec(self.tensor(10 + at, self.channels, 1.0, device));
            let noise = self.tensor(30 + at, self.channels, UNIT, device);
            let eps = to_vec(noise.clone());
            let times = timesteps(self.seed, at, self.timesteps.len());
            let mut x_t = vec![0.0; x0.len()];
            let size = x0.len() / times.len();
            for (row, &t) in times.iter().enumerate() {
                let row = row * size..(row + 1) * size;
                process.diffuse(t as usize, &x0[row.clone()], &eps[row.clone()], &mut x_t[row]);
            }
            let x_t = Tensor::from_data(TensorData::new(x_t, noise.dims()), device);
            let copies = self.network.outputs(self.channels) / self.channels;
            let error = self.output(&network, x_t, &times) - Tensor::cat(vec![noise; copies], 3);
            let loss = (error.clone() * error).mean();
            let gradients = Gradients::of(&network, loss.backward());
            let relative = worst_of([(f64::from(loss.into_scalar::<f32>()) - expected).abs() / expected]);
            if relative > worst.0 {
                worst = (relative, step);
            }
            network = optimizer.step(network, &gradients, self.rate, &mut ema).0;
        }
        worst
    }
}

/// The same values in the order of the axes.
fn contiguous(x: Tensor<4>) -> Tensor<4> {
    let (shape, device) = (x.dims(), x.device());
    Tensor::from_data(TensorData::new(to_vec(x), shape), &device)
}

/// Elements of all parameters.
pub fn parameters(network: &UNet) -> usize {
    network.num_params()
}
