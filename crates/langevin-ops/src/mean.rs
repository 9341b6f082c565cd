//! The mean over positions.

use crate::fused::{self, Operation, sizes, tensor, values};
use burn::tensor::Tensor;
use burn_flex::FlexTensor;
use langevin_kernels as kernels;

/// The mean of all positions of a sample.
///
/// # Shapes
/// `[batch, height, width, channels]`; returns `[batch, channels]`.
pub fn mean_positions(x: Tensor<4>) -> Tensor<2> {
    let [batch, height, width, channels] = x.dims();
    if !fused::applies(&x) {
        return x.reshape([batch, height * width, channels]).mean_dim(1).reshape([batch, channels]);
    }
    fused::apply1([x.into_dispatch()], MeanPositions { height, width })
}

#[derive(Debug)]
struct MeanPositions {
    height: usize,
    width: usize,
}

impl Operation<1> for MeanPositions {
    fn name(&self) -> &'static str {
        "pooling"
    }

    fn forward(&self, [x]: [FlexTensor; 1], _: bool) -> (FlexTensor, Vec<FlexTensor>) {
        let [batch, height, width, channels] = sizes(&x);
        let positions = height * width;
        let mut over_all = vec![0.0; channels];
        let y = tensor(&[batch, channels], |y| {
            kernels::channel_sums(values(&x), batch, positions, Some(y), &mut over_all);
            y.iter_mut().for_each(|y| *y /= positions as f32);
        });
        (y, Vec::new())
    }

    /// Every position has an equal part in the mean.
    fn backward(&self, _: Vec<FlexTensor>, dy: FlexTensor, _: [bool; 1]) -> [Option<FlexTensor>; 1] {
        let [batch, channels] = sizes(&dy);
        let positions = self.height * self.width;
        let part: Vec<f32> = values(&dy).iter().map(|dy| dy / positions as f32).collect();
        let dx = tensor(&[batch, self.height, self.width, channels], |dx| {
            let samples = dx.chunks_exact_mut(positions * channels).zip(part.chunks_exact(channels));
            for (dx, part) in samples {
                dx.chunks_exact_mut(channels).for_each(|dx| dx.copy_from_slice(part));
            }
        });
        [Some(dx)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_near, gradient, numbers};
    use burn::tensor::{Device, TensorData};

    const SHAPE: [usize; 4] = [2, 9, 7, 21];

    fn burns(x: Tensor<4>) -> Tensor<2> {
        x.reshape([2, 63, 21]).mean_dim(1).reshape([2, 21])
    }

    #[test]
    fn all_positions_are_averaged() {
        let x = TensorData::new(numbers(SHAPE.iter().product(), 1.0), SHAPE);
        let x = Tensor::<4>::from_data(x, &Device::flex());
        let [ours, expected] =
            [mean_positions(x.clone()), burns(x)].map(|y| y.into_data().try_into_vec::<f32>().unwrap());
        assert_near(&ours, &expected, 1e-6);
    }

    #[test]
    fn the_gradient_agrees_with_burns() {
        let x = numbers(SHAPE.iter().product(), 1.0);
        assert_near(&gradient(&x, SHAPE, mean_positions), &gradient(&x, SHAPE, burns), 1e-6);
    }
}
