//! Data of a recipe's shape, made up: how fast a network is does not depend on what it sees.

use crate::exit::{Failure, usage};
use anyhow::Context;
use langevin::config::Recipe;
use langevin::data::{self, Channels, Dataset, write_npz};
use langevin::math::rng::{Purpose, Stream};
use langevin::models::ModelConfig;

/// Height and width of pictures that the recipe leaves open.
const OPEN_SIZE: [usize; 2] = [32, 32];

/// Pictures made, where they are small.
const PICTURES: usize = 64;

/// Values of all pictures together, at most.
const MOST_VALUES: usize = 1 << 24;

/// Random pictures of the recipe's size, or the points that it names.
pub fn for_recipe(recipe: &Recipe) -> Result<Dataset, Failure> {
    if let (ModelConfig::Mlp(_), Some(source)) = (&recipe.model, &recipe.data.source) {
        return Ok(data::load(source, &recipe.data.options(recipe.train.seed))?);
    }
    let [height, width, channels] = shape(recipe)?;
    let values = height.checked_mul(width).and_then(|positions| positions.checked_mul(channels));
    let Some(values) = values.filter(|values| (1..=MOST_VALUES).contains(values)) else {
        return Err(usage(format!("pictures of {height}x{width} cannot be made up: give a smaller --size")));
    };
    let count = (MOST_VALUES / values).clamp(1, PICTURES);
    let mut bytes = Vec::with_capacity(count * values);
    let mut uniform = vec![0.0; values];
    for index in 0..count {
        Stream::new(recipe.train.seed, Purpose::Data, index as u64).uniform(0, &mut uniform);
        bytes.extend(uniform.iter().map(|value| (256.0 * value) as u8));
    }
    load(&bytes, [count, height, width, channels])
}

/// Pictures as a data set; one is made of a file, which goes again at once.
fn load(bytes: &[u8], shape: [usize; 4]) -> Result<Dataset, Failure> {
    let path = std::env::temp_dir().join(format!("langevin-bench-{}.npz", std::process::id()));
    write_npz(&path, bytes, shape)?;
    let loaded = data::load(&path.to_string_lossy(), &data::DataOptions::default());
    std::fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
    Ok(loaded?)
}

/// Height, width and channels of the recipe's pictures.
fn shape(recipe: &Recipe) -> Result<[usize; 3], Failure> {
    let ([height, width], channels) = match (recipe.data.source.as_deref(), recipe.data.size) {
        (Some("digits"), size) => (size.unwrap_or([8, 8]), 1),
        (Some("fashion-mnist"), size) => (size.unwrap_or([28, 28]), 1),
        (None, size) => (size.unwrap_or(OPEN_SIZE), 3),
        (Some(_), Some(size)) => (size, 3),
        (Some(source), None) => {
            return Err(usage(format!(
                "the recipe does not say how large the pictures of {source} are: give --size HxW"
            )));
        }
    };
    Ok([height, width, recipe.data.channels.map_or(channels, Channels::count)])
}
