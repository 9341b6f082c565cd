//! The way down, which U-Nets and classifiers share.

use super::{Downsampler, Middle, ResBlock};
use crate::nn::{AttentionBlock, Conv2d, DropoutKey};
use burn::module::Module;
use burn::tensor::Tensor;

/// A level on the way down.
#[derive(Module, Debug)]
pub struct DownLevel {
    /// Residual blocks.
    pub blocks: Vec<ResBlock>,
    /// One after each block, or none.
    pub attention: Vec<AttentionBlock>,
    /// To the next level; the coarsest has none.
    pub downsample: Option<Downsampler>,
}

/// A network from its input to the end of its middle.
#[derive(Clone, Copy)]
pub(in crate::models) struct Descent<'a> {
    /// From the sample's channels to the first level's.
    pub conv_in: &'a Conv2d,
    /// The levels, the finest first.
    pub down: &'a [DownLevel],
    /// The middle, where there is one.
    pub middle: Option<&'a Middle>,
    /// Whether the first convolution sees 2x − 1 in place of x.
    pub center_input: bool,
}

impl Descent<'_> {
    /// `observe` sees the output of each block by name; `keep` sees in their order what a way up will join.
    ///
    /// # Shapes
    /// `x`: `[batch, height, width, sample channels]`; `time`: `[batch, embedding]`; returns
    /// `[batch, height/2^(levels−1), width/2^(levels−1), coarsest channels]`.
    pub fn forward(
        self,
        x: Tensor<4>,
        time: &Tensor<2>,
        dropout: Option<DropoutKey>,
        observe: &mut dyn FnMut(&str, &Tensor<4>),
        keep: &mut dyn FnMut(&Tensor<4>),
    ) -> Tensor<4> {
        let x = if self.center_input { x.mul_scalar(2.0).sub_scalar(1.0) } else { x };
        let mut x = self.conv_in.forward(x);
        keep(&x);
        for (i, level) in self.down.iter().enumerate() {
            for (j, block) in level.blocks.iter().enumerate() {
                x = block.forward(x, time.clone(), dropout);
                observe(&format!("down.{i}.blocks.{j}"), &x);
                if let Some(attention) = level.attention.get(j) {
                    x = attention.forward(x);
                }
                keep(&x);
            }
            if let Some(downsample) = &level.downsample {
                x = downsample.forward(x, time, dropout);
                keep(&x);
            }
        }
        match self.middle {
            Some(middle) => middle.forward(x, time, dropout, observe),
            None => x,
        }
    }
}
