//! Train a model of points in the plane, and plot what it draws: `cargo run --release --example train_points`.

use langevin::config::{Settings, builtin_recipe};
use langevin::data;
use langevin::render::{PlotOptions, Series, save_png, scatter};
use langevin::tensor::to_points;
use langevin::train::{Extras, LockedRun, RunFolder, Trainer, WeightsKind, train};
use langevin::{SampleOptions, TrainedModel};
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let mut recipe = builtin_recipe("swiss-roll")?;
    recipe.data.source = Some("two-moons".to_owned());
    recipe.train.steps = std::env::args().nth(1).map_or(Ok(3000), |steps| steps.parse())?;

    let data = data::load("two-moons", &recipe.data.options(recipe.train.seed))?;
    let settings = Settings::resolve(recipe, &data)?;
    let mut trainer = Trainer::new(settings, data, &langevin::cpu())?;
    let folder = LockedRun::lock(RunFolder::new(std::env::temp_dir().join("langevin-two-moons")))?;
    train(&mut trainer, &folder, Extras::default(), &mut |_| {}, &|| false)?;

    let model = TrainedModel::load(&folder.root, WeightsKind::Ema)?;
    let options = SampleOptions { count: 1000, batch: 1000, steps: Some(100), ..SampleOptions::default() };
    let points = to_points(&model.sample(&options)?);
    let image = scatter(&[Series { points: &points, ..Series::default() }], &PlotOptions::default())?;
    save_png(folder.root.join("moons.png"), &image)?;
    println!("the points are in {}", folder.root.join("moons.png").display());
    Ok(())
}
