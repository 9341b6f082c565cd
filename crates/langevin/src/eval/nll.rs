//! The negative log-likelihood of data, bounded from above, in bits per dimension.

use super::{BoundTerms, Strata, Term};
use crate::diffusion::Classes;
use burn::tensor::Device;
use langevin_math::rng::{Purpose, Stream};
use langevin_math::{nats_to_bits_per_dim, prior_kl};
use std::ops::{ControlFlow, Range};

/// How the bound is estimated.
#[derive(Clone, Debug)]
pub struct NllOptions {
    /// Terms a sample, drawn one from each group of timesteps; `None` takes every timestep.
    pub terms: Option<usize>,
    /// Seed of the timesteps and of the noise.
    pub seed: u64,
    /// Terms computed at a time; the result does not depend on it.
    pub batch: usize,
    /// The classes of the samples, for a network that knows classes.
    pub classes: Classes,
}

/// A mean over samples, and its standard error.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Estimate {
    /// The mean.
    pub mean: f64,
    /// The standard error of the mean; 0 for a single sample.
    pub error: f64,
}

impl Estimate {
    /// Of some values.
    pub fn of(values: &[f64]) -> Self {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let error = if values.len() > 1 { (squares / (n - 1.0) / n).sqrt() } else { 0.0 };
        Self { mean, error }
    }
}

/// A timestep, or a group of neighbours, over all samples.
#[derive(Clone, Debug, PartialEq)]
pub struct TimestepRow {
    /// The timesteps, from 0; the papers' are larger by 1.
    pub timesteps: Range<usize>,
    /// The term of one of them, in bits/dim.
    pub bits: Estimate,
    /// Mean of (ε̂ − ε)².
    pub mse_eps: Estimate,
    /// Mean of (x̂_0 − x_0)².
    pub mse_x0: Estimate,
}

/// The variational bound over a data set, in bits/dim: total = L_0 + Σ L_{1…T−1} + L_T    (Ho et al. 2020, Eq. 5)
#[derive(Clone, Debug, PartialEq)]
pub struct Nll {
    /// Samples.
    pub samples: usize,
    /// The whole bound.
    pub total: Estimate,
    /// The discretised decoder's.
    pub decoder: Estimate,
    /// That of the steps between.
    pub middle: Estimate,
    /// What is left of the signal at the end.
    pub prior: Estimate,
    /// By timestep, or by group of timesteps.
    pub rows: Vec<TimestepRow>,
}

/// Evaluates the bound on `count` samples, which `read` gives by number; sample k has the same timesteps and noise under a seed,
/// whatever the batch. `observe` is told the terms done and to do, and may stop: the result is then `None`.
///
/// # Panics
/// If there are no samples.
pub fn evaluate_nll(
    terms: &BoundTerms,
    count: usize,
    read: &dyn Fn(usize, &mut [f32]),
    options: NllOptions,
    device: &Device,
    observe: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
) -> Option<Nll> {
    assert!(count > 0, "a mean over no samples");
    let (size, table) = (terms.shape.elements(), &terms.process.table);
    let strata = Strata::new(table.len(), options.terms.unwrap_or(table.len()));
    let groups = strata.groups().len();
    let all = count * groups;
    let mut computed: Vec<Term> = Vec::with_capacity(all);
    let mut prior = vec![0.0; count];
    // Those of the sample whose turn it is: batches do not end where samples do.
    let mut drawn = Vec::new();
    while computed.len() < all {
        let places = computed.len()..all.min(computed.len() + options.batch.max(1));
        let (mut x0, mut eps) = (vec![0.0; places.len() * size], vec![0.0; places.len() * size]);
        let (mut timesteps, mut classes) = (Vec::with_capacity(places.len()), Vec::new());
        for (place, (x0, eps)) in places.zip(x0.chunks_mut(size).zip(eps.chunks_mut(size))) {
            let (sample, group) = (place / groups, place % groups);
            if group == 0 {
                drawn = strata.draw(options.seed, sample);
            }
            let t = drawn[group];
            read(sample, x0);
            Stream::new(options.seed, Purpose::EvaluationNoise, sample as u64).normal(t as u32, eps);
            if group == 0 {
                prior[sample] = x0.iter().map(|&x| prior_kl(f64::from(x), table)).sum();
            }
            timesteps.push(t);
            classes.extend(options.classes.of(sample..sample + 1).into_iter().flatten());
        }
        let told = (options.classes != Classes::None).then_some(&classes[..]);
        computed.extend(terms.of(&x0, &eps, &timesteps, told, device));
        if observe(computed.len(), all).is_break() {
            return None;
        }
    }
    Some(summed(&computed, &prior, &strata, size))
}

fn summed(computed: &[Term], prior: &[f64], strata: &Strata, size: usize) -> Nll {
    let bits = |nats: f64| nats_to_bits_per_dim(nats, size);
    let groups = strata.groups();
    let estimate = |value: &dyn Fn(&[Term]) -> f64| -> Estimate {
        Estimate::of(&computed.chunks(groups.len()).map(value).collect::<Vec<_>>())
    };
    let weighted = |terms: &[Term], groups: &[Range<usize>]| -> f64 {
        terms.iter().zip(groups).map(|(term, group)| group.len() as f64 * bits(term.nats)).sum()
    };
    let priors: Vec<f64> = prior.iter().map(|&nats| bits(nats)).collect();
    let totals: Vec<f64> = computed
        .chunks(groups.len())
        .zip(&priors)
        .map(|(terms, prior)| weighted(terms, groups) + prior)
        .collect();
    let row = |(index, group): (usize, &Range<usize>)| TimestepRow {
        timesteps: group.clone(),
        bits: estimate(&|terms| bits(terms[index].nats)),
        mse_eps: estimate(&|terms| terms[index].mse_eps),
        mse_x0: estimate(&|terms| terms[index].mse_x0),
    };
    Nll {
        samples: prior.len(),
        total: Estimate::of(&totals),
        decoder: estimate(&|terms| weighted(&terms[..1], &groups[..1])),
        middle: estimate(&|terms| weighted(&terms[1..], &groups[1..])),
        prior: Estimate::of(&priors),
        rows: groups.iter().enumerate().map(row).collect(),
    }
}
