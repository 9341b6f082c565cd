//! The learning rate over a run.

use crate::config::{LearningRateDecay, TrainConfig};

/// The rate of optimiser step `step`, counted from 0: a linear rise over the warm-up, then constant or half
/// a cosine down to zero at the last step (Loshchilov & Hutter 2017, Eq. 5, without restarts).
pub fn learning_rate(config: &TrainConfig, step: u64) -> f64 {
    let warmup = config.warmup_steps;
    if step < warmup {
        return config.learning_rate * (step + 1) as f64 / warmup as f64;
    }
    match config.decay {
        LearningRateDecay::Constant => config.learning_rate,
        LearningRateDecay::Cosine => {
            let whole = config.steps.saturating_sub(warmup).max(1) as f64;
            let part = ((step - warmup) as f64 / whole).min(1.0);
            config.learning_rate * 0.5 * (1.0 + (std::f64::consts::PI * part).cos())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::builtin_recipe;

    #[test]
    fn rises_over_the_warmup_and_falls_along_half_a_cosine() {
        let mut config = builtin_recipe("digits").unwrap().train;
        config.steps = 110;
        config.warmup_steps = 10;
        config.learning_rate = 1.0;
        assert_eq!([0, 4, 9, 10, 109].map(|step| learning_rate(&config, step)), [0.1, 0.5, 1.0, 1.0, 1.0]);
        config.decay = LearningRateDecay::Cosine;
        for (step, expected) in [(10, 1.0), (35, 0.853_553_39), (60, 0.5), (110, 0.0), (500, 0.0)] {
            assert!((learning_rate(&config, step) - expected).abs() < 1e-8, "step {step}");
        }
    }
}
