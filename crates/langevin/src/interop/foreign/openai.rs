//! The U-Net of improved-diffusion and guided-diffusion: its names and what they tell.

use super::assemble::Inferred;
use super::splits::{pointwise_matrix, split_projection};
use super::{AttentionOrder, ForeignError, Origin, published};
use crate::models::weights::{Array, Weights};
use crate::models::{
    Activation, ClassEmbedding, DownsamplePadding, MiddleConfig, TimeConditioning, UNetConfig,
};
use langevin_math::EmbeddingOrder;
use std::path::Path;

/// Groups of every group normalisation there.
const GROUPS: usize = 32;

/// Reads the network's settings from names and shapes.
pub(super) fn infer(path: &Path, weights: &Weights) -> Result<Inferred, ForeignError> {
    let structure = |message: String| ForeignError::Structure {
        path: path.to_owned(),
        origin: Origin::OpenAi.name(),
        message,
    };
    let size = |name: &str, axis: usize| {
        let size =
            weights.get(name).and_then(|array| array.shape.get(axis)).copied().filter(|size| *size > 0);
        size.ok_or_else(|| structure(format!("it lacks {name}, or {name} has no axis {axis}")))
    };
    if !weights.keys().any(|name| name.starts_with("output_blocks.")) {
        let what = "the encoder half of a U-Net, a classifier";
        return Err(ForeignError::NotADenoiser { path: path.to_owned(), what });
    }
    let inputs = size("input_blocks.0.0.weight", 1)?;
    let outputs = size("out.2.weight", 0)?;
    if inputs > 4 || (outputs != inputs && outputs != 2 * inputs) {
        let what = "a network that also sees another picture, as for super-resolution";
        return Err(ForeignError::NotADenoiser { path: path.to_owned(), what });
    }
    let (levels, blocks) = levels_and_blocks(weights).map_err(&structure)?;
    let of_level = |level: usize| 1 + level * (blocks + 1);
    let channels = (0..levels)
        .map(|level| size(&format!("input_blocks.{}.0.out_layers.3.weight", of_level(level)), 0))
        .collect::<Result<Vec<usize>, _>>()?;
    let attends =
        |level: &usize| weights.contains_key(&format!("input_blocks.{}.1.qkv.weight", of_level(level - 1)));
    let attention_levels: Vec<usize> = (1..=levels).filter(attends).collect();
    let residual = weights.contains_key(&format!("input_blocks.{}.0.in_layers.0.weight", 1 + blocks));
    let encoded = size("time_embed.0.weight", 1)?;
    let first = size("input_blocks.0.0.weight", 0)?;
    if encoded != channels[0] || first != channels[0] {
        return Err(structure(format!(
            "timesteps are encoded in {encoded} numbers and the first convolution gives {first} channels, but the first \
             level has {}: only networks where the three are the same can be built here",
            channels[0]
        )));
    }
    let embedding = size("time_embed.0.weight", 0)?;
    let projected = size("input_blocks.1.0.emb_layers.1.weight", 0)?;
    let residual_levels =
        |first: usize, last: usize| if residual { (first..=last).collect() } else { Vec::new() };
    let class_embedding = match weights.contains_key("label_emb.weight") {
        true => Some(ClassEmbedding::Table { classes: size("label_emb.weight", 0)?, null_class: false }),
        false => None,
    };
    let published = published::openai(&channels, residual, class_embedding.is_some());
    let network = UNetConfig {
        blocks_per_level: blocks,
        attention_levels,
        attention_levels_up: None,
        residual_levels_down: residual_levels(1, levels - 1),
        residual_levels_up: residual_levels(2, levels),
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
        output_channels: (outputs != inputs).then_some(outputs),
        middle: MiddleConfig::default(),
        class_embedding,
        channels,
    };
    Ok(Inferred { network, channels: inputs, published })
}

