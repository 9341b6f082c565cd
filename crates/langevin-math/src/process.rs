//! The forward process of T timesteps: every coefficient that β determines.

use crate::error::MathError;
use crate::schedule::{check_betas, check_count};

/// The lowest ln ᾱ accepted: below it 1/ᾱ is no longer a finite f64.
const MIN_LOG_ALPHA_BAR: f64 = -700.0;

/// The coefficients of a diffusion process, by 0-based timestep: index t is the papers' t + 1.
///
/// What is stored is β, ln α = ln(1 − β) and ln ᾱ, the compensated sum of ln α. Then ᾱ = exp(ln ᾱ) agrees
/// with the product of the α to within its rounding (1e-14 relative), and 1 − ᾱ = −expm1(ln ᾱ) keeps all its
/// digits at small t, where subtracting ᾱ from 1 would lose them.
///
/// Every method that takes a timestep panics if it is not below [`len`](Self::len).
///
/// ```
/// use langevin_math::{DiffusionTable, Schedule};
///
/// let table = DiffusionTable::new(Schedule::default().betas(1000)?)?;
/// assert!((table.alpha_bar(999) - 4.0358e-5).abs() < 1e-9);
/// # Ok::<(), langevin_math::MathError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct DiffusionTable {
    betas: Vec<f64>,
    log_alphas: Vec<f64>,
    log_alpha_bars: Vec<f64>,
}

#[expect(clippy::len_without_is_empty, reason = "a table has at least one timestep")]
impl DiffusionTable {
    /// The table of the process whose β are `betas`.
    ///
    /// # Errors
    /// If there are no betas or more than [`MAX_TIMESTEPS`](crate::MAX_TIMESTEPS), one is not in (0, 1), or ᾱ
    /// falls below e⁻⁷⁰⁰.
    pub fn new(betas: Vec<f64>) -> Result<Self, MathError> {
        check_count(betas.len())?;
        check_betas(&betas)?;
        let log_alphas: Vec<f64> = betas.iter().map(|beta| (-beta).ln_1p()).collect();
        let log_alpha_bars = cumulative_sum(&log_alphas);
        if let Some(timestep) = log_alpha_bars.iter().position(|&log| log < MIN_LOG_ALPHA_BAR) {
            let log_alpha_bar = log_alpha_bars[timestep];
            return Err(MathError::NoSignalLeft { timestep, log_alpha_bar, min: MIN_LOG_ALPHA_BAR });
        }
        Ok(Self { betas, log_alphas, log_alpha_bars })
    }

    /// The number of timesteps T, at least 1.
    pub fn len(&self) -> usize {
        self.betas.len()
    }

    /// β_t, the variance that step t adds    (H2)
    pub fn beta(&self, t: usize) -> f64 {
        self.betas[t]
    }

    /// α_t = 1 − β_t
    pub fn alpha(&self, t: usize) -> f64 {
        self.log_alphas[t].exp()
    }

    /// ln α_t
    pub fn log_alpha(&self, t: usize) -> f64 {
        self.log_alphas[t]
    }

    /// ᾱ_t = ∏_{s≤t} α_s    (H4)
    pub fn alpha_bar(&self, t: usize) -> f64 {
        self.log_alpha_bars[t].exp()
    }

    /// ln ᾱ_t
    pub fn log_alpha_bar(&self, t: usize) -> f64 {
        self.log_alpha_bars[t]
    }

    /// ᾱ_{t−1}, which is 1 at t = 0: the data itself.
    pub fn alpha_bar_prev(&self, t: usize) -> f64 {
        self.log_alpha_bar_prev(t).exp()
    }

    /// 1 − ᾱ_t, the variance of x_t given x_0.
    pub fn one_minus_alpha_bar(&self, t: usize) -> f64 {
        // After the first step this is β itself, to the last bit.
        if t == 0 { self.betas[0] } else { -self.log_alpha_bars[t].exp_m1() }
    }

