//! Which non-linearity a network uses.

use super::GroupNorm;
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

/// A function that is applied to each element between two linear maps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Activation {
    /// x · σ(x) (Elfwing et al. 2018).
    #[default]
    Silu,
    /// x · Φ(x) with Φ the normal distribution function (Hendrycks & Gimpel 2016).
    Gelu,
}

impl Activation {
    /// The function, of each element.
    pub fn apply<const D: usize>(self, x: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Silu => langevin_ops::silu(x),
            Self::Gelu => langevin_ops::gelu(x),
        }
    }

    /// The function of what `norm` gives; SiLU in one pass with it.
    ///
    /// # Shapes
    /// `[batch, height, width, channels]`, kept.
    pub fn after_norm(self, norm: &GroupNorm, x: Tensor<4>) -> Tensor<4> {
        match self {
            Self::Silu => norm.forward_silu(x),
            Self::Gelu => self.apply(norm.forward(x)),
        }
    }

    /// The function of (1 + `scale`) · norm(x) + `shift`; SiLU in one pass with it.
    ///
    /// # Shapes
    /// `x`: `[batch, height, width, channels]`, kept; `scale`, `shift`: `[batch, channels]`.
    pub fn after_scaled_norm(
        self,
        norm: &GroupNorm,
        x: Tensor<4>,
        scale: Tensor<2>,
        shift: Tensor<2>,
    ) -> Tensor<4> {
        match self {
            Self::Silu => norm.forward_scale_shift_silu(x, scale, shift),
            Self::Gelu => {
                let [batch, _, _, channels] = x.dims();
                let scale = scale.add_scalar(1.0).reshape([batch, 1, 1, channels]);
                self.apply(norm.forward(x) * scale + shift.reshape([batch, 1, 1, channels]))
            }
        }
    }
}
