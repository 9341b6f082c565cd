//! The loss of a classifier.

use super::objective::Losses;
use langevin_math::categorical::log_softmax;
use langevin_math::greatest_logit;

/// −ln softmax(logits)_y of each sample, its gradient, and whether y has the greatest logit.
///
/// The derivative by logit k is weight · (softmax(logits)_k − [k = y]), computed in f64.
///
/// # Shapes
/// `logits`: `[samples, classes]`; `labels`, `weights`: one a sample.
///
/// # Panics
/// If the lengths do not fit, or a label is beyond the logits.
pub(super) fn cross_entropy(labels: &[usize], logits: &[f32], weights: &[f64]) -> Losses {
    let classes = logits.len() / labels.len();
    let lengths = (labels.len() * classes, weights.len());
    assert_eq!(lengths, (logits.len(), labels.len()), "logits and a weight for each sample");
    let mut losses = Losses {
        samples: Vec::with_capacity(labels.len()),
        bound: Vec::new(),
        gradient: Vec::with_capacity(logits.len()),
        correct: Vec::with_capacity(labels.len()),
    };
    for ((&label, &weight), logits) in labels.iter().zip(weights).zip(logits.chunks(classes)) {
        let log_p = log_softmax(&logits.iter().map(|&logit| f64::from(logit)).collect::<Vec<_>>());
        losses.samples.push(-log_p[label]);
        losses.gradient.extend(log_p.iter().enumerate().map(|(class, log_p)| {
            let target = if class == label { 1.0 } else { 0.0 };
            (weight * (log_p.exp() - target)) as f32
        }));
        losses.correct.push(greatest_logit(logits) == Some(label));
    }
    losses
}

#[cfg(test)]
mod tests {
    use super::*;

    /// torch.nn.functional.cross_entropy([[1, 2, 0.5], [1000, -1000, 0]], [1, 0], reduction="none") and its gradient, the
    /// second sample counting half.
    #[test]
    fn losses_and_gradients_are_torchs() {
        let losses = cross_entropy(&[1, 0], &[1.0, 2.0, 0.5, 1000.0, -1000.0, 0.0], &[1.0, 0.5]);
        assert!((losses.samples[0] - 0.464_368_784).abs() < 1e-8, "{:?}", losses.samples);
        assert_eq!(losses.samples[1], 0.0);
        let expected = [0.231_223_86, -0.371_467_54, 0.140_243_68, 0.0, 0.0, 0.0];
        for (got, expected) in losses.gradient.iter().zip(expected) {
            assert!((got - expected).abs() < 1e-6, "{:?}", losses.gradient);
        }
        assert_eq!(losses.correct, [true, true]);
        assert_eq!(cross_entropy(&[0], &[1.0, 2.0], &[1.0]).correct, [false]);
        assert!(cross_entropy(&[0], &[f32::NAN, 1.0], &[1.0]).samples[0].is_nan());
    }
}
