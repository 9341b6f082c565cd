//! What the tests of several modules need.

use proptest::prelude::ProptestConfig;

/// Tries `count` cases of a property, or fewer where `PROPTEST_CASES` says so: a sanitizer takes its time with each.
pub(crate) fn cases(count: u32) -> ProptestConfig {
    // The default is what the variable says, or more than any test here asks for.
    ProptestConfig::with_cases(count.min(ProptestConfig::default().cases))
}

/// Numbers about 0 with standard deviation 1, always the same for the same seed.
pub(crate) fn values(seed: u64, len: usize) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0xD1B5_4A32_D192_ED03;
    let mut uniform = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f64 / f64::from(1 << 24)
    };
    // The sum of 12 uniform numbers has variance 1.
    (0..len).map(|_| ((0..12).map(|_| uniform()).sum::<f64>() - 6.0) as f32).collect()
}

/// max |actual − expected| / max |expected|; 0 where both are 0 throughout.
pub(crate) fn error(actual: &[f32], expected: &[f64]) -> f64 {
    assert_eq!(actual.len(), expected.len());
    let largest = expected.iter().fold(0.0f64, |m, e| m.max(e.abs()));
    let worst = actual.iter().zip(expected).map(|(a, e)| (f64::from(*a) - e).abs());
    // Not f64::max, which passes over NaN.
    let worst = worst.fold(0.0, |m, e| if e <= m { m } else { e });
    if worst == 0.0 { 0.0 } else { worst / largest }
}

/// As f64.
pub(crate) fn wide(x: &[f32]) -> Vec<f64> {
    x.iter().copied().map(f64::from).collect()
}

/// What `body` gives on pools of one, two and three threads: asserts that it is the same, bit for bit.
pub(crate) fn same_on_all_pools(body: impl Fn() -> Vec<Vec<f32>> + Send + Sync) {
    let results = [1, 2, 3].map(|threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let result: Vec<Vec<f32>> = pool.install(&body);
        result.into_iter().map(|v| v.into_iter().map(f32::to_bits).collect()).collect::<Vec<Vec<u32>>>()
    });
    assert!(
        results[0] == results[1] && results[1] == results[2],
        "the result depends on the number of threads"
    );
}
