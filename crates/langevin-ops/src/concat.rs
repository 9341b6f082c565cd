//! Joining activations along their channels.

use crate::fused::{self, Operation, sizes, tensor, values};
use burn::tensor::Tensor;
use burn_flex::FlexTensor;
use langevin_kernels as kernels;

/// Concatenates `a` and `b` along the channel axis, `a` first.
///
/// # Shapes
/// `[batch, height, width, a]` and `[batch, height, width, b]`; returns `[batch, height, width, a + b]`.
pub fn concat_channels(a: Tensor<4>, b: Tensor<4>) -> Tensor<4> {
    if !fused::applies(&a) {
        return Tensor::cat(vec![a, b], 3);
    }
    let channels = [a.dims()[3], b.dims()[3]];
    fused::apply2([a.into_dispatch(), b.into_dispatch()], Concat { channels })
}

#[derive(Debug)]
struct Concat {
    channels: [usize; 2],
}

impl Operation<2> for Concat {
    fn name(&self) -> &'static str {
        "concatenation"
    }

    fn forward(&self, [a, b]: [FlexTensor; 2], _: bool) -> (FlexTensor, Vec<FlexTensor>) {
        let [batch, height, width, _] = sizes(&a);
        let shape = [batch, height, width, self.channels.iter().sum()];
        let y = tensor(&shape, |y| kernels::concat_channels(values(&a), values(&b), self.channels, y));
        (y, Vec::new())
    }

    fn backward(&self, _: Vec<FlexTensor>, dy: FlexTensor, _: [bool; 2]) -> [Option<FlexTensor>; 2] {
        let [batch, height, width, _] = sizes(&dy);
        let mut db = None;
        let da = tensor(&[batch, height, width, self.channels[0]], |da| {
            db = Some(tensor(&[batch, height, width, self.channels[1]], |db| {
                kernels::split_channels(values(&dy), self.channels, da, db);
            }));
        });
        [Some(da), db]
    }
}
