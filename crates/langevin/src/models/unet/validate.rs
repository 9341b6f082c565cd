//! Which U-Nets can be built, and which samples they take.

use super::{ClassEmbedding, ConfigError, TimeConditioning, UNetConfig};

impl UNetConfig {
    /// Checks that the settings agree with each other and with pictures of `height` × `width`, and that every block
    /// can see the timestep.
    ///
    /// # Errors
    /// Names the setting or the nearest size that works.
    pub fn validate(&self, height: usize, width: usize) -> Result<(), ConfigError> {
        self.validate_build(height, width)?;
        let blind = self.channels.iter().position(|&channels| channels == self.groups);
        match blind.filter(|_| self.time_conditioning == TimeConditioning::Additive) {
            Some(index) => {
                Err(ConfigError::BlindToTime { groups: self.groups, level: index + 1, most: self.groups / 2 })
            }
            None => Ok(()),
        }
    }

    /// Checks that the network can be built, and takes pictures of `height` × `width`. Networks from elsewhere need no
    /// more than that.
    ///
    /// # Errors
    /// Names the setting or the nearest size that works.
    pub fn validate_build(&self, height: usize, width: usize) -> Result<(), ConfigError> {
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

    pub(crate) fn validate_settings(&self) -> Result<(), ConfigError> {
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
        let scale = self.timestep_scale;
        let positive = scale > 0.0 && scale.is_finite();
        setting(positive, "timestep_scale", scale.to_string(), "a positive number")?;
        let shift = self.frequency_shift;
        let half = (finest / 2) as f64;
        setting(
            (0.0..half).contains(&shift),
            "frequency_shift",
            shift.to_string(),
            "at least 0 and less than half of the first level's channels",
        )?;
        let scale = self.middle.scale;
        let usual = scale.is_finite() && scale > 0.0;
        setting(usual, "middle.scale", scale.to_string(), "a positive number")?;
        let embedding = self.embedding();
        let bounded = (1..=1 << 20).contains(&embedding);
        setting(bounded, "embedding_size", embedding.to_string(), "1 to 1,048,576")?;
        let outputs = self.output_channels.unwrap_or(1);
        let bounded = (1..=16_384).contains(&outputs);
        setting(bounded, "output_channels", outputs.to_string(), "1 to 16,384")?;
        if let Some(ClassEmbedding::Table { classes, .. }) = self.class_embedding {
            let bounded = (1..=1 << 24).contains(&classes);
            setting(bounded, "class_embedding.classes", classes.to_string(), "1 to 16,777,216")?;
        }
        for (index, &channels) in self.channels.iter().enumerate() {
            self.validate_level(index + 1, channels)?;
        }
        self.validate_lists()?;
        self.validate_middle()
    }

    fn validate_lists(&self) -> Result<(), ConfigError> {
        let levels = self.channels.len();
        let up = self.attention_levels_up.as_deref().unwrap_or_default();
        for (setting, named, first, last) in [
            ("attention_levels", &self.attention_levels[..], 1, levels),
            ("attention_levels_up", up, 1, levels),
            ("residual_levels_down", &self.residual_levels_down, 1, levels - 1),
            ("residual_levels_up", &self.residual_levels_up, 2, levels),
        ] {
            if let Some(&level) = named.iter().find(|&&level| level < first || level > last) {
                return Err(ConfigError::Level { setting, level, first, last });
            }
        }
        Ok(())
    }

    fn validate_middle(&self) -> Result<(), ConfigError> {
        let channels = self.channels[self.channels.len() - 1];
        match self.middle.attention_groups {
            Some(groups) if groups > 0 && self.middle.attends() && !channels.is_multiple_of(groups) => {
                Err(ConfigError::MiddleGroups { groups, channels })
            }
            _ => Ok(()),
        }
    }

    fn validate_level(&self, level: usize, channels: usize) -> Result<(), ConfigError> {
        let groups = self.groups;
        if channels == 0 || !channels.is_multiple_of(groups) {
            return Err(ConfigError::Groups { groups, channels, level });
        }
        let middle = level == self.channels.len() && self.middle.attends();
        if !(self.attends(level) || self.attends_up(level) || middle) {
            return Ok(());
        }
        let divides = |divisor: usize| divisor > 0 && channels.is_multiple_of(divisor);
        match (self.head_size, self.heads) {
            (Some(_), Some(_)) => Err(ConfigError::HeadsTwice),
            (Some(head_size), None) if !divides(head_size) => {
                Err(ConfigError::HeadSize { head_size, channels, level })
            }
            (None, Some(heads)) if !divides(heads) => Err(ConfigError::Heads { heads, channels, level }),
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
        assert_eq!(config.validate_build(8, 8), Ok(()));
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
        let setting = "attention_levels";
        let error = ConfigError::Level { setting, level: 3, first: 1, last: 2 };
        assert_eq!(attending.validate(8, 8), Err(error));
        attending.attention_levels = vec![1];
        attending.head_size = Some(16);
        assert_eq!(
            attending.validate(8, 8),
            Err(ConfigError::HeadSize { head_size: 16, channels: 8, level: 1 })
        );
    }

    #[test]
    fn refuses_what_does_not_fit_the_levels() {
        let refused = |change: fn(&mut UNetConfig)| {
            let mut config = config(&[8, 12], 4);
            change(&mut config);
            config.validate_build(8, 8).map_err(|error| error.to_string())
        };
        for (change, named) in [
            ((|c| c.residual_levels_down = vec![2]) as fn(&mut UNetConfig), "residual_levels_down"),
            (|c| c.residual_levels_up = vec![1], "residual_levels_up"),
            (|c| c.attention_levels_up = Some(vec![3]), "attention_levels_up"),
            (|c| c.heads = Some(5), "heads"),
            (|c| (c.heads, c.head_size) = (Some(2), Some(4)), "both"),
            (|c| c.middle.attention_groups = Some(8), "middle.attention_groups"),
            (|c| c.middle.scale = 0.0, "middle.scale"),
            (|c| c.embedding_size = Some(0), "embedding_size"),
            (|c| c.output_channels = Some(0), "output_channels"),
            (|c| c.class_embedding = Some(ClassEmbedding::table(0)), "class_embedding"),
        ] {
            let message = refused(change).unwrap_err();
            assert!(message.contains(named), "{named}: {message}");
        }
        assert_eq!(refused(|c| (c.heads, c.attention_levels) = (Some(4), vec![1, 2])), Ok(()));
        assert_eq!(refused(|c| c.middle.attention_groups = Some(0)), Ok(()));
    }
}
