//! The transforms of one tile, for as many channels as a vector holds.

use crate::simd::Simd;

/// Bᵀ d for one column of six.
#[inline(always)]
fn input_line<S: Simd>(s: S, d: [S::V; 6]) -> [S::V; 6] {
    let (two, four, five) = (s.splat(2.0), s.splat(4.0), s.splat(-5.0));
    let even = s.mul_add(s.splat(-4.0), d[2], d[4]);
    let odd = s.mul_add(s.splat(-4.0), d[1], d[3]);
    let outer = s.sub(d[4], d[2]);
    let inner = s.mul(two, s.sub(d[3], d[1]));
    [
        s.mul_add(four, d[0], s.mul_add(five, d[2], d[4])),
        s.add(even, odd),
        s.sub(even, odd),
        s.add(outer, inner),
        s.sub(outer, inner),
        s.mul_add(four, d[1], s.mul_add(five, d[3], d[5])),
    ]
}

/// Aᵀ m for one column of six.
#[inline(always)]
fn output_line<S: Simd>(s: S, m: [S::V; 6]) -> [S::V; 4] {
    let (two, four, eight) = (s.splat(2.0), s.splat(4.0), s.splat(8.0));
    let (sum1, difference1) = (s.add(m[1], m[2]), s.sub(m[1], m[2]));
    let (sum2, difference2) = (s.add(m[3], m[4]), s.sub(m[3], m[4]));
    [
        s.add(m[0], s.add(sum1, sum2)),
        s.mul_add(two, difference2, difference1),
        s.mul_add(four, sum2, sum1),
        s.add(s.mul_add(eight, difference2, difference1), m[5]),
    ]
}

/// A dy for one column of four: the transpose of [`output_line`].
#[inline(always)]
fn gradient_line<S: Simd>(s: S, d: [S::V; 4]) -> [S::V; 6] {
    let (two, four, eight) = (s.splat(2.0), s.splat(4.0), s.splat(8.0));
    let (even1, odd1) = (s.add(d[0], d[2]), s.add(d[1], d[3]));
    let even2 = s.mul_add(four, d[2], d[0]);
    let odd2 = s.mul_add(eight, d[3], s.mul(two, d[1]));
    [d[0], s.add(even1, odd1), s.sub(even1, odd1), s.add(even2, odd2), s.sub(even2, odd2), d[3]]
}

/// G g for one column of three.
#[inline(always)]
fn kernel_line<S: Simd>(s: S, g: [S::V; 3]) -> [S::V; 6] {
    let (sixth, twelfth) = (s.splat(-1.0 / 6.0), s.splat(1.0 / 12.0));
    let outer1 = s.mul(sixth, s.add(g[0], g[2]));
    let inner1 = s.mul(sixth, g[1]);
    let outer2 = s.mul_add(s.splat(1.0 / 24.0), g[0], s.mul(s.splat(1.0 / 6.0), g[2]));
    let inner2 = s.mul(twelfth, g[1]);
    [
        s.mul(s.splat(0.25), g[0]),
        s.add(outer1, inner1),
        s.sub(outer1, inner1),
        s.add(outer2, inner2),
        s.sub(outer2, inner2),
        g[2],
    ]
}

/// Gᵀ u for one column of six: the transpose of [`kernel_line`].
#[inline(always)]
fn kernel_gradient_line<S: Simd>(s: S, u: [S::V; 6]) -> [S::V; 3] {
    let (sixth, twelfth) = (s.splat(-1.0 / 6.0), s.splat(1.0 / 12.0));
    let (sum1, difference1) = (s.add(u[1], u[2]), s.sub(u[1], u[2]));
    let (sum2, difference2) = (s.add(u[3], u[4]), s.sub(u[3], u[4]));
    let shared = s.mul(sixth, sum1);
    [
        s.mul_add(s.splat(0.25), u[0], s.mul_add(s.splat(1.0 / 24.0), sum2, shared)),
        s.mul_add(sixth, difference1, s.mul(twelfth, difference2)),
        s.add(s.mul_add(s.splat(1.0 / 6.0), sum2, shared), u[5]),
    ]
}

macro_rules! two_sided {
    ($(#[$doc:meta])* $name:ident, $line:ident, $from:literal => $to:literal) => {
        $(#[$doc])*
        ///
        /// Reads element i by `load(i)`, and hands element e to `store(e, v)`: nothing waits in memory but the half
        /// that is transformed in one direction.
        #[inline(always)]
        pub(super) fn $name<S: Simd>(s: S, load: impl Fn(usize) -> S::V, mut store: impl FnMut(usize, S::V)) {
            let mut half = [s.zero(); $to * $from];
            for column in 0..$from {
                let line = $line(s, std::array::from_fn(|row| load(row * $from + column)));
                for row in 0..$to {
                    half[row * $from + column] = line[row];
                }
            }
            for row in 0..$to {
                let line = $line(s, std::array::from_fn(|column| half[row * $from + column]));
                for column in 0..$to {
                    store(row * $to + column, line[column]);
                }
            }
        }
    };
}

two_sided!(
    /// Bᵀ d B.
    input, input_line, 6 => 6
);
two_sided!(
    /// Aᵀ m A.
    output, output_line, 6 => 4
);
two_sided!(
    /// A dy Aᵀ.
    output_gradient, gradient_line, 4 => 6
);
two_sided!(
    /// G g Gᵀ.
    kernel, kernel_line, 3 => 6
);
two_sided!(
    /// Gᵀ u G.
    kernel_gradient, kernel_gradient_line, 6 => 3
);
