//! Ancestral sampling, Algorithm 2 of Ho et al. 2020.

use super::solver::{Solver, Step, mix};
use burn::tensor::Tensor;
use langevin_math::{Transition, Variance};

/// x_to = μ̃(x, x̂_0) + σ z, z = 0 at the last step (Ho et al. 2020, Eqs. 7 and 11).
///
/// Written with x̂_0 rather than ε̂, so that a bounded x̂_0 is what the step uses; unbounded, the two are equal.
/// Between two timesteps that are not neighbours, β and β̃ are those of a process that visits only them
/// (Nichol & Dhariwal 2021, Eq. 19).
#[derive(Clone, Copy, Debug)]
pub struct Ddpm {
    /// σ² of the steps: β, β̃, or what the network says.
    pub variance: Variance,
    /// Whether noise is added at the last step too, as some programs do unless it begins at timestep 0.
    pub noise_at_last: bool,
}

impl Ddpm {
    /// Algorithm 2 with the variance that the model was trained for.
    pub fn new(variance: Variance) -> Self {
        Self { variance, noise_at_last: false }
    }
}

/// The smallest β̃: towards the data it is 0, and its logarithm must not be infinite.
const MIN_VARIANCE: f64 = 1e-20;

impl Solver for Ddpm {
    fn step(&mut self, step: &mut Step) -> Tensor<4> {
        let (denoised, gradient) = step.denoise_apart();
        let levels = step.levels;
        let (of_x0, of_x) = levels.posterior_mean_coefficients();
        let mean = mix(of_x0, denoised.x0, of_x, step.x.clone());
        let deviation = Deviation::of(self.variance, levels, denoised.variance);
        // A classifier moves the mean by the variance times its pull    (Dhariwal & Nichol 2021, Algorithm 1)
        let mean = match gradient {
            Some(gradient) => mean + deviation.times(deviation.times(gradient)),
            None => mean,
        };
        if levels.to.is_data() && !(self.noise_at_last && levels.from.t > 0.0) {
            return mean;
        }
        mean + deviation.times(step.noise())
    }
}

/// σ, the same for all elements or learned for each.
#[allow(clippy::large_enum_variant)]
enum Deviation {
    Fixed(f64),
    Learned(Tensor<4>),
}

impl Deviation {
    fn of(variance: Variance, levels: Transition, learned: Option<Tensor<4>>) -> Self {
        let (large, small) = (levels.beta(), levels.posterior_variance().max(MIN_VARIANCE));
        match (variance, learned) {
            (Variance::FixedLarge, _) => Self::Fixed(large.sqrt()),
            // σ = exp((v ln β + (1 − v) ln β̃) / 2)    (Nichol & Dhariwal 2021, Eq. 15)
            (Variance::Learned, Some(v)) => {
                let log = v.mul_scalar(0.5 * (large.ln() - small.ln())).add_scalar(0.5 * small.ln());
                Self::Learned(log.exp())
            }
            (Variance::FixedSmall | Variance::Learned, _) => Self::Fixed(small.sqrt()),
        }
    }

    fn times(&self, z: Tensor<4>) -> Tensor<4> {
        match self {
            Self::Fixed(sigma) => z.mul_scalar(*sigma),
            Self::Learned(sigma) => sigma.clone() * z,
        }
    }
}
