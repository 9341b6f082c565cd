//! Probabilities of classes from a network's logits, in nats.

/// ln p(k) = z_k − ln Σ_j e^{z_j} for every class k, z the logits.
///
/// Logits of any size are fine: the largest is taken off first, which changes nothing.
///
/// # Panics
/// If there are no classes.
pub fn log_softmax(logits: &[f64]) -> Vec<f64> {
    assert!(!logits.is_empty(), "probabilities of no classes");
    let first =
        (0..logits.len()).reduce(|best, k| if logits[k] > logits[best] { k } else { best }).unwrap_or(0);
    let largest = logits[first];
    // Its own part of the sum is 1, and is left out so that little beside it keeps its digits.
    let others =
        logits.iter().enumerate().filter(|&(k, _)| k != first).map(|(_, logit)| (logit - largest).exp());
    let log_sum = others.sum::<f64>().ln_1p();
    logits.iter().map(|logit| logit - largest - log_sum).collect()
}

/// The derivative of ln p(`class`) by every logit: ∂ ln p(c)/∂z_k = 1 − p(c) where k is c, and −p(k) elsewhere.
///
/// # Panics
/// If there is no such class.
pub fn log_prob_gradient(logits: &[f64], class: usize) -> Vec<f64> {
    assert!(class < logits.len(), "class {class} of {}, counted from 0", logits.len());
    let log_probs = log_softmax(logits);
    let gradient = |(k, log_p): (usize, f64)| if k == class { -log_p.exp_m1() } else { -log_p.exp() };
    log_probs.into_iter().enumerate().map(gradient).collect()
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
    use proptest::prelude::*;

    /// scipy.special.log_softmax([1, 2, 3]).
    #[test]
    fn probabilities_are_those_of_scipy() {
        let expected = [-2.40760596444438, -1.40760596444438, -0.4076059644443803];
        for (ours, expected) in log_softmax(&[1.0, 2.0, 3.0]).into_iter().zip(expected) {
            assert!((ours - expected).abs() < 1e-14, "{ours} should be {expected}");
        }
    }

    #[test]
    fn the_first_of_equals_is_told_and_nothing_of_no_number() {
        assert_eq!((greatest_logit(&[2.0, 2.0, 1.0]), greatest_logit(&[1.0, 2.0])), (Some(0), Some(1)));
        assert_eq!((greatest_logit(&[f32::NAN, 1.0]), greatest_logit(&[])), (None, None));
    }

    /// A class that is all but certain: its derivative keeps its digits, e^−40 and nothing else.
    #[test]
    fn certainty_keeps_its_digits() {
        let [certain, other] = log_prob_gradient(&[1000.0, 960.0], 0)[..] else { unreachable!() };
        let expected = (-40f64).exp();
        assert!((certain / expected - 1.0).abs() < 1e-12 && (other / expected + 1.0).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn probabilities_add_up_and_the_gradient_is_that_of_differences(
            logits in prop::collection::vec(-20.0f64..20.0, 1..8), class in 0usize..8, shift in -1e3f64..1e3,
        ) {
            let class = class % logits.len();
            let log_probs = log_softmax(&logits);
            prop_assert!((log_probs.iter().map(|log_p| log_p.exp()).sum::<f64>() - 1.0).abs() < 1e-12);
            let shifted: Vec<f64> = logits.iter().map(|logit| logit + shift).collect();
            prop_assert!((log_softmax(&shifted)[class] - log_probs[class]).abs() < 1e-10);
            let gradient = log_prob_gradient(&logits, class);
            for k in 0..logits.len() {
                let moved = |h: f64| {
                    let mut logits = logits.clone();
                    logits[k] += h;
                    log_softmax(&logits)[class]
                };
                let difference = (moved(1e-4) - moved(-1e-4)) / 2e-4;
                prop_assert!((gradient[k] - difference).abs() < 1e-7, "{} for {difference}", gradient[k]);
            }
        }
    }
}
