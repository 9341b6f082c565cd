//! Training: repeatable, resumable, independent of how a batch is split.

use langevin::config::{Recipe, Settings};
use langevin::data::{self, Dataset};
use langevin::interop::diffusers::check_pipeline;
use langevin::math::Prediction;
use langevin::models::{ClassEmbedding, ModelConfig, UNetConfig};
use langevin::train::{Checkpoint, Extras, LockedRun, RunFolder, Trainer, WeightsKind, train};
use langevin::{SampleOptions, SampleShape, TrainedModel};

fn recipe() -> Recipe {
    let text = r#"
        [data]
        source = "digits"
        holdout = 0.1
        flip = true
        [model]
        kind = "unet"
        channels = [8, 16]
        blocks_per_level = 1
        attention_levels = [2]
        groups = 4
        dropout = 0.2
        [train]
        steps = 8
        batch = 12
        learning_rate = 1e-3
        warmup_steps = 3
        decay = "cosine"
        optimizer = "adamw"
        weight_decay = 0.01
        ema = 0.99
        timestep_sampling = "antithetic"
        checkpoint_every = 4
    "#;
    Recipe::parse("test", text).unwrap()
}

fn trainer(recipe: &Recipe) -> Trainer {
    let data = digits(recipe);
    let settings = Settings::resolve(recipe.clone(), &data).unwrap();
    Trainer::new(settings, data, &langevin::cpu()).unwrap()
}

fn digits(recipe: &Recipe) -> Dataset {
    data::load("digits", &recipe.data.options(recipe.train.seed)).unwrap()
}

fn losses(trainer: &mut Trainer, steps: usize) -> Vec<f64> {
    (0..steps).map(|_| trainer.step().loss).collect()
}

#[test]
fn the_same_seed_gives_the_same_losses_and_another_does_not() {
    let mut other = recipe();
    other.train.seed = 1;
    let first = losses(&mut trainer(&recipe()), 4);
    assert_eq!(first, losses(&mut trainer(&recipe()), 4));
    assert_ne!(first, losses(&mut trainer(&other), 4));
}

#[test]
fn a_resumed_run_is_the_uninterrupted_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("step-0000003");
    let mut whole = trainer(&recipe());
    let expected = losses(&mut whole, 8);
    let mut first = trainer(&recipe());
    losses(&mut first, 3);
    first.save(&path).unwrap();
    let mut second = trainer(&recipe());
    second.resume_from(&Checkpoint::open(&path).unwrap()).unwrap();
    assert_eq!(second.steps_made(), 3);
    assert_eq!(losses(&mut second, 5), expected[3..]);
    assert_eq!(whole.holdout_loss(), second.holdout_loss());
    let (a, b) = (folder.path().join("step-0000008"), folder.path().join("other"));
    whole.save(&a).unwrap();
    second.save(&b).unwrap();
    for file in [
        "unet/diffusion_pytorch_model.safetensors",
        "langevin/raw.safetensors",
        "langevin/optimizer.safetensors",
    ] {
        assert_eq!(std::fs::read(a.join(file)).unwrap(), std::fs::read(b.join(file)).unwrap(), "{file}");
    }
}

#[test]
fn splitting_a_batch_changes_only_the_rounding() {
    let mut split = recipe();
    split.train.micro_batch = Some(5);
    let whole = losses(&mut trainer(&recipe()), 5);
    let parts = losses(&mut trainer(&split), 5);
    for (step, (a, b)) in whole.iter().zip(&parts).enumerate() {
        assert!((a - b).abs() < 2e-5 * a, "step {step}: {a} in one, {b} in parts");
    }
}

#[test]
fn training_lowers_the_held_out_loss() {
    let mut recipe = recipe();
    recipe.train.steps = 150;
    recipe.train.batch = 32;
    recipe.train.learning_rate = 2e-3;
    let mut trainer = trainer(&recipe);
    assert_eq!(trainer.sample_counts(), (1617, 180));
    let before = trainer.holdout_loss().unwrap();
    // A new network answers zero, so its loss is the mean square of the noise.
    assert!((before - 1.0).abs() < 0.05, "{before}");
    losses(&mut trainer, 150);
    let after = trainer.holdout_loss().unwrap();
    assert!(after < 0.3 * before, "{before} before, {after} after");
}

/// The recipe with its network changed.
fn changed(change: fn(&mut UNetConfig)) -> Recipe {
    let mut recipe = recipe();
    let ModelConfig::Unet(network) = &mut recipe.model else { unreachable!() };
    change(network);
    recipe
}

#[test]
fn networks_that_training_cannot_serve_are_refused() {
    for (change, named) in [
        (
            (|c| c.class_embedding = Some(ClassEmbedding::Timestep {})) as fn(&mut UNetConfig),
            "class_embedding",
        ),
        (|c| c.output_channels = Some(2), "model.output_channels is 2"),
    ] {
        let recipe = changed(change);
        let message = Settings::resolve(recipe.clone(), &digits(&recipe)).unwrap_err().to_string();
        assert!(message.contains(named), "{message}");
    }
}

/// Its averaged weights are in a file of ours, and the checkpoint is no pipeline.
#[test]
fn a_model_that_diffusers_lacks_is_trained_and_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut other_heads = changed(|c| (c.heads, c.attention_levels) = (Some(4), vec![1, 2]));
    other_heads.train.steps = 1;
    let mut other_prediction = changed(|_| ());
    other_prediction.diffusion.prediction = Prediction::PosteriorMean;
    other_prediction.train.steps = 1;
    for (index, recipe) in [other_heads, other_prediction].into_iter().enumerate() {
        let shape = SampleShape { height: 8, width: 8, channels: 1 };
        assert!(check_pipeline(&recipe.model, &recipe.diffusion, shape).is_err());
        let mut trainer = trainer(&recipe);
        let run = RunFolder::new(folder.path().join(index.to_string()));
        let run = LockedRun::lock(run).unwrap();
        train(&mut trainer, &run, Extras::default(), &mut |_| {}, &|| false).unwrap();
        assert!(!run.checkpoint(1).join("model_index.json").exists());
        let model = TrainedModel::load(&run.root, WeightsKind::Ema).unwrap();
        let options = SampleOptions { count: 1, steps: Some(2), ..SampleOptions::default() };
        assert!(model.sample(&options).unwrap().iter().all(|value| value.is_finite()));
    }
}
