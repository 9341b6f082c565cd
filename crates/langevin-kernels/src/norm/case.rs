//! Cases of normalisation for the tests, and their definition in f64.

use super::{GroupNorm, GroupNormGradients, Modulation, group_norm, group_norm_backward};
use crate::testing::{values, wide};

/// The shape, the parameters and the input of a group normalisation, and the gradient of its output.
#[derive(Clone)]
pub(super) struct Case {
    pub(super) shape: [usize; 4],
    pub(super) weight: Vec<f32>,
    pub(super) bias: Vec<f32>,
    pub(super) modulation: Option<[Vec<f32>; 2]>,
    pub(super) silu: bool,
    pub(super) x: Vec<f32>,
    pub(super) dy: Vec<f32>,
    pub(super) residual: Option<Vec<f32>>,
}

/// What the kernels give for a case.
pub(super) struct Outcome {
    pub(super) y: Vec<f32>,
    pub(super) stats: Vec<f32>,
    pub(super) dx: Vec<f32>,
    pub(super) dweight: Vec<f32>,
    pub(super) dbias: Vec<f32>,
    pub(super) modulation: Option<[Vec<f32>; 2]>,
}

pub(super) const EPSILON: f32 = 1e-5;

impl Case {
    /// `shape`: batch, positions, groups, channels of a group. `flags`: modulation, SiLU, residual.
    pub(super) fn new(seed: u64, shape: [usize; 4], flags: [bool; 3]) -> Self {
        let [batch, positions, groups, size] = shape;
        let channels = groups * size;
        let of = |k: u64, len: usize| values(seed.wrapping_add(k << 20), len);
        let x = of(0, batch * positions * channels);
        Self {
            shape,
            weight: of(1, channels),
            bias: of(2, channels),
            modulation: flags[0].then(|| [of(3, batch * channels), of(4, batch * channels)]),
            silu: flags[1],
            dy: of(5, x.len()),
            residual: flags[2].then(|| of(6, x.len())),
            // Unlike channels, so that a group's mean is not that of each of its channels.
            x: x.iter().enumerate().map(|(i, x)| x * 0.7 + (i % channels % 5) as f32 * 0.3 - 0.2).collect(),
        }
    }

    pub(super) fn layer(&self) -> GroupNorm<'_> {
        let [batch, positions, groups, size] = self.shape;
        let channels = groups * size;
        let modulation = self.modulation.as_ref().map(|[scale, shift]| Modulation { scale, shift });
        let Self { weight, bias, silu, .. } = self;
        GroupNorm {
            batch,
            positions,
            channels,
            groups,
            weight,
            bias,
            epsilon: EPSILON,
            modulation,
            silu: *silu,
        }
    }

    pub(super) fn run(&self) -> Outcome {
        let layer = self.layer();
        let blank = |len: usize| vec![f32::NAN; len];
        let (len, channels) = (self.x.len(), layer.channels);
        let (mut y, mut stats, mut dx) = (blank(len), blank(layer.batch * layer.groups * 2), blank(len));
        let (mut dweight, mut dbias) = (blank(channels), blank(channels));
        let mut modulation = self.modulation.as_ref().map(|m| [blank(m[0].len()), blank(m[0].len())]);
        group_norm(&layer, &self.x, &mut y, &mut stats);
        let gradients = GroupNormGradients {
            dx: &mut dx,
            dweight: &mut dweight,
            dbias: &mut dbias,
            modulation: modulation.as_mut().map(|[dscale, dshift]| [&mut dscale[..], &mut dshift[..]]),
        };
        group_norm_backward(&layer, &self.x, &stats, &self.dy, self.residual.as_deref(), gradients);
        Outcome { y, stats, dx, dweight, dbias, modulation }
    }

    /// All that the output depends on, one after the other: x, weight, bias, and scale and shift if there are.
    pub(super) fn variables(&self) -> Vec<f64> {
        let modulation = self.modulation.iter().flatten();
        [&self.x, &self.weight, &self.bias].into_iter().chain(modulation).flat_map(|v| wide(v)).collect()
    }

    /// Mean and 1 / √(σ² + ε) of sample `n` and group `g`, for `variables` laid out as above.
    pub(super) fn statistics(&self, variables: &[f64], n: usize, g: usize) -> (f64, f64) {
        let [_, positions, groups, size] = self.shape;
        let channels = groups * size;
        let at = |p: usize, c: usize| variables[(n * positions + p) * channels + g * size + c];
        let all = || (0..positions).flat_map(|p| (0..size).map(move |c| (p, c)));
        let count = (positions * size) as f64;
        let mean = all().map(|(p, c)| at(p, c)).sum::<f64>() / count;
        let variance = all().map(|(p, c)| (at(p, c) - mean).powi(2)).sum::<f64>() / count;
        (mean, 1.0 / (variance + f64::from(EPSILON)).sqrt())
    }

    /// y by its definition.
    pub(super) fn output(&self, variables: &[f64]) -> Vec<f64> {
        let [batch, positions, groups, size] = self.shape;
        let channels = groups * size;
        let after_x = &variables[batch * positions * channels..];
        let mut y = Vec::new();
        for n in 0..batch {
            let stats: Vec<_> = (0..groups).map(|g| self.statistics(variables, n, g)).collect();
            for p in 0..positions {
                for c in 0..channels {
                    let (mean, inverse) = stats[c / size];
                    let normal = (variables[(n * positions + p) * channels + c] - mean) * inverse;
                    let mut u = after_x[c] * normal + after_x[channels + c];
                    if self.modulation.is_some() {
                        let modulation = &after_x[2 * channels..];
                        u = u * (1.0 + modulation[n * channels + c])
                            + modulation[batch * channels + n * channels + c];
                    }
                    y.push(if self.silu { u / (1.0 + (-u).exp()) } else { u });
                }
            }
        }
        y
    }

    /// Σ dy y, whose gradient is that which the backward pass computes; with the residual, + Σ residual x.
    pub(super) fn loss(&self, variables: &[f64]) -> f64 {
        let of = |a: &[f32], b: &[f64]| -> f64 { a.iter().zip(b).map(|(a, b)| f64::from(*a) * b).sum() };
        of(&self.dy, &self.output(variables)) + self.residual.as_ref().map_or(0.0, |r| of(r, variables))
    }

    /// The slope of the loss along `direction`, by the central difference of fourth order.
    pub(super) fn slope(&self, variables: &[f64], direction: &[(usize, f64)], step: f64) -> f64 {
        let at = |h: f64| {
            let mut moved = variables.to_vec();
            direction.iter().for_each(|(i, d)| moved[*i] += h * d);
            self.loss(&moved)
        };
        (8.0 * (at(step) - at(-step)) - (at(2.0 * step) - at(-2.0 * step))) / (12.0 * step)
    }
}

impl Outcome {
    /// The gradients in the order of [`Case::variables`].
    pub(super) fn gradients(&self) -> Vec<&[f32]> {
        let modulation = self.modulation.iter().flatten();
        [&self.dx, &self.dweight, &self.dbias].into_iter().chain(modulation).map(|v| &v[..]).collect()
    }
}
