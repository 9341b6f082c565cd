//! A sample's result does not depend on the batch that it is in, nor anything on the number of threads.

mod common;

use common::{assert_close, perturbed, ramp};
use langevin::compute::kernels_from_environment;
use langevin::config::builtin_recipe;
use langevin::models::{Conditioning, Model, Network};
use langevin::tensor::{SampleShape, from_samples, to_vec};
use langevin::train::Trainer;
use langevin::{compute, config::Settings, data};

const RECIPES: [(&str, SampleShape); 3] = [
    ("digits", SampleShape { height: 8, width: 8, channels: 1 }),
    ("fashion-mnist", SampleShape { height: 28, width: 28, channels: 1 }),
    ("swiss-roll", SampleShape { height: 1, width: 1, channels: 2 }),
];

fn network(recipe: &str, shape: SampleShape) -> Model {
    let device = langevin::cpu();
    perturbed(builtin_recipe(recipe).unwrap().model.init(shape, 3, &device), 0.02, 5)
}

fn predict(network: &Model, shape: SampleShape, x: &[f32], timesteps: &[f64]) -> Vec<f32> {
    to_vec(network.forward(
        from_samples(x.to_vec(), shape, &langevin::cpu()),
        Conditioning::at(timesteps),
        None,
    ))
}

/// Bit for bit with the kernels; Burn's own operations choose their order by the size of the batch.
fn assert_same(what: &str, a: &[f32], b: &[f32]) {
    if kernels_from_environment().unwrap() {
        assert!(a == b, "{what} differs");
    } else {
        assert_close(what, a, b, 1e-5, 1e-4);
    }
}

#[test]
fn a_sample_does_not_depend_on_its_batch() {
    const BATCH: usize = 7;
    for (recipe, shape) in RECIPES {
        let network = network(recipe, shape);
        let x = ramp(BATCH * shape.elements());
        let timesteps: Vec<f64> = (0..BATCH).map(|i| 140.0 * i as f64).collect();
        let whole = predict(&network, shape, &x, &timesteps);
        for rows in [0..1, 6..7, 2..5] {
            let span = rows.start * shape.elements()..rows.end * shape.elements();
            let part = predict(&network, shape, &x[span.clone()], &timesteps[rows.clone()]);
            assert_same(&format!("{recipe}, samples {rows:?}"), &part, &whole[span]);
        }
    }
}

#[test]
fn nothing_depends_on_the_number_of_threads() {
    let recipe = builtin_recipe("digits").unwrap().with_assignment("train.batch=20").unwrap();
    let digits = data::load("digits", &recipe.data.options(0)).unwrap();
    let settings = Settings::resolve(recipe, &digits).unwrap();
    for isa in compute::Isa::available() {
        let train = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let steps = || {
                let mut trainer = Trainer::new(settings.clone(), digits.clone(), &langevin::cpu()).unwrap();
                let losses: Vec<f64> = (0..3).map(|_| trainer.step().loss).collect();
                let weights = langevin::models::weights::weights_of(
                    &trainer.network(langevin::train::WeightsKind::Raw),
                );
                (losses, weights.into_iter().map(|(name, array)| (name, array.values)).collect::<Vec<_>>())
            };
            pool.install(|| compute::with_isa(isa, steps))
        };
        let one = train(1);
        for threads in [2, 3] {
            assert!(train(threads) == one, "{isa}, {threads} threads");
        }
    }
}
