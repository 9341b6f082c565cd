//! From one sample to another, through samples.

use super::{SampleError, SampleOptions, SamplerChoice, Sampling};
use crate::sampler::{Generation, GivenNoise, Knob, Moment, Noise, NoiseSource, spherical};
use crate::tensor::{cpu, to_vec};
use std::ops::ControlFlow;

impl Sampling<'_> {
    /// The samples of `options.count` noises on the arc from x_T of sample 0 of the first seed to that of the second, both ends
    /// among them: `[count, height, width, channels]`, unclipped    (Song et al. 2021, DDIM, section 5.3 and appendix D.5)
    ///
    /// x_T^(k) = [`spherical`](x_T^(0), x_T^(count − 1), k/(count − 1)). The ends are what [`Sampling::sample`] draws of the
    /// seeds; `options.noise` is not looked at. `observe` sees every moment of every batch, with the number of the batch's first
    /// frame, and may stop: the result is then `None`.
    ///
    /// # Errors
    /// If there are fewer than two frames; if the sampler draws noise at its steps, or goes from data to noise; if the process
    /// cannot be visited in so many steps, or the network does not know the class.
    pub fn interpolate(
        &self,
        options: &SampleOptions,
        seeds: [u64; 2],
        observe: &mut dyn FnMut(usize, Moment) -> ControlFlow<()>,
    ) -> Result<Option<Vec<f32>>, SampleError> {
        let (count, shape, device) = (options.count, self.shape, cpu());
        if count < 2 {
            return Err(SampleError::Frames { got: count });
        }
        self.check_direction(options)?;
        let plan = self.plan(options)?;
        if plan.draws_noise {
            return Err(SampleError::Random {
                sampler: options.sampler.name(),
                advice: without_noise(&options.sampler),
            });
        }
        let ends = seeds.map(|seed| {
            let noise = &Noise::Seed(seed);
            to_vec(NoiseSource { noise, first: 0, samples: 1, shape }.start(&device))
        });
        let mut start = vec![0.0; count * shape.elements()];
        for (frame, x) in start.chunks_mut(shape.elements()).enumerate() {
            spherical(&ends[0], &ends[1], frame as f64 / (count - 1) as f64, x);
        }
        let noise = Noise::Given(GivenNoise { start, steps: Vec::new() });
        let denoiser = self.denoiser(options)?;
        let run = Generation {
            denoiser: &denoiser,
            plan: &plan,
            shape,
            noise: &noise,
            first: 0,
            count,
            batch: options.batch,
        };
        Ok(run.run(&device, observe))
    }
}

/// What would make a sampler deterministic.
fn without_noise(sampler: &SamplerChoice) -> &'static str {
    let has = |wanted: fn(&Knob) -> bool| match sampler {
        SamplerChoice::Own { sampler, .. } => sampler.knobs.iter().any(wanted),
        SamplerChoice::Diffusers(scheduler) => {
            wanted(&Knob::Eta(0.0)) && scheduler.class().takes("eta")
                || wanted(&Knob::Churn) && scheduler.class().takes("s_churn")
        }
    };
    if has(|knob| matches!(knob, Knob::Eta(_))) {
        "set eta to 0"
    } else if has(|knob| matches!(knob, Knob::Churn)) {
        "leave the churn out"
    } else {
        "take ddim, or another that draws none"
    }
}
