//! Between two noises, along the sphere that both lie near.

/// Above this cosine the sine of the angle loses its digits, and the arc is straight.
const PARALLEL: f64 = 0.9995;

/// A point of the arc from one vector to another, for deterministic samplers to make a picture between two of:
///
/// x = sin((1 − f) θ)/sin θ · from + sin(f θ)/sin θ · to, cos θ = ⟨from, to⟩/(‖from‖ ‖to‖)
/// (Shoemake 1985; Song et al. 2021, DDIM, appendix D.5)
///
/// Along a straight line instead, the middle of two noises would have half their variance. Vectors that are parallel to within
/// cos θ > 0.9995, exactly opposite, or of length 0 are interpolated linearly.
///
/// `fraction` is in [0, 1]: 0 gives `from` and 1 gives `to`, bit for bit. Computed in f64.
///
/// ```
/// let mut middle = [0.0; 2];
/// langevin::sampler::spherical(&[1.0, 0.0], &[0.0, 1.0], 0.5, &mut middle);
/// assert_eq!(middle, [0.5f32.sqrt(); 2]);
/// ```
///
/// # Panics
/// If the slices differ in length.
pub fn spherical(from: &[f32], to: &[f32], fraction: f64, out: &mut [f32]) {
    let lengths = (from.len(), to.len(), out.len());
    assert!(lengths.0 == lengths.1 && lengths.0 == lengths.2, "vectors of different lengths: {lengths:?}");
    let (of_from, of_to) = match fraction {
        0.0 => return out.copy_from_slice(from),
        1.0 => return out.copy_from_slice(to),
        _ => coefficients(from, to, fraction),
    };
    for ((out, &from), &to) in out.iter_mut().zip(from).zip(to) {
        *out = (of_from * f64::from(from) + of_to * f64::from(to)) as f32;
    }
}

fn coefficients(from: &[f32], to: &[f32], fraction: f64) -> (f64, f64) {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum::<f64>();
    let cosine = dot(from, to) / (dot(from, from) * dot(to, to)).sqrt();
    let angle = cosine.clamp(-1.0, 1.0).acos();
    // Opposite vectors have no arc between them, nor has a vector of length 0, whose cosine is no number.
    if cosine > PARALLEL || angle.sin() < 1e-6 || cosine.is_nan() {
        return (1.0 - fraction, fraction);
    }
    (((1.0 - fraction) * angle).sin() / angle.sin(), (fraction * angle).sin() / angle.sin())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(from: &[f32], to: &[f32], fraction: f64) -> Vec<f32> {
        let mut out = vec![f32::NAN; from.len()];
        spherical(from, to, fraction, &mut out);
        out
    }

    fn norm(x: &[f32]) -> f64 {
        x.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>().sqrt()
    }

    /// scipy.spatial.geometric_slerp([3/5, 0, 4/5], [0, 1, 0], [0.25, 0.6]), and the same by two of its lengths: the formula
    /// is linear in both vectors.
    #[test]
    fn points_of_the_arc_are_scipys() {
        let (from, to) = ([0.6, 0.0, 0.8], [0.0, 1.0, 0.0]);
        let expected = [
            (0.25, [0.5543277195067721, 0.3826834323650898, 0.7391036260090295]),
            (0.6, [0.3526711513754839, 0.8090169943749475, 0.4702282018339786]),
        ];
        for (fraction, expected) in expected {
            let twice = at(&from.map(|x| 2.0 * x), &to, fraction);
            for (axis, expected) in expected.into_iter().enumerate() {
                assert!((f64::from(at(&from, &to, fraction)[axis]) - expected).abs() < 1e-7);
                let scale = if axis == 1 { 1.0 } else { 2.0 };
                assert!((f64::from(twice[axis]) - scale * expected).abs() < 1e-7);
            }
        }
    }

    #[test]
    fn vectors_without_an_arc_are_joined_by_a_line() {
        assert_eq!(at(&[1.0, 2.0], &[2.0, 4.0], 0.25), [1.25, 2.5]);
        assert_eq!(at(&[1.0, 0.0], &[-1.0, 0.0], 0.25), [0.5, 0.0]);
        assert_eq!(at(&[0.0, 0.0], &[2.0, 4.0], 0.5), [1.0, 2.0]);
        assert_eq!(at(&[0.0; 2], &[0.0; 2], 0.5), [0.0; 2]);
    }

    proptest! {
        /// Equal lengths are kept, and the angle from the beginning grows evenly.
        #[test]
        fn the_arc_stays_on_the_sphere(angle in 0.1f64..3.0, radius in 0.1f64..50.0, fraction in 0.0f64..=1.0) {
            let point = |angle: f64| [(radius * angle.cos()) as f32, 0.0, (radius * angle.sin()) as f32];
            let got = at(&point(0.3), &point(0.3 + angle), fraction);
            prop_assert!((norm(&got) / radius - 1.0).abs() < 1e-5);
            let expected = point(0.3 + fraction * angle);
            for (got, expected) in got.iter().zip(expected) {
                prop_assert!(f64::from((got - expected).abs()) < 1e-5 * radius);
            }
        }

        #[test]
        fn the_ends_are_the_vectors_themselves(from in prop::array::uniform4(-1e3f32..1e3), to in prop::array::uniform4(-1e3f32..1e3)) {
            prop_assert_eq!(at(&from, &to, 0.0), from.to_vec());
            prop_assert_eq!(at(&from, &to, 1.0), to.to_vec());
        }
    }
}
