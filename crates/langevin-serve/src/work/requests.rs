//! The bodies of requests that compute.

use super::wish::{Weights, Wish};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A request with the fields that say how samples are drawn, and those of its own.
macro_rules! request {
    ($(#[$doc:meta])* $name:ident { $($(#[$own:meta])* $field:ident: $kind:ty,)* }) => {
        $(#[$doc])*
        #[derive(Serialize, Deserialize, ToSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            /// The model's id.
            pub model: String,
            /// Which of its weights.
            #[serde(default)]
            pub weights: Weights,
            /// The sampler's name.
            pub sampler: String,
            /// Steps; the sampler's own number if left out.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub steps: Option<usize>,
            /// How much noise the steps add, from 0 to 1, for a sampler that has it.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub eta: Option<f64>,
            /// The order, for a sampler that has several.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub order: Option<usize>,
            /// Which timesteps are visited: trailing if left out.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub spacing: Option<String>,
            /// How noise levels are chosen: schedule if left out.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub sigmas: Option<String>,
            /// The class, for a model that knows classes.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub class: Option<usize>,
            /// How strongly samples are pulled to their class, from -100 to 100: 1, as the model draws it, if left out.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub guidance: Option<f64>,
            $($(#[$own])* pub $field: $kind,)*
        }

        impl $name {
            /// How its samples are drawn.
            pub fn wish(&self, seed: u64) -> Wish {
                Wish {
                    sampler: self.sampler.clone(),
                    steps: self.steps,
                    eta: self.eta,
                    order: self.order,
                    spacing: self.spacing.clone(),
                    sigmas: self.sigmas.clone(),
                    class: self.class,
                    guidance: self.guidance,
                    seed,
                }
            }
        }
    };
}

request!(
    /// Samples from noise.
    SampleRequest {
        /// Seed of the noise; sample k of a seed is always the same.
        #[serde(default)]
        seed: u64,
        /// How many.
        count: usize,
    }
);
request!(
    /// Samples between those of two seeds.
    InterpolateRequest {
        /// The seed at the beginning.
        from_seed: u64,
        /// The seed at the end.
        to_seed: u64,
        /// How many, with both ends.
        frames: usize,
    }
);
request!(
    /// A picture whose masked part is drawn anew (RePaint).
    InpaintRequest {
        /// Seed of the noise.
        #[serde(default)]
        seed: u64,
        /// How many fillings.
        count: usize,
        /// The picture: a PNG or another kind, in base64 or as a data URI.
        #[serde(skip_serializing)]
        picture: String,
        /// The mask, of the picture's size or the model's: what is not black is filled in.
        #[serde(skip_serializing)]
        mask: String,
        /// How far the walk goes back up at a time, in steps.
        #[serde(default = "ten")]
        jump: usize,
        /// How often each stretch is walked.
        #[serde(default = "ten")]
        resamples: usize,
    }
);

/// A picture that is made noisy, and denoised (SDEdit).
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DenoiseRequest {
    /// The model's id.
    pub model: String,
    /// Which of its weights.
    #[serde(default)]
    pub weights: Weights,
    /// The picture: a PNG or another kind, in base64 or as a data URI.
    #[serde(skip_serializing)]
    pub picture: String,
    /// The timestep to start from: 1, a trace of noise, to T, nothing but noise.
    pub from: usize,
    /// Steps back; every timestep if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps: Option<usize>,
    /// Seed of the noise.
    #[serde(default)]
    pub seed: u64,
    /// The class, for a model that knows classes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<usize>,
}

/// The bound on the likelihood of the model's own data, timestep by timestep.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TermsRequest {
    /// The model's id.
    pub model: String,
    /// Which of its weights.
    #[serde(default)]
    pub weights: Weights,
    /// Pictures, spread evenly over the data.
    #[serde(default = "sixty_four")]
    pub count: usize,
    /// Seed of timesteps and noise.
    #[serde(default)]
    pub seed: u64,
    /// The class, for a model that knows classes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<usize>,
}

fn ten() -> usize {
    10
}

fn sixty_four() -> usize {
    64
}
