//! The networks of the recipes: their sizes, and that every block sees the timestep.

mod common;

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use common::{perturbed, ramp};
use langevin::SampleShape;
use langevin::config::{builtin_recipe, builtin_recipes};
use langevin::models::{
    Conditioning, ConditioningError, ModelConfig, Network, ResBlock, TimeConditioning, UNet, UNetConfig,
};
use langevin::tensor::to_vec;

fn unet_of(recipe: &str) -> Option<UNetConfig> {
    match builtin_recipe(recipe).unwrap().model {
        ModelConfig::Unet(config) => Some(config),
        ModelConfig::Mlp(_) | ModelConfig::Classifier(_) => None,
    }
}

#[test]
fn parameter_counts_are_those_of_the_reference_networks() {
    let device = Device::flex();
    for (recipe, channels, expected) in [
        ("cifar10", 3, 35_746_307),
        ("ddpm-256", 3, 113_673_219),
        ("fashion-mnist", 1, 1_623_169),
        ("digits", 1, 701_345),
    ] {
        let config = unet_of(recipe).unwrap();
        assert_eq!(config.init(channels, 0, &device).num_params(), expected, "{recipe}");
        assert_eq!(config.parameter_count(channels, channels), expected as u64, "{recipe}");
    }
}

#[test]
fn attention_happens_at_the_stated_resolutions() {
    for (recipe, side, expected) in
        [("cifar10", 32, 16), ("ddpm-256", 256, 16), ("fashion-mnist", 28, 14), ("digits", 8, 4)]
    {
        let config = unet_of(recipe).unwrap();
        assert_eq!(config.attention_levels.len(), 1, "{recipe}");
        let level = config.attention_levels[0];
        assert_eq!(side >> (level - 1), expected, "{recipe}");
        // The middle attends too, at the coarsest level.
        let network = unet_of(recipe).unwrap().init(1, 0, &Device::flex());
        for (index, down) in network.down.iter().enumerate() {
            let attends = if index + 1 == level { config.blocks_per_level } else { 0 };
            assert_eq!(down.attention.len(), attends, "{recipe}, level {}", index + 1);
        }
    }
}

#[test]
fn parameters_are_counted_without_building_the_network() {
    for extra in [
        "",
        "time_conditioning = \"scale-shift\"\nhead_size = 4",
        "attention_levels = [1, 3]\nheads = 2",
        "attention_levels = [1]\nattention_levels_up = [2, 3]\nembedding_size = 20",
        "residual_levels_down = [2]\nresidual_levels_up = [2, 3]\ntime_conditioning = \"scale-shift\"",
        "middle = { attention = false }\nclass_embedding = { kind = \"table\", classes = 5 }",
        "middle = { blocks = false }\nclass_embedding = { kind = \"timestep\" }",
        "middle = { attention_groups = 0 }\nclass_embedding = { kind = \"identity\" }",
    ] {
        let text = format!("channels = [8, 16, 12]\nblocks_per_level = 2\ngroups = 4\n{extra}");
        let config: UNetConfig = toml::from_str(&text).unwrap();
        config.validate(8, 8).unwrap();
        let network = UNet::new(&config, 3, 6, 0, &Device::flex());
        assert_eq!(config.parameter_count(3, 6), network.num_params() as u64, "{extra}");
        let written = toml::to_string(&config).unwrap();
        assert_eq!(toml::from_str::<UNetConfig>(&written).unwrap(), config, "{written}");
    }
    let wider: UNetConfig =
        toml::from_str("channels = [8]\nblocks_per_level = 1\ngroups = 4\noutput_channels = 6").unwrap();
    let model = ModelConfig::Unet(wider);
    let shape = SampleShape { height: 8, width: 8, channels: 3 };
    let network = model.init(shape, 0, &Device::flex());
    assert_eq!(model.parameter_count(shape), network.num_params() as u64);
    let x = Tensor::<4>::from_data(TensorData::new(ramp(192), [1, 8, 8, 3]), &Device::flex());
    assert_eq!(network.forward(x, Conditioning::at(&[1.0]), None).dims(), [1, 8, 8, 6]);
}

