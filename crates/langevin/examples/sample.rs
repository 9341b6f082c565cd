//! Load a trained model and draw from it: `cargo run --release --example sample runs/digits-001`.

use langevin::render::{Pictures, grid, save_png};
use langevin::train::WeightsKind;
use langevin::{SampleOptions, TrainedModel};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("give a run's folder, such as runs/digits-001")?;
    let model = TrainedModel::load(path, WeightsKind::Ema)?;
    let samples = model.sample(&SampleOptions { steps: Some(50), ..SampleOptions::default() })?;
    save_png("samples.png", &grid(&Pictures::new(&samples, model.shape().batch(16))?, None)?)?;
    println!("16 samples are in samples.png");
    Ok(())
}
