//! A U-Net's configuration as `UNet2DModel` writes it.

use crate::models::{DownsamplePadding, TimeConditioning, UNetConfig};
use crate::tensor::SampleShape;
use langevin_math::EmbeddingOrder;
use serde_json::{Value, json};

/// The version of diffusers whose configuration is written.
pub(super) const DIFFUSERS_VERSION: &str = "0.42.1";

/// `unet/config.json` of a network for samples of `shape`.
pub fn unet_config(config: &UNetConfig, shape: SampleShape) -> Value {
    let levels = config.channels.len();
    let block = |level: usize, plain: &str, attending: &str| {
        if config.attends(level) { attending.to_owned() } else { plain.to_owned() }
    };
    let down: Vec<String> =
        (1..=levels).map(|level| block(level, "DownBlock2D", "AttnDownBlock2D")).collect();
    let up: Vec<String> =
        (1..=levels).rev().map(|level| block(level, "UpBlock2D", "AttnUpBlock2D")).collect();
    let sample_size =
        if shape.height == shape.width { json!(shape.height) } else { json!([shape.height, shape.width]) };
    json!({
        "_class_name": "UNet2DModel",
        "_diffusers_version": DIFFUSERS_VERSION,
        "act_fn": "silu",
        "add_attention": true,
        "attention_head_dim": config.head_size,
        // Without it, the middle's attention has no normalisation under scale and shift.
        "attn_norm_num_groups": config.groups,
        "block_out_channels": config.channels,
        "center_input_sample": false,
        "class_embed_type": null,
        "down_block_types": down,
        "downsample_padding": match config.downsample_padding {
            DownsamplePadding::OneSided => 0,
            DownsamplePadding::Symmetric => 1,
        },
        "downsample_type": "conv",
        "dropout": config.dropout,
        "flip_sin_to_cos": config.time_order == EmbeddingOrder::CosSin,
        "freq_shift": config.frequency_shift,
        "in_channels": shape.channels,
        "layers_per_block": config.blocks_per_level,
        "mid_block_scale_factor": 1,
        "norm_eps": config.epsilon,
        "norm_num_groups": config.groups,
        "num_class_embeds": null,
        "out_channels": shape.channels,
        "resnet_time_scale_shift": match config.time_conditioning {
            TimeConditioning::Additive => "default",
            TimeConditioning::ScaleShift => "scale_shift",
        },
        "sample_size": sample_size,
        "time_embedding_type": "positional",
        "up_block_types": up,
        "upsample_type": "conv",
    })
}

/// The network that a `UNet2DModel` configuration describes.
///
/// # Errors
/// Names the first key that is missing, or that asks for what our network has no setting for.
pub fn unet_from_config(config: &Value) -> Result<UNetConfig, String> {
    let field = |key: &str| config.get(key).ok_or_else(|| format!("the U-Net's configuration lacks {key}"));
    let refuse = |key: &str| format!("the U-Net's configuration has an unsupported {key}: {}", config[key]);
    let count = |key: &str| field(key)?.as_u64().map(|n| n as usize).ok_or_else(|| refuse(key));
    let flag = |key: &str| field(key)?.as_bool().ok_or_else(|| refuse(key));
    let number = |key: &str| field(key)?.as_f64().ok_or_else(|| refuse(key));
    let channels = field("block_out_channels")?.as_array().ok_or_else(|| refuse("block_out_channels"))?;
    let channels = channels.iter().map(|n| n.as_u64().map(|n| n as usize)).collect::<Option<Vec<_>>>();
    let mut attention_levels = Vec::new();
    let blocks = field("down_block_types")?.as_array().ok_or_else(|| refuse("down_block_types"))?;
    for (index, block) in blocks.iter().enumerate() {
        match block.as_str() {
            Some("DownBlock2D") => {}
            Some("AttnDownBlock2D") => attention_levels.push(index + 1),
            _ => return Err(refuse("down_block_types")),
        }
    }
    Ok(UNetConfig {
        channels: channels.ok_or_else(|| refuse("block_out_channels"))?,
        blocks_per_level: count("layers_per_block")?,
        attention_levels,
        head_size: config.get("attention_head_dim").and_then(Value::as_u64).map(|n| n as usize),
        groups: count("norm_num_groups")?,
        epsilon: number("norm_eps")?,
        dropout: config.get("dropout").and_then(Value::as_f64).unwrap_or(0.0),
        time_order: if flag("flip_sin_to_cos")? { EmbeddingOrder::CosSin } else { EmbeddingOrder::SinCos },
        frequency_shift: number("freq_shift")?,
        time_conditioning: match config.get("resnet_time_scale_shift").and_then(Value::as_str) {
            None | Some("default") => TimeConditioning::Additive,
            Some("scale_shift") => TimeConditioning::ScaleShift,
            Some(_) => return Err(refuse("resnet_time_scale_shift")),
        },
        downsample_padding: match count("downsample_padding")? {
            0 => DownsamplePadding::OneSided,
            1 => DownsamplePadding::Symmetric,
            _ => return Err(refuse("downsample_padding")),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::builtin_recipe;
    use crate::models::ModelConfig;

    #[test]
    fn configurations_survive_the_foreign_form() {
        let shape = SampleShape { height: 32, width: 32, channels: 3 };
        for name in ["digits", "fashion-mnist", "cifar10", "ddpm-256"] {
            let ModelConfig::Unet(config) = builtin_recipe(name).unwrap().model else { unreachable!() };
            assert_eq!(unet_from_config(&unet_config(&config, shape)).unwrap(), config);
        }
    }

    #[test]
    fn what_is_not_supported_is_named() {
        let ModelConfig::Unet(config) = builtin_recipe("digits").unwrap().model else { unreachable!() };
        let mut json = unet_config(&config, SampleShape { height: 8, width: 8, channels: 1 });
        json["down_block_types"][0] = json!("SkipDownBlock2D");
        assert!(unet_from_config(&json).unwrap_err().contains("SkipDownBlock2D"));
        json.as_object_mut().unwrap().remove("norm_eps");
        assert!(unet_from_config(&json).is_err());
    }
}
