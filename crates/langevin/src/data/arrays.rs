//! Arrays of numbers to a [`PictureSet`], whatever file they came from.

use super::error::{DataError, Kind};
use super::samples::Samples;
use super::{DataOptions, Dataset, PictureSet, decode};

/// The most classes that labels may number in a set of any size: enough for most, and too few for labels that are something else.
const MAX_CLASSES: u64 = 1 << 16;

/// The most classes of a set that has as many pictures. The names of all are kept, so one label must not ask for any number.
const MAX_CLASSES_OF_MANY: u64 = 1 << 20;

/// How an array of pictures is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub count: usize,
    pub height: usize,
    pub width: usize,
    pub channels: usize,
    pub channels_first: bool,
}

/// Recognises `[n, h, w]`, `[n, h, w, c]` and, where the last axis is not of 1 to 4, `[n, c, h, w]`.
pub(super) fn layout(shape: &[usize]) -> Result<Layout, String> {
    let (count, height, width, channels, channels_first) = match *shape {
        [n, h, w] => (n, h, w, 1, false),
        [n, h, w, c @ 1..=4] => (n, h, w, c, false),
        [n, c @ 1..=4, h, w] => (n, h, w, c, true),
        _ => {
            return Err(format!(
                "its shape is {shape:?}, and pictures are [n, height, width] or [n, height, width, channels] with 1 to 4 \
                 channels"
            ));
        }
    };
    if count == 0 {
        return Err(format!("its shape is {shape:?}: it holds no picture"));
    }
    decode::check_sides(height as u64, width as u64)?;
    Ok(Layout { count, height, width, channels, channels_first })
}

impl Layout {
    /// The samples with their channels last.
    pub(super) fn channels_last<T: Copy>(&self, samples: Vec<T>) -> Vec<T> {
        if !self.channels_first || self.channels == 1 {
            return samples;
        }
        let area = self.height * self.width;
        let mut out = Vec::with_capacity(samples.len());
        for picture in samples.chunks_exact(area * self.channels) {
            for pixel in 0..area {
                out.extend((0..self.channels).map(|channel| picture[channel * area + pixel]));
            }
        }
        out
    }
}

/// Pictures as an array file gives them.
pub(super) struct Arrays {
    pub name: String,
    pub source: String,
    pub split: Option<String>,
    pub layout: Layout,
    pub levels: u32,
    /// Channels last.
    pub samples: Samples,
    pub labels: Option<Vec<u64>>,
    /// The classes' names; empty to number them.
    pub class_names: Vec<String>,
}

impl Arrays {
    /// The set, converted as `options` ask.
    pub(super) fn into_dataset(self, options: &DataOptions) -> Result<Dataset, DataError> {
        let Layout { count, height, width, channels, .. } = self.layout;
        let (labels, class_names) = match self.labels {
            None => (None, Vec::new()),
            Some(labels) => numbered(labels, count, self.class_names)
                .map(|(labels, names)| (Some(labels), names))
                .map_err(|reason| DataError::malformed(&self.source, reason))?,
        };
        let set = PictureSet {
            name: self.name,
            source: self.source,
            split: self.split,
            height,
            width,
            kind: Kind { channels, levels: self.levels },
            samples: self.samples,
            labels,
            class_names,
            skipped: Vec::new(),
        };
        set.converted(options.size, options.channels).map(Dataset::Pictures)
    }
}

/// Labels as indices, with the classes' names: those given, or their numbers.
fn numbered(labels: Vec<u64>, count: usize, names: Vec<String>) -> Result<(Vec<u32>, Vec<String>), String> {
    if labels.len() != count {
        return Err(format!("there are {} labels for {count} pictures", labels.len()));
    }
    let classes = labels.iter().max().map_or(0, |&top| top.saturating_add(1));
    let most = match names.len() {
        0 => (count as u64).clamp(MAX_CLASSES, MAX_CLASSES_OF_MANY),
        named => named as u64,
    };
    if classes > most {
        return Err(format!("its labels go up to {}, and at most {} is expected", classes - 1, most - 1));
    }
    let names = if names.is_empty() { (0..classes).map(|class| class.to_string()).collect() } else { names };
    Ok((labels.into_iter().map(|label| label as u32).collect(), names))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_come_last_whichever_way_they_are_stored() {
        let last = layout(&[5, 2, 3, 2]).unwrap();
        assert_eq!((last.height, last.width, last.channels, last.channels_first), (2, 3, 2, false));
        let first = layout(&[1, 3, 2, 5]).unwrap();
        assert_eq!((first.height, first.width, first.channels), (2, 5, 3));
        let samples: Vec<u8> = (0..30).collect();
        let moved = first.channels_last(samples);
        assert_eq!(moved[..6], [0, 10, 20, 1, 11, 21]);
        assert_eq!(moved[27..], [9, 19, 29]);
    }

    #[test]
    fn other_shapes_are_refused() {
        for shape in
            [&[3usize][..], &[1, 2], &[4, 8, 8, 8], &[0, 8, 8], &[1, 0, 8], &[1, 8, 40_000], &[1, 1, 1, 1, 1]]
        {
            assert!(layout(shape).is_err(), "{shape:?}");
        }
    }

    #[test]
    fn labels_must_fit_the_pictures_and_the_names() {
        assert_eq!(
            numbered(vec![2, 0], 2, vec![]).unwrap(),
            (vec![2, 0], ["0", "1", "2"].map(str::to_owned).to_vec())
        );
        assert!(numbered(vec![2], 2, vec![]).unwrap_err().contains("1 labels for 2 pictures"));
        assert!(numbered(vec![2], 1, vec!["a".to_owned()]).is_err());
        assert!(numbered(vec![u64::MAX], 1, vec![]).is_err());
        // The names of a million classes for one picture would take thousands of times its file.
        assert_eq!(numbered(vec![65_535], 1, vec![]).unwrap().1.len(), 65_536);
        assert!(numbered(vec![65_536], 1, vec![]).unwrap_err().contains("at most 65535"));
        let many: Vec<u64> = (0..70_000).collect();
        assert_eq!(numbered(many, 70_000, vec![]).unwrap().1.len(), 70_000);
    }
}
