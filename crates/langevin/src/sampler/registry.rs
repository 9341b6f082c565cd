//! What a sampler is called, what it is for, and what may be set about it.

use super::{Churn, SAMPLERS, Solver};
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
    pub(super) make: fn(&Settled) -> Box<dyn Solver>,
}

/// Knobs with the sampler's own values where none are set; a knob that it lacks is 0.
pub(super) struct Settled {
    pub eta: f64,
    pub order: usize,
    pub variance: Variance,
    pub churn: Churn,
}

impl Sampler {
    /// The sampler of a name.
    pub fn named(name: &str) -> Option<&'static Self> {
        SAMPLERS.iter().find(|sampler| sampler.name == name)
    }

    /// A solver for one run.
    pub fn solver(&self, knobs: &Knobs) -> Box<dyn Solver> {
        let own_order = self.knobs.iter().find_map(|knob| match knob {
            Knob::Order(own, _) => Some(*own),
            _ => None,
        });
        (self.make)(&Settled {
            eta: self.eta(knobs).unwrap_or(0.0),
            order: knobs.order.or(own_order).unwrap_or(0),
            variance: knobs.variance,
            churn: knobs.churn,
        })
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