#[test]
fn groups_leave_several_channels_each() {
    for (recipe, groups) in [("cifar10", 32), ("ddpm-256", 32), ("digits", 8), ("fashion-mnist", 8)] {
        let config = unet_of(recipe).unwrap();
        assert_eq!(config.groups, groups, "{recipe}");
        assert!(config.channels.iter().all(|channels| channels / groups >= 4), "{recipe}");
    }
}

/// Two timesteps that a network must tell apart.
const TIMES: [f64; 2] = [100.0, 800.0];

/// √(Σ (a − b)² / Σ a²).
fn relative_change(a: &[f32], b: &[f32]) -> f64 {
    let squares = |values: &mut dyn Iterator<Item = f32>| values.map(|v| f64::from(v).powi(2)).sum::<f64>();
    (squares(&mut a.iter().zip(b).map(|(a, b)| a - b)) / squares(&mut a.iter().copied())).sqrt()
}

/// How much a block's own output changes between two timesteps at the same input.
fn response(network: &UNet, block: &ResBlock) -> f64 {
    let device = Device::flex();
    let inputs = block.norm1.weight.val().dims()[0];
    let x = Tensor::<4>::from_data(TensorData::new(ramp(2 * 4 * 4 * inputs), [2, 4, 4, inputs]), &device);
    let [a, b] = TIMES.map(|t| {
        let time = langevin_ops::silu(network.time.forward(&[t, t], &device));
        to_vec(block.forward(x.clone(), time, None))
    });
    relative_change(&a, &b)
}

fn blocks(network: &UNet) -> Vec<(String, &ResBlock)> {
    let mut all = Vec::new();
    for (i, level) in network.down.iter().enumerate() {
        all.extend(level.blocks.iter().enumerate().map(|(j, block)| (format!("down.{i}.blocks.{j}"), block)));
    }
    let middle = network.middle.as_ref().unwrap();
    all.push(("middle.block1".to_owned(), &middle.block1));
    all.push(("middle.block2".to_owned(), &middle.block2));
    for (i, level) in network.up.iter().enumerate() {
        all.extend(level.blocks.iter().enumerate().map(|(j, block)| (format!("up.{i}.blocks.{j}"), block)));
    }
    all
}

#[test]
fn every_block_of_every_recipe_responds_to_the_timestep() {
    for (recipe, _) in builtin_recipes() {
        let Some(config) = unet_of(recipe) else { continue };
        let network = perturbed(config.init(3, 3, &Device::flex()), 0.02, 5);
        for (name, block) in blocks(&network) {
            let response = response(&network, block);
            assert!(response > 0.01, "{recipe}: {name} changes by only {response:.1e} with t");
        }
    }
}

#[test]
fn every_layer_of_the_networks_for_points_responds_to_the_timestep() {
    let device = Device::flex();
    for (recipe, _) in builtin_recipes() {
        let ModelConfig::Mlp(config) = builtin_recipe(recipe).unwrap().model else { continue };
        let network = config.init(2, 3, &device);
        let [a, b] = TIMES.map(|t| langevin_ops::silu(network.time.forward(&[t], &device)));
        for (index, layer) in network.layers.iter().enumerate() {
            let modulation = |time: &Tensor<2>| to_vec(layer.modulation.forward(time.clone()));
            let change = relative_change(&modulation(&a), &modulation(&b));
            assert!(change > 0.05, "{recipe}: layer {index} changes by only {change:.1e} with t");
        }
        assert_eq!(network.num_params() as u64, config_count(recipe), "{recipe}");
    }
}

fn config_count(recipe: &str) -> u64 {
    let point = SampleShape { height: 1, width: 1, channels: 2 };
    builtin_recipe(recipe).unwrap().model.parameter_count(point)
}

