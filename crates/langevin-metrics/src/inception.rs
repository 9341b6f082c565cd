//! The inception score: how sure a classifier is of each picture, and how many classes it sees altogether.

use crate::error::MetricsError;
use crate::features::Features;

/// An inception score, over splits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InceptionScore {
    /// Mean over the splits, between 1 and the number of classes.
    pub mean: f64,
    /// Standard deviation over the splits, with their number below the sum.
    pub std: f64,
}

/// exp E KL(p(y|x) ‖ p(y)), by splits of the samples    (Salimans et al. 2016, section 4)
///
/// p(y|x) is the softmax of a row of `logits`, `[n, classes]`; p(y) is its mean over a split. Customary are 10 splits. They
/// are taken in the order of the samples, split i from ⌊i n / splits⌋ on, where torch-fidelity shuffles the samples
/// before: shuffle those that are ordered by class.
///
/// # Errors
/// If there are no samples, no splits, or more splits than samples.
pub fn inception_score(logits: Features<'_>, splits: usize) -> Result<InceptionScore, MetricsError> {
    let n = logits.count();
    if n == 0 {
        return Err(MetricsError::TooFewSamples { what: "an inception score", least: 1, got: 0 });
    }
    if splits == 0 || splits > n {
        return Err(MetricsError::Count { what: "splits of the samples", got: splits, most: n });
    }
    let start = |split: usize| (split as u128 * n as u128 / splits as u128) as usize;
    let scores: Vec<f64> = (0..splits).map(|split| score(logits, start(split)..start(split + 1))).collect();
    let mean = scores.iter().sum::<f64>() / splits as f64;
    let squares: f64 = scores.iter().map(|score| (score - mean).powi(2)).sum();
    Ok(InceptionScore { mean, std: (squares / splits as f64).sqrt() })
}

/// The score of some samples.
fn score(logits: Features<'_>, samples: std::ops::Range<usize>) -> f64 {
    let count = samples.len() as f64;
    let rows: Vec<Vec<f64>> = samples.map(|sample| log_softmax(logits.row(sample))).collect();
    let mut marginal = vec![0.0; logits.dimensions()];
    for row in &rows {
        marginal.iter_mut().zip(row).for_each(|(sum, log_p)| *sum += log_p.exp());
    }
    marginal.iter_mut().for_each(|sum| *sum /= count);
    let term = |(log_p, q): (&f64, &f64)| {
        let p = log_p.exp();
        // p ln p goes to 0 with p; where p is 0 in f64, q may be too.
        if p > 0.0 { p * (log_p - q.ln()) } else { 0.0 }
    };
    let divergence = |row: &Vec<f64>| row.iter().zip(&marginal).map(term).sum::<f64>();
    (rows.iter().map(divergence).sum::<f64>() / count).exp()
}

fn log_softmax(logits: &[f32]) -> Vec<f64> {
    let largest = logits.iter().fold(f64::NEG_INFINITY, |most, &logit| most.max(f64::from(logit)));
    let sum: f64 = logits.iter().map(|&logit| (f64::from(logit) - largest).exp()).sum();
    logits.iter().map(|&logit| f64::from(logit) - largest - sum.ln()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::rows;
    use proptest::prelude::*;

    fn of(logits: &[f32], classes: usize, splits: usize) -> InceptionScore {
        inception_score(Features::new(logits, classes).unwrap(), splits).unwrap()
    }

    /// Sure of every sample, and all classes alike: the number of classes. All samples alike: 1.
    #[test]
    fn the_ends_are_one_and_the_number_of_classes() {
        let classes = 7;
        // exp(−2000) is 0 in f64.
        let sure: Vec<f32> = (0..21 * classes)
            .map(|k| if k / classes % classes == k % classes { 1000.0 } else { -1000.0 })
            .collect();
        let found = of(&sure, classes, 3);
        assert!((found.mean - 7.0).abs() < 1e-13 && found.std < 1e-13, "{found:?}");
        let alike = of(&[0.3, -2.0, 1.0].repeat(10), 3, 2);
        assert!((alike.mean - 1.0).abs() < 1e-14 && alike.std < 1e-14, "{alike:?}");
        let one_class = of(&[-1000.0, 1000.0].repeat(4), 2, 1);
        assert_eq!(one_class.mean, 1.0);
    }

    #[test]
    fn splits_need_samples() {
        let none = inception_score(Features::new(&[], 2).unwrap(), 1).unwrap_err();
        assert_eq!(none.to_string(), "an inception score needs samples, at least 1, but there are 0");
        let logits = Features::new(&[0.0; 6], 2).unwrap();
        for splits in [0, 4] {
            let error = inception_score(logits, splits).unwrap_err();
            assert_eq!(error, MetricsError::Count { what: "splits of the samples", got: splits, most: 3 });
        }
    }

    proptest! {
        #[test]
        fn it_lies_between_one_and_the_number_of_classes(
            seed in 0u64..1000, n in 1usize..80, classes in 1usize..12, scale in 0.1f32..50.0,
        ) {
            let found = of(&rows(seed, n, classes, scale), classes, 1 + n / 9);
            prop_assert!(found.mean > 1.0 - 1e-12 && found.mean < classes as f64 + 1e-12, "{:?}", found);
            prop_assert!(found.std >= 0.0);
        }
    }
}
