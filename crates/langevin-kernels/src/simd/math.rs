//! Functions of vectors.

use super::Simd;

/// eˣ, within 2 units in the last place; 0 below −87.3 and the largest finite value above 88.37.
///
/// x = n ln 2 + r with |r| ≤ ln 2 / 2 (ln 2 in two parts, so that r is exact), eˣ = 2ⁿ eʳ, and eʳ by its Taylor
/// polynomial of degree 7, whose error is below 2⁻²⁷.
#[inline(always)]
pub(crate) fn exp<S: Simd>(s: S, x: S::V) -> S::V {
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    // Below the lower end, where 2ⁿ would leave the normal numbers, the factor at the end is 0.
    let lowest = s.splat(-87.3);
    let clamped = s.min(s.max(x, lowest), s.splat(88.37));
    let n = s.round(s.mul(clamped, s.splat(std::f32::consts::LOG2_E)));
    let r = s.mul_add(n, s.splat(-LN_2_HIGH), clamped);
    let r = s.mul_add(n, s.splat(-LN_2_LOW), r);
    let mut p = s.splat(1.0 / 5040.0);
    for coefficient in [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
        p = s.mul_add(p, r, s.splat(coefficient));
    }
    s.mul(p, s.pow2(n))
}

/// 1 / (1 + e⁻ˣ).
#[inline(always)]
pub(crate) fn sigmoid<S: Simd>(s: S, x: S::V) -> S::V {
    let one = s.splat(1.0);
    s.div(one, s.add(one, exp(s, s.sub(s.zero(), x))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::{Isa, Kernel, dispatch, with_isa};

    struct Exp<'a>(&'a mut [f32]);

    impl Kernel for Exp<'_> {
        type Output = ();
        #[inline(always)]
        fn run<S: Simd>(self, s: S) {
            for chunk in self.0.chunks_mut(S::LANES) {
                // SAFETY: the pointers are those of a slice of `chunk.len()` elements.
                unsafe {
                    let x = s.load_partial(chunk.as_ptr(), chunk.len());
                    s.store_partial(chunk.as_mut_ptr(), exp(s, x), chunk.len());
                }
            }
        }
    }

    #[test]
    fn exp_is_within_two_units_in_the_last_place() {
        for isa in Isa::available() {
            let x: Vec<f32> = (-87_000..=88_000).map(|i| i as f32 * 1e-3 + 3e-5).collect();
            let mut y = x.clone();
            with_isa(isa, || dispatch!(|s, _MR| s.vectorize(Exp(&mut y))));
            for (x, y) in x.iter().zip(&y) {
                let expected = f64::from(*x).exp();
                let error = (f64::from(*y) - expected).abs() / expected;
                assert!(error < 2.0 * f64::from(f32::EPSILON), "{isa}: exp({x}) is {y}, not {expected}");
            }
        }
    }

    #[test]
    fn exp_far_out_is_tiny_or_large_and_never_nan() {
        for isa in Isa::available() {
            let mut y = [-1e30, -1000.0, -88.0, 0.0, 89.0, 1e30];
            with_isa(isa, || dispatch!(|s, _MR| s.vectorize(Exp(&mut y))));
            assert!(y[0] < 1.3e-38 && y[1] < 1.3e-38 && y[2] < 1.3e-38, "{isa}: {y:?}");
            assert_eq!(y[3], 1.0);
            assert!(y[4] > 2e38 && y[4].is_finite() && y[5] == y[4], "{isa}: {y:?}");
        }
    }
}
