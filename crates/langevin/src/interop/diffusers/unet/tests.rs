use super::*;
use crate::config::builtin_recipe;
use crate::models::{ClassEmbedding, MiddleConfig, ModelConfig, TimeConditioning, UNetConfig};
use crate::tensor::SampleShape;
use serde_json::{Value, json};

fn shape(height: usize, width: usize, channels: usize) -> SampleShape {
    SampleShape { height, width, channels }
}

fn config(extra: &str) -> UNetConfig {
    toml::from_str(&format!("channels = [8, 12, 16]\nblocks_per_level = 1\ngroups = 4\n{extra}")).unwrap()
}

fn read(json: &Value) -> Result<UNetConfig, String> {
    unet_from_config(json)
}

#[test]
fn configurations_survive_the_foreign_form() {
    for name in ["digits", "fashion-mnist", "cifar10", "ddpm-256"] {
        let ModelConfig::Unet(config) = builtin_recipe(name).unwrap().model else { unreachable!() };
        assert_eq!(read(&unet_config(&config, shape(32, 32, 3)).unwrap()).unwrap(), config, "{name}");
    }
    for extra in [
        "attention_levels = [2]\nattention_levels_up = [1, 3]\nhead_size = 4\nactivation = \"gelu\"",
        "attention_levels = [1]\nresidual_levels_down = [1, 2]\nresidual_levels_up = [3, 2]",
        "residual_levels_down = [2]\nattention_levels = [1]\nattention_levels_up = []",
        "embedding_size = 20\ncenter_input = true\noutput_channels = 6\nmiddle = { blocks = false }",
        "middle = { attention = false, scale = 1.5 }\nclass_embedding = { kind = \"timestep\" }",
        "middle = { attention_groups = 2 }\nclass_embedding = { kind = \"table\", classes = 10 }",
        "middle = { attention_groups = 0 }\ntime_conditioning = \"scale-shift\"",
        "class_embedding = { kind = \"identity\" }\ndropout = 0.1\ndownsample_padding = \"symmetric\"",
    ] {
        let mut config = config(extra);
        config.residual_levels_up.sort_unstable();
        let json = unet_config(&config, shape(20, 28, 3)).unwrap();
        let back = read_unet_config(&json).unwrap();
        assert_eq!(back, ForeignUNet { network: config, channels: 3, size: Some((20, 28)) }, "{extra}");
    }
}

#[test]
fn a_fixed_number_of_heads_is_written_where_one_size_says_it() {
    let shape = shape(16, 16, 3);
    let one = config("heads = 4\nattention_levels = [3]");
    let back = read(&unet_config(&one, shape).unwrap()).unwrap();
    assert_eq!((back.heads, back.head_size, back.heads_of(16)), (None, Some(4), 4));
    let single = read(&unet_config(&config("heads = 1\nattention_levels = [2]"), shape).unwrap()).unwrap();
    assert_eq!((single.heads_of(12), single.heads_of(16)), (1, 1));
    let message = unet_config(&config("heads = 4\nattention_levels = [2]"), shape).unwrap_err();
    assert!(message.contains("4 heads") && message.contains("3 channels"), "{message}");
}

#[test]
fn what_diffusers_cannot_express_is_refused() {
    for (extra, named) in [
        ("attention_levels = [1, 2]\nresidual_levels_down = [2]", "on the way down level 2"),
        ("attention_levels = [2, 3]\nresidual_levels_up = [2]", "on the way up level 3"),
        ("middle = { attention_groups = 0 }", "middle's attention"),
    ] {
        let message = unet_config(&config(extra), shape(16, 16, 3)).unwrap_err();
        assert!(message.contains(named), "{message}");
    }
}

#[test]
fn everything_that_is_not_supported_is_named_at_once() {
    let mut json = unet_config(&config(""), shape(16, 16, 3)).unwrap();
    for (key, value) in [
        ("down_block_types", json!(["SkipDownBlock2D", "DownBlock2D", "DownBlock2D"])),
        ("up_block_types", json!(["UpBlock2D"])),
        ("time_embedding_type", json!("fourier")),
        ("act_fn", json!("mish")),
        ("resnet_time_scale_shift", json!("spatial")),
        ("downsample_padding", json!(2)),
        ("downsample_type", json!("fir")),
        ("class_embed_type", json!("projection")),
        ("norm_num_groups", Value::Null),
        ("norm_eps", json!("small")),
        ("attention_head_dim", json!([8, 8])),
        ("mid_block_type", json!("UNetMidBlock2DCrossAttn")),
        ("encoder_hid_dim", json!(7)),
    ] {
        json[key] = value;
    }
    let message = read(&json).unwrap_err();
    for named in [
        "SkipDownBlock2D",
        "[\"UpBlock2D\"]",
        "time_embedding_type is \"fourier\"",
        "\"mish\"",
        "\"spatial\"",
        "downsample_padding is 2",
        "\"fir\"",
        "\"projection\"",
        "norm_num_groups is null",
        "norm_eps is \"small\"",
        "attention_head_dim is [8,8]",
        "UNetMidBlock2DCrossAttn",
        "encoder_hid_dim is 7 (a field that is not known)",
    ] {
        assert!(message.contains(named), "{named} is not in: {message}");
    }
    json = json!({ "_class_name": "UNet2DConditionModel" });
    assert!(read(&json).unwrap_err().contains("UNet2DConditionModel"));
    assert!(read(&json!([1])).is_err());
}

