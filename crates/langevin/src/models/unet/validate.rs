//! Which U-Nets can be built, and which samples they take.

use super::{TimeConditioning, UNetConfig};

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
    #[error("model.attention_levels names level {level}, but there are {levels} levels, counted from 1")]
    AttentionLevel { level: usize, levels: usize },
    #[error("model.head_size is {head_size}, which does not divide the {channels} channels of level {level}")]
    HeadSize { head_size: usize, channels: usize, level: usize },
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

impl UNetConfig {
    /// Checks that the settings agree with each other and with pictures of `height` × `width`.
    ///
    /// # Errors
    /// Names the setting or the nearest size that works.
    pub fn validate(&self, height: usize, width: usize) -> Result<(), ConfigError> {
        self.validate_settings()?;
        let divisor = 1 << (self.channels.len() - 1);
        let nearest = |side: usize| ((side + divisor / 2) / divisor).max(1) * divisor;
        if height == 0 || width == 0 || !height.is_multiple_of(divisor) || !width.is_multiple_of(divisor) {
            return Err(ConfigError::Size {
                height,
                width,
                levels: self.channels.len(),
                divisor,
                nearest_height: nearest(height),
                nearest_width: nearest(width),
            });
        }
        Ok(())
    }

    fn validate_settings(&self) -> Result<(), ConfigError> {
        let setting = |ok: bool, setting, value: String, expected| {
            if ok { Ok(()) } else { Err(ConfigError::Setting { setting, value, expected }) }
        };
        let levels = self.channels.len();
        let finest = *self.channels.first().ok_or(ConfigError::NoLevels)?;
        setting(levels <= 12, "channels", format!("{:?}", self.channels), "at most 12 levels")?;
        setting(finest % 2 == 0, "channels", format!("{:?}", self.channels), "an even first entry")?;
        let blocks = self.blocks_per_level;
        setting((1..=64).contains(&blocks), "blocks_per_level", blocks.to_string(), "1 to 64")?;
        let bounded = self.channels.iter().all(|channels| (1..=16_384).contains(channels));
        setting(bounded, "channels", format!("{:?}", self.channels), "1 to 16,384 channels a level")?;
        setting(self.groups > 0, "groups", self.groups.to_string(), "at least 1")?;
        setting(self.epsilon > 0.0, "epsilon", self.epsilon.to_string(), "a positive number")?;
        let dropout = self.dropout;
        setting((0.0..1.0).contains(&dropout), "dropout", dropout.to_string(), "a probability in [0, 1)")?;
        let shift = self.frequency_shift;
        let half = (finest / 2) as f64;
        setting(
            (0.0..half).contains(&shift),
            "frequency_shift",
            shift.to_string(),
            "at least 0 and less than half of the first level's channels",
        )?;
        for (index, &channels) in self.channels.iter().enumerate() {
            self.validate_level(index + 1, channels)?;
        }
        match self.attention_levels.iter().find(|&&level| level == 0 || level > levels) {
            Some(&level) => Err(ConfigError::AttentionLevel { level, levels }),
            None => Ok(()),
        }
    }

    fn validate_level(&self, level: usize, channels: usize) -> Result<(), ConfigError> {
        let groups = self.groups;
        if channels == 0 || !channels.is_multiple_of(groups) {
            return Err(ConfigError::Groups { groups, channels, level });
        }
        if channels == groups && self.time_conditioning == TimeConditioning::Additive {
            return Err(ConfigError::BlindToTime { groups, level, most: channels / 2 });
        }
        let attends = self.attends(level) || level == self.channels.len();
        match self.head_size {
            Some(head_size) if attends && (head_size == 0 || !channels.is_multiple_of(head_size)) => {
                Err(ConfigError::HeadSize { head_size, channels, level })
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(channels: &[usize], groups: usize) -> UNetConfig {
        let text = format!("channels = {channels:?}\nblocks_per_level = 1\ngroups = {groups}");
        toml::from_str(&text).unwrap()
    }

    #[test]
    fn refuses_sizes_that_the_levels_do_not_divide_and_names_the_nearest() {
        let error = config(&[8, 16, 16], 4).validate(30, 29).unwrap_err();
        let message = error.to_string();
        assert!(message.contains("30x29") && message.contains("--size 32x28"), "{message}");
        assert!(config(&[8, 16, 16], 4).validate(20, 28).is_ok());
    }

    #[test]
    fn refuses_one_channel_a_group_unless_the_embedding_comes_after_the_norm() {
        let mut config = config(&[8, 16], 8);
        assert_eq!(config.validate(8, 8), Err(ConfigError::BlindToTime { groups: 8, level: 1, most: 4 }));
        config.time_conditioning = TimeConditioning::ScaleShift;
        assert_eq!(config.validate(8, 8), Ok(()));
    }

    #[test]
    fn refuses_what_cannot_be_built() {
        assert_eq!(config(&[], 4).validate(8, 8), Err(ConfigError::NoLevels));
        let error = config(&[8, 18], 4).validate(8, 8);
        assert_eq!(error, Err(ConfigError::Groups { groups: 4, channels: 18, level: 2 }));
        let mut attending = config(&[8, 16], 4);
        attending.attention_levels = vec![3];
        assert_eq!(attending.validate(8, 8), Err(ConfigError::AttentionLevel { level: 3, levels: 2 }));
        attending.attention_levels = vec![1];
        attending.head_size = Some(16);
        assert_eq!(
            attending.validate(8, 8),
            Err(ConfigError::HeadSize { head_size: 16, channels: 8, level: 1 })
        );
    }
}
