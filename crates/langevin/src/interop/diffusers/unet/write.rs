//! Writing the configuration of a `UNet2DModel`.

use super::DIFFUSERS_VERSION;
use crate::models::{Activation, ClassEmbedding, DownsamplePadding, TimeConditioning, UNetConfig};
use crate::tensor::SampleShape;
use langevin_math::EmbeddingOrder;
use serde_json::{Value, json};

/// `unet/config.json` of a network for samples of `shape`.
///
/// # Errors
/// If `UNet2DModel` has no such network; says what it lacks.
pub fn unet_config(config: &UNetConfig, shape: SampleShape) -> Result<Value, String> {
    if config.timestep_scale != 1.0 {
        let scale = config.timestep_scale;
        return Err(format!("UNet2DModel takes timesteps as they are, but model.timestep_scale is {scale}"));
    }
    let (down, halving) = way(config, true)?;
    let (up, doubling) = way(config, false)?;
    let sample_size =
        if shape.height == shape.width { json!(shape.height) } else { json!([shape.height, shape.width]) };
    let (class_embed_type, classes) = match config.class_embedding {
        None => (Value::Null, None),
        Some(table @ ClassEmbedding::Table { .. }) => (Value::Null, Some(table.rows())),
        Some(ClassEmbedding::Timestep {}) => (json!("timestep"), None),
        Some(ClassEmbedding::Identity {}) => (json!("identity"), None),
    };
    Ok(json!({
        "_class_name": "UNet2DModel",
        "_diffusers_version": DIFFUSERS_VERSION,
        "act_fn": match config.activation {
            Activation::Silu => "silu",
            Activation::Gelu => "gelu",
        },
        "add_attention": config.middle.attention,
        "attention_head_dim": head_size(config)?,
        "attn_norm_num_groups": middle_groups(config)?,
        "block_out_channels": config.channels,
        "center_input_sample": config.center_input,
        "class_embed_type": class_embed_type,
        "down_block_types": down,
        "downsample_padding": match config.downsample_padding {
            DownsamplePadding::OneSided => 0,
            DownsamplePadding::Symmetric => 1,
        },
        "downsample_type": halving,
        "dropout": config.dropout,
        "flip_sin_to_cos": config.time_order == EmbeddingOrder::CosSin,
        "freq_shift": config.frequency_shift,
        "in_channels": shape.channels,
        "layers_per_block": config.blocks_per_level,
        "mid_block_scale_factor": scale(config.middle.scale),
        "mid_block_type": config.middle.blocks.then_some("UNetMidBlock2D"),
        "norm_eps": config.epsilon,
        "norm_num_groups": config.groups,
        "num_class_embeds": classes,
        "num_train_timesteps": null,
        "out_channels": config.outputs(shape.channels),
        "resnet_time_scale_shift": match config.time_conditioning {
            TimeConditioning::Additive => "default",
            TimeConditioning::ScaleShift => "scale_shift",
        },
        "sample_size": sample_size,
        "time_embedding_dim": config.embedding_size,
        "time_embedding_type": "positional",
        "up_block_types": up,
        "upsample_type": doubling,
    }))
}

/// Whole scales as diffusers writes them.
fn scale(scale: f64) -> Value {
    if scale == 1.0 { json!(1) } else { json!(scale) }
}

/// The types of the blocks on the way down or up, in their order, and how those with attention resample.
fn way(config: &UNetConfig, down: bool) -> Result<(Vec<&'static str>, &'static str), String> {
    let levels = config.channels.len();
    let [plain, attending, residual] = match down {
        true => ["DownBlock2D", "AttnDownBlock2D", "ResnetDownsampleBlock2D"],
        false => ["UpBlock2D", "AttnUpBlock2D", "ResnetUpsampleBlock2D"],
    };
    let mut types = Vec::new();
    let mut resampling = None;
    for level in 1..=levels {
        let (attends, resamples, is_residual) = match down {
            true => (config.attends(level), level < levels, config.residual_levels_down.contains(&level)),
            false => (config.attends_up(level), level > 1, config.residual_levels_up.contains(&level)),
        };
        if attends && resamples && *resampling.get_or_insert(is_residual) != is_residual {
            let way = if down { "down" } else { "up" };
            return Err(format!(
                "UNet2DModel resamples alike after all levels with attention, but on the way {way} level {level} differs \
                 from those before it"
            ));
        }
        types.push(match (attends, is_residual) {
            (true, _) => attending,
            (false, true) => residual,
            (false, false) => plain,
        });
    }
    if !down {
        types.reverse();
    }
    Ok((types, if resampling == Some(true) { "resnet" } else { "conv" }))
}

/// The one size of the attentions' heads; `None` where each is as wide as its level.
fn head_size(config: &UNetConfig) -> Result<Option<usize>, String> {
    let Some(heads) = config.heads else { return Ok(config.head_size) };
    let levels = config.channels.len();
    let attends = |level: usize| {
        config.attends(level) || config.attends_up(level) || (level == levels && config.middle.attends())
    };
    let sizes: Vec<usize> = (1..=levels)
        .filter(|&level| attends(level))
        .map(|level| config.channels[level - 1] / heads)
        .collect();
    match sizes.iter().find(|&&size| size != sizes[0]) {
        // A head of all channels has each level's own width.
        Some(_) if heads == 1 => Ok(None),
        Some(other) => Err(format!(
            "UNet2DModel has heads of one size, but {heads} heads at every level have {} channels at one level and {other} \
             at another",
            sizes[0]
        )),
        None => Ok(sizes.first().copied()),
    }
}

/// Without a number, the middle's attention has no normalisation where the timestep scales and shifts.
fn middle_groups(config: &UNetConfig) -> Result<Option<usize>, String> {
    match config.middle.attention_groups {
        Some(0) if !config.middle.attends() || config.time_conditioning == TimeConditioning::ScaleShift => {
            Ok(None)
        }
        Some(0) => {
            Err("UNet2DModel normalises before the middle's attention where the timestep is added, but \
                 model.middle.attention_groups is 0"
                .to_owned())
        }
        groups => Ok(Some(groups.unwrap_or(config.groups))),
    }
}
