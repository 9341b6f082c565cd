//! Beginning from another model: classes carried over, parts frozen, and both exactly.

mod classes;
mod frozen;

use langevin::SampleShape;
use langevin::config::{Recipe, Settings};
use langevin::data::{self, Dataset, write_png};
use langevin::models::{Conditioning, Model, Network};
use langevin::tensor::{from_samples, to_vec};
use langevin::train::{Checkpoint, Trainer, WeightsKind};
use std::fs;
use std::path::PathBuf;
use tempfile::TempDir;

const SHAPE: SampleShape = SampleShape { height: 8, width: 8, channels: 1 };

/// A folder with models and with digits under the names of classes.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A few digits in a folder each class, whose name says which.
    fn classes(&self, folder: &str, classes: &[&str]) -> String {
        let digits = data::load("digits", &data::DataOptions::default()).unwrap();
        for class in classes {
            let inner = self.path(folder).join(class);
            fs::create_dir_all(&inner).unwrap();
            let digit = u32::from(class.as_bytes()[0] - b'a');
            let of_class = (0..digits.len()).filter(|&index| digits.labels().unwrap()[index] == digit);
            for index in of_class.take(6) {
                let mut sample = vec![0.0; SHAPE.elements()];
                digits.read(index, &mut sample);
                write_png(inner.join(format!("{index}.png")), &sample, 8, 8, 1, 256).unwrap();
            }
        }
        self.path(folder).display().to_string()
    }

    /// Trains a few steps, and saves them.
    fn trained(&self, name: &str, source: &str, assignments: &[&str]) -> (Trainer, Checkpoint) {
        let mut trainer = trainer(source, assignments);
        steps(&mut trainer, 5);
        let folder = self.path(name);
        trainer.save(&folder).unwrap();
        (trainer, Checkpoint::open(&folder).unwrap())
    }
}

fn recipe(source: &str, assignments: &[&str]) -> Recipe {
    let text = r#"
        [model]
        kind = "unet"
        channels = [8, 16]
        blocks_per_level = 1
        attention_levels = [2]
        groups = 4
        dropout = 0.1
        [train]
        steps = 20
        batch = 6
        micro_batch = 4
        learning_rate = 1e-2
        optimizer = "adamw"
        weight_decay = 0.1
        ema = 0.9
        checkpoint_every = 10
    "#;
    let mut recipe = Recipe::parse("test", text).unwrap();
    recipe.data.source = Some(source.to_owned());
    assignments.iter().fold(recipe, |recipe, assignment| recipe.with_assignment(assignment).unwrap())
}

fn settled(source: &str, assignments: &[&str]) -> (Settings, Dataset) {
    let recipe = recipe(source, assignments);
    let data = data::load(source, &recipe.data.options(0)).unwrap();
    (Settings::resolve(recipe, &data).unwrap(), data)
}

fn trainer(source: &str, assignments: &[&str]) -> Trainer {
    let (settings, data) = settled(source, assignments);
    Trainer::new(settings, data, &langevin::cpu()).unwrap()
}

/// A trainer that begins from a model.
fn begun(model: &Checkpoint, source: &str, assignments: &[&str]) -> Trainer {
    let mut trainer = trainer(source, assignments);
    trainer.init_from(model, WeightsKind::Ema).unwrap();
    trainer
}

/// Trains on; gives the losses.
fn steps(trainer: &mut Trainer, count: usize) -> Vec<f64> {
    (0..count).map(|_| trainer.step().loss).collect()
}

/// What a network answers for the same two noisy samples, told a class, or none.
fn answer(network: &Model, class: Option<usize>) -> Vec<f32> {
    let x: Vec<f32> = (0..2 * SHAPE.elements()).map(|i| ((i * 37) % 101) as f32 / 50.0 - 1.0).collect();
    let classes = class.map(|class| [class; 2]);
    let given = Conditioning::at(&[3.0, 700.0]).with_classes(classes.as_ref().map(|classes| &classes[..]));
    to_vec(network.forward(from_samples(x, SHAPE, &langevin::cpu()), given, None))
}

fn near(one: &[f32], other: &[f32]) -> bool {
    one.iter().zip(other).all(|(one, other)| (one - other).abs() < 1e-5)
}

const LABELS: &str = "data.labels=true";
