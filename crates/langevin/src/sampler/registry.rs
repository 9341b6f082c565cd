//! The samplers by name.

use super::{
    Basis, Churn, Ddim, DdimInversion, Ddpm, Deis, DpmMultistep, DpmSinglestep, Euler, EulerAncestral, Heun,
    Kdpm2, Kdpm2Ancestral, Lms, Pndm, Solver, Start, UniPc,
};
use langevin_math::Variance;

/// What may be set about a sampler beside its steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Knobs {
    /// η: how much noise the steps add; `None` takes the sampler's own.
    pub eta: Option<f64>,
    /// The order of a method that has several; `None` takes the sampler's own.
    pub order: Option<usize>,
    /// σ² of ancestral steps.
    pub variance: Variance,
    /// Noise added before the steps of `euler` and `heun`.
    pub churn: Churn,
}

impl Knobs {
    /// Nothing set, for a model of this variance.
    pub fn new(variance: Variance) -> Self {
        Self { eta: None, order: None, variance, churn: Churn::default() }
    }
}

/// A knob that a sampler has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Knob {
    /// [`Knobs::eta`], and its value if not set.
    Eta(f64),
    /// [`Knobs::order`], its value if not set, and the highest.
    Order(usize, usize),
    /// [`Knobs::variance`].
    Variance,
    /// [`Knobs::churn`].
    Churn,
}

/// A sampler: what it is called, and how it is made.
pub struct Sampler {
    /// Its name on a command line.
    pub name: &'static str,
    /// What it is good for, in a line.
    pub good_for: &'static str,
    /// Where it comes from.
    pub source: &'static str,
    /// What may be set.
    pub knobs: &'static [Knob],
    /// Steps if none are asked for; `None` takes every timestep of the process.
    pub steps: Option<usize>,
    /// Evaluations of the network a step; some steps at either end have fewer or more.
    pub evaluations: usize,
    make: fn(&Knobs) -> Box<dyn Solver>,
}

impl Sampler {
    /// The sampler of a name.
    pub fn named(name: &str) -> Option<&'static Self> {
        SAMPLERS.iter().find(|sampler| sampler.name == name)
    }

    /// A solver for one run.
    pub fn solver(&self, knobs: &Knobs) -> Box<dyn Solver> {
        (self.make)(knobs)
    }

    /// η, as set or the sampler's own; `None` where it has none.
    pub fn eta(&self, knobs: &Knobs) -> Option<f64> {
        self.knobs.iter().find_map(|knob| match knob {
            Knob::Eta(own) => Some(knobs.eta.unwrap_or(*own)),
            _ => None,
        })
    }

    /// Whether its steps draw noise.
    pub fn draws_noise(&self, knobs: &Knobs) -> bool {
        self.knobs.contains(&Knob::Variance)
            || self.eta(knobs).is_some_and(|eta| eta > 0.0)
            || self.knobs.contains(&Knob::Churn) && knobs.churn.amount > 0.0
    }

    /// Whether it goes from data to noise.
    pub fn inverts(&self) -> bool {
        self.name == "ddim-inversion"
    }
}

