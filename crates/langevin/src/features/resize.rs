//! Bilinear interpolation, as the networks' authors resize their inputs.

use rayon::prelude::*;

/// Channels of a picture.
const CHANNELS: usize = 3;

/// Where an output position lies between two input positions.
#[derive(Clone, Copy)]
struct Between {
    first: usize,
    second: usize,
    /// The second's share.
    share: f32,
}

/// Each output position along an axis: the middle of output pixel i lies at (i + ½) from/to − ½ of the input, no less than 0,
/// and what lies beyond the last pixel is like it.
fn between(from: usize, to: usize) -> Vec<Between> {
    let position = |i: usize| ((i as f64 + 0.5) * (from as f64 / to as f64) - 0.5).max(0.0);
    let places = (0..to).map(|i| {
        let first = (position(i) as usize).min(from - 1);
        let share = (position(i) - first as f64) as f32;
        Between { first, second: (first + 1).min(from - 1), share }
    });
    places.collect()
}

/// Pictures in another size, by interpolation between the two nearest rows and columns: PyTorch's `interpolate` with
/// `mode="bilinear"`, `align_corners=False` and no antialiasing, so that from large pictures most pixels are left out.
///
/// # Shapes
/// `pictures`: `[n, height, width, 3]`, `from` and `to` heights and widths; returns `[n, to[0], to[1], 3]`.
///
/// # Panics
/// If a size is 0 or `pictures` is not a whole number of pictures.
pub fn resize_bilinear(pictures: &[f32], from: [usize; 2], to: [usize; 2]) -> Vec<f32> {
    let (picture, line) = (from[0] * from[1] * CHANNELS, to[1] * CHANNELS);
    assert!(picture > 0 && to[0] * to[1] > 0, "a picture has pixels");
    assert_eq!(
        pictures.len() % picture,
        0,
        "the pictures should be [n, {}, {}, {CHANNELS}]",
        from[0],
        from[1]
    );
    if from == to {
        return pictures.to_vec();
    }
    let (rows, columns) = (between(from[0], to[0]), between(from[1], to[1]));
    let mut out = vec![0.0; pictures.len() / picture * to[0] * line];
    let each = out.par_chunks_exact_mut(to[0] * line).zip(pictures.par_chunks_exact(picture));
    each.for_each(|(out, picture)| {
        // Every input row in the new width first: then rows are mixed, each as a whole.
        let wide: Vec<f32> = picture
            .chunks_exact(from[1] * CHANNELS)
            .flat_map(|row| columns.iter().flat_map(|place| mixed(row, *place)))
            .collect();
        for (out, Between { first, second, share }) in out.chunks_exact_mut(line).zip(&rows) {
            let [first, second] = [first, second].map(|row| &wide[row * line..(row + 1) * line]);
            for (out, (a, b)) in out.iter_mut().zip(first.iter().zip(second)) {
                *out = (1.0 - share) * a + share * b;
            }
        }
    });
    out
}

/// One pixel of a row.
fn mixed(row: &[f32], Between { first, second, share }: Between) -> [f32; CHANNELS] {
    std::array::from_fn(|channel| {
        (1.0 - share) * row[first * CHANNELS + channel] + share * row[second * CHANNELS + channel]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// PyTorch's output for `interpolate(torch.tensor([[[[0., 1.]]]]), size=(1, 4), mode="bilinear")`.
    #[test]
    fn a_row_of_two_becomes_four() {
        let red = |values: &[f32]| values.iter().flat_map(|v| [*v, 0.0, 1.0]).collect::<Vec<_>>();
        assert_eq!(resize_bilinear(&red(&[0.0, 1.0]), [1, 2], [1, 4]), red(&[0.0, 0.25, 0.75, 1.0]));
        // From four to two the pixels in the middle of each half are averaged; from three to one all but one are left out.
        assert_eq!(resize_bilinear(&red(&[0.0, 1.0, 2.0, 4.0]), [1, 4], [1, 2]), red(&[0.5, 3.0]));
        assert_eq!(resize_bilinear(&red(&[7.0, 1.0, 9.0]), [3, 1], [1, 1]), red(&[1.0]));
    }
}