/// Levels, and blocks of a level on the way down. A level on the way up has one block more, the last of them with what
/// doubles the positions, but for the finest level.
fn levels_and_blocks(weights: &Weights) -> Result<(usize, usize), String> {
    let count = |beginning: &str| {
        let number = |name: &String| name.strip_prefix(beginning)?.split('.').next()?.parse::<usize>().ok();
        weights.keys().filter_map(number).max().map_or(0, |last| last.saturating_add(1))
    };
    let (inputs, outputs) = (count("input_blocks."), count("output_blocks."));
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

/// The weights under diffusers' names; names that are not understood stay.
pub(super) fn rename(weights: Weights, network: &UNetConfig, order: AttentionOrder) -> Weights {
    let mut renamed = Weights::new();
    for (name, array) in weights {
        let Some(name) = modern(&name, network.blocks_per_level) else {
            renamed.insert(name, array);
            continue;
        };
        match name.split_once("qkv.") {
            Some((attention, parameter)) if splits(&array, network) => {
                let heads = network.heads_of(array.shape[0] / 3);
                let parts = split_projection(&array, heads, order);
                for (part, array) in ["to_q", "to_k", "to_v"].into_iter().zip(parts) {
                    renamed.insert(format!("{attention}{part}.{parameter}"), array);
                }
            }
            _ if name.contains(".to_out.") => drop(renamed.insert(name, pointwise_matrix(array))),
            _ => drop(renamed.insert(name, array)),
        }
    }
    renamed
}

/// Whether a joint projection has as many rows as the heads need; one that has not is told as unexpected.
fn splits(array: &Array, network: &UNetConfig) -> bool {
    let rows = array.shape.first().copied().unwrap_or(0);
    let heads = network.heads_of(rows / 3);
    rows > 0 && rows.is_multiple_of(3) && heads > 0 && (rows / 3).is_multiple_of(heads)
}

/// A name in diffusers' words, but for joint projections, which keep `qkv`.
fn modern(name: &str, blocks: usize) -> Option<String> {
    let (part, rest) = name.split_once('.')?;
    let numbers = |rest: &str| {
        let (block, rest) = rest.split_once('.')?;
        let (place, rest) = rest.split_once('.')?;
        Some((block.parse::<usize>().ok()?, place.to_owned(), rest.to_owned()))
    };
    match part {
        "time_embed" => {
            let rest = rest
                .strip_prefix("0.")
                .map(|rest| format!("linear_1.{rest}"))
                .or_else(|| Some(format!("linear_2.{}", rest.strip_prefix("2.")?)))?;
            Some(format!("time_embedding.{rest}"))
        }
        "label_emb" => Some(format!("class_embedding.{rest}")),
        "out" => match rest.split_once('.')? {
            ("0", rest) => Some(format!("conv_norm_out.{rest}")),
            ("2", rest) => Some(format!("conv_out.{rest}")),
            _ => None,
        },
        "middle_block" => match rest.split_once('.')? {
            ("0", rest) => Some(format!("mid_block.resnets.0.{}", layer(rest)?)),
            ("1", rest) => Some(format!("mid_block.attentions.0.{}", attention(rest)?)),
            ("2", rest) => Some(format!("mid_block.resnets.1.{}", layer(rest)?)),
            _ => None,
        },
        "input_blocks" => {
            let (block, place, rest) = numbers(rest)?;
            let rest = &rest[..];
            let Some(block) = block.checked_sub(1) else {
                return (place == "0").then(|| format!("conv_in.{rest}"));
            };
            let (level, block) = (block / (blocks + 1), block % (blocks + 1));
            let path = format!("down_blocks.{level}");
            if block == blocks {
                return Some(match rest.strip_prefix("op.") {
                    Some(parameter) => format!("{path}.downsamplers.0.conv.{parameter}"),
                    None => format!("{path}.downsamplers.0.{}", layer(rest)?),
                });
            }
            inner(&path, block, &place, rest)
        }
        "output_blocks" => {
            let (block, place, rest) = numbers(rest)?;
            let (level, block) = (block / (blocks + 1), block % (blocks + 1));
            let path = format!("up_blocks.{level}");
            if place != "0"
                && let Some(parameter) = rest.strip_prefix("conv.")
            {
                return Some(format!("{path}.upsamplers.0.conv.{parameter}"));
            }
            if place != "0"
                && let Some(layer) = layer(&rest)
            {
                return Some(format!("{path}.upsamplers.0.{layer}"));
            }
            inner(&path, block, &place, &rest)
        }
        _ => None,
    }
}

fn inner(path: &str, block: usize, place: &str, rest: &str) -> Option<String> {
    match place {
        "0" => Some(format!("{path}.resnets.{block}.{}", layer(rest)?)),
        "1" => Some(format!("{path}.attentions.{block}.{}", attention(rest)?)),
        _ => None,
    }
}

/// A parameter of a residual block.
fn layer(name: &str) -> Option<String> {
    const LAYERS: [(&str, &str); 6] = [
        ("in_layers.0.", "norm1."),
        ("in_layers.2.", "conv1."),
        ("emb_layers.1.", "time_emb_proj."),
        ("out_layers.0.", "norm2."),
        ("out_layers.3.", "conv2."),
        ("skip_connection.", "conv_shortcut."),
    ];
    LAYERS.iter().find_map(|(theirs, ours)| Some(format!("{ours}{}", name.strip_prefix(theirs)?)))
}

/// A parameter of an attention.
fn attention(name: &str) -> Option<String> {
    const LAYERS: [(&str, &str); 3] =
        [("norm.", "group_norm."), ("qkv.", "qkv."), ("proj_out.", "to_out.0.")];
    LAYERS.iter().find_map(|(theirs, ours)| Some(format!("{ours}{}", name.strip_prefix(theirs)?)))
}
