//! The coarsest level's middle.

use super::ResBlock;
use crate::nn::{AttentionBlock, DropoutKey};
use burn::module::Module;
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

/// What stands between the way down and the way up; by default two residual blocks with self-attention between them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MiddleConfig {
    /// Whether there is a middle at all.
    pub blocks: bool,
    /// Whether its blocks have self-attention between them.
    pub attention: bool,
    /// Groups of the normalisation before its attention: `None` is as everywhere, 0 leaves the normalisation out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attention_groups: Option<usize>,
    /// What the outputs of its blocks and of its attention are divided by.
    #[serde(skip_serializing_if = "is_one")]
    pub scale: f64,
}

fn is_one(scale: &f64) -> bool {
    *scale == 1.0
}

impl Default for MiddleConfig {
    fn default() -> Self {
        Self { blocks: true, attention: true, attention_groups: None, scale: 1.0 }
    }
}

impl MiddleConfig {
    /// Whether there is self-attention in the middle.
    pub fn attends(&self) -> bool {
        self.blocks && self.attention
    }
}

/// Two residual blocks with self-attention between them.
#[derive(Module, Debug)]
pub struct Middle {
    /// First residual block.
    pub block1: ResBlock,
    /// Self-attention, where there is any.
    pub attention: Option<AttentionBlock>,
    /// Second residual block.
    pub block2: ResBlock,
}

impl Middle {
    /// `observe` sees the output of each block.
    ///
    /// # Shapes
    /// `x`: `[batch, height, width, channels]`, kept; `time`: `[batch, embedding]`.
    pub fn forward(
        &self,
        x: Tensor<4>,
        time: &Tensor<2>,
        dropout: Option<DropoutKey>,
        observe: &mut dyn FnMut(&str, &Tensor<4>),
    ) -> Tensor<4> {
        let mut x = self.block1.forward(x, time.clone(), dropout);
        observe("middle.block1", &x);
        if let Some(attention) = &self.attention {
            x = attention.forward(x);
        }
        let x = self.block2.forward(x, time.clone(), dropout);
        observe("middle.block2", &x);
        x
    }
}
