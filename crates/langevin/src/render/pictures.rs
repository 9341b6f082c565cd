//! The pictures to draw: borrowed samples with a checked shape.

use super::RenderError;

/// Pictures `[n, height, width, channels]` scaled to [-1, 1]: 1 channel is grey, 2 grey and alpha, 3 RGB, 4 RGBA.
#[derive(Clone, Copy, Debug)]
pub struct Pictures<'a> {
    samples: &'a [f32],
    shape: [usize; 4],
}

impl<'a> Pictures<'a> {
    /// Pictures of the shape `[n, height, width, channels]`, none of which may be 0.
    ///
    /// # Errors
    /// If there is no picture or no pixel, the channels are not 1 to 4, or the samples are more or fewer than the
    /// shape says.
    pub fn new(samples: &'a [f32], shape: [usize; 4]) -> Result<Self, RenderError> {
        let [count, height, width, channels] = shape;
        if count == 0 {
            return Err(RenderError::Empty { what: "picture" });
        }
        if height == 0 || width == 0 {
            return Err(RenderError::Empty { what: "pixel in a picture" });
        }
        if !(1..=4).contains(&channels) {
            return Err(RenderError::Channels { channels });
        }
        if height.max(width) > usize::from(u16::MAX) {
            return Err(RenderError::PictureSize { height, width });
        }
        let expected = shape.iter().fold(1, |product: usize, &side| product.saturating_mul(side));
        if samples.len() != expected {
            return Err(RenderError::Length { shape, expected, got: samples.len() });
        }
        Ok(Self { samples, shape })
    }

    /// How many pictures there are: at least 1.
    pub fn count(&self) -> usize {
        self.shape[0]
    }

    /// `[n, height, width, channels]`.
    pub fn shape(&self) -> [usize; 4] {
        self.shape
    }

    /// (width, height) in pixels.
    pub(super) fn size(&self) -> (u32, u32) {
        (self.shape[2] as u32, self.shape[1] as u32)
    }

    /// The samples of one pixel of one picture.
    pub(super) fn pixel(&self, index: usize, x: u32, y: u32) -> &'a [f32] {
        let [_, height, width, channels] = self.shape;
        let start = ((index * height + y as usize) * width + x as usize) * channels;
        &self.samples[start..start + channels]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_drawn_is_refused() {
        let told =
            |shape, len: usize| Pictures::new(&vec![0.0; len], shape).map(|_| ()).unwrap_err().to_string();
        assert_eq!(
            told([0, 8, 8, 1], 0),
            "there is nothing to draw: expected at least one picture, got none"
        );
        assert!(told([1, 0, 8, 1], 0).contains("pixel in a picture"));
        assert!(told([1, 8, 8, 5], 320).ends_with("got 5"));
        assert!(told([1, 8, 8, 0], 0).ends_with("got 0"));
        assert_eq!(told([2, 8, 8, 3], 7), "pictures of the shape [2, 8, 8, 3] have 384 samples, got 7");
        assert!(told([1, 1, 70_000, 1], 70_000).contains("1x70000"));
        assert!(told([usize::MAX, 8, 8, 3], 7).ends_with("got 7"));
    }
}
