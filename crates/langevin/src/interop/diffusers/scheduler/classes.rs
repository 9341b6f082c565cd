//! The scheduler classes of diffusers that are built on β, and which of their fields have an effect.

/// A class: what it takes from its file. Fields that it does not take have no effect, as in diffusers itself.
pub(super) struct Class {
    /// `_class_name`.
    pub name: &'static str,
    /// β_1 and β_T of the file that gives none.
    pub betas: (f64, f64),
    /// Whether x̂_0 is bounded in a file that does not say; `None`: the class never bounds it.
    pub clips: Option<bool>,
    /// Timestep spacing in a file that does not say; `None`: the class does not ask.
    pub spacing: Option<&'static str>,
    /// Fields that only steer the solver.
    pub solver: &'static [&'static str],
    /// Fields that would change the numbers, with the one value that does not.
    pub neutral: &'static [Neutral],
}

/// A field that may only have a value that changes nothing.
#[derive(Clone, Copy)]
pub(super) enum Neutral {
    False(&'static str),
    Null(&'static str),
    Text(&'static str, &'static str),
}

use Neutral::{False, Null, Text};

const PAPER: (f64, f64) = (1e-4, 0.02);
const LATENT: (f64, f64) = (0.00085, 0.012);

const THRESHOLD: Neutral = False("thresholding");
const ZERO_SNR: Neutral = False("rescale_betas_zero_snr");
const FLOW: Neutral = False("use_flow_sigmas");
const SHIFT: Neutral = False("use_dynamic_shifting");

const SIGMAS: [&str; 3] = ["use_karras_sigmas", "use_exponential_sigmas", "use_beta_sigmas"];

pub(super) const CLASSES: &[Class] = &[
    Class {
        name: "DDPMScheduler",
        betas: PAPER,
        clips: Some(true),
        spacing: Some("leading"),
        solver: &[],
        neutral: &[THRESHOLD, ZERO_SNR],
    },
    Class {
        name: "DDIMScheduler",
        betas: PAPER,
        clips: Some(true),
        spacing: Some("leading"),
        solver: &["set_alpha_to_one"],
        neutral: &[THRESHOLD, ZERO_SNR],
    },
    Class {
        name: "PNDMScheduler",
        betas: PAPER,
        clips: None,
        spacing: Some("leading"),
        solver: &["set_alpha_to_one", "skip_prk_steps"],
        neutral: &[],
    },
    Class {
        name: "EulerDiscreteScheduler",
        betas: PAPER,
        clips: None,
        spacing: Some("linspace"),
        solver: &[SIGMAS[0], SIGMAS[1], SIGMAS[2], "interpolation_type", "final_sigmas_type"],
        neutral: &[ZERO_SNR, Null("sigma_min"), Null("sigma_max"), Text("timestep_type", "discrete")],
    },
    Class {
        name: "EulerAncestralDiscreteScheduler",
        betas: PAPER,
        clips: None,
        spacing: Some("linspace"),
        solver: &[],
        neutral: &[ZERO_SNR],
    },
    Class {
        name: "HeunDiscreteScheduler",
        betas: LATENT,
        clips: Some(false),
        spacing: Some("linspace"),
        solver: &SIGMAS,
        neutral: &[],
    },
    Class {
        name: "LMSDiscreteScheduler",
        betas: PAPER,
        clips: None,
        spacing: Some("linspace"),
        solver: &SIGMAS,
        neutral: &[],
    },
    Class {
        name: "DPMSolverMultistepScheduler",
        betas: PAPER,
        clips: None,
        spacing: Some("linspace"),
        solver: &[
            SIGMAS[0],
            SIGMAS[1],
            SIGMAS[2],
            "use_lu_lambdas",
            "solver_order",
            "algorithm_type",
            "solver_type",
            "lower_order_final",
            "euler_at_final",
            "final_sigmas_type",
            "lambda_min_clipped",
        ],
        neutral: &[THRESHOLD, ZERO_SNR, FLOW, SHIFT],
    },
    Class {
        name: "DPMSolverSinglestepScheduler",
        betas: PAPER,
        clips: None,
        spacing: None,
        solver: &[
            SIGMAS[0],
            SIGMAS[1],
            SIGMAS[2],
            "solver_order",
            "algorithm_type",
            "solver_type",
            "lower_order_final",
            "final_sigmas_type",
            "lambda_min_clipped",
        ],
        neutral: &[THRESHOLD, FLOW, SHIFT],
    },
    Class {
        name: "UniPCMultistepScheduler",
        betas: PAPER,
        clips: None,
        spacing: Some("linspace"),
        solver: &[
            SIGMAS[0],
            SIGMAS[1],
            SIGMAS[2],
            "solver_order",
            "predict_x0",
            "solver_type",
            "lower_order_final",
            "disable_corrector",
            "final_sigmas_type",
        ],
        neutral: &[
            THRESHOLD,
            ZERO_SNR,
            FLOW,
            SHIFT,
            Null("solver_p"),
            Null("sigma_min"),
            Null("sigma_max"),
            Null("shift_terminal"),
        ],
    },
    Class {
        name: "DEISMultistepScheduler",
        betas: PAPER,
        clips: None,
        spacing: Some("linspace"),
        solver: &[
            SIGMAS[0],
            SIGMAS[1],
            SIGMAS[2],
            "solver_order",
            "algorithm_type",
            "solver_type",
            "lower_order_final",
        ],
        neutral: &[THRESHOLD, FLOW, SHIFT],
    },
    Class {
        name: "KDPM2DiscreteScheduler",
        betas: LATENT,
        clips: None,
        spacing: Some("linspace"),
        solver: &SIGMAS,
        neutral: &[],
    },
    Class {
        name: "KDPM2AncestralDiscreteScheduler",
        betas: LATENT,
        clips: None,
        spacing: Some("linspace"),
        solver: &SIGMAS,
        neutral: &[],
    },
];
