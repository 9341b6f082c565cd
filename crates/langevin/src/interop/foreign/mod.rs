//! State dicts of research code: a network's weights in one file, which says nothing of its settings.
//!
//! What names and shapes tell is inferred; of the rest, what the authors published is assumed and told, and can be set.

mod assemble;
mod dict;
mod error;
mod ho;
mod openai;
mod published;
mod splits;

pub use assemble::{Foreign, ForeignOptions, open_foreign};
pub use dict::Origin;
pub use error::ForeignError;
pub use splits::AttentionOrder;
