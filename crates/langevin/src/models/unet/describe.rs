//! A U-Net in a few words.

use super::{ClassEmbedding, UNetConfig};

impl UNetConfig {
    /// Levels, blocks, attention, and what is out of the ordinary.
    pub(crate) fn describe(&self) -> String {
        let blocks = match self.blocks_per_level {
            1 => "1 block".to_owned(),
            blocks => format!("{blocks} blocks"),
        };
        let mut parts =
            vec![format!("U-Net, channels {:?}, {blocks} a level", self.channels), self.attention()];
        if let Some(up) = &self.attention_levels_up {
            parts.push(match levels(up) {
                Some(levels) => format!("on the way up {levels}"),
                None => "on the way up none".to_owned(),
            });
        }
        if !(self.residual_levels_down.is_empty() && self.residual_levels_up.is_empty()) {
            parts.push("residual resampling".to_owned());
        }
        match &self.class_embedding {
            Some(ClassEmbedding::Table { classes, .. }) => parts.push(format!("{classes} classes")),
            Some(ClassEmbedding::Timestep {} | ClassEmbedding::Identity {}) => {
                parts.push("classes".to_owned())
            }
            None => {}
        }
        if let Some(outputs) = self.output_channels {
            parts.push(format!("{outputs} channels out"));
        }
        parts.join(", ")
    }

    fn attention(&self) -> String {
        match levels(&self.attention_levels) {
            Some(levels) => format!("attention {levels}"),
            None if self.middle.attends() => "attention in the middle".to_owned(),
            None => "no attention".to_owned(),
        }
    }
}

fn levels(levels: &[usize]) -> Option<String> {
    let names: Vec<String> = levels.iter().map(ToString::to_string).collect();
    match names.len() {
        0 => None,
        1 => Some(format!("at level {}", names[0])),
        _ => Some(format!("at levels {}", names.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn describe(extra: &str) -> String {
        let text = format!("channels = [8, 16]\nblocks_per_level = 1\ngroups = 4\n{extra}");
        toml::from_str::<UNetConfig>(&text).unwrap().describe()
    }

    #[test]
    fn what_is_usual_stays_short_and_what_is_not_is_said() {
        assert_eq!(describe(""), "U-Net, channels [8, 16], 1 block a level, attention in the middle");
        assert!(describe("attention_levels = [1, 2]").ends_with("attention at levels 1, 2"));
        assert!(describe("middle = { attention = false }").ends_with("no attention"));
        let all = "attention_levels = [2]\nattention_levels_up = []\nresidual_levels_down = [1]\noutput_channels = 6\n\
                   class_embedding = { kind = \"table\", classes = 10 }";
        assert!(
            describe(all).ends_with(
                "attention at level 2, on the way up none, residual resampling, 10 classes, 6 channels out"
            ),
            "{}",
            describe(all)
        );
    }
}
