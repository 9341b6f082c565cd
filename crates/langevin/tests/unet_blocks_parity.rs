//! Every setting of diffusers' `UNet2DModel`, one small network each, and the paper's topology at a quarter of its
//! width: outputs, every parameter's gradient, and the losses of ten training steps.
//!
//! The vectors are made in f64 by the `generate.py` of `tests/parity/unet-blocks` and `tests/parity/unet-topology`.

mod common;

use burn::tensor::Device;
use common::Vectors;
use common::case::{Case, parameters};
use langevin::interop::diffusers::{unet_config, unet_from_config};
use langevin::{SampleShape, models::weights::Array};

const FILES: [&str; 2] = ["unet-blocks", "unet-topology"];

fn each(mut check: impl FnMut(&Case)) {
    let mut count = 0;
    for file in FILES {
        let vectors = Vectors::open(file);
        for case in Case::all(&vectors) {
            check(&case);
            count += 1;
        }
    }
    assert!(count >= 14, "only {count} cases");
}

#[test]
fn outputs_agree_with_diffusers() {
    let device = Device::flex();
    each(|case| {
        let network = case.with_weights(case.foreign_weights(), &device);
        let error = case.output_error(&network, &device);
        println!("{}: {} parameters, output within {error:.1e}", case.name(), parameters(&network));
        assert!(error < 1e-5, "{}: outputs differ by {error:.1e} of the largest", case.name());
    });
}

#[test]
fn gradients_agree_with_diffusers() {
    let device = Device::flex().autodiff();
    each(|case| {
        let network = case.with_weights(case.foreign_weights(), &device);
        let (error, key) = case.gradient_error(&network, &device);
        println!("{}: {key} has {error:.3} of the difference allowed", case.name());
        assert!(
            error <= 1.0,
            "{}: the gradient of {key} has {error:.2} of the difference allowed",
            case.name()
        );
    });
}

#[test]
fn losses_of_ten_training_steps_agree_with_pytorch() {
    let device = Device::flex().autodiff();
    each(|case| {
        let network = case.with_weights(case.foreign_weights(), &device);
        let (error, step) = case.losses_error(network, &device);
        println!("{}: losses within {error:.1e}", case.name());
        assert!(error <= 1e-4, "{}: the loss of step {step} differs by {error:.1e}", case.name());
    });
}

/// The names before attention was rewritten, and projections as 1×1 convolutions.
#[test]
fn old_attention_names_give_the_same_network() {
    let (device, mut seen) = (Device::flex(), 0);
    each(|case| {
        let Some(keys) = case.old_keys() else { return };
        let present = case.foreign_weights();
        let mut matrices = 0;
        let old = keys.into_iter().map(|(old, key)| {
            let Array { mut shape, values } = present[&key].clone();
            if old != key && shape.len() == 2 {
                shape.extend([1, 1]);
                matrices += 1;
            }
            (old, Array { shape, values })
        });
        let network = case.with_weights(old.collect(), &device);
        assert!(matrices >= 4, "{}: {matrices} matrices renamed", case.name());
        assert!(case.output_error(&network, &device) < 1e-5, "{}", case.name());
        seen += 1;
    });
    assert!(seen >= 2, "{seen} cases with old names");
}

/// What is read, written and read again is the same, and what is written is what diffusers wrote, field by field.
#[test]
fn configurations_come_back_as_diffusers_wrote_them() {
    each(|case| {
        let count = |key: &str| case.config[key].as_u64().unwrap() as usize;
        let side = |index: usize| match case.config["sample_size"].as_u64() {
            Some(side) => side as usize,
            None => case.config["sample_size"][index].as_u64().unwrap() as usize,
        };
        let shape = SampleShape { height: side(0), width: side(1), channels: count("in_channels") };
        let written = unet_config(&case.network, shape).unwrap();
        assert_eq!(unet_from_config(&written).unwrap(), case.network, "{}", case.name());
        // A level that leads nowhere has nothing to resample, so its type can have two names.
        let fields =
            case.config.as_object().unwrap().iter().filter(|(key, _)| !key.ends_with("_block_types"));
        for (key, theirs) in fields {
            let ours = &written[key];
            // 0 and 0.0 are the same number; a number of groups may stand where null means the same.
            let same = ours == theirs || (ours.is_number() && ours.as_f64() == theirs.as_f64());
            let default = key == "attn_norm_num_groups" && theirs.is_null();
            assert!(same || default, "{}: {key} is {ours}, but diffusers wrote {theirs}", case.name());
        }
    });
}
