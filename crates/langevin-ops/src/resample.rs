//! Resampling of activations.

use burn::tensor::Tensor;

/// Doubles height and width by repeating each position (nearest neighbour).
///
/// # Shapes
/// `[batch, height, width, channels]`; returns `[batch, 2·height, 2·width, channels]`.
pub fn upsample_nearest_2x(x: Tensor<4>) -> Tensor<4> {
    let [batch, height, width, channels] = x.dims();
    // Copies of whole rows of contiguous memory: each position's channels twice, then each row twice.
    let wide = x.reshape([batch * height * width, channels]);
    let wide = Tensor::cat(vec![wide.clone(), wide], 1).reshape([batch * height, 2 * width * channels]);
    Tensor::cat(vec![wide.clone(), wide], 1).reshape([batch, 2 * height, 2 * width, channels])
}

/// Halves height and width: each output position is the mean of a square of 2×2.
///
/// # Shapes
/// `[batch, height, width, channels]`, height and width even; returns `[batch, height/2, width/2, channels]`.
pub fn average_pool_2x(x: Tensor<4>) -> Tensor<4> {
    let [batch, height, width, channels] = x.dims();
    // Two rows side by side in memory, then two columns: halves of a row each, and no axis moves.
    let rows = x.reshape([batch * height / 2, 2 * width * channels]);
    let rows =
        rows.clone().narrow(1, 0, width * channels) + rows.narrow(1, width * channels, width * channels);
    let columns = rows.reshape([batch * height / 2 * (width / 2), 2 * channels]);
    let sums = columns.clone().narrow(1, 0, channels) + columns.narrow(1, channels, channels);
    sums.mul_scalar(0.25).reshape([batch, height / 2, width / 2, channels])
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

    #[test]
    fn squares_are_averaged() {
        let (height, width, channels) = (4, 6, 3);
        let values = crate::testing::numbers(2 * height * width * channels, 1.0);
        let x = TensorData::new(values.clone(), [2, height, width, channels]);
        let y = average_pool_2x(Tensor::<4>::from_data(x, &Device::flex()));
        assert_eq!(y.dims(), [2, 2, 3, channels]);
        for (at, mean) in y.into_data().try_to_vec::<f32>().unwrap().into_iter().enumerate() {
            let (channel, column, row) = (at % channels, at / channels % 3, at / channels / 3);
            let value =
                |i: usize, j: usize| values[((2 * row + i) * width + 2 * column + j) * channels + channel];
            let expected = (value(0, 0) + value(0, 1) + value(1, 0) + value(1, 1)) / 4.0;
            assert!((mean - expected).abs() < 1e-6, "element {at} is {mean}, not {expected}");
        }
    }

    /// Pooling what was doubled gives it back, and the gradient spreads evenly over a square.
    #[test]
    fn pooling_undoes_doubling() {
        let values = crate::testing::numbers(2 * 2 * 3 * 5, 1.0);
        let device = Device::flex().autodiff();
        let x = Tensor::<4>::from_data(TensorData::new(values.clone(), [2, 2, 3, 5]), &device);
        let doubled = upsample_nearest_2x(x).require_grad();
        let back = average_pool_2x(doubled.clone());
        let gradients = (back.clone() * back.clone()).sum().backward();
        let slope = doubled.grad(&gradients).unwrap() * 2.0;
        crate::testing::assert_near(&back.into_data().try_to_vec::<f32>().unwrap(), &values, 1e-6);
        let doubled = doubled.into_data().try_to_vec::<f32>().unwrap();
        crate::testing::assert_near(&slope.into_data().try_to_vec::<f32>().unwrap(), &doubled, 1e-6);
    }
}