/// The control: one channel a group, which validation refuses, cancels the embedding.
#[test]
fn one_channel_a_group_is_blind_and_the_measure_sees_it() {
    let mut config = unet_of("digits").unwrap();
    config.channels = vec![8, 16];
    config.groups = 8;
    let network = perturbed(config.init(1, 3, &Device::flex()), 0.05, 5);
    let blind = response(&network, &network.down[0].blocks[0]);
    assert!(blind < 1e-4, "changes by {blind:.1e}");
    config.time_conditioning = TimeConditioning::ScaleShift;
    let network = perturbed(config.init(1, 3, &Device::flex()), 0.05, 5);
    assert!(response(&network, &network.down[0].blocks[0]) > 0.01);
}

#[test]
fn whole_networks_respond_level_by_level() {
    let device = Device::flex();
    let config = unet_of("digits").unwrap();
    let network = perturbed(config.init(1, 3, &device), 0.05, 5);
    let outputs = |t: f64| {
        let x = Tensor::<4>::from_data(TensorData::new(ramp(64), [1, 8, 8, 1]), &device);
        let mut seen = Vec::new();
        let _ = network.forward_observed(x, Conditioning::at(&[t]), None, &mut |name, y| {
            seen.push((name.to_owned(), to_vec(y.clone())));
        });
        seen
    };
    let (early, late) = (outputs(10.0), outputs(900.0));
    assert_eq!(early.len(), 2 + 2 + 4);
    for ((name, a), (_, b)) in early.iter().zip(&late) {
        let change: f32 = a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum::<f32>() / a.len() as f32;
        assert!(change > 1e-3, "{name} changes by {change}");
    }
}

/// A new network draws nothing yet: its last convolutions are zero.
#[test]
fn a_new_network_answers_zero() {
    let device = Device::flex();
    let network = unet_of("digits").unwrap().init(1, 0, &device);
    let x = Tensor::<4>::from_data(TensorData::new(ramp(128), [2, 8, 8, 1]), &device);
    assert!(to_vec(network.forward(x, Conditioning::at(&[3.0, 999.0]), None)).iter().all(|&y| y == 0.0));
}

#[test]
fn equal_seeds_give_equal_weights_and_others_do_not() {
    let device = Device::flex();
    let shape = SampleShape { height: 8, width: 8, channels: 1 };
    let weights = |seed| {
        let model = builtin_recipe("digits").unwrap().model.init(shape, seed, &device);
        langevin::models::weights::weights_of(&model)
    };
    assert_eq!(weights(1), weights(1));
    assert_ne!(weights(1), weights(2));
}

/// What a network is asked for changes what it gives.
#[test]
fn classes_are_told_apart_and_have_to_be_given() {
    let device = Device::flex();
    for kind in ["{ kind = \"table\", classes = 5 }", "{ kind = \"timestep\" }"] {
        let text = format!("channels = [8, 16]\nblocks_per_level = 1\ngroups = 4\nclass_embedding = {kind}");
        let config: UNetConfig = toml::from_str(&text).unwrap();
        let network = perturbed(config.init(1, 3, &device), 0.05, 5);
        let outputs = |classes: &[usize]| {
            let x = Tensor::<4>::from_data(TensorData::new(ramp(64), [1, 8, 8, 1]), &device);
            to_vec(network.forward(x, Conditioning::at(&[10.0]).with_classes(Some(classes)), None))
        };
        assert!(relative_change(&outputs(&[1]), &outputs(&[4])) > 0.01, "{kind}");
        assert_eq!(outputs(&[2]), outputs(&[2]), "{kind}");
        let missing = network.check(&Conditioning::at(&[10.0]), 1).unwrap_err();
        assert_eq!(missing, ConditioningError::MissingClasses, "{kind}");
    }
    let without = unet_of("digits").unwrap().init(1, 0, &device);
    let conditioning = Conditioning::at(&[10.0]);
    assert_eq!(without.check(&conditioning, 1), Ok(()));
    assert_eq!(without.check(&conditioning.with_classes(Some(&[7])), 1), Err(ConditioningError::NoClasses));
}
