//! The classifier of noisy samples of Dhariwal & Nichol 2021 (ADM): what class x_t shows.

mod config;
mod cost;
mod guidance;
mod network;
mod pool;

pub use config::ClassifierConfig;
pub use network::Classifier;
pub use pool::AttentionPool;
