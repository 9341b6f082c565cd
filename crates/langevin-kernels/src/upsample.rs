//! Nearest-neighbour upsampling by two.

use crate::columns::{TASK, read, write};
use crate::simd::{Kernel, Simd, dispatch};
use rayon::prelude::*;

/// `y[2i + p][2j + q] = x[i][j]` for p, q in 0..2: nearest-neighbour upsampling.
///
/// # Shapes
/// `x`: `[rows, width, channels]`, `y`: `[2 rows, 2 width, channels]`; the rows are those of all samples.
pub fn upsample_nearest_2x(x: &[f32], width: usize, channels: usize, y: &mut [f32]) {
    let row = upsampled(width, channels, x.len(), y.len());
    let least = TASK.div_ceil(4 * row);
    dispatch!(|s, _MR| {
        let rows = x.par_chunks(row).zip(y.par_chunks_mut(4 * row));
        rows.with_min_len(least).for_each(|(x, y)| s.vectorize(Upsample { x, channels, y }));
    });
}

/// The gradient of [`upsample_nearest_2x`]: dx is the sum of the four elements of dy that x was copied to.
///
/// # Shapes
/// As there, `dy` for y and `dx` for x.
pub fn upsample_nearest_2x_backward(dy: &[f32], width: usize, channels: usize, dx: &mut [f32]) {
    let row = upsampled(width, channels, dx.len(), dy.len());
    let least = TASK.div_ceil(4 * row);
    dispatch!(|s, _MR| {
        let rows = dx.par_chunks_mut(row).zip(dy.par_chunks(4 * row));
        rows.with_min_len(least).for_each(|(dx, dy)| s.vectorize(SumFours { dy, channels, dx }));
    });
}

/// Elements of a row of x.
fn upsampled(width: usize, channels: usize, x: usize, y: usize) -> usize {
    let row = width * channels;
    assert!(row > 0 && x.is_multiple_of(row), "{x} elements are no rows of {width} × {channels}");
    assert_eq!(y, 4 * x, "length of the upsampled");
    row
}

struct Upsample<'a> {
    x: &'a [f32],
    channels: usize,
    y: &'a mut [f32],
}

impl Kernel for Upsample<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let (upper, lower) = self.y.split_at_mut(2 * self.x.len());
        let pairs = upper.chunks_exact_mut(2 * self.channels).zip(lower.chunks_exact_mut(2 * self.channels));
        for (x, (upper, lower)) in self.x.chunks_exact(self.channels).zip(pairs) {
            let mut c = 0;
            while c < self.channels {
                let count = S::LANES.min(self.channels - c);
                // SAFETY: c + count ≤ channels, and a pair is 2 · channels long.
                unsafe {
                    let v = read(s, x.as_ptr().add(c), count);
                    for row in [upper.as_mut_ptr(), lower.as_mut_ptr()] {
                        write(s, row.add(c), v, count);
                        write(s, row.add(self.channels + c), v, count);
                    }
                }
                c += count;
            }
        }
    }
}

struct SumFours<'a> {
    dy: &'a [f32],
    channels: usize,
    dx: &'a mut [f32],
}

impl Kernel for SumFours<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let channels = self.channels;
        let (upper, lower) = self.dy.split_at(2 * self.dx.len());
        let pairs = upper.chunks_exact(2 * channels).zip(lower.chunks_exact(2 * channels));
        for (dx, (upper, lower)) in self.dx.chunks_exact_mut(channels).zip(pairs) {
            let mut c = 0;
            while c < channels {
                let count = S::LANES.min(channels - c);
                // SAFETY: c + count ≤ channels, and a pair is 2 · channels long.
                unsafe {
                    let (a, b) = (upper.as_ptr().add(c), lower.as_ptr().add(c));
                    let above = s.add(read(s, a, count), read(s, a.add(channels), count));
                    let below = s.add(read(s, b, count), read(s, b.add(channels), count));
                    write(s, dx.as_mut_ptr().add(c), s.add(above, below), count);
                }
                c += count;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::{Isa, with_isa};
    use crate::testing::{error, same_on_all_pools, values};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn each_element_becomes_four_and_its_gradient_their_sum(
            rows in 1usize..7, width in 1usize..7, channels in 1usize..40, seed: u64
        ) {
            let (x, dy) = (values(seed, rows * width * channels), values(seed ^ 1, 4 * rows * width * channels));
            for isa in Isa::available() {
                let (mut y, mut dx) = (vec![f32::NAN; dy.len()], vec![f32::NAN; x.len()]);
                with_isa(isa, || {
                    upsample_nearest_2x(&x, width, channels, &mut y);
                    upsample_nearest_2x_backward(&dy, width, channels, &mut dx);
                });
                let mut expected = vec![0.0f64; x.len()];
                for (at, y) in y.iter().enumerate() {
                    let (row, column, c) = (at / (2 * width * channels), at / channels % (2 * width), at % channels);
                    let from = (row / 2 * width + column / 2) * channels + c;
                    prop_assert_eq!(*y, x[from]);
                    expected[from] += f64::from(dy[at]);
                }
                prop_assert!(error(&dx, &expected) < 1e-6);
            }
        }
    }

    #[test]
    fn threads_change_nothing() {
        let (width, channels) = (19, 37);
        let x = values(1, 64 * width * channels);
        same_on_all_pools(|| {
            let (mut y, mut dx) = (vec![0.0; 4 * x.len()], vec![0.0; x.len()]);
            upsample_nearest_2x(&x, width, channels, &mut y);
            upsample_nearest_2x_backward(&y, width, channels, &mut dx);
            assert!(x.iter().zip(&dx).all(|(x, dx)| 4.0 * x == *dx));
            vec![y, dx]
        });
    }
}
