//! Why a network cannot be built.

/// Why a network cannot be built from a configuration, or cannot take samples of a size.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[allow(missing_docs)]
pub enum ConfigError {
    #[error("model.channels is empty: give the channels of each level, for example [32, 64]")]
    NoLevels,
    #[error("model.{setting} is {value}: expected {expected}")]
    Setting { setting: &'static str, value: String, expected: &'static str },
    #[error(
        "model.groups is {groups}, which does not divide the {channels} channels of level {level}: choose a divisor"
    )]
    Groups { groups: usize, channels: usize, level: usize },
    #[error(
        "model.groups is {groups}, so level {level} has one channel a group and the block's second normalisation would \
         cancel the added time embedding: use at most {most} groups or time_conditioning = \"scale-shift\""
    )]
    BlindToTime { groups: usize, level: usize, most: usize },
    #[error("model.{setting} names level {level}, but here levels from {first} to {last} can be named")]
    Level { setting: &'static str, level: usize, first: usize, last: usize },
    #[error(
        "model.heads is {heads}, which does not divide the {channels} channels of level {level}: choose a divisor"
    )]
    Heads { heads: usize, channels: usize, level: usize },
    #[error("model.heads and model.head_size are both set: keep one of them")]
    HeadsTwice,
    #[error(
        "model.middle.attention_groups is {groups}, which does not divide the {channels} channels of the coarsest level: \
         choose a divisor, or 0 for no normalisation"
    )]
    MiddleGroups { groups: usize, channels: usize },
    #[error("model.head_size is {head_size}, which does not divide the {channels} channels of level {level}")]
    HeadSize { head_size: usize, channels: usize, level: usize },
    #[error(
        "model.pool_head_size is {head_size}, which does not divide the {channels} channels of the coarsest level: choose a \
         divisor"
    )]
    PoolHeadSize { head_size: usize, channels: usize },
    #[error(
        "model.encoder.{setting} says something of the way up, which a classifier does not have: leave it out"
    )]
    NoWayUp { setting: &'static str },
    #[error(
        "model.encoder.class_embedding tells a network the class, which a classifier is to find: leave it out; how many there are \
         is model.classes"
    )]
    ToldItsClass,
    #[error("{}", of_encoder(.0))]
    Encoder(Box<ConfigError>),
    #[error(
        "pictures of {height}x{width} do not fit a network of {levels} levels, which needs both sides divisible by \
         {divisor}: the nearest size that works is {nearest_height}x{nearest_width} (--size {nearest_height}x{nearest_width})"
    )]
    Size {
        height: usize,
        width: usize,
        levels: usize,
        divisor: usize,
        nearest_height: usize,
        nearest_width: usize,
    },
    #[error(
        "model.kind \"mlp\" is for points, but the samples are pictures of {height}x{width}: use model.kind \"unet\""
    )]
    MlpOnPictures { height: usize, width: usize },
    #[error(
        "an MLP of {layers} layers of {hidden} features cannot be built: use 1 to 1,000 layers, and an even number of 2 to 65,536 features"
    )]
    MlpSize { hidden: usize, layers: usize },
}

impl ConfigError {
    /// The same of a classifier's encoder, whose settings stand a table deeper.
    pub(in crate::models) fn of_encoder(self) -> Self {
        Self::Encoder(Box::new(self))
    }
}

fn of_encoder(error: &ConfigError) -> String {
    error.to_string().replace("model.", "model.encoder.")
}
