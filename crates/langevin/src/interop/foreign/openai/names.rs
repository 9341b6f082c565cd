//! The names of improved-diffusion and guided-diffusion in diffusers' words.

use super::super::AttentionOrder;
use super::super::splits::{pointwise_matrix, split_projection};
use crate::models::UNetConfig;
use crate::models::weights::{Array, Weights};

/// The weights under diffusers' names; names that are not understood stay.
pub(in super::super) fn rename(weights: Weights, network: &UNetConfig, order: AttentionOrder) -> Weights {
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
