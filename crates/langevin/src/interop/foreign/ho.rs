//! The U-Net of Ho et al. as its PyTorch ports name it; what they tell, and what is always so.

use super::assemble::Inferred;
use super::splits::pointwise_matrix;
use super::{ForeignError, Origin, published};
use crate::models::weights::Weights;
use crate::models::{Activation, DownsamplePadding, MiddleConfig, TimeConditioning, UNetConfig};
use langevin_math::EmbeddingOrder;
use std::path::Path;

/// Whole path segments, theirs and diffusers', that mean the same wherever they stand.
const SEGMENTS: [(&str, &str); 9] = [
    ("block", "resnets"),
    ("attn", "attentions"),
    ("temb_proj", "time_emb_proj"),
    ("nin_shortcut", "conv_shortcut"),
    ("q", "to_q"),
    ("k", "to_k"),
    ("v", "to_v"),
    ("proj_out", "to_out.0"),
    ("norm", "group_norm"),
];

/// How names begin that are no level's.
const BEGINNINGS: [(&str, &str); 7] = [
    ("temb.dense.0.", "time_embedding.linear_1."),
    ("temb.dense.1.", "time_embedding.linear_2."),
    ("mid.block_1.", "mid_block.resnets.0."),
    ("mid.attn_1.", "mid_block.attentions.0."),
    ("mid.block_2.", "mid_block.resnets.1."),
    ("norm_out.", "conv_norm_out."),
    ("", ""),
];

/// Reads the network's settings from names and shapes.
pub(super) fn infer(path: &Path, weights: &Weights) -> Result<Inferred, ForeignError> {
    let size = |name: &str, axis: usize| {
        let size =
            weights.get(name).and_then(|array| array.shape.get(axis)).copied().filter(|size| *size > 0);
        size.ok_or_else(|| ForeignError::Structure {
            path: path.to_owned(),
            origin: Origin::Ho.name(),
            message: format!("it lacks {name}, or {name} has no axis {axis}"),
        })
    };
    let has = |name: String| weights.contains_key(&name);
    let levels = (0..).take_while(|level| has(format!("down.{level}.block.0.conv1.weight"))).count();
    let blocks = (0..).take_while(|block| has(format!("down.0.block.{block}.conv1.weight"))).count();
    // Of no level at all, the first is what is missing.
    let channels = (0..levels.max(1))
        .map(|level| size(&format!("down.{level}.block.0.conv1.weight"), 0))
        .collect::<Result<Vec<usize>, _>>()?;
    let attends = |level: &usize| has(format!("down.{}.attn.0.norm.weight", level - 1));
    let attention_levels: Vec<usize> = (1..=levels).filter(attends).collect();
    let (inputs, outputs) = (size("conv_in.weight", 1)?, size("conv_out.weight", 0)?);
    let embedding = size("temb.dense.0.weight", 0)?;
    let published = published::ho(&attention_levels);
    let network = UNetConfig {
        blocks_per_level: blocks,
        attention_levels,
        attention_levels_up: None,
        residual_levels_down: Vec::new(),
        residual_levels_up: Vec::new(),
        head_size: None,
        heads: None,
        groups: 32,
        epsilon: 1e-6,
        dropout: 0.0,
        activation: Activation::Silu,
        embedding_size: (embedding != 4 * channels[0]).then_some(embedding),
        time_order: EmbeddingOrder::SinCos,
        timestep_scale: 1.0,
        frequency_shift: 1.0,
        time_conditioning: TimeConditioning::Additive,
        downsample_padding: DownsamplePadding::OneSided,
        center_input: false,
        output_channels: (outputs != inputs).then_some(outputs),
        middle: MiddleConfig::default(),
        class_embedding: None,
        channels,
    };
    Ok(Inferred { network, pool: None, channels: inputs, published })
}

/// The weights under diffusers' names; names that are not understood stay.
pub(super) fn rename(weights: Weights, network: &UNetConfig) -> Weights {
    let levels = network.channels.len();
    let renamed = weights.into_iter().map(|(name, array)| {
        let name = modern(&name, levels);
        let projection = [".to_q.", ".to_k.", ".to_v.", ".to_out."].iter().any(|part| name.contains(part));
        let array = if projection { pointwise_matrix(array) } else { array };
        (name, array)
    });
    renamed.collect()
}

/// A name in diffusers' words. There the way up is counted from the coarsest level, here from the finest.
fn modern(name: &str, levels: usize) -> String {
    let beginning = BEGINNINGS.iter().find_map(|(theirs, ours)| Some((ours, name.strip_prefix(theirs)?)));
    let (beginning, rest) = beginning.unwrap_or((&"", name));
    let mut segments: Vec<String> = rest
        .split('.')
        .map(|segment| {
            let known = SEGMENTS.iter().find(|(theirs, _)| *theirs == segment);
            known.map_or(segment, |(_, ours)| ours).to_owned()
        })
        .collect();
    let level = segments.get(1).and_then(|level| level.parse::<usize>().ok());
    match (segments[0].as_str(), level.filter(|level| *level < levels)) {
        ("down", Some(_)) => segments[0] = "down_blocks".to_owned(),
        ("up", Some(level)) => {
            segments[0] = "up_blocks".to_owned();
            segments[1] = (levels - 1 - level).to_string();
        }
        _ => {}
    }
    let name = format!("{beginning}{}", segments.join("."));
    name.replace(".downsample.", ".downsamplers.0.").replace(".upsample.", ".upsamplers.0.")
}
