//! The terms of the variational bound, one timestep of one sample at a time.

use crate::diffusion::{Bound, Process};
use crate::models::{Conditioning, Network};
use crate::tensor::{SampleShape, from_samples, to_vec};
use burn::tensor::{Device, Tensor};
use langevin_math::{BoundTerm, Variance};
use rayon::prelude::*;

/// One term of the bound, and how well the network did there.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Term {
    /// L_{t−1}, or L_0 at timestep 0, in nats, summed over the sample's elements.
    pub nats: f64,
    /// Mean of (ε̂ − ε)² over the elements.
    pub mse_eps: f64,
    /// Mean of (x̂_0 − x_0)² over the elements.
    pub mse_x0: f64,
}

/// What the terms are computed with.
#[derive(Clone, Copy)]
pub struct BoundTerms<'a> {
    /// The network.
    pub network: &'a dyn Network,
    /// The process that it was trained for.
    pub process: &'a Process,
    /// What is done to x̂_0, as in sampling.
    pub bound: Bound,
    /// The shape of a sample.
    pub shape: SampleShape,
    /// Levels of an element's value, evenly spaced over [−1, 1].
    pub levels: u32,
}

impl BoundTerms<'_> {
    /// The terms of samples x_0, each at its own timestep and with its own noise ε:
    ///
    /// L_{t−1} = KL(q(x_{t−1} | x_t, x_0) ‖ p_θ(x_{t−1} | x_t)), L_0 = −ln p_θ(x_0 | x_1)    (Ho et al. 2020, Eqs. 5 and 13)
    ///
    /// where x_t = √ᾱ x_0 + √(1 − ᾱ) ε. A term depends on nothing else in the batch.
    ///
    /// # Shapes
    /// `x0`, `eps`: one sample after another, channels last; `timesteps`: one a sample, from 0; `classes`: one a sample, for a
    /// network that is told them.
    ///
    /// # Panics
    /// If the lengths do not fit, or the network does not know the classes.
    pub fn of(
        &self,
        x0: &[f32],
        eps: &[f32],
        timesteps: &[usize],
        classes: Option<&[usize]>,
        device: &Device,
    ) -> Vec<Term> {
        let size = self.shape.elements();
        let mut x_t = vec![0.0; x0.len()];
        for (row, &t) in timesteps.iter().enumerate() {
            let row = row * size..(row + 1) * size;
            self.process.diffuse(t, &x0[row.clone()], &eps[row.clone()], &mut x_t[row]);
        }
        let told: Vec<f64> = timesteps.iter().map(|&t| t as f64).collect();
        let told = Conditioning::at(&told).with_classes(classes);
        let x = from_samples(x_t.clone(), self.shape, device);
        let output = self.network.forward(x.clone(), told, None);
        let learned = self.process.variance == Variance::Learned;
        let channels = self.shape.channels;
        let v = learned.then(|| to_vec(output.clone().narrow(3, channels, channels)));
        let predicted = to_vec(self.predicted_x0(x, output.narrow(3, 0, channels), timesteps));
        // Threads share what is below the network.
        let (process, levels) = (self.process, self.levels);
        let rows = timesteps.par_iter().enumerate().map(|(row, &t)| {
            let of = |values: &[f32]| -> Vec<f64> {
                values[row * size..(row + 1) * size].iter().map(|&value| f64::from(value)).collect()
            };
            let v = v.as_deref().map(of);
            term(process, levels, t, [&of(x0), &of(&x_t), &of(eps), &of(&predicted)], v.as_deref())
        });
        rows.collect()
    }

    /// x̂_0 of each sample, within the bound.
    fn predicted_x0(&self, x: Tensor<4>, output: Tensor<4>, timesteps: &[usize]) -> Tensor<4> {
        let Process { table, prediction, .. } = self.process;
        let device = x.device();
        let per_sample = |values: Vec<f32>| -> Tensor<4> {
            Tensor::<1>::from_floats(&values[..], &device).reshape([values.len(), 1, 1, 1])
        };
        let coefficients: Vec<(f64, f64)> =
            timesteps.iter().map(|&t| prediction.x0_coefficients(table, table.level(t))).collect();
        let of_x = per_sample(coefficients.iter().map(|(of_x, _)| *of_x as f32).collect());
        let of_output = per_sample(coefficients.iter().map(|(_, of_output)| *of_output as f32).collect());
        self.bound.apply(x * of_x + output * of_output)
    }
}

/// The term of one sample: of x_0, x_t, ε and x̂_0, and of v in [−1, 1] as a network of learned variance leaves it.
fn term(process: &Process, levels: u32, t: usize, sample: [&[f64]; 4], v: Option<&[f64]>) -> Term {
    let [x0, x_t, eps, predicted] = sample;
    let table = &process.table;
    let bound = BoundTerm::new(table, process.variance, t, levels);
    let (signal, noise) = (table.sqrt_alpha_bar(t), table.sqrt_one_minus_alpha_bar(t));
    let (mut nats, mut squares_eps, mut squares_x0) = (0.0, 0.0, 0.0);
    for i in 0..x0.len() {
        let error = x0[i] - predicted[i];
        nats += bound.of(x0[i], error, v.map_or(0.0, |v| 0.5 * (v[i] + 1.0))).nats;
        squares_eps += ((x_t[i] - signal * predicted[i]) / noise - eps[i]).powi(2);
        squares_x0 += error * error;
    }
    let n = x0.len() as f64;
    Term { nats, mse_eps: squares_eps / n, mse_x0: squares_x0 / n }
}