    /// 1 − ᾱ_{t−1}, which is 0 at t = 0.
    pub fn one_minus_alpha_bar_prev(&self, t: usize) -> f64 {
        if t == 0 { 0.0 } else { self.one_minus_alpha_bar(t - 1) }
    }

    /// √ᾱ_t, the coefficient of x_0 in x_t = √ᾱ_t x_0 + √(1−ᾱ_t) ε    (H4)
    pub fn sqrt_alpha_bar(&self, t: usize) -> f64 {
        (0.5 * self.log_alpha_bars[t]).exp()
    }

    /// √(1−ᾱ_t), the coefficient of ε in x_t = √ᾱ_t x_0 + √(1−ᾱ_t) ε    (H4)
    pub fn sqrt_one_minus_alpha_bar(&self, t: usize) -> f64 {
        self.one_minus_alpha_bar(t).sqrt()
    }

    /// The coefficients (of x_{t−1}, of fresh noise) of one step: (√(1−β_t), √β_t)    (H2)
    pub fn step_coefficients(&self, t: usize) -> (f64, f64) {
        ((0.5 * self.log_alphas[t]).exp(), self.betas[t].sqrt())
    }

    /// β̃_t = (1−ᾱ_{t−1})/(1−ᾱ_t) · β_t, the variance of q(x_{t−1} | x_t, x_0); 0 at t = 0    (H7)
    pub fn posterior_variance(&self, t: usize) -> f64 {
        self.betas[t] * (self.one_minus_alpha_bar_prev(t) / self.one_minus_alpha_bar(t))
    }

    /// ln β̃_t, except that t = 0, where β̃ is 0, gets the value of index 1.
    ///
    /// A process of a single timestep has no index 1: there it is ln β_0.
    pub fn posterior_log_variance_clipped(&self, t: usize) -> f64 {
        match (t, self.len()) {
            (0, 1) => self.betas[0].ln(),
            (0, _) => self.posterior_variance(1).ln(),
            _ => self.posterior_variance(t).ln(),
        }
    }

    /// The coefficients (of x_0, of x_t) of the mean of q(x_{t−1} | x_t, x_0); (1, 0) at t = 0:
    ///
    /// μ̃_t = √ᾱ_{t−1} β_t/(1−ᾱ_t) · x_0 + √α_t (1−ᾱ_{t−1})/(1−ᾱ_t) · x_t    (H7)
    pub fn posterior_mean_coefficients(&self, t: usize) -> (f64, f64) {
        let variance = self.one_minus_alpha_bar(t);
        let of_x0 = (0.5 * self.log_alpha_bar_prev(t)).exp() * (self.betas[t] / variance);
        let of_xt = (0.5 * self.log_alphas[t]).exp() * (self.one_minus_alpha_bar_prev(t) / variance);
        (of_x0, of_xt)
    }

    /// The signal-to-noise ratio ᾱ_t/(1−ᾱ_t).
    pub fn snr(&self, t: usize) -> f64 {
        self.alpha_bar(t) / self.one_minus_alpha_bar(t)
    }

    /// ln(ᾱ_t/(1−ᾱ_t)), in nats.
    pub fn log_snr(&self, t: usize) -> f64 {
        self.log_alpha_bars[t] - self.one_minus_alpha_bar(t).ln()
    }

    fn log_alpha_bar_prev(&self, t: usize) -> f64 {
        if t == 0 { 0.0 } else { self.log_alpha_bars[t - 1] }
    }
}

/// The running sums of `terms`, all of one sign, with Kahan's compensation.
fn cumulative_sum(terms: &[f64]) -> Vec<f64> {
    let (mut sum, mut lost) = (0.0, 0.0);
    terms
        .iter()
        .map(|term| {
            let corrected = term - lost;
            let next = sum + corrected;
            lost = (next - sum) - corrected;
            sum = next;
            sum
        })
        .collect()
}

#[cfg(test)]
mod tests;
