//! A network in a process: from its raw output to x̂_0 and ε̂.

use super::{Bound, Classes, ClassifierGuide, Guidance, GuidanceError, Process};
use crate::models::{Conditioning, Network};
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

/// A network wrapped with the process that it was trained for, and with what it is told of the samples.
///
/// Samplers see only this: neither the network nor what it predicts.
#[derive(Clone)]
pub struct Denoiser<'a> {
    network: &'a dyn Network,
    process: &'a Process,
    bound: Bound,
    classes: Classes,
    guidance: Guidance,
    guide: Option<ClassifierGuide<'a>>,
    /// Number of the first sample of x.
    first: usize,
}

impl<'a> Denoiser<'a> {
    /// `bound` keeps x̂_0 within the data's range.
    pub fn new(network: &'a dyn Network, process: &'a Process, bound: Bound) -> Self {
        let (classes, guidance) = (Classes::None, Guidance::default());
        Self { network, process, bound, classes, guidance, guide: None, first: 0 }
    }

    /// Samples of these classes, as the network draws them.
    ///
    /// # Errors
    /// If the network knows no such class, or knows classes, has not learned to do without, and none is given.
    pub fn of_classes(self, classes: Classes) -> Result<Self, GuidanceError> {
        self.guided(classes, Guidance::default(), None)
    }

    /// Samples of these classes, pulled towards them by the network itself or by a classifier.
    ///
    /// # Errors
    /// As for [`Denoiser::of_classes`]; if the guidance's numbers make no sense; if there is no class to guide towards, or the network
    /// has not learned what to guide away from.
    pub fn guided(
        self,
        classes: Classes,
        guidance: Guidance,
        guide: Option<ClassifierGuide<'a>>,
    ) -> Result<Self, GuidanceError> {
        guidance.check()?;
        let denoiser = Self { classes, guidance, guide, ..self };
        let told = denoiser.told_classes().all();
        let samples = told.as_ref().map_or(1, Vec::len);
        let timesteps = vec![0.0; samples];
        let conditioning = Conditioning::at(&timesteps).with_classes(told.as_deref());
        denoiser.network.check(&conditioning, samples)?;
        if let Some(ClassifierGuide { classifier, .. }) = guide {
            let (classes, asked) =
                (classifier.classes(), denoiser.classes.all().ok_or(GuidanceError::NoClass)?);
            if let Some(class) = asked.into_iter().find(|&class| class >= classes) {
                return Err(GuidanceError::UnknownClass { class, classes });
            }
        } else if guidance.weight != 1.0 {
            if denoiser.classes == Classes::None {
                return Err(GuidanceError::NoClass);
            }
            denoiser.network.null_class().ok_or(GuidanceError::NoNullClass)?;
        }
        Ok(denoiser)
    }

    /// The same for samples from number `first` on.
    pub fn from_sample(&self, first: usize) -> Self {
        Self { first, ..self.clone() }
    }

    /// The classes that the network is told.
    fn told_classes(&self) -> &Classes {
        match self.guide {
            Some(ClassifierGuide { network_is_told: false, .. }) => &Classes::None,
            _ => &self.classes,
        }
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
    /// A classifier moves ε̂ by −σ w ∇ ln p(y | x_t), and x̂_0 with it, which then is not bounded again
    /// (Dhariwal & Nichol 2021, Eq. 14 and Algorithm 2).
    ///
    /// # Shapes
    /// `x`: `[batch, height, width, channels]`, all at the same level; so are all results.
    pub fn denoise(&self, x: Tensor<4>, level: NoiseLevel) -> Denoised {
        let (denoised, gradient) = self.denoise_apart(x.clone(), level);
        let Some(gradient) = gradient else { return denoised };
        let eps = denoised.eps - gradient.mul_scalar(level.sigma());
        let x0 = (x - eps.clone().mul_scalar(level.sigma())).div_scalar(level.alpha());
        Denoised { x0, eps, ..denoised }
    }

    /// As [`Denoiser::denoise`], with the classifier's w ∇ ln p(y | x_t) not yet in it, if there is one that counts.
    ///
    /// # Shapes
    /// As for [`Denoiser::denoise`].
    pub fn denoise_apart(&self, x: Tensor<4>, level: NoiseLevel) -> (Denoised, Option<Tensor<4>>) {
        let gradient = self.gradient(x.clone(), level);
        (self.denoise_alone(x, level), gradient)
    }

    /// w ∇ ln p(y | x_t) of the classifier.
    fn gradient(&self, x: Tensor<4>, level: NoiseLevel) -> Option<Tensor<4>> {
        let ClassifierGuide { classifier, .. } = self.guide?;
        let weight = self.guidance.weight_at(level, 0.0);
        if weight == 0.0 || level.is_data() {
            return None;
        }
        let samples = x.dims()[0];
        let classes = self.classes.of(self.first..self.first + samples)?;
        let timesteps = vec![level.t; samples];
        Some(classifier.log_probability_gradient(x, &timesteps, &classes).mul_scalar(weight))
    }

    /// The network's output for x, guided by itself.
    ///
    /// With and without classes are one batch. What is not a prediction, the variance, is that of the network with them.
    fn output(&self, x: Tensor<4>, level: NoiseLevel) -> Tensor<4> {
        let [samples, _, _, channels] = x.dims();
        let t = level.t.max(0.0);
        let forward = |x: Tensor<4>, classes: Option<&[usize]>| {
            let timesteps = vec![t; x.dims()[0]];
            self.network.forward(x, Conditioning::at(&timesteps).with_classes(classes), None)
        };
        let told = self.told_classes().of(self.first..self.first + samples);
        let weight = if self.guide.is_some() { 1.0 } else { self.guidance.weight_at(level, 1.0) };
        let (Some(mut classes), Some(null_class)) = (told.clone(), self.network.null_class()) else {
            return forward(x, told.as_deref());
        };
        if weight == 1.0 {
            return forward(x, Some(&classes));
        }
        if weight == 0.0 {
            return forward(x, None);
        }
        classes.extend(vec![null_class; samples]);
        let both = forward(Tensor::cat(vec![x.clone(), x], 0), Some(&classes));
        let (with, without) = (both.clone().narrow(0, 0, samples), both.narrow(0, samples, samples));
        let predicted = |output: &Tensor<4>| output.clone().narrow(3, 0, channels);
        let guided = self.guidance.combine(weight, predicted(&without), predicted(&with));
        match with.dims()[3] - channels {
            0 => guided,
            rest => Tensor::cat(vec![guided, with.narrow(3, channels, rest)], 3),
        }
    }

    /// What the network makes of x, without the classifier.
    fn denoise_alone(&self, x: Tensor<4>, level: NoiseLevel) -> Denoised {
        let table = &self.process.table;
        let output = self.output(x.clone(), level);
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
