//! Copies of an activation with a border of zeros.

use super::ConvShape;
use super::rectangular::Window;

/// A copy of rows of one sample with zeros around them.
pub(super) struct Padded {
    /// First row of the copy, in rows of the seen input; negative above it.
    pub(super) top: isize,
    /// Rows of the copy.
    pub(super) rows: usize,
    /// Columns of zeros at the left.
    pub(super) left: usize,
    /// Columns of the copy.
    pub(super) columns: usize,
}

impl Padded {
    /// Elements of the copy.
    pub(super) fn len(&self, channels: usize) -> usize {
        self.rows * self.columns * channels
    }

    /// Copies from a sample `[height, width, channels]` (positions doubled if `upsample`).
    pub(super) fn copy(
        &self,
        sample: &[f32],
        [height, width]: [usize; 2],
        channels: usize,
        upsample: bool,
        out: &mut [f32],
    ) {
        let seen = if upsample { 2 * height } else { height } as isize;
        let (left, line) = (self.left * channels, self.columns * channels);
        for (r, row) in out[..self.len(channels)].chunks_exact_mut(line).enumerate() {
            let y = self.top + r as isize;
            if y < 0 || y >= seen {
                row.fill(0.0);
                continue;
            }
            let y = if upsample { y as usize / 2 } else { y as usize };
            let from = &sample[y * width * channels..(y + 1) * width * channels];
            row[..left].fill(0.0);
            let inside = if upsample {
                let twice = row[left..].chunks_exact_mut(2 * channels);
                for (to, pixel) in twice.zip(from.chunks_exact(channels)) {
                    to[..channels].copy_from_slice(pixel);
                    to[channels..].copy_from_slice(pixel);
                }
                2 * from.len()
            } else {
                row[left..left + from.len()].copy_from_slice(from);
                from.len()
            };
            row[left + inside..].fill(0.0);
        }
    }
}

impl ConvShape {
    /// The padded copy that `count` output rows from `first` need.
    pub(super) fn padded(&self, first: usize, count: usize) -> Padded {
        Window::of(self).padded(first, count)
    }

    /// Whether the input can be read as it is.
    pub(super) fn needs_no_border(&self) -> bool {
        self.before == 0 && self.after == 0 && !self.upsample
    }
}
