//! The networks of improved-diffusion and guided-diffusion: what names and shapes of their state dicts tell.

pub(super) mod classifier;
mod names;

pub(super) use names::rename;

use super::assemble::Inferred;
use super::{ForeignError, Origin, published};
use crate::models::weights::Weights;
use crate::models::{
    Activation, ClassEmbedding, DownsamplePadding, MiddleConfig, TimeConditioning, UNetConfig,
};
use langevin_math::EmbeddingOrder;
use std::path::Path;

/// Groups of every group normalisation there.
const GROUPS: usize = 32;

/// Reads the settings of a U-Net from names and shapes.
pub(super) fn infer(path: &Path, weights: &Weights) -> Result<Inferred, ForeignError> {
    let structure = |message| not_whole(path, message);
    let inputs = size(weights, "input_blocks.0.0.weight", 1).map_err(structure)?;
    let outputs = size(weights, "out.2.weight", 0).map_err(structure)?;
    if inputs > 4 || (outputs != inputs && outputs != 2 * inputs) {
        let what = "a network that also sees another picture, as for super-resolution";
        return Err(ForeignError::NotADenoiser { path: path.to_owned(), what });
    }
    let (levels, blocks) = levels_and_blocks(weights).map_err(structure)?;
    let mut network = encoder(weights, levels, blocks).map_err(structure)?;
    if !network.residual_levels_down.is_empty() {
        network.residual_levels_up = (2..=levels).collect();
    }
    if weights.contains_key("label_emb.weight") {
        let classes = size(weights, "label_emb.weight", 0).map_err(structure)?;
        network.class_embedding = Some(ClassEmbedding::Table { classes, null_class: false });
    }
    network.output_channels = (outputs != inputs).then_some(outputs);
    let residual = !network.residual_levels_down.is_empty();
    let published = published::openai(&network.channels, residual, network.class_embedding.is_some());
    Ok(Inferred { network, pool: None, channels: inputs, published })
}

/// What names and shapes tell of the way down and the middle, of so many levels and blocks a level.
fn encoder(weights: &Weights, levels: usize, blocks: usize) -> Result<UNetConfig, String> {
    let of_level = |level: usize| 1 + level * (blocks + 1);
    let channels = (0..levels)
        .map(|level| size(weights, &format!("input_blocks.{}.0.out_layers.3.weight", of_level(level)), 0))
        .collect::<Result<Vec<usize>, _>>()?;
    let attends =
        |level: &usize| weights.contains_key(&format!("input_blocks.{}.1.qkv.weight", of_level(level - 1)));
    let attention_levels: Vec<usize> = (1..=levels).filter(attends).collect();
    let residual = weights.contains_key(&format!("input_blocks.{}.0.in_layers.0.weight", 1 + blocks));
    let encoded = size(weights, "time_embed.0.weight", 1)?;
    let first = size(weights, "input_blocks.0.0.weight", 0)?;
    if encoded != channels[0] || first != channels[0] {
        return Err(format!(
            "timesteps are encoded in {encoded} numbers and the first convolution gives {first} channels, but the first \
             level has {}: only networks where the three are the same can be built here",
            channels[0]
        ));
    }
    let embedding = size(weights, "time_embed.0.weight", 0)?;
    let projected = size(weights, "input_blocks.1.0.emb_layers.1.weight", 0)?;
    Ok(UNetConfig {
        blocks_per_level: blocks,
        attention_levels,
        attention_levels_up: None,
        residual_levels_down: if residual { (1..levels).collect() } else { Vec::new() },
        residual_levels_up: Vec::new(),
        head_size: None,
        heads: None,
        groups: GROUPS,
        epsilon: 1e-5,
        dropout: 0.0,
        activation: Activation::Silu,
        embedding_size: (embedding != 4 * channels[0]).then_some(embedding),
        time_order: EmbeddingOrder::CosSin,
        timestep_scale: 1.0,
        frequency_shift: 0.0,
        time_conditioning: match projected == 2 * channels[0] {
            true => TimeConditioning::ScaleShift,
            false => TimeConditioning::Additive,
        },
        downsample_padding: DownsamplePadding::Symmetric,
        center_input: false,
        output_channels: None,
        middle: MiddleConfig::default(),
        class_embedding: None,
        channels,
    })
}

fn not_whole(path: &Path, message: String) -> ForeignError {
    ForeignError::Structure { path: path.to_owned(), origin: Origin::OpenAi.name(), message }
}

/// The size of an array along an axis, which is not 0.
fn size(weights: &Weights, name: &str, axis: usize) -> Result<usize, String> {
    let size = weights.get(name).and_then(|array| array.shape.get(axis)).copied().filter(|size| *size > 0);
    size.ok_or_else(|| format!("it lacks {name}, or {name} has no axis {axis}"))
}

/// The blocks whose names begin so: one more than the last of their numbers.
fn count(weights: &Weights, beginning: &str) -> usize {
    let number = |name: &String| name.strip_prefix(beginning)?.split('.').next()?.parse::<usize>().ok();
    weights.keys().filter_map(number).max().map_or(0, |last| last.saturating_add(1))
}

/// Levels, and blocks of a level on the way down. A level on the way up has one block more, the last of them with what
/// doubles the positions, but for the finest level.
fn levels_and_blocks(weights: &Weights) -> Result<(usize, usize), String> {
    let (inputs, outputs) = (count(weights, "input_blocks."), count(weights, "output_blocks."));
    let doubles = |block: &usize| {
        [1, 2].iter().any(|place| {
            let layer = |name| weights.contains_key(&format!("output_blocks.{block}.{place}.{name}"));
            layer("conv.weight") || layer("in_layers.0.weight")
        })
    };
    let levels = 1 + (0..outputs.min(weights.len())).filter(doubles).count();
    let blocks = (outputs / levels).saturating_sub(1);
    if blocks == 0 || outputs != levels * (blocks + 1) || inputs != levels * (blocks + 1) {
        return Err(format!(
            "{inputs} input blocks and {outputs} output blocks do not make {levels} levels of equal length (resampling \
             without convolutions, conv_resample=False, is not supported)"
        ));
    }
    Ok((levels, blocks))
}
