//! A set of pictures of one size and kind, held in memory at its own depth.

use super::bad::BadFile;
use super::error::{DataError, Kind};
use super::picture::{Channels, Picture};
use super::samples::Samples;

/// Pictures `[n, height, width, channels]` with, if the source has them, their classes.
#[derive(Clone, Debug)]
pub struct PictureSet {
    pub(super) name: String,
    pub(super) source: String,
    pub(super) split: Option<String>,
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) kind: Kind,
    pub(super) samples: Samples,
    pub(super) labels: Option<Vec<u32>>,
    pub(super) class_names: Vec<String>,
    pub(super) skipped: Vec<BadFile>,
}

impl PictureSet {
    /// What people call the set: a built-in name, or the file's or folder's own name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The source as it was given.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The split that was taken, if the source is divided into splits.
    pub fn split(&self) -> Option<&str> {
        self.split.as_deref()
    }

    /// How many pictures.
    pub fn len(&self) -> usize {
        self.samples.len() / self.sample_len()
    }

    /// Whether it holds no picture; a loaded set never is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Rows of each picture.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Columns of each picture.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Channels of each picture: 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA.
    pub fn channels(&self) -> usize {
        self.kind.channels
    }

    /// Values a sample can take: 256 for 8 bits, 65,536 for 16, 17 for the built-in digits.
    pub fn levels(&self) -> u32 {
        self.kind.levels
    }

    /// The class of each picture, as an index into [`class_names`](Self::class_names).
    pub fn labels(&self) -> Option<&[u32]> {
        self.labels.as_deref()
    }

    /// The names of the classes; empty without labels.
    pub fn class_names(&self) -> &[String] {
        &self.class_names
    }

    /// The bad files that were left out of it, in the order of the source.
    pub fn skipped(&self) -> &[BadFile] {
        &self.skipped
    }

    /// One picture, with the values that its file has.
    ///
    /// # Panics
    /// If `index` is not below [`len`](Self::len).
    pub fn picture(&self, index: usize) -> Picture {
        Picture {
            height: self.height,
            width: self.width,
            channels: self.kind.channels,
            levels: self.kind.levels,
            samples: self.samples.values(self.range(index)),
        }
    }

    /// Writes one picture to `out`, `[height, width, channels]`, scaled to [-1, 1] by 2v / (levels − 1) − 1.
    ///
    /// # Panics
    /// If `index` is not below [`len`](Self::len), or `out` is not of height · width · channels samples.
    pub fn read(&self, index: usize, out: &mut [f32]) {
        assert_eq!(
            out.len(),
            self.sample_len(),
            "a sample of '{}' has {} values",
            self.name,
            self.sample_len()
        );
        self.samples.read_scaled(self.range(index), self.kind.levels, out);
    }

    pub(super) fn hash_into(&self, hasher: &mut crc32fast::Hasher) {
        self.samples.hash_into(hasher);
    }

    /// The memory that the samples take.
    pub fn bytes_in_memory(&self) -> usize {
        self.samples.bytes()
    }

    /// One line for a plan, such as `cifar10.zip (train): 50000 pictures, 32x32, 3 channels, 8 bit, 10 classes`;
    /// the size is height x width.
    pub fn describe(&self) -> String {
        let split = self.split.as_ref().map(|split| format!(" ({split})")).unwrap_or_default();
        let depth = match self.kind.levels {
            256 => "8 bit".to_owned(),
            65_536 => "16 bit".to_owned(),
            levels => format!("{levels} levels"),
        };
        let classes = match self.class_names.len() {
            0 => String::new(),
            1 => ", 1 class".to_owned(),
            n => format!(", {n} classes"),
        };
        format!(
            "{}{split}: {} picture{}, {}x{}, {} channel{}, {depth}{classes}",
            self.name,
            self.len(),
            if self.len() == 1 { "" } else { "s" },
            self.height,
            self.width,
            self.kind.channels,
            if self.kind.channels == 1 { "" } else { "s" },
        )
    }

    /// The set scaled and converted as asked; untouched where it already is so.
    pub(super) fn converted(
        self,
        size: Option<(usize, usize)>,
        channels: Option<Channels>,
    ) -> Result<Self, DataError> {
        let (height, width) = size.unwrap_or((self.height, self.width));
        let kind =
            Kind { channels: channels.map_or(self.kind.channels, Channels::count), levels: self.kind.levels };
        if (height, width) == (self.height, self.width) && kind == self.kind {
            return Ok(self);
        }
        let make = |index| {
            let mut picture = self.picture(index);
            if let Some(channels) = channels {
                picture = picture.with_channels(channels);
            }
            Ok(picture.fit(height, width).samples)
        };
        // An array's pictures are there already, so none of them fails.
        let filled = Samples::fill(kind.levels, self.len(), height * width * kind.channels, make);
        let (samples, _) = filled.map_err(|bytes| DataError::too_large(&self.source, bytes))?;
        Ok(Self { height, width, kind, samples, ..self })
    }

    fn sample_len(&self) -> usize {
        self.height * self.width * self.kind.channels
    }

    fn range(&self, index: usize) -> std::ops::Range<usize> {
        let len = self.sample_len();
        index * len..(index + 1) * len
    }
}
