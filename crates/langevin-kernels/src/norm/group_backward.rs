//! GroupNorm, backward.

use super::GroupNorm;
use super::passes::{FirstPass, SecondPass};
use super::rows::Cut;
use crate::scratch::Scratch;
use crate::simd::{Kernel, Simd, dispatch};
use rayon::prelude::*;

/// Where the gradients of a [`GroupNorm`] are written.
#[derive(Debug)]
pub struct GroupNormGradients<'a> {
    /// Of x, `[batch, positions, channels]`.
    pub dx: &'a mut [f32],
    /// Of γ, `[channels]`.
    pub dweight: &'a mut [f32],
    /// Of β, `[channels]`.
    pub dbias: &'a mut [f32],
    /// Of scale and shift, `[batch, channels]` each; present exactly if the layer is modulated.
    pub modulation: Option<[&'a mut [f32]; 2]>,
}

/// Writes the gradients, given that of y. `stats` are those that the forward pass wrote; all else is computed anew
/// from x.
///
/// With g = dy · act′(u) at the activation's argument u, x̂ the normalised x, γ′ = γ (1 + scale) and m elements in a
/// group:
///
/// ```text
/// dx = (γ′ g − Σ γ′ g / m − x̂ Σ γ′ g x̂ / m) / √(σ² + ε) + residual
/// ```
///
/// (the sums over the sample's group, as Ioffe & Szegedy 2015, Section 3, have them over a batch). `residual` is a
/// gradient that reaches x by another way.
///
/// # Shapes
/// `x`, `dy`, `residual`: `[batch, positions, channels]`; `stats`: `[batch, groups, 2]`.
pub fn group_norm_backward(
    layer: &GroupNorm,
    x: &[f32],
    stats: &[f32],
    dy: &[f32],
    residual: Option<&[f32]>,
    gradients: GroupNormGradients,
) {
    let GroupNormGradients { dx, dweight, dbias, modulation } = gradients;
    layer.check(&[x, dy, dx, residual.unwrap_or(x)], stats);
    assert_eq!(dweight.len(), layer.channels, "length of the weight's gradient");
    assert_eq!(dbias.len(), layer.channels, "length of the bias' gradient");
    let expected = layer.modulation.map(|m| [m.scale.len(), m.shift.len()]);
    let given = modulation.as_ref().map(|[dscale, dshift]| [dscale.len(), dshift.len()]);
    assert_eq!(given, expected, "lengths of the gradients of the modulation");

    let mut sums = Scratch::new(layer.batch * 2 * layer.channels);
    dispatch!(|s, _MR| {
        backward(s, layer, [x, stats, dy], residual, dx, &mut sums);
        s.vectorize(Parameters { layer, sums: &sums, dweight, dbias, modulation });
    });
}

/// Writes dx, and Σ g and Σ g x̂ over the positions to `sums`, `[batch, 2, channels]`.
fn backward<S: Simd>(
    s: S,
    layer: &GroupNorm,
    [x, stats, dy]: [&[f32]; 3],
    residual: Option<&[f32]>,
    dx: &mut [f32],
    sums: &mut [f32],
) {
    let cut = Cut::new(layer);
    let (samples, runs) = cut.least_tasks(layer);
    let (sample, two) = (layer.sample(), 2 * layer.channels);
    let outputs = dx.par_chunks_mut(sample).zip(sums.par_chunks_mut(two)).enumerate();
    outputs.with_min_len(samples).for_each(|(n, (dx, sums))| {
        let (x, dy) = (&x[n * sample..][..sample], &dy[n * sample..][..sample]);
        let residual = residual.map(|all| &all[n * sample..][..sample]);
        let stats = &stats[n * 2 * layer.groups..][..2 * layer.groups];

        let mut rows = Scratch::new(4 * cut.width);
        s.vectorize(ArgumentRows { layer, cut, n, stats, rows: &mut rows });
        let mut parts = Scratch::new(cut.runs * two);
        let argument = &rows[..3 * cut.width];
        let inputs = x.par_chunks(cut.run).zip(dy.par_chunks(cut.run));
        let outputs = dx.par_chunks_mut(cut.run).zip(parts.par_chunks_mut(two));
        inputs.zip(outputs).with_min_len(runs).for_each(|((x, dy), (g, sums))| {
            s.vectorize(FirstPass { cut, rows: argument, silu: layer.silu, x, dy, g, sums });
        });
        s.vectorize(Combine { layer, cut, n, parts: &parts, stats, sums, rows: &mut rows });
        let rows = &rows[..];
        let inputs = x.par_chunks(cut.run).zip(dy.par_chunks(cut.run));
        let outputs = dx.par_chunks_mut(cut.run).enumerate();
        inputs.zip(outputs).with_min_len(runs).for_each(|((x, dy), (k, dx))| {
            let residual = residual.map(|residual| &residual[k * cut.run..][..dx.len()]);
            let dy = if layer.silu { None } else { Some(dy) };
            s.vectorize(SecondPass { cut, rows, x, dy, residual, dx });
        });
    });
}