#[test]
fn what_does_not_fit_together_is_refused() {
    let mut json = unet_config(&config(""), shape(16, 16, 3)).unwrap();
    json["attention_head_dim"] = json!(7);
    assert!(read(&json).unwrap_err().contains("head_size is 7"));
    json["block_out_channels"] = json!([]);
    json["down_block_types"] = json!([]);
    json["up_block_types"] = json!([]);
    assert!(read(&json).unwrap_err().contains("empty"));
}

/// The network of Ho et al.'s CIFAR-10, as the first versions wrote it.
#[test]
fn the_first_versions_configurations_are_read() {
    let types = |attending: usize, plain: &str, with: &str| {
        json!((0..4).map(|i| if i == attending { with } else { plain }).collect::<Vec<_>>())
    };
    let cifar10 = json!({
        "_class_name": "UNet2DModel",
        "_diffusers_version": "0.0.4",
        "act_fn": "silu",
        "attention_head_dim": null,
        "block_out_channels": [128, 256, 256, 256],
        "center_input_sample": false,
        "down_block_types": types(1, "DownBlock2D", "AttnDownBlock2D"),
        "downsample_padding": 0,
        "flip_sin_to_cos": false,
        "freq_shift": 1,
        "in_channels": 3,
        "layers_per_block": 2,
        "mid_block_scale_factor": 1,
        "norm_eps": 1e-6,
        "norm_num_groups": 32,
        "out_channels": 3,
        "sample_size": 32,
        "time_embedding_type": "positional",
        "up_block_types": types(2, "UpBlock2D", "AttnUpBlock2D"),
    });
    let ModelConfig::Unet(mut expected) = builtin_recipe("cifar10").unwrap().model else { unreachable!() };
    expected.dropout = 0.0;
    let expected = ForeignUNet { network: expected, channels: 3, size: Some((32, 32)) };
    assert_eq!(read_unet_config(&cifar10).unwrap(), expected);
    let mut older = cifar10.clone();
    for (then, now) in [
        ("image_size", "sample_size"),
        ("num_res_blocks", "layers_per_block"),
        ("block_channels", "block_out_channels"),
        ("downscale_freq_shift", "freq_shift"),
        ("resnet_num_groups", "norm_num_groups"),
        ("resnet_act_fn", "act_fn"),
        ("resnet_eps", "norm_eps"),
        ("num_head_channels", "attention_head_dim"),
    ] {
        older[then] = older.as_object_mut().unwrap().remove(now).unwrap();
    }
    older["down_blocks"] = types(1, "UNetResDownBlock2D", "UNetResAttnDownBlock2D");
    older["up_blocks"] = types(2, "UNetResUpBlock2D", "UNetResAttnUpBlock2D");
    older.as_object_mut().unwrap().retain(|key, _| !key.ends_with("_block_types"));
    assert_eq!(read_unet_config(&older).unwrap(), expected);
    older["norm_num_groups"] = json!(16);
    assert!(read(&older).unwrap_err().contains("resnet_num_groups is 32 but norm_num_groups"));
}

#[test]
fn missing_fields_have_the_defaults_of_diffusers() {
    let ForeignUNet { network, channels, size } = read_unet_config(&json!({})).unwrap();
    assert_eq!((channels, size), (3, None));
    assert_eq!(network.channels, [224, 448, 672, 896]);
    assert_eq!((network.attention_levels, network.attention_levels_up), (vec![2, 3, 4], None));
    assert_eq!((network.head_size, network.groups, network.epsilon), (Some(8), 32, 1e-5));
    assert_eq!((network.blocks_per_level, network.frequency_shift), (2, 0.0));
    let scale_shift = read(&json!({ "resnet_time_scale_shift": "scale_shift" })).unwrap();
    assert_eq!(scale_shift.time_conditioning, TimeConditioning::ScaleShift);
    assert_eq!(scale_shift.middle, MiddleConfig { attention_groups: Some(0), ..MiddleConfig::default() });
    let classes = read(&json!({ "num_class_embeds": 10 })).unwrap();
    assert_eq!(classes.class_embedding, Some(ClassEmbedding::Table { classes: 10, null_class: false }));
}