/// Every sampler there is; one line is one sampler.
pub const SAMPLERS: &[Sampler] = &[
    Sampler {
        name: "ddpm",
        good_for: "the model as it was trained: best with all its timesteps",
        source: "Ho et al. 2020, Algorithm 2; Nichol & Dhariwal 2021 for fewer steps",
        knobs: &[Knob::Variance],
        steps: None,
        evaluations: 1,
        make: |knobs| Box::new(Ddpm::new(knobs.variance)),
    },
    Sampler {
        name: "ddim",
        good_for: "20 to 100 steps; the same noise gives the same picture at any number",
        source: "Song et al. 2021, DDIM, Eq. 12",
        knobs: &[Knob::Eta(0.0)],
        steps: Some(50),
        evaluations: 1,
        make: |knobs| Box::new(Ddim { eta: knobs.eta.unwrap_or(0.0), unbounded_eps: false }),
    },
    Sampler {
        name: "ddim-inversion",
        good_for: "the noise that a picture would come from (--noise takes the pictures)",
        source: "Song et al. 2021, DDIM, section 5.4; Dhariwal & Nichol 2021, appendix F",
        knobs: &[],
        steps: Some(50),
        evaluations: 1,
        make: |_| Box::new(DdimInversion::default()),
    },
    Sampler {
        name: "pndm",
        good_for: "20 to 50 steps; its first three take four evaluations each",
        source: "Liu et al. 2022, PNDM",
        knobs: &[],
        steps: Some(50),
        evaluations: 1,
        make: |_| Box::new(Pndm::new(Start::RungeKutta)),
    },
    Sampler {
        name: "plms",
        good_for: "20 to 50 steps, cheaper at its start than pndm",
        source: "Liu et al. 2022, PNDM; Rombach et al. 2022's code",
        knobs: &[],
        steps: Some(50),
        evaluations: 1,
        make: |_| Box::new(Pndm::new(Start::Heun)),
    },
    Sampler {
        name: "euler",
        good_for: "the simplest solver of the ODE; with churn, of the SDE",
        source: "Karras et al. 2022, Algorithm 2 without its correction",
        knobs: &[Knob::Churn],
        steps: Some(50),
        evaluations: 1,
        make: |knobs| Box::new(Euler { churn: knobs.churn, denoise_first: false }),
    },
    Sampler {
        name: "euler-ancestral",
        good_for: "fresh noise at every step: varied pictures in 20 to 50 steps",
        source: "k-diffusion, sample_euler_ancestral",
        knobs: &[Knob::Eta(1.0)],
        steps: Some(50),
        evaluations: 1,
        make: |knobs| Box::new(EulerAncestral { eta: knobs.eta.unwrap_or(1.0) }),
    },
    Sampler {
        name: "heun",
        good_for: "EDM's sampler: accurate, two evaluations a step; with churn for the best pictures",
        source: "Karras et al. 2022, Algorithm 2",
        knobs: &[Knob::Churn],
        steps: Some(18),
        evaluations: 2,
        make: |knobs| Box::new(Heun { churn: knobs.churn }),
    },
    Sampler {
        name: "lms",
        good_for: "high order at one evaluation a step, from 20 steps on",
        source: "k-diffusion, sample_lms",
        knobs: &[Knob::Order(4, Lms::MAX_ORDER)],
        steps: Some(30),
        evaluations: 1,
        make: |knobs| Box::new(Lms::new(knobs.order.unwrap_or(4))),
    },
    Sampler {
        name: "dpmpp-2m",
        good_for: "good pictures in 10 to 20 steps: the usual choice",
        source: "Lu et al. 2022, DPM-Solver++, Algorithm 2",
        knobs: &[],
        steps: Some(20),
        evaluations: 1,
        make: |_| Box::new(DpmMultistep::new(2, 0.0)),
    },
    Sampler {
        name: "dpmpp-3m",
        good_for: "as dpmpp-2m, of third order: more exact from 15 steps on",
        source: "Lu et al. 2022, DPM-Solver++, the multistep method at third order",
        knobs: &[],
        steps: Some(20),
        evaluations: 1,
        make: |_| Box::new(DpmMultistep::new(3, 0.0)),
    },
    Sampler {
        name: "dpmpp-2s",
        good_for: "as dpmpp-2m, without memory: steadier where x_0 is bounded",
        source: "Lu et al. 2022, DPM-Solver++, Algorithm 1",
        knobs: &[],
        steps: Some(20),
        evaluations: 1,
        make: |_| Box::new(DpmSinglestep::new(2)),
    },
    Sampler {
        name: "dpmpp-3s",
        good_for: "as dpmpp-2s, of third order",
        source: "Lu et al. 2022, DPM-Solver, appendix D, for the prediction of x_0",
        knobs: &[],
        steps: Some(20),
        evaluations: 1,
        make: |_| Box::new(DpmSinglestep::new(3).with_form(false, true)),
    },
    Sampler {
        name: "dpmpp-2m-sde",
        good_for: "fresh noise at every step: fine detail in 20 to 50 steps",
        source: "Lu et al. 2022, DPM-Solver++, appendix (SDE-DPM-Solver++ 2M)",
        knobs: &[Knob::Eta(1.0)],
        steps: Some(50),
        evaluations: 1,
        make: |knobs| Box::new(DpmMultistep::new(2, knobs.eta.unwrap_or(1.0))),
    },
    Sampler {
        name: "unipc",
        good_for: "the fewest steps: 5 to 10",
        source: "Zhao et al. 2023, UniPC, with B_2(h)",
        knobs: &[Knob::Order(2, 3)],
        steps: Some(10),
        evaluations: 1,
        make: |knobs| Box::new(UniPc::new(knobs.order.unwrap_or(2), Basis::Bh2)),
    },
    Sampler {
        name: "unipc-bh1",
        good_for: "as unipc: its authors' choice for unconditional models at very few steps",
        source: "Zhao et al. 2023, UniPC, with B_1(h)",
        knobs: &[Knob::Order(2, 3)],
        steps: Some(10),
        evaluations: 1,
        make: |knobs| Box::new(UniPc::new(knobs.order.unwrap_or(2), Basis::Bh1)),
    },
    Sampler {
        name: "deis",
        good_for: "10 to 20 steps, by the noise rather than by the data",
        source: "Zhang & Chen 2023, DEIS, with polynomials in ln rho",
        knobs: &[Knob::Order(3, 3)],
        steps: Some(20),
        evaluations: 1,
        make: |knobs| Box::new(Deis::new(knobs.order.unwrap_or(3))),
    },
    Sampler {
        name: "kdpm2",
        good_for: "accurate, two evaluations a step",
        source: "Karras et al. 2022; k-diffusion, sample_dpm_2",
        knobs: &[],
        steps: Some(20),
        evaluations: 2,
        make: |_| Box::new(Kdpm2),
    },
    Sampler {
        name: "kdpm2-ancestral",
        good_for: "as kdpm2, with fresh noise at every step",
        source: "k-diffusion, sample_dpm_2_ancestral",
        knobs: &[Knob::Eta(1.0)],
        steps: Some(25),
        evaluations: 2,
        make: |knobs| Box::new(Kdpm2Ancestral { eta: knobs.eta.unwrap_or(1.0) }),
    },
];