struct ArgumentRows<'a> {
    layer: &'a GroupNorm<'a>,
    cut: Cut,
    n: usize,
    stats: &'a [f32],
    rows: &'a mut [f32],
}

impl Kernel for ArgumentRows<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _s: S) {
        self.layer.argument_rows(&self.cut, self.n, self.stats, self.rows);
    }
}

/// Adds up the sums of the runs, and makes of them the rows of the second pass: centre, slope, pull and rest, with
/// dx = g · slope + (x − centre) · pull + rest.
struct Combine<'a> {
    layer: &'a GroupNorm<'a>,
    cut: Cut,
    n: usize,
    parts: &'a [f32],
    stats: &'a [f32],
    sums: &'a mut [f32],
    rows: &'a mut [f32],
}

impl Kernel for Combine<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _s: S) {
        let Self { layer, cut, n, parts, stats, sums, rows } = self;
        let (channels, size) = (layer.channels, layer.channels / layer.groups);
        for (c, sum) in sums.iter_mut().enumerate() {
            *sum = parts.iter().skip(c).step_by(2 * channels).map(|v| f64::from(*v)).sum::<f64>() as f32;
        }
        let (of_g, of_product) = sums.split_at_mut(channels);
        // The centre is the first pass's.
        let mut rest = rows.chunks_exact_mut(cut.width).skip(1);
        let [Some(slope), Some(pull), Some(rest)] = [rest.next(), rest.next(), rest.next()] else {
            unreachable!("there are four rows");
        };
        layer.gain_and_lift(n, &mut slope[..channels], &mut pull[..channels]);
        for (g, of_group) in stats.as_chunks::<2>().0.iter().enumerate() {
            let group = g * size..(g + 1) * size;
            let inverse = of_group[1];
            let (mut a, mut b) = (0.0, 0.0);
            for c in group.clone() {
                of_product[c] *= inverse;
                a += f64::from(slope[c]) * f64::from(of_g[c]);
                b += f64::from(slope[c]) * f64::from(of_product[c]);
                slope[c] *= inverse;
            }
            let factor = -f64::from(inverse) / (layer.positions * size) as f64;
            pull[group.clone()].fill((factor * f64::from(inverse) * b) as f32);
            rest[group].fill((factor * a) as f32);
        }
        for row in [slope, pull, rest] {
            cut.repeat(row);
        }
    }
}

/// The gradients of the parameters and of the modulation, from Σ g and Σ g x̂ of each sample.
struct Parameters<'a> {
    layer: &'a GroupNorm<'a>,
    sums: &'a [f32],
    dweight: &'a mut [f32],
    dbias: &'a mut [f32],
    modulation: Option<[&'a mut [f32]; 2]>,
}

impl Kernel for Parameters<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _s: S) {
        let Self { layer, sums, dweight, dbias, modulation } = self;
        let channels = layer.channels;
        let samples = || sums.chunks_exact(2 * channels).map(|sums| sums.split_at(channels));
        let scale = |n: usize, c: usize| layer.modulation.map_or(0.0, |m| m.scale[n * channels + c]);
        for c in 0..channels {
            let (mut weight, mut bias) = (0.0, 0.0);
            for (n, (of_g, of_product)) in samples().enumerate() {
                let factor = 1.0 + f64::from(scale(n, c));
                weight += factor * f64::from(of_product[c]);
                bias += factor * f64::from(of_g[c]);
            }
            dweight[c] = weight as f32;
            dbias[c] = bias as f32;
        }
        if let Some([dscale, dshift]) = modulation {
            let outputs = dscale.chunks_exact_mut(channels).zip(dshift.chunks_exact_mut(channels));
            for ((of_g, of_product), (dscale, dshift)) in samples().zip(outputs) {
                dshift.copy_from_slice(of_g);
                for (c, dscale) in dscale.iter_mut().enumerate() {
                    *dscale = layer.weight[c] * of_product[c] + layer.bias[c] * of_g[c];
                }
            }
        }
    }
}
