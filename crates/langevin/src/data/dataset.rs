//! A data set in memory: pictures or points behind one face.

use super::bad::BadFile;
use super::picture_set::PictureSet;

/// A data set, wholly in memory.
#[derive(Clone, Debug)]
pub enum Dataset {
    /// Pictures of one size and kind.
    Pictures(PictureSet),
    /// Points of the plane.
    Points(PointSet),
}

/// Points of the plane; as samples they are `[1, 1, 2]`.
#[derive(Clone, Debug)]
pub struct PointSet {
    pub(super) name: String,
    pub(super) points: Vec<[f32; 2]>,
    pub(super) skipped: Vec<BadFile>,
}

impl PointSet {
    /// The points.
    pub fn points(&self) -> &[[f32; 2]] {
        &self.points
    }
}

impl Dataset {
    /// How many samples.
    pub fn len(&self) -> usize {
        match self {
            Self::Pictures(set) => set.len(),
            Self::Points(set) => set.points.len(),
        }
    }

    /// Whether it holds no sample; a loaded set never is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What people call the set: a built-in name, or the file's or folder's own name.
    pub fn name(&self) -> &str {
        match self {
            Self::Pictures(set) => set.name(),
            Self::Points(set) => &set.name,
        }
    }

    /// One line for a plan, such as `cifar10.zip (train): 50000 pictures, 32x32, 3 channels, 8 bit, 10 classes`.
    pub fn describe(&self) -> String {
        match self {
            Self::Pictures(set) => set.describe(),
            Self::Points(set) => format!("{}: {} points of the plane", set.name, set.points.len()),
        }
    }

    /// The bad files, or the bad rows of an array of points, that were left out of it
    /// ([`OnBadFile::Skip`](super::OnBadFile::Skip)), in the order of the source.
    pub fn skipped(&self) -> &[BadFile] {
        match self {
            Self::Pictures(set) => set.skipped(),
            Self::Points(set) => &set.skipped,
        }
    }

    /// How many were left out, such as `3 files skipped`; nothing if none was.
    pub fn describe_skipped(&self) -> Option<String> {
        let what = match self {
            Self::Pictures(_) => "file",
            Self::Points(_) => "row",
        };
        match self.skipped().len() {
            0 => None,
            1 => Some(format!("1 {what} skipped")),
            count => Some(format!("{count} {what}s skipped")),
        }
    }

    /// Rows of a sample; 1 for points.
    pub fn height(&self) -> usize {
        match self {
            Self::Pictures(set) => set.height(),
            Self::Points(_) => 1,
        }
    }

    /// Columns of a sample; 1 for points.
    pub fn width(&self) -> usize {
        match self {
            Self::Pictures(set) => set.width(),
            Self::Points(_) => 1,
        }
    }

    /// Channels of a sample; 2 for points.
    pub fn channels(&self) -> usize {
        match self {
            Self::Pictures(set) => set.channels(),
            Self::Points(_) => 2,
        }
    }

    /// Values that a sample of a picture can take; none for points, which are continuous.
    pub fn levels(&self) -> Option<u32> {
        match self {
            Self::Pictures(set) => Some(set.levels()),
            Self::Points(_) => None,
        }
    }

    /// The class of each sample, as an index into [`class_names`](Self::class_names).
    pub fn labels(&self) -> Option<&[u32]> {
        match self {
            Self::Pictures(set) => set.labels(),
            Self::Points(_) => None,
        }
    }

    /// The names of the classes; empty without labels.
    pub fn class_names(&self) -> &[String] {
        match self {
            Self::Pictures(set) => set.class_names(),
            Self::Points(_) => &[],
        }
    }

    /// Values of one sample: height · width · channels.
    pub fn sample_len(&self) -> usize {
        self.height() * self.width() * self.channels()
    }

    /// Writes one sample to `out`, channels last `[height, width, channels]`: pictures scaled to [-1, 1] by
    /// 2v / (levels − 1) − 1, points as they are.
    ///
    /// # Panics
    /// If `index` is not below [`len`](Self::len), or `out` is not of [`sample_len`](Self::sample_len) values.
    pub fn read(&self, index: usize, out: &mut [f32]) {
        match self {
            Self::Pictures(set) => set.read(index, out),
            Self::Points(set) => out.copy_from_slice(&set.points[index]),
        }
    }

    /// The CRC-32 of all samples in order: the same data have the same, other data almost never.
    pub fn checksum(&self) -> u32 {
        let mut hasher = crc32fast::Hasher::new();
        match self {
            Self::Pictures(set) => set.hash_into(&mut hasher),
            Self::Points(set) => {
                for coordinate in set.points.as_flattened() {
                    hasher.update(&coordinate.to_le_bytes());
                }
            }
        }
        hasher.finalize()
    }

    /// As [`checksum`](Self::checksum), with the labels and the names of the classes.
    pub fn labelled_checksum(&self) -> u32 {
        let mut hasher = crc32fast::Hasher::new_with_initial(self.checksum());
        self.labels().unwrap_or_default().iter().for_each(|label| hasher.update(&label.to_le_bytes()));
        self.class_names().iter().for_each(|name| {
            hasher.update(name.as_bytes());
            hasher.update(&[0]);
        });
        hasher.finalize()
    }

    /// The memory that the samples take.
    pub fn bytes_in_memory(&self) -> usize {
        match self {
            Self::Pictures(set) => set.bytes_in_memory(),
            Self::Points(set) => size_of_val(set.points.as_slice()),
        }
    }
}
