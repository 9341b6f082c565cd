//! LayerNorm, backward.

use super::LayerNorm;
use crate::columns::{Cells, Place, read, row_sums, walk, write};
use crate::scratch::Scratch;
use crate::simd::{Kernel, Simd, dispatch};
use rayon::prelude::*;

/// Writes dx, dγ and dβ, given the gradient of y and the statistics that the forward pass wrote:
/// dx = (γ dy − mean(γ dy) − x̂ mean(γ dy x̂)) / √(σ² + ε) + residual, the means over the row, x̂ the normalised x.
/// `residual` is a gradient that reaches x by another way.
///
/// # Shapes
/// `x`, `dy`, `dx`, `residual`: `[rows, channels]`; `dweight`, `dbias`: `[channels]`.
#[expect(clippy::too_many_arguments)]
pub fn layer_norm_backward(
    layer: &LayerNorm,
    x: &[f32],
    stats: &[f32],
    dy: &[f32],
    residual: Option<&[f32]>,
    dx: &mut [f32],
    dweight: &mut [f32],
    dbias: &mut [f32],
) {
    layer.check(&[x, dy, dx, residual.unwrap_or(x)], stats);
    let channels = layer.channels;
    assert_eq!(dweight.len(), channels, "length of the weight's gradient");
    assert_eq!(dbias.len(), channels, "length of the bias' gradient");
    let run = layer.run();
    let len = run * channels;
    let mut sums = Scratch::new(x.len().div_ceil(len) * 2 * channels);
    dispatch!(|s, _MR| {
        let outputs = dx.par_chunks_mut(len).zip(sums.par_chunks_mut(2 * channels)).enumerate();
        x.par_chunks(len).zip(dy.par_chunks(len)).zip(outputs).for_each(|((x, dy), (k, (dx, sums)))| {
            let stats = &stats[2 * k * run..][..2 * dx.len() / channels];
            let residual = residual.map(|residual| &residual[k * len..][..dx.len()]);
            s.vectorize(Backward { layer, x, dy, residual, stats, dx, sums });
        });
    });
    let total =
        |c: usize| sums.iter().skip(c).step_by(2 * channels).map(|v| f64::from(*v)).sum::<f64>() as f32;
    for c in 0..channels {
        dbias[c] = total(c);
        dweight[c] = total(channels + c);
    }
}

struct Backward<'a> {
    layer: &'a LayerNorm<'a>,
    x: &'a [f32],
    dy: &'a [f32],
    residual: Option<&'a [f32]>,
    stats: &'a [f32],
    dx: &'a mut [f32],
    sums: &'a mut [f32],
}

impl Kernel for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Self { layer, x, dy, residual, stats, dx, sums } = self;
        let width = layer.channels;
        let stats = stats.as_chunks::<2>().0;
        let mut means = Scratch::new(2 * stats.len());
        let products =
            Products { x: x.as_ptr(), dy: dy.as_ptr(), weight: layer.weight.as_ptr(), stats: stats.as_ptr() };
        for (row, means) in means.as_chunks_mut::<2>().0.iter_mut().enumerate() {
            // SAFETY: x and dy have as many rows as the statistics.
            *means = unsafe { row_sums(s, products, row, width) }.map(|sum| sum / width as f32);
        }
        let residual = residual.map_or(std::ptr::null(), <[f32]>::as_ptr);
        let gradient = Gradient { products, means: means.as_ptr(), residual, dx: dx.as_mut_ptr() };
        sums.fill(0.0);
        // SAFETY: x, dy, dx and a residual are of one length, and each row has its statistics and means.
        unsafe { walk(s, gradient, x.len(), width, sums) };
    }
}

#[derive(Clone, Copy)]
struct Products {
    x: *const f32,
    dy: *const f32,
    weight: *const f32,
    stats: *const [f32; 2],
}

impl Products {
    /// dy, x̂ and γ dy.
    ///
    /// # Safety
    /// As for `terms`.
    #[inline(always)]
    unsafe fn of<S: Simd>(self, s: S, Place { row, column, at, count }: Place) -> [S::V; 3] {
        // SAFETY: the caller's promise.
        unsafe {
            let [mean, inverse] = *self.stats.add(row);
            let normal = s.mul(s.sub(read(s, self.x.add(at), count), s.splat(mean)), s.splat(inverse));
            let dy = read(s, self.dy.add(at), count);
            [dy, normal, s.mul(dy, read(s, self.weight.add(column), count))]
        }
    }
}

impl Cells<2> for Products {
    #[inline(always)]
    unsafe fn terms<S: Simd>(self, s: S, place: Place) -> [S::V; 2] {
        // SAFETY: the caller's promise.
        let [_, normal, slope] = unsafe { self.of(s, place) };
        [slope, s.mul(slope, normal)]
    }
}

/// Writes dx, and gives dy and dy x̂, whose sums are those of the parameters.
#[derive(Clone, Copy)]
struct Gradient {
    products: Products,
    means: *const f32,
    residual: *const f32,
    dx: *mut f32,
}

impl Cells<2> for Gradient {
    #[inline(always)]
    unsafe fn terms<S: Simd>(self, s: S, place: Place) -> [S::V; 2] {
        let Place { row, at, count, .. } = place;
        // SAFETY: the caller's promise.
        unsafe {
            let [dy, normal, slope] = self.products.of(s, place);
            let inverse = (*self.products.stats.add(row))[1];
            let (a, b) = (*self.means.add(2 * row), *self.means.add(2 * row + 1));
            let centred = s.sub(slope, s.mul_add(normal, s.splat(b), s.splat(a)));
            let mut dx = s.mul(centred, s.splat(inverse));
            if !self.residual.is_null() {
                dx = s.add(dx, read(s, self.residual.add(at), count));
            }
            write(s, self.dx.add(at), dx, count);
            [dy, s.mul(dy, normal)]
        }
    }
}
