//! What the logits of a classifier say.

/// ln p(y) = logit_y − ln Σ exp(logit) of every class y.
pub fn log_softmax(logits: &[f32]) -> Vec<f64> {
    // The greatest is taken out first, so that no exponential overflows.
    let greatest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let shifted: Vec<f64> = logits.iter().map(|&logit| f64::from(logit) - f64::from(greatest)).collect();
    let log_sum = shifted.iter().map(|shifted| shifted.exp()).sum::<f64>().ln();
    shifted.into_iter().map(|shifted| shifted - log_sum).collect()
}

/// The class with the greatest logit, the first of several; `None` if a logit is no number.
pub fn greatest_logit(logits: &[f32]) -> Option<usize> {
    if logits.iter().any(|logit| logit.is_nan()) {
        return None;
    }
    (0..logits.len()).reduce(|best, class| if logits[class] > logits[best] { class } else { best })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// scipy.special.log_softmax([1, 2, 0.5])
    #[test]
    fn log_probabilities_are_scipys() {
        let expected = [-1.464_368_820, -0.464_368_820, -1.964_368_820];
        for (got, expected) in log_softmax(&[1.0, 2.0, 0.5]).iter().zip(expected) {
            assert!((got - expected).abs() < 1e-8, "{got}");
        }
        let far = log_softmax(&[1000.0, -1000.0]);
        assert_eq!(far, [0.0, -2000.0]);
        assert!(log_softmax(&[f32::NAN, 1.0])[1].is_nan());
    }

    #[test]
    fn the_first_of_equals_is_told_and_nothing_of_no_number() {
        assert_eq!(greatest_logit(&[2.0, 2.0, 1.0]), Some(0));
        assert_eq!(greatest_logit(&[1.0, 2.0]), Some(1));
        assert_eq!((greatest_logit(&[f32::NAN, 1.0]), greatest_logit(&[])), (None, None));
    }
}
