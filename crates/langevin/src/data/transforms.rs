//! Random changes of a training sample, which keep what it shows.

/// Mirrors a sample `[height, width, channels]` left to right, in place.
///
/// # Panics
/// If `sample` is not of height · width · channels values.
pub fn flip_horizontal(sample: &mut [f32], height: usize, width: usize, channels: usize) {
    assert_eq!(sample.len(), height * width * channels, "a sample of {height}x{width}x{channels}");
    for row in sample.chunks_exact_mut((width * channels).max(1)) {
        for column in 0..width / 2 {
            let (left, right) = row.split_at_mut((width - 1 - column) * channels);
            left[column * channels..(column + 1) * channels].swap_with_slice(&mut right[..channels]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_change_places_and_channels_stay_together() {
        let mut sample = [1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 5.5, 6.0, 6.5];
        flip_horizontal(&mut sample, 2, 3, 2);
        assert_eq!(sample, [3.0, 3.5, 2.0, 2.5, 1.0, 1.5, 6.0, 6.5, 5.0, 5.5, 4.0, 4.5]);
        let mut even = [1.0, 2.0, 3.0, 4.0];
        flip_horizontal(&mut even, 1, 4, 1);
        assert_eq!(even, [4.0, 3.0, 2.0, 1.0]);
    }
}
