//! Networks and trainings of every kind that a recipe can ask for: they train, sample and are resumed, or are refused in a
//! sentence.

mod common;

use common::Place;
use common::files::rgba_folder;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};
use std::cell::Cell;

/// A network's channels, groups, and the levels that each of its lists names.
fn networks() -> impl Strategy<Value = String> {
    let levels = |levels: usize| prop::collection::btree_set(1..=levels.max(1), 0..=levels);
    (1usize..=4, select(vec![1usize, 2, 4])).prop_flat_map(move |(count, groups)| {
        let channels = prop::collection::vec(select(vec![4 * groups, 6 * groups, 8 * groups]), count);
        (channels, levels(count), levels(count - 1), 1usize..=7).prop_map(move |(channels, attention, residual, blocks)| {
            format!(
                "--set model.channels={channels:?} --set model.groups={groups} --set model.attention_levels={attention:?} \
                 --set model.residual_levels_down={residual:?} --set model.blocks_per_level={blocks}"
            )
            .replace(", ", ",")
            .replace('{', "[")
            .replace('}', "]")
        })
    })
}

/// One setting out of those that change what is computed.
fn settings() -> impl Strategy<Value = &'static str> {
    select(vec![
        "model.attention_levels_up=[1]",
        "model.residual_levels_up=[2]",
        "model.heads=2",
        "model.head_size=2",
        "model.dropout=0.5",
        "model.activation=gelu",
        "model.embedding_size=3",
        "model.time_order=cos-sin",
        "model.timestep_scale=1e9",
        "model.frequency_shift=0",
        "model.time_conditioning=scale-shift",
        "model.downsample_padding=symmetric",
        "model.center_input=true",
        "model.output_channels=8",
        "model.middle.attention=false",
        "model.middle.attention_groups=1",
        "model.middle.scale=0.5",
        "diffusion.timesteps=1",
        "diffusion.timesteps=2",
        "diffusion.schedule.kind=cosine",
        "diffusion.schedule.kind=sigmoid",
        "diffusion.prediction=v",
        "diffusion.prediction=x0",
        "diffusion.variance=fixed-small",
        "diffusion.variance=learned",
        "objective.kind=hybrid",
        "objective.kind=vlb",
        "objective.weighting.kind=p2",
        "train.optimizer=adamw",
        "train.learning_rate=1000",
        "train.learning_rate=1e-30",
        "train.weight_decay=1000",
        "train.epsilon=1e-30",
        "train.epsilon=1e30",
        "train.betas=[0,0]",
        "train.clip_norm=0",
        "train.clip_norm=1e-30",
        "train.ema=0",
        "train.warmup_steps=9",
        "train.decay=cosine",
        "train.timestep_sampling=antithetic",
        "train.timestep_sampling=importance",
        "train.micro_batch=1",
        "train.micro_batch=2",
        "train.holdout_every=1",
        "data.holdout=0.5",
        "data.flip=true",
        "sample.grid_samples=1",
        "evaluate.every=1",
    ])
}

#[test]
fn a_network_trains_or_is_refused() {
    let place = Place::new();
    rgba_folder(&place.path("pictures"), 6, 8, 8);
    let (trained, refused) = (Cell::new(0), Cell::new(0));
    let ends = |line: String| {
        let ran = place.run(&line);
        prop_assert!(matches!(ran.code, Some(0..=2)), "langevin {line}\n{:?}: {}", ran.code, ran.err);
        prop_assert!(ran.code == Some(0) || ran.err.contains("error: "), "langevin {line}\n{}", ran.err);
        Ok(ran.code == Some(0))
    };
    let sizes = select(vec!["8x8", "16x16", "8x16", "4x4", "1x1", "6x3"]);
    let chosen = prop::collection::vec(settings(), 0..4);
    let run = |(network, chosen, size, batch): (String, Vec<&str>, &str, u32)| {
        let set: String = chosen.iter().map(|setting| format!(" --set {setting}")).collect();
        // What is chosen comes last, so that it is what counts.
        let base = "--set diffusion.timesteps=20 --set sample.grid_steps=2 --set sample.grid_samples=2 --set evaluate.samples=2 \
                    --set evaluate.steps=2 --quiet";
        let began = ends(format!(
            "train pictures --out run --steps 2 --batch {batch} --size {size} {base} {network}{set}"
        ))?;
        if began {
            ends("train --resume --out run --steps 3 --quiet --no-grid".to_owned())?;
            ends("sample run -n 2 --steps 2 --quiet --out out.npy".to_owned())?;
            ends("convert run converted".to_owned())?;
        }
        let count = if began { &trained } else { &refused };
        count.set(count.get() + 1);
        let _ = ["run", "converted"].map(|folder| std::fs::remove_dir_all(place.path(folder)));
        Ok(())
    };
    let mut runner = TestRunner::new(Config { cases: 60, failure_persistence: None, ..Config::default() });
    runner.run(&(networks(), chosen, sizes, 1u32..6), run).unwrap_or_else(|error| panic!("{error}"));
    println!("{} trained, {} refused", trained.get(), refused.get());
    assert!(trained.get() > 15 && refused.get() > 3, "{} trained, {} refused", trained.get(), refused.get());
}
