//! SiLU and GELU with their gradients.

use crate::elementwise::{Function, map};
use crate::exp2::exp2;
use crate::simd::Simd;
use std::f32::consts::{FRAC_1_SQRT_2, LOG2_E};

/// y = x · σ(x), σ(x) = 1 / (1 + e⁻ˣ) (Hendrycks & Gimpel 2016; Elfwing et al. 2018), for |x| up to 1e30.
pub fn silu(x: &[f32], y: &mut [f32]) {
    map(Silu, [x], y);
}

/// dx = dy · σ(x) · (1 + x · (1 − σ(x))).
pub fn silu_backward(x: &[f32], dy: &[f32], dx: &mut [f32]) {
    map(SiluBackward, [x, dy], dx);
}

/// y = x · Φ(x) with Φ the normal distribution function (Hendrycks & Gimpel 2016, Eq. 1), not its approximation by
/// tanh.
pub fn gelu(x: &[f32], y: &mut [f32]) {
    map(Gelu, [x], y);
}

/// dx = dy · (Φ(x) + x · φ(x)) with φ the normal density.
pub fn gelu_backward(x: &[f32], dy: &[f32], dx: &mut [f32]) {
    map(GeluBackward, [x, dy], dx);
}

/// 1 / σ(x).
#[inline(always)]
fn one_plus_exp_minus<S: Simd>(s: S, x: S::V) -> S::V {
    s.add(s.splat(1.0), exp2(s, s.mul(x, s.splat(-LOG2_E))))
}

/// x · σ(x).
#[inline(always)]
pub(crate) fn silu_of<S: Simd>(s: S, x: S::V) -> S::V {
    s.div(x, one_plus_exp_minus(s, x))
}

/// The derivative of x · σ(x).
#[inline(always)]
pub(crate) fn silu_slope<S: Simd>(s: S, x: S::V) -> S::V {
    let one = s.splat(1.0);
    let sigmoid = s.div(one, one_plus_exp_minus(s, x));
    s.mul(sigmoid, s.mul_add(x, s.sub(one, sigmoid), one))
}

#[derive(Clone, Copy)]
struct Silu;

impl Function<1> for Silu {
    #[inline(always)]
    fn apply<S: Simd>(self, s: S, [x]: [S::V; 1]) -> S::V {
        silu_of(s, x)
    }
}

#[derive(Clone, Copy)]
struct SiluBackward;

impl Function<2> for SiluBackward {
    #[inline(always)]
    fn apply<S: Simd>(self, s: S, [x, dy]: [S::V; 2]) -> S::V {
        s.mul(dy, silu_slope(s, x))
    }
}

/// Φ(−|x|), |x| and e^(−x²/2).
///
/// Φ(−z) = erfc(z/√2) / 2, and erfc(u) = (a₁t + … + a₅t⁵) e^(−u²) with t = 1 / (1 + p u), whose error is below
/// 1.5e-7 (Abramowitz & Stegun 1964, 7.1.26). The tail is a product with the bell, and falls to 0 as it does.
#[inline(always)]
fn normal_tail<S: Simd>(s: S, x: S::V) -> (S::V, S::V, S::V) {
    const P: f32 = 0.327_591_1;
    // Half of a₄ … a₁: the last factor of 1/2 is in the coefficients.
    const HALF_A: [f32; 4] = [-0.726_576_04, 0.710_706_9, -0.142_248_37, 0.127_414_8];
    let one = s.splat(1.0);
    let size = s.max(s.sub(s.zero(), x), x);
    let bell = exp2(s, s.mul(s.mul(x, x), s.splat(-0.5 * LOG2_E)));
    let t = s.div(one, s.mul_add(size, s.splat(P * FRAC_1_SQRT_2), one));
    let mut p = s.splat(0.530_702_7);
    for coefficient in HALF_A {
        p = s.mul_add(p, t, s.splat(coefficient));
    }
    (s.mul(s.mul(p, t), bell), size, bell)
}

#[derive(Clone, Copy)]
struct Gelu;

impl Function<1> for Gelu {
    #[inline(always)]
    fn apply<S: Simd>(self, s: S, [x]: [S::V; 1]) -> S::V {
        // x Φ(x) = max(x, 0) − |x| Φ(−|x|) for either sign.
        let (tail, size, _) = normal_tail(s, x);
        s.sub(s.max(s.zero(), x), s.mul(size, tail))
    }
}

#[derive(Clone, Copy)]
struct GeluBackward;

