//! Training under each objective: resumable, splittable, and refused where nothing could be trained.

use langevin::config::{Recipe, Settings};
use langevin::data;
use langevin::math::Variance;
use langevin::train::{Checkpoint, Extras, LockedRun, RunFolder, Trainer, WeightsKind, train};
use langevin::{SampleOptions, TrainedModel};

/// A small network in a process so short that its losses soon decide which timesteps are drawn.
fn recipe(assignments: &[&str]) -> Recipe {
    let text = r#"
        [data]
        source = "digits"
        holdout = 0.1
        [diffusion]
        timesteps = 6
        schedule = { kind = "cosine" }
        variance = "learned"
        [objective]
        kind = "vlb"
        [model]
        kind = "unet"
        channels = [8, 16]
        blocks_per_level = 1
        groups = 4
        [train]
        steps = 60
        batch = 24
        learning_rate = 2e-3
        ema = 0.9
        timestep_sampling = "importance"
        checkpoint_every = 1000
    "#;
    let recipe = Recipe::parse("test", text).unwrap();
    assignments.iter().fold(recipe, |recipe, assignment| recipe.with_assignment(assignment).unwrap())
}

fn trainer(recipe: &Recipe) -> Trainer {
    let data = data::load("digits", &recipe.data.options(recipe.train.seed)).unwrap();
    let settings = Settings::resolve(recipe.clone(), &data).unwrap();
    Trainer::new(settings, data, &langevin::cpu()).unwrap()
}

fn losses(trainer: &mut Trainer, steps: usize) -> Vec<f64> {
    (0..steps).map(|_| trainer.step().loss).collect()
}

#[test]
fn a_run_resumed_in_importance_sampling_is_the_uninterrupted_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("step");
    let mut whole = trainer(&recipe(&[]));
    let expected = losses(&mut whole, 24);
    // 24 draws a step: the six timesteps have their ten losses each by step 8, and have not at step 2.
    for stop in [2, 8, 15] {
        let mut first = trainer(&recipe(&[]));
        losses(&mut first, stop);
        first.save(&path).unwrap();
        let mut second = trainer(&recipe(&[]));
        second.resume_from(&Checkpoint::open(&path).unwrap()).unwrap();
        assert_eq!(losses(&mut second, 24 - stop), expected[stop..], "stopped at {stop}");
    }
    let uniform = losses(&mut trainer(&recipe(&["train.timestep_sampling=uniform"])), 24);
    let first_difference = (0..24).find(|&step| uniform[step] != expected[step]);
    assert!(first_difference.is_some_and(|step| (3..12).contains(&step)), "{first_difference:?}");
    std::fs::write(path.join("langevin/losses.safetensors"), b"nothing").unwrap();
    std::fs::remove_file(path.join("langevin/manifest.json")).unwrap();
    let error = trainer(&recipe(&[])).resume_from(&Checkpoint::open(&path).unwrap()).unwrap_err();
    assert!(error.to_string().contains("losses.safetensors"), "{error}");
}

#[test]
fn splitting_a_batch_changes_only_the_rounding() {
    for kind in ["vlb", "hybrid"] {
        let objective = format!("objective.kind={kind}");
        let whole = losses(&mut trainer(&recipe(&[&objective])), 16);
        let parts = losses(&mut trainer(&recipe(&[&objective, "train.micro_batch=7"])), 16);
        for (step, (a, b)) in whole.iter().zip(&parts).enumerate() {
            assert!((a - b).abs() < 1e-4 * a, "{kind}, step {step}: {a} in one, {b} in parts");
        }
    }
}

#[test]
fn training_lowers_each_objective_on_held_out_data() {
    for assignments in [
        &["objective.kind=vlb"][..],
        &["objective.kind=hybrid", "diffusion.prediction=posterior-mean"],
        &["objective.kind=vlb", "diffusion.variance=fixed-small", "train.timestep_sampling=uniform"],
        &["objective.kind=simple", "objective.weighting.kind=min-snr", "diffusion.variance=fixed-large"],
        &["objective.kind=simple", "objective.weighting.kind=p2", "diffusion.variance=fixed-small"],
    ] {
        let mut trainer = trainer(&recipe(assignments));
        let before = trainer.holdout_loss().unwrap();
        let bounds: Vec<Option<f64>> = (0..60).map(|_| trainer.step().bound).collect();
        let after = trainer.holdout_loss().unwrap();
        assert!(after < 0.9 * before, "{assignments:?}: {before} before, {after} after");
        let simple = assignments[0].ends_with("simple");
        assert!(bounds.iter().all(|bound| bound.is_none() == simple), "{assignments:?}");
    }
}

#[test]
fn a_model_of_learned_variance_is_a_pipeline_and_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let run = LockedRun::lock(RunFolder::new(folder.path())).unwrap();
    let mut trainer = trainer(&recipe(&["objective.kind=hybrid", "train.steps=3", "sample.grid=false"]));
    train(&mut trainer, &run, Extras::default(), &mut |_| {}, &|| false).unwrap();
    assert!(run.checkpoint(3).join("model_index.json").exists());
    let line = std::fs::read_to_string(run.metrics()).unwrap();
    assert!(line.contains("\"vlb\":"), "{line}");
    let model = TrainedModel::load(&run.root, WeightsKind::Ema).unwrap();
    assert_eq!(model.process.variance, Variance::Learned);
    let options = SampleOptions { count: 2, steps: Some(3), ..SampleOptions::default() };
    assert!(model.sample(&options).unwrap().iter().all(|value| value.is_finite()));
}

#[test]
fn what_an_objective_cannot_train_is_refused() {
    let resolve = |assignments: &[&str], source: &str| {
        let recipe = recipe(assignments);
        let data = data::load(source, &recipe.data.options(0)).unwrap();
        Settings::resolve(recipe, &data).unwrap_err().to_string()
    };
    let message = resolve(&["objective.kind=simple"], "digits");
    assert!(message.contains("--set objective.kind=hybrid"), "{message}");
    let message = resolve(&["objective.kind=hybrid", "diffusion.variance=fixed-small"], "digits");
    assert!(message.contains("fixed-small") && message.contains("diffusion.variance=learned"), "{message}");
    let message = resolve(&["model.output_channels=1"], "digits");
    assert!(message.contains("model.output_channels is 1") && message.contains("twice"), "{message}");
    let message = resolve(&["objective.kind=hybrid", "objective.lambda=-1"], "digits");
    assert!(message.contains("objective.lambda is -1"), "{message}");
    let weighting = ["objective.kind=hybrid", "objective.weighting={kind=\"min-snr\", gamma=0.0}"];
    assert!(resolve(&weighting, "digits").contains("gamma"));
    let message = resolve(&["model.kind=mlp"], "swiss-roll");
    assert!(message.contains("swiss-roll is a set of points"), "{message}");
}
