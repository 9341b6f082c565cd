//! Other programs' formats and ours: the only place that knows a foreign name.

pub mod classifiers;
pub mod diffusers;
pub mod foreign;
pub mod safetensors;
pub mod torch;
