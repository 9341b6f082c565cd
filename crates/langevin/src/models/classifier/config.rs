//! What a classifier of noisy samples is made of.

use super::Classifier;
use crate::models::{ConfigError, UNetConfig};
use crate::tensor::SampleShape;
use burn::tensor::Device;
use serde::{Deserialize, Serialize};

/// Channels of a head of the pool where nothing is said, as ADM has them.
const POOL_HEAD_SIZE: usize = 64;

/// The most classes, as of a U-Net that is told them.
const MOST_CLASSES: usize = 1 << 24;

/// Configuration of a [`Classifier`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassifierConfig {
    /// Classes that are told apart; 0: as many as the data have.
    #[serde(default)]
    pub classes: usize,
    /// Channels of a head of the attention that pools, a divisor of the coarsest level's channels; `None`: 64 where these
    /// are a multiple of it, else one head has all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool_head_size: Option<usize>,
    /// The way down and the middle: a U-Net's, without the settings of what a classifier lacks.
    pub encoder: UNetConfig,
}

impl ClassifierConfig {
    /// Checks that the settings agree with each other and with the samples, and that every block can see the timestep. The
    /// number of classes may be left to the data.
    ///
    /// # Errors
    /// Names the setting or the nearest size that works.
    pub fn validate(&self, shape: SampleShape) -> Result<(), ConfigError> {
        self.validate_settings(0)?;
        self.encoder.validate(shape.height, shape.width).map_err(|error| error.of_encoder())
    }

    /// Checks that the network can be built, and takes such samples. Networks from elsewhere need no more than that.
    ///
    /// # Errors
    /// Names the setting or the nearest size that works.
    pub fn validate_build(&self, shape: SampleShape) -> Result<(), ConfigError> {
        self.validate_settings(1)?;
        self.encoder.validate_build(shape.height, shape.width).map_err(|error| error.of_encoder())
    }

    fn validate_settings(&self, least_classes: usize) -> Result<(), ConfigError> {
        if !(least_classes..=MOST_CLASSES).contains(&self.classes) {
            let (value, expected) = (self.classes.to_string(), "1 to 16,777,216");
            return Err(ConfigError::Setting { setting: "classes", value, expected });
        }
        let encoder = &self.encoder;
        for (given, setting) in [
            (encoder.attention_levels_up.is_some(), "attention_levels_up"),
            (!encoder.residual_levels_up.is_empty(), "residual_levels_up"),
            (encoder.output_channels.is_some(), "output_channels"),
        ] {
            if given {
                return Err(ConfigError::NoWayUp { setting });
            }
        }
        if encoder.class_embedding.is_some() {
            return Err(ConfigError::ToldItsClass);
        }
        encoder.validate_settings().map_err(|error| error.of_encoder())?;
        let (head_size, channels) = (self.pool_head(), encoder.coarsest());
        if head_size == 0 || !channels.is_multiple_of(head_size) {
            return Err(ConfigError::PoolHeadSize { head_size, channels });
        }
        Ok(())
    }

    /// Channels of a head of the attention that pools.
    pub fn pool_head(&self) -> usize {
        let channels = self.encoder.coarsest();
        let usual = if channels.is_multiple_of(POOL_HEAD_SIZE) { POOL_HEAD_SIZE } else { channels };
        self.pool_head_size.unwrap_or(usual)
    }

    /// Positions of the coarsest level, over which the pool attends.
    pub fn positions(&self, shape: SampleShape) -> usize {
        let last = self.encoder.channels.len() - 1;
        (shape.height >> last) * (shape.width >> last)
    }

    /// A network for samples of `shape`, with weights drawn from `seed`, on `device`.
    ///
    /// # Panics
    /// If the configuration has not passed [`ClassifierConfig::validate_build`].
    pub fn init(&self, shape: SampleShape, seed: u64, device: &Device) -> Classifier {
        Classifier::new(self, shape, seed, device)
    }

    /// The configuration in a few words, for a plan.
    pub(in crate::models) fn describe(&self) -> String {
        let encoder = self.encoder.describe();
        match self.classes {
            0 => format!("classifier over the way down of a {encoder}"),
            classes => format!("classifier of {classes} classes over the way down of a {encoder}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: SampleShape = SampleShape { height: 12, width: 8, channels: 3 };

    fn config(more: &str, of_encoder: &str) -> ClassifierConfig {
        let encoder = "channels = [8, 16, 64]\nblocks_per_level = 1\ngroups = 4";
        toml::from_str(&format!("{more}\n[encoder]\n{encoder}\n{of_encoder}")).unwrap()
    }

    #[test]
    fn the_pools_heads_follow_the_channels() {
        assert_eq!(config("", "").pool_head(), 64);
        assert_eq!(config("pool_head_size = 16", "").pool_head(), 16);
        let mut narrow = config("", "");
        narrow.encoder.channels.pop();
        assert_eq!((narrow.pool_head(), narrow.positions(SHAPE)), (16, 6 * 4));
        assert_eq!(narrow.validate(SHAPE), Ok(()));
    }

    #[test]
    fn classes_may_wait_for_the_data_but_not_for_the_network() {
        let open = config("", "");
        assert_eq!((open.classes, open.validate(SHAPE)), (0, Ok(())));
        let error = open.validate_build(SHAPE).unwrap_err().to_string();
        assert!(error.contains("model.classes is 0"), "{error}");
        assert_eq!(config("classes = 5", "").validate_build(SHAPE), Ok(()));
        let text = config("classes = 5", "").describe();
        assert!(text.starts_with("classifier of 5 classes over the way down of a U-Net, "), "{text}");
    }

    #[test]
    fn what_a_classifier_lacks_is_refused() {
        for (more, of_encoder, named) in [
            ("", "attention_levels_up = [1]", "model.encoder.attention_levels_up"),
            ("", "attention_levels_up = []", "model.encoder.attention_levels_up"),
            ("", "residual_levels_up = [2]", "model.encoder.residual_levels_up"),
            ("", "output_channels = 6", "model.encoder.output_channels"),
            ("", "class_embedding = { kind = \"table\", classes = 5 }", "model.encoder.class_embedding"),
            ("pool_head_size = 24", "", "model.pool_head_size is 24"),
            ("pool_head_size = 0", "", "model.pool_head_size is 0"),
            ("classes = 16777217", "", "model.classes"),
            ("", "heads = 3", "model.encoder.heads is 3"),
            ("", "dropout = 1.5", "model.encoder.dropout is 1.5"),
        ] {
            let error = config(more, of_encoder).validate(SHAPE).unwrap_err().to_string();
            assert!(error.contains(named), "{named} is not in: {error}");
        }
        let odd = SampleShape { height: 10, ..SHAPE };
        let error = config("", "").validate(odd).unwrap_err().to_string();
        assert!(error.contains("10x8") && error.contains("--size"), "{error}");
        assert!(toml::from_str::<ClassifierConfig>("depth = 3").is_err());
    }
}
