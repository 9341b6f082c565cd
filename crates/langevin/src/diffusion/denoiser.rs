//! A network in a process: from its raw output to x̂_0 and ε̂.

use super::{Bound, Process};
use crate::models::{Conditioning, ConditioningError, Network};
use burn::tensor::Tensor;
use langevin_math::{NoiseLevel, Prediction, Variance};

/// What a network makes of x.
#[derive(Clone, Debug)]
pub struct Denoised {
    /// x̂_0, within the denoiser's bound.
    pub x0: Tensor<4>,
    /// ε̂, the noise that takes this x̂_0 to x.
    pub eps: Tensor<4>,
    /// The network's output itself, before any bound.
    pub output: Tensor<4>,
    /// v of a learned variance, in [0, 1] where the network keeps to it    (Nichol & Dhariwal 2021, Eq. 15)
    pub variance: Option<Tensor<4>>,
}

/// A network wrapped with the process that it was trained for.
///
/// Samplers see only this: neither the network nor what it predicts.
pub struct Denoiser<'a> {
    network: &'a dyn Network,
    process: &'a Process,
    bound: Bound,
    class: Option<usize>,
}

impl<'a> Denoiser<'a> {
    /// `bound` keeps x̂_0 within the data's range.
    pub fn new(network: &'a dyn Network, process: &'a Process, bound: Bound) -> Self {
        Self { network, process, bound, class: None }
    }

    /// For a network of classes: all samples are of `class`.
    ///
    /// # Errors
    /// If the network knows no such class, or knows classes and none is given.
    pub fn of_class(self, class: Option<usize>) -> Result<Self, ConditioningError> {
        let classes = class.map(|class| [class]);
        let told = Conditioning::at(&[0.0]).with_classes(classes.as_ref().map(|class| &class[..]));
        self.network.check(&told, 1)?;
        Ok(Self { class, ..self })
    }

    /// The process.
    pub fn process(&self) -> &Process {
        self.process
    }

    /// x̂_0 and ε̂ at a noise level. A bounded x̂_0 takes its ε̂ with it.
    ///
    /// Data are their own x̂_0, and the network is told the cleanest timestep, as it was trained on nothing cleaner. Where
    /// ε̂ follows from x̂_0 alone, it is that of this timestep.
    ///
    /// # Shapes
    /// `x`: `[batch, height, width, channels]`, all at the same level; so are all results.
    pub fn denoise(&self, x: Tensor<4>, level: NoiseLevel) -> Denoised {
        let table = &self.process.table;
        let samples = x.dims()[0];
        let (timesteps, classes) =
            (vec![level.t.max(0.0); samples], self.class.map(|class| vec![class; samples]));
        let told = Conditioning::at(&timesteps).with_classes(classes.as_deref());
        let output = self.network.forward(x.clone(), told, None);
        let (output, variance) = self.split(output, x.dims()[3]);
        if level.is_data() {
            let direct = matches!(self.process.prediction, Prediction::Epsilon | Prediction::V);
            let level = if direct { level } else { table.level(0) };
            let eps = self.eps_of_output(output.clone(), x.clone(), level);
            return Denoised { x0: self.bound.apply(x), eps, output, variance };
        }
        let (of_x, of_output) = self.process.prediction.x0_coefficients(table, level);
        let x0 = x.clone().mul_scalar(of_x) + output.clone().mul_scalar(of_output);
        if self.bound == Bound::None {
            let eps = self.eps_of_output(output.clone(), x, level);
            return Denoised { x0, eps, output, variance };
        }
        let x0 = self.bound.apply(x0);
        let eps = (x - x0.clone().mul_scalar(level.alpha())).div_scalar(level.sigma());
        Denoised { x0, eps, output, variance }
    }

    /// ε̂ of a network's output for x at a noise level, whatever the bound.
    ///
    /// # Shapes
    /// As for [`Denoiser::denoise`].
    pub fn eps_of_output(&self, output: Tensor<4>, x: Tensor<4>, level: NoiseLevel) -> Tensor<4> {
        let (of_x, of_output) = self.process.prediction.eps_coefficients(&self.process.table, level);
        if (of_x, of_output) == (0.0, 1.0) {
            output
        } else {
            x.mul_scalar(of_x) + output.mul_scalar(of_output)
        }
    }

    /// The prediction, and v of a learned variance: the network's further channels, in [−1, 1] as they leave it.
    fn split(&self, output: Tensor<4>, channels: usize) -> (Tensor<4>, Option<Tensor<4>>) {
        if self.process.variance != Variance::Learned {
            return (output, None);
        }
        let variance = output.clone().narrow(3, channels, channels);
        (output.narrow(3, 0, channels), Some(variance.add_scalar(1.0).mul_scalar(0.5)))
    }
}
