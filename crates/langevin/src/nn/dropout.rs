//! Dropout whose masks follow from the seed and the training sample alone.

use burn::tensor::{Tensor, TensorData};
use langevin_math::rng::{Purpose, Stream};
use rayon::prelude::*;

/// Names the dropout masks of one batch: those of training samples `first_sample`, `first_sample + 1`, …
///
/// A sample's mask does not depend on the batch that it is in.
#[derive(Clone, Copy, Debug)]
pub struct DropoutKey {
    /// Seed of the run.
    pub seed: u64,
    /// Position of the batch's first sample in the run.
    pub first_sample: u64,
}

/// Sets each element to zero with `probability`, and divides the others by 1 − `probability`
/// (Srivastava et al. 2014, "inverted"). Without a `key` (evaluation), returns `x`.
///
/// # Shapes
/// `x`: `[batch, height, width, channels]`, kept. `layer` separates the masks of a network's layers.
pub fn dropout(x: Tensor<4>, probability: f64, key: Option<DropoutKey>, layer: u32) -> Tensor<4> {
    let Some(key) = key.filter(|_| probability > 0.0) else { return x };
    let shape = x.dims();
    let size: usize = shape[1..].iter().product();
    let keep = (1.0 / (1.0 - probability)) as f32;
    let threshold = probability as f32;
    let mut mask = vec![0.0f32; shape.iter().product()];
    mask.par_chunks_mut(size).enumerate().for_each(|(sample, mask)| {
        let stream = Stream::new(key.seed, Purpose::Dropout, key.first_sample + sample as u64);
        stream.uniform(layer, mask);
        for value in mask {
            *value = if *value < threshold { 0.0 } else { keep };
        }
    });
    let device = x.device();
    x * Tensor::from_data(TensorData::new(mask, shape), &device)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    fn mask(samples: usize, first_sample: u64, layer: u32) -> Vec<f32> {
        let ones = Tensor::<4>::ones([samples, 10, 10, 5], &Device::flex());
        let key = Some(DropoutKey { seed: 4, first_sample });
        dropout(ones, 0.3, key, layer).into_data().try_to_vec().unwrap()
    }

    #[test]
    fn keeps_the_mean_and_drops_the_stated_part() {
        let values = mask(40, 0, 0);
        let n = values.len() as f64;
        let dropped = values.iter().filter(|v| **v == 0.0).count() as f64 / n;
        assert!((dropped - 0.3).abs() < 5.0 * (0.21 / n).sqrt(), "{dropped} of the elements dropped");
        assert!(values.iter().all(|v| *v == 0.0 || (*v - 1.0 / 0.7).abs() < 1e-6));
    }

    #[test]
    fn a_samples_mask_depends_on_neither_batch_nor_other_layers() {
        let whole = mask(4, 8, 1);
        assert_eq!(whole[2 * 500..], mask(2, 10, 1));
        assert_ne!(whole, mask(4, 8, 2));
    }

    #[test]
    fn evaluation_changes_nothing() {
        let x = Tensor::<4>::ones([1, 2, 2, 1], &Device::flex());
        let y = dropout(x, 0.9, None, 0).into_data().try_to_vec::<f32>().unwrap();
        assert_eq!(y, [1.0; 4]);
    }
}
