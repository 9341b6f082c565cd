//! Reading the configuration of a `UNet2DModel`.

use super::blocks::blocks;
use super::fields::{Fields, count_of};
use crate::models::{
    Activation, ClassEmbedding, DownsamplePadding, MiddleConfig, TimeConditioning, UNetConfig,
};
use langevin_math::EmbeddingOrder;
use serde_json::{Value, json};

/// Names that fields had in the first versions.
const OLDER: [(&str, &str); 10] = [
    ("image_size", "sample_size"),
    ("num_res_blocks", "layers_per_block"),
    ("block_channels", "block_out_channels"),
    ("down_blocks", "down_block_types"),
    ("up_blocks", "up_block_types"),
    ("downscale_freq_shift", "freq_shift"),
    ("resnet_num_groups", "norm_num_groups"),
    ("resnet_act_fn", "act_fn"),
    ("resnet_eps", "norm_eps"),
    ("num_head_channels", "attention_head_dim"),
];

/// A U-Net and the samples that it is for.
#[derive(Clone, Debug, PartialEq)]
pub struct ForeignUNet {
    /// The network.
    pub network: UNetConfig,
    /// Channels of a sample.
    pub channels: usize,
    /// Height and width of a sample, where the configuration names them.
    pub size: Option<(usize, usize)>,
}

/// The network that a `UNet2DModel` configuration describes.
///
/// # Errors
/// As [`read_unet_config`].
pub fn unet_from_config(config: &Value) -> Result<UNetConfig, String> {
    read_unet_config(config).map(|unet| unet.network)
}

/// The network that a `UNet2DModel` configuration describes, and its samples. Missing fields have diffusers' defaults.
///
/// # Errors
/// One sentence that names every field that is unknown, and every one that asks for what our network has no setting
/// for; or the setting that does not fit the others.
pub fn read_unet_config(config: &Value) -> Result<ForeignUNet, String> {
    if let Some(class) = config.get("_class_name").filter(|class| !is_unet(class)) {
        return Err(format!("the network is a {class}, but only UNet2DModel is supported"));
    }
    let mut fields = Fields::new(config, &OLDER)?;
    let (channels, size) = (fields.count("in_channels", 3), size(&mut fields));
    let outputs = fields.count("out_channels", 3);
    let mut network = network(&mut fields);
    network.output_channels = (outputs != channels).then_some(outputs);
    blocks(&mut fields, &mut network);
    // Only for embeddings of timesteps that are learned.
    fields.value("num_train_timesteps", Value::Null);
    fields.finish()?;
    network.validate_settings().map_err(|error| format!("the U-Net cannot be built: {error}"))?;
    Ok(ForeignUNet { network, channels, size })
}

fn is_unet(class: &Value) -> bool {
    matches!(class.as_str(), Some("UNet2DModel" | "UNetUnconditionalModel"))
}

fn size(fields: &mut Fields) -> Option<(usize, usize)> {
    let expected = "a whole number, two of them, or null";
    fields.parsed("sample_size", Value::Null, expected, |value| match value {
        Value::Null => Some(None),
        Value::Array(sides) => match &sides[..] {
            [height, width] => Some(Some((count_of(height)?, count_of(width)?))),
            _ => None,
        },
        side => count_of(side).map(|side| Some((side, side))),
    })
}

/// Everything but the blocks' types.
fn network(fields: &mut Fields) -> UNetConfig {
    let time_conditioning =
        fields.parsed("resnet_time_scale_shift", json!("default"), "default or scale_shift", |value| {
            match value.as_str()? {
                "default" => Some(TimeConditioning::Additive),
                "scale_shift" => Some(TimeConditioning::ScaleShift),
                _ => None,
            }
        });
    fields.parsed("time_embedding_type", json!("positional"), "positional", |value| {
        (value == "positional").then_some(())
    });
    let activation = fields.parsed("act_fn", json!("silu"), "silu, swish or gelu", |value| {
        match value.as_str()?.to_lowercase().as_str() {
            "silu" | "swish" => Some(Activation::Silu),
            "gelu" => Some(Activation::Gelu),
            _ => None,
        }
    });
    let channels = fields.parsed(
        "block_out_channels",
        json!([224, 448, 672, 896]),
        "a list of whole numbers",
        |value| value.as_array()?.iter().map(count_of).collect(),
    );
    let groups = fields.count("norm_num_groups", 32);
    UNetConfig {
        channels,
        blocks_per_level: fields.count("layers_per_block", 2),
        attention_levels: Vec::new(),
        attention_levels_up: None,
        residual_levels_down: Vec::new(),
        residual_levels_up: Vec::new(),
        head_size: fields.optional_count("attention_head_dim", Some(8)),
        heads: None,
        groups,
        epsilon: fields.number("norm_eps", 1e-5),
        dropout: fields.number("dropout", 0.0),
        activation,
        embedding_size: fields.optional_count("time_embedding_dim", None).filter(|&size| size > 0),
        time_order: match fields.flag("flip_sin_to_cos", true) {
            true => EmbeddingOrder::CosSin,
            false => EmbeddingOrder::SinCos,
        },
        timestep_scale: 1.0,
        frequency_shift: fields.number("freq_shift", 0.0),
        time_conditioning,
        downsample_padding: fields.parsed("downsample_padding", json!(1), "0 or 1", |value| match count_of(
            value,
        )? {
            0 => Some(DownsamplePadding::OneSided),
            1 => Some(DownsamplePadding::Symmetric),
            _ => None,
        }),
        center_input: fields.flag("center_input_sample", false),
        output_channels: None,
        middle: middle(fields, groups, time_conditioning),
        class_embedding: class_embedding(fields),
    }
}

fn middle(fields: &mut Fields, groups: usize, conditioning: TimeConditioning) -> MiddleConfig {
    let blocks = fields.parsed(
        "mid_block_type",
        json!("UNetMidBlock2D"),
        "UNetMidBlock2D or null",
        |value| match value {
            Value::Null => Some(false),
            name => (name == "UNetMidBlock2D").then_some(true),
        },
    );
    let attention = fields.flag("add_attention", true);
    let given =
        fields.parsed(
            "attn_norm_num_groups",
            Value::Null,
            "a positive number or null",
            |value| match value {
                Value::Null => Some(None),
                value => count_of(value).filter(|&groups| groups > 0).map(Some),
            },
        );
    // diffusers leaves the normalisation out where the timestep scales and shifts, unless its groups are given.
    let attention_groups = match (given, conditioning) {
        _ if !(blocks && attention) => None,
        (Some(given), _) => (given != groups).then_some(given),
        (None, TimeConditioning::ScaleShift) => Some(0),
        (None, TimeConditioning::Additive) => None,
    };
    MiddleConfig { blocks, attention, attention_groups, scale: fields.number("mid_block_scale_factor", 1.0) }
}

fn class_embedding(fields: &mut Fields) -> Option<ClassEmbedding> {
    let classes = fields.optional_count("num_class_embeds", None);
    fields.parsed("class_embed_type", Value::Null, "timestep, identity or null", |value| match value {
        Value::Null => Some(classes.map(|classes| ClassEmbedding::Table { classes, null_class: false })),
        value => match value.as_str()? {
            "timestep" => Some(Some(ClassEmbedding::Timestep {})),
            "identity" => Some(Some(ClassEmbedding::Identity {})),
            _ => None,
        },
    })
}
