//! The swiss-roll recipe, whole: 20,000 steps, then 2,000 samples against held-out points.

use langevin::config::{Settings, builtin_recipe};
use langevin::data::{self, DataOptions, Dataset};
use langevin::sampler::Noise;
use langevin::tensor::to_points;
use langevin::train::{Extras, LockedRun, RunFolder, Trainer, WeightsKind, train};
use langevin::{SampleOptions, TrainedModel};
use std::time::Instant;

const POINTS: usize = 2000;

/// 2 E|X − Y| − E|X − X'| − E|Y − Y'|, every mean over all pairs: the squared energy distance as a V-statistic
/// (Székely & Rizzo 2013, Eq. 6.1).
fn energy_distance(x: &[[f32; 2]], y: &[[f32; 2]]) -> f64 {
    let mean = |a: &[[f32; 2]], b: &[[f32; 2]]| {
        let distance = |p: &[f32; 2], q: &[f32; 2]| f64::from(p[0] - q[0]).hypot(f64::from(p[1] - q[1]));
        let total: f64 = a.iter().map(|p| b.iter().map(|q| distance(p, q)).sum::<f64>()).sum();
        total / (a.len() * b.len()) as f64
    };
    2.0 * mean(x, y) - mean(x, x) - mean(y, y)
}

/// Points that training does not see: another seed.
fn held_out(seed: u64) -> Vec<[f32; 2]> {
    let options = DataOptions { seed, count: Some(POINTS), ..DataOptions::default() };
    match data::load("swiss-roll", &options).unwrap() {
        Dataset::Points(set) => set.points().to_vec(),
        Dataset::Pictures(_) => unreachable!("the swiss roll is points"),
    }
}

#[test]
fn samples_are_as_close_to_the_data_as_data_to_itself() {
    let folder = tempfile::tempdir().unwrap();
    let recipe = builtin_recipe("swiss-roll").unwrap();
    let data = data::load("swiss-roll", &recipe.data.options(recipe.train.seed)).unwrap();
    let settings = Settings::resolve(recipe, &data).unwrap();
    let mut trainer = Trainer::new(settings, data, &langevin::cpu()).unwrap();
    let begun = Instant::now();
    train(
        &mut trainer,
        &LockedRun::lock(RunFolder::new(folder.path())).unwrap(),
        Extras::default(),
        &mut |_| {},
        &|| false,
    )
    .unwrap();
    let seconds = begun.elapsed().as_secs_f64();
    let model = TrainedModel::load(folder.path(), WeightsKind::Ema).unwrap();
    let options =
        SampleOptions { count: POINTS, batch: POINTS, noise: Noise::Seed(1), ..SampleOptions::default() };
    let samples = to_points(&model.sample(&options).unwrap());
    let pairs: Vec<f64> =
        (0..10).map(|k| energy_distance(&held_out(100 + 2 * k), &held_out(101 + 2 * k))).collect();
    let between = pairs.iter().sum::<f64>() / 10.0;
    let got = energy_distance(&samples, &held_out(99));
    println!(
        "trained in {seconds:.0} s; squared energy distance: samples to held-out points {got:.6}, held-out pairs {between:.6} \
         (ratio {:.2})",
        got / between
    );
    assert!(got <= 2.0 * between, "{got} is more than twice {between}");
}
