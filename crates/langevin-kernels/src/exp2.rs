//! Powers of two, where time matters more than the last digit.

use crate::simd::Simd;

/// 2ᵗ, held within 2⁻¹²⁶ and 2¹²⁷·⁴; NaN stays NaN.
///
/// t = n + f with n the nearest whole number, and 2ᶠ by the polynomial of degree 6 whose largest relative error on
/// |f| ≤ 1/2 is least, 2e-9 (found by Remez' exchange, rounded to f32). It is evaluated by pairs (Estrin): the
/// processor can hold few chains of operations in flight, so a short chain counts for more than few operations.
///
/// eˣ as 2^(x log₂ e) has a relative error of up to |x| · 2⁻²⁴ from rounding t. Where what follows weighs it by a
/// number that falls like e^−|x|, as in a sigmoid or a softmax, that does not matter.
#[inline(always)]
pub(crate) fn exp2<S: Simd>(s: S, t: S::V) -> S::V {
    // The bound is the first operand: where the second is NaN, that is what both give.
    let t = s.min(s.splat(127.4), s.max(s.splat(-126.0), t));
    let n = s.round(t);
    let f = s.sub(t, n);
    let square = s.mul(f, f);
    let low = s.mul_add(f, s.splat(std::f32::consts::LN_2), s.splat(1.0));
    let middle = s.mul_add(f, s.splat(0.055_503_286), s.splat(0.240_226_46));
    let high = s.mul_add(f, s.splat(0.001_339_993_1), s.splat(0.009_618_489));
    let high = s.mul_add(square, s.splat(0.000_153_458_12), high);
    let p = s.mul_add(square, s.mul_add(square, high, middle), low);
    s.mul(p, s.pow2(n))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elementwise::{Function, map};
    use crate::simd::{Isa, with_isa};

    #[derive(Clone, Copy)]
    struct Exp2;

    impl Function<1> for Exp2 {
        #[inline(always)]
        fn apply<S: Simd>(self, s: S, [t]: [S::V; 1]) -> S::V {
            exp2(s, t)
        }
    }

    #[test]
    fn powers_of_two_are_within_two_units_in_the_last_place() {
        let t: Vec<f32> = (-125_900..127_400).map(|i| i as f32 * 1e-3 + 3e-5).collect();
        for isa in Isa::available() {
            let mut y = vec![0.0; t.len()];
            with_isa(isa, || map(Exp2, [&t], &mut y));
            for (t, y) in t.iter().zip(&y) {
                let expected = f64::from(*t).exp2();
                let error = (f64::from(*y) - expected).abs() / expected;
                assert!(error < 2.0 * f64::from(f32::EPSILON), "{isa}: 2^{t} is {y}, not {expected}");
            }
        }
    }

    #[test]
    fn whole_powers_are_exact_and_far_ones_are_held() {
        for isa in Isa::available() {
            let mut y = [0.0; 6];
            with_isa(isa, || map(Exp2, [&[0.0, -3.0, 10.0, f32::NEG_INFINITY, 1e30, f32::NAN]], &mut y));
            assert_eq!(y[..3], [1.0, 0.125, 1024.0], "{isa}");
            assert!(y[3] < 1.2e-38 && y[4] > 2e38 && y[4].is_finite() && y[5].is_nan(), "{isa}: {y:?}");
        }
    }
}
