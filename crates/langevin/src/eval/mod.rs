//! How good a model is, in numbers.

mod accuracy;
mod flow;
mod nll;
pub mod quality;
mod strata;
mod terms;

pub use accuracy::{AccuracyRow, Classification, Labelled};
pub use flow::{Flow, FlowOptions};
pub use nll::{Estimate, Nll, NllOptions, TimestepRow, evaluate_nll};
pub use strata::Strata;
pub use terms::{BoundTerms, Term};
