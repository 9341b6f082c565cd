//! What is timed: the forward pass, and the whole training step.

use crate::args::Work;
use crate::exit::Failure;
use anyhow::bail;
use langevin::compute::PreparedWeights;
use langevin::config::Settings;
use langevin::data::Dataset;
use langevin::math::rng::{Purpose, Stream};
use langevin::models::{Conditioning, Model, Network};
use langevin::tensor::{from_samples, to_vec};
use langevin::train::Trainer;
use std::time::Instant;

/// Seconds that are not timed at the start, and the fewest runs of the work in them.
const WARM_UP: (f64, usize) = (0.5, 2);

/// A piece of work that can be done over and over, a batch at a time.
pub trait Step {
    /// Does it once.
    ///
    /// # Errors
    /// If what came out is no result to be timed.
    fn step(&mut self) -> anyhow::Result<()>;
}

/// The work, set up and warm.
pub fn prepare(work: Work, settings: &Settings, data: Dataset) -> Result<Box<dyn Step>, Failure> {
    let mut step: Box<dyn Step> = match work {
        Work::Forward => Box::new(Forward::new(settings)),
        Work::Train => Box::new(Train(Trainer::new(settings.clone(), data, &langevin::cpu())?)),
    };
    let begun = Instant::now();
    let mut runs = 0;
    while runs < WARM_UP.1 || begun.elapsed().as_secs_f64() < WARM_UP.0 {
        step.step()?;
        runs += 1;
    }
    Ok(step)
}

/// Seconds that the work takes once: the mean over about `seconds`.
pub fn round(work: &mut dyn Step, seconds: f64) -> Result<f64, Failure> {
    let (runs, taken) = repeat(work, seconds)?;
    Ok(taken / runs)
}

/// Does the work for about `seconds`; gives how often, and the seconds that it took.
pub fn repeat(work: &mut dyn Step, seconds: f64) -> Result<(f64, f64), Failure> {
    let begun = Instant::now();
    let mut runs = 0.0;
    loop {
        work.step()?;
        runs += 1.0;
        let taken = begun.elapsed().as_secs_f64();
        // The next run would end farther from the time asked for than this one did.
        if taken * (1.0 + 0.5 / runs) > seconds {
            return Ok((runs, taken));
        }
    }
}

/// A prediction of a batch without gradient, one of many as in sampling.
struct Forward {
    _kept: PreparedWeights,
    network: Model,
    noise: Vec<f32>,
    timesteps: Vec<f64>,
    settings: Settings,
}

impl Forward {
    fn new(settings: &Settings) -> Self {
        let (seed, batch) = (settings.recipe.train.seed, settings.recipe.train.batch);
        let mut noise = vec![0.0; batch * settings.shape.elements()];
        Stream::new(seed, Purpose::SampleStart, 0).normal(0, &mut noise);
        let total = settings.recipe.diffusion.timesteps;
        let timesteps = (0..batch).map(|row| (row * total / batch) as f64).collect();
        let network = settings.recipe.model.init(settings.shape, seed, &langevin::cpu());
        Self { _kept: PreparedWeights::keep(), network, noise, timesteps, settings: settings.clone() }
    }
}

impl Step for Forward {
    fn step(&mut self) -> anyhow::Result<()> {
        let x = from_samples(self.noise.clone(), self.settings.shape, &langevin::cpu());
        let output = to_vec(self.network.forward(x, Conditioning::at(&self.timesteps), None));
        if output.iter().any(|value| !value.is_finite()) {
            bail!("the network's output holds values that are no numbers");
        }
        Ok(())
    }
}

/// A step of training: forward, backward, clipping, the optimiser, the moving average.
struct Train(Trainer);

impl Step for Train {
    fn step(&mut self) -> anyhow::Result<()> {
        let report = self.0.step();
        // Such a step leaves the weights as they are, and does less than is to be timed.
        if !report.grad_norm.is_finite() {
            bail!(
                "the loss of step {} is no number: lower train.learning_rate with --set",
                self.0.steps_made()
            );
        }
        Ok(())
    }
}
