//! Between tensors and slices: the shape of a sample, and the device that tensors live on.

use burn::tensor::{Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};

/// The CPU, the device that everything runs on.
pub fn cpu() -> Device {
    Device::flex()
}

/// The shape of one sample; points are pictures of one position and two channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SampleShape {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// Channels.
    pub channels: usize,
}

impl SampleShape {
    /// Elements of one sample.
    pub fn elements(&self) -> usize {
        self.height * self.width * self.channels
    }

    /// The shape of `samples` of them, channels last.
    pub fn batch(&self, samples: usize) -> [usize; 4] {
        [samples, self.height, self.width, self.channels]
    }
}

/// The elements of a tensor, in row-major order.
pub fn to_vec<const D: usize>(x: Tensor<D>) -> Vec<f32> {
    x.into_data().try_into_vec().expect("every tensor of this crate holds f32")
}

/// Samples, channels last, as a tensor.
///
/// # Panics
/// If `values` is not a whole number of samples.
pub fn from_samples(values: Vec<f32>, shape: SampleShape, device: &Device) -> Tensor<4> {
    let samples = values.len() / shape.elements();
    Tensor::from_data(TensorData::new(values, shape.batch(samples)), device)
}

/// Samples of two elements as points of the plane.
pub fn to_points(samples: &[f32]) -> Vec<[f32; 2]> {
    samples.as_chunks().0.to_vec()
}

/// Samples from channels last to channels first: `[n, height, width, channels]` to
/// `[n, channels, height, width]`.
pub fn channels_first(samples: &[f32], shape: SampleShape) -> Vec<f32> {
    let positions = shape.height * shape.width;
    let mut out = Vec::with_capacity(samples.len());
    for sample in samples.chunks(shape.elements()) {
        for channel in 0..shape.channels {
            out.extend((0..positions).map(|position| sample[position * shape.channels + channel]));
        }
    }
    out
}

/// Samples from channels first to channels last: the inverse of [`channels_first`].
pub fn channels_last(samples: &[f32], shape: SampleShape) -> Vec<f32> {
    let positions = shape.height * shape.width;
    let mut out = Vec::with_capacity(samples.len());
    for sample in samples.chunks(shape.elements()) {
        for position in 0..positions {
            out.extend((0..shape.channels).map(|channel| sample[channel * positions + position]));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_move_in_front_of_the_positions() {
        let shape = SampleShape { height: 1, width: 3, channels: 2 };
        let last: Vec<f32> = (0..12).map(|value| value as f32).collect();
        let first = channels_first(&last, shape);
        assert_eq!(first, [0.0, 2.0, 4.0, 1.0, 3.0, 5.0, 6.0, 8.0, 10.0, 7.0, 9.0, 11.0]);
        assert_eq!(channels_last(&first, shape), last);
    }
}
