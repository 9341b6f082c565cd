//! Initial weights from a seed.

use burn::module::Param;
use burn::tensor::{Device, Tensor, TensorData};
use langevin_math::rng::{Purpose, Stream};

/// Makes initial parameters, each from its own stream of random numbers.
///
/// The streams are numbered in the order in which a network asks for its parameters, so equal
/// configurations and seeds give equal weights on any machine.
pub struct Init {
    seed: u64,
    parameters: u64,
    device: Device,
}

impl Init {
    /// Parameters from `seed`, placed on `device`.
    pub fn new(seed: u64, device: &Device) -> Self {
        Self { seed, parameters: 0, device: device.clone() }
    }

    /// Uniform in ±√(6 / (fan_in + fan_out)) (Glorot & Bengio 2010, Eq. 16), the variance scaling of Ho et
    /// al.'s code (scale 1, mean of the fans).
    ///
    /// # Shapes
    /// `shape` is `[out, in, …]`; the fans are out and in, each times the product of the rest.
    pub fn fan_average<const D: usize>(&mut self, shape: [usize; D]) -> Param<Tensor<D>> {
        let receptive: usize = shape[2..].iter().product();
        let limit = (6.0 / ((shape[0] + shape[1]) * receptive) as f64).sqrt();
        self.uniform(shape, limit)
    }

    /// Uniform in ±`limit`.
    pub fn uniform<const D: usize>(&mut self, shape: [usize; D], limit: f64) -> Param<Tensor<D>> {
        let mut values = vec![0.0; shape.iter().product()];
        self.next_stream().uniform(0, &mut values);
        for value in &mut values {
            *value = ((2.0 * f64::from(*value) - 1.0) * limit) as f32;
        }
        self.parameter(values, shape)
    }

    /// Standard normal.
    pub fn normal<const D: usize>(&mut self, shape: [usize; D]) -> Param<Tensor<D>> {
        self.normal_of(shape, 1.0)
    }

    /// Normal with mean 0 and this standard deviation.
    pub fn normal_of<const D: usize>(&mut self, shape: [usize; D], deviation: f64) -> Param<Tensor<D>> {
        let mut values = vec![0.0; shape.iter().product()];
        self.next_stream().normal(0, &mut values);
        for value in &mut values {
            *value = (f64::from(*value) * deviation) as f32;
        }
        self.parameter(values, shape)
    }

    /// Every element `value`.
    pub fn constant<const D: usize>(&mut self, shape: [usize; D], value: f32) -> Param<Tensor<D>> {
        self.parameters += 1;
        self.parameter(vec![value; shape.iter().product()], shape)
    }

    fn next_stream(&mut self) -> Stream {
        self.parameters += 1;
        Stream::new(self.seed, Purpose::Init, self.parameters)
    }

    fn parameter<const D: usize>(&self, values: Vec<f32>, shape: [usize; D]) -> Param<Tensor<D>> {
        Param::from_data(TensorData::new(values, shape), &self.device)
    }
}
