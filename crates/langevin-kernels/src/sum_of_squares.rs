//! The sum that the norm of a gradient is the root of.

use crate::simd::{Kernel, Simd, dispatch};
use rayon::prelude::*;

/// Elements that one task takes. It depends on nothing, so the order of a sum follows from its length alone.
const CHUNK: usize = 1 << 14;

/// Elements that a sum is not worth a second thread below.
const MIN_PARALLEL_SUM: usize = 1 << 16;

/// Σ x², in f64.
///
/// The squares are exact in f64, and the order of the sum is the same for every instruction set.
pub fn sum_of_squares(x: &[f32]) -> f64 {
    dispatch!(|s, _MR| {
        let part = |chunk| s.vectorize(SumOfSquares(chunk));
        if x.len() < MIN_PARALLEL_SUM {
            return x.chunks(CHUNK).map(part).sum();
        }
        let parts: Vec<f64> = x.par_chunks(CHUNK).map(part).collect();
        parts.into_iter().sum()
    })
}

struct SumOfSquares<'a>(&'a [f32]);

impl Kernel for SumOfSquares<'_> {
    type Output = f64;

    // Plain loops over lanes: `Simd` has no f64, and the compiler vectorises these as they stand.
    #[inline(always)]
    fn run<S: Simd>(self, _s: S) -> f64 {
        const LANES: usize = 32;
        let mut sums = [0.0f64; LANES];
        let (blocks, rest) = self.0.as_chunks::<LANES>();
        for block in blocks {
            for (sum, &x) in sums.iter_mut().zip(block) {
                *sum += f64::from(x) * f64::from(x);
            }
        }
        for (sum, &x) in sums.iter_mut().zip(rest) {
            *sum += f64::from(x) * f64::from(x);
        }
        let mut half = LANES / 2;
        while half > 0 {
            for i in 0..half {
                sums[i] += sums[i + half];
            }
            half /= 2;
        }
        sums[0]
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::testing::cases;
    use crate::{Isa, with_isa};
    use proptest::prelude::*;

    /// Values in −1..1 that look drawn at random.
    pub(crate) fn values(len: usize, seed: u32) -> Vec<f32> {
        let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(1);
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 23) as f32 - 1.0
        };
        (0..len).map(|_| next()).collect()
    }

    fn check_sum(x: &[f32]) {
        let expected: f64 = x.iter().map(|&x| f64::from(x).powi(2)).sum();
        let mut found = None;
        for isa in Isa::available() {
            for threads in [1, 2, 3] {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                let sum = pool.install(|| with_isa(isa, || sum_of_squares(x)));
                let error = (sum - expected).abs();
                assert!(error <= 1e-12 * expected, "{isa}, {} elements: {sum}, not {expected}", x.len());
                assert_eq!(found.get_or_insert(sum.to_bits()), &sum.to_bits(), "{isa}, {threads} threads");
            }
        }
    }

    #[test]
    fn sums_of_squares_do_not_depend_on_threads_or_set() {
        [0, 1, 7, 32, CHUNK, MIN_PARALLEL_SUM, 100_003]
            .into_iter()
            .for_each(|len| check_sum(&values(len, 9)));
    }

    #[test]
    fn squares_beyond_f32_are_summed() {
        assert_eq!(sum_of_squares(&[3e30, 4e30]).sqrt() as f32, 5e30);
        assert_eq!(sum_of_squares(&[3e-30, 4e-30]).sqrt() as f32, 5e-30);
    }

    proptest! {
        #![proptest_config(cases(32))]
        #[test]
        fn sums_of_squares_agree_with_f64(len in 0usize..40_000, seed: u32) {
            check_sum(&values(len, seed));
        }
    }
}