impl Function<2> for GeluBackward {
    #[inline(always)]
    fn apply<S: Simd>(self, s: S, [x, dy]: [S::V; 2]) -> S::V {
        const DENSITY_AT_0: f32 = 0.398_942_3;
        let (tail, _, bell) = normal_tail(s, x);
        // 1 for positive x, 0 for negative x; about 0 it does not matter, as the tail is 1/2.
        let positive = s.min(s.max(s.mul(x, s.splat(1e38)), s.zero()), s.splat(1.0));
        let phi = s.mul_add(positive, s.mul_add(tail, s.splat(-2.0), s.splat(1.0)), tail);
        s.mul(dy, s.mul_add(s.mul(x, s.splat(DENSITY_AT_0)), bell, phi))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::{Isa, with_isa};
    use crate::testing::{error, same_on_all_pools, values, wide};

    /// ∫₀ˣ φ by Simpson's rule, plus 1/2: nothing in common with the kernel's formula.
    fn normal_distribution(x: f64) -> f64 {
        const STEPS: usize = 2000;
        let density = |t: f64| (-0.5 * t * t).exp() / (2.0 * std::f64::consts::PI).sqrt();
        let h = x / STEPS as f64;
        let weight = |i: usize| if i == 0 || i == STEPS { 1.0 } else { 2.0 + 2.0 * (i % 2) as f64 };
        0.5 + (0..=STEPS).map(|i| weight(i) * density(i as f64 * h)).sum::<f64>() * h / 3.0
    }

    fn silu_reference(x: f64) -> f64 {
        x / (1.0 + (-x).exp())
    }

    fn gelu_reference(x: f64) -> f64 {
        x * normal_distribution(x)
    }

    fn slope(f: impl Fn(f64) -> f64, x: f64) -> f64 {
        let h = 1e-4;
        (8.0 * (f(x + h) - f(x - h)) - (f(x + 2.0 * h) - f(x - 2.0 * h))) / (12.0 * h)
    }

    /// −10 to 10, an odd number of them.
    fn line() -> Vec<f32> {
        (-1000..=1000).map(|i| i as f32 * 0.01).collect()
    }

    #[test]
    fn activations_and_their_gradients_agree_with_f64() {
        type Pass = fn(&[f32], &mut [f32]);
        type Backward = fn(&[f32], &[f32], &mut [f32]);
        type Reference = fn(f64) -> f64;
        let cases: [(Pass, Backward, Reference); 2] =
            [(silu, silu_backward, silu_reference), (gelu, gelu_backward, gelu_reference)];
        let x = line();
        let dy = values(3, x.len());
        for (forward, backward, reference) in cases {
            let expected: Vec<f64> = x.iter().map(|x| reference(f64::from(*x))).collect();
            let gradient: Vec<f64> =
                x.iter().zip(&dy).map(|(x, dy)| f64::from(*dy) * slope(reference, f64::from(*x))).collect();
            for isa in Isa::available() {
                let (mut y, mut dx) = (vec![f32::NAN; x.len()], vec![f32::NAN; x.len()]);
                with_isa(isa, || {
                    forward(&x, &mut y);
                    backward(&x, &dy, &mut dx);
                });
                for ((x, y), e) in x.iter().zip(&y).zip(&expected) {
                    let bound = 3e-7 * (1.0 + f64::from(x.abs()));
                    assert!((f64::from(*y) - e).abs() < bound, "{isa}: at {x} {y}, not {e}");
                }
                assert!(error(&dx, &gradient) < 1e-6, "{isa}: {}", error(&dx, &gradient));
            }
        }
    }

    #[test]
    fn gelu_has_the_published_values() {
        // scipy.stats.norm.cdf: Φ(1) = 0.8413447460685429, Φ(−3) = 0.0013498980316300933.
        for isa in Isa::available() {
            let mut y = [0.0; 3];
            with_isa(isa, || gelu(&[1.0, -3.0, 0.0], &mut y));
            assert!(error(&y[..1], &[0.841_344_746_068_542_9]) < 3e-7, "{isa}: {y:?}");
            assert!((f64::from(y[1]) + 3.0 * 0.001_349_898_031_630_093_3).abs() < 3e-7, "{isa}: {y:?}");
            assert_eq!(y[2], 0.0);
        }
    }

    #[test]
    fn far_out_values_stay_finite_and_nan_stays_nan() {
        for isa in Isa::available() {
            with_isa(isa, || {
                let x = [1e30, -1e30, 200.0, -200.0, f32::NAN];
                let one = [1.0; 5];
                let mut y = [0.0; 5];
                for forward in [silu, gelu] {
                    forward(&x, &mut y);
                    assert_eq!([y[0], y[2]], [1e30, 200.0], "{isa}");
                    assert!(y[1].abs() < 1e-7 && y[3].abs() < 1e-7 && y[4].is_nan(), "{isa}: {y:?}");
                }
                for backward in [silu_backward, gelu_backward] {
                    backward(&x, &one, &mut y);
                    assert_eq!([y[0], y[2]], [1.0, 1.0], "{isa}");
                    assert!(y[1].abs() < 1e-7 && y[3].abs() < 1e-7 && y[4].is_nan(), "{isa}: {y:?}");
                }
            });
        }
    }

    #[test]
    fn threads_change_nothing() {
        let x = values(1, 50_001);
        same_on_all_pools(|| {
            let (mut y, mut dx) = (vec![0.0; x.len()], vec![0.0; x.len()]);
            silu(&x, &mut y);
            gelu_backward(&x, &y, &mut dx);
            vec![y, dx]
        });
        let y = wide(&x).into_iter().map(silu_reference).collect::<Vec<_>>();
        let mut ours = vec![0.0; x.len()];
        silu(&x, &mut ours);
        assert!(error(&ours, &y) < 3e-7);
    }
}
