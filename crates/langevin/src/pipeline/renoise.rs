//! Adding noise to a picture, and taking it away again.

use super::{SampleError, Sampling};
use crate::sampler::{Ddpm, Moment, Noise, NoiseSource, run};
use crate::tensor::{cpu, from_samples, to_vec};
use langevin_math::{Grid, NoiseLevel, Spacing};
use std::ops::ControlFlow;

/// x_t, and the sample that came of it.
pub type Renoised = (Vec<f32>, Vec<f32>);

/// How far a picture is taken towards noise, and how it comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Renoising {
    /// The timestep that it is diffused to, counted from 0, the least noise.
    pub timestep: usize,
    /// Steps of ancestral sampling back: 1 to `timestep` + 1, evenly spread; `None` takes every timestep.
    pub steps: Option<usize>,
    /// Of the noise.
    pub seed: u64,
    /// The class, for a network that knows classes.
    pub class: Option<usize>,
}

impl Sampling<'_> {
    /// Diffuses one sample to a timestep, and takes it back by ancestral sampling (Ho et al. 2020, Algorithm 2). Gives x_t and
    /// the sample that it came back as, unclipped; `observe` may stop, and the result is then `None`.
    ///
    /// # Shapes
    /// `x0` and both results: `[height, width, channels]`, pictures scaled to [−1, 1].
    ///
    /// # Errors
    /// If `x0` is not one sample; if the process has no such timestep, or not so many before it; if the network does not know
    /// the class, or knows classes and none is given.
    pub fn renoise(
        &self,
        x0: &[f32],
        wanted: &Renoising,
        observe: &mut dyn FnMut(Moment) -> ControlFlow<()>,
    ) -> Result<Option<Renoised>, SampleError> {
        let (shape, process, device) = (self.shape, self.process, cpu());
        if x0.len() != shape.elements() {
            return Err(SampleError::Picture { got: x0.len(), shape });
        }
        let grid = self.way_back(wanted)?;
        let denoiser = self.bounded(None).of_classes(wanted.class.into())?;
        let seed = Noise::Seed(wanted.seed);
        let noise = NoiseSource { noise: &seed, first: 0, samples: 1, shape };
        let eps = to_vec(noise.start(&device));
        let mut x_t = vec![0.0; shape.elements()];
        process.diffuse(wanted.timestep, x0, &eps, &mut x_t);
        let mut solver = Ddpm::new(process.variance);
        let x = from_samples(x_t.clone(), shape, &device);
        let back = run(&mut solver, &denoiser, &grid, x, &noise, observe);
        Ok(back.map(|back| (x_t, to_vec(back))))
    }

    /// From the timestep to the data.
    fn way_back(&self, wanted: &Renoising) -> Result<Grid, SampleError> {
        let (Renoising { timestep, .. }, table) = (*wanted, &self.process.table);
        if timestep >= table.len() {
            return Err(SampleError::Timestep { timestep, last: table.len() - 1 });
        }
        let most = timestep + 1;
        let steps = wanted.steps.unwrap_or(most);
        if steps == 0 || steps > most {
            return Err(SampleError::BackSteps { timestep: most, steps });
        }
        // Trailing: the noisiest timestep is the one that the picture is at.
        let kept = Spacing::Trailing.timesteps(most, steps)?;
        let mut levels: Vec<NoiseLevel> = kept.into_iter().rev().map(|t| table.level(t)).collect();
        levels.push(NoiseLevel::DATA);
        Ok(Grid::through(&levels))
    }
}
