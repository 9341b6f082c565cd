//! Resampling of activations.

use burn::tensor::Tensor;

/// Doubles height and width by repeating each position (nearest neighbour).
///
/// # Shapes
/// `[batch, height, width, channels]`; returns `[batch, 2·height, 2·width, channels]`.
pub(crate) fn upsample_nearest_2x(x: Tensor<4>) -> Tensor<4> {
    let [batch, height, width, channels] = x.dims();
    // Copies of whole rows of contiguous memory: each position's channels twice, then each row twice.
    let wide = x.reshape([batch * height * width, channels]);
    let wide = Tensor::cat(vec![wide.clone(), wide], 1).reshape([batch * height, 2 * width * channels]);
    Tensor::cat(vec![wide.clone(), wide], 1).reshape([batch, 2 * height, 2 * width, channels])
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Device, TensorData};

    #[test]
    fn every_position_is_repeated_in_both_directions() {
        let x = TensorData::new(vec![1.0f32, -1.0, 2.0, -2.0, 3.0, -3.0, 4.0, -4.0], [1, 2, 2, 2]);
        let y = upsample_nearest_2x(Tensor::<4>::from_data(x, &Device::flex()));
        assert_eq!(y.dims(), [1, 4, 4, 2]);
        let values = y.into_data().try_to_vec::<f32>().unwrap();
        for row in 0..4 {
            for column in 0..4 {
                let source = (1 + row / 2 * 2 + column / 2) as f32;
                let at = (row * 4 + column) * 2;
                assert_eq!(values[at..at + 2], [source, -source], "row {row}, column {column}");
            }
        }
    }
}
