//! Numbers that the reference vectors of U-Nets are made from: tools/parity/drawn.py says which stream is for what.

use langevin::math::rng::{Purpose, Stream};

/// Sums of a gradient's elements under random signs.
pub const PROJECTIONS: usize = 16;

fn uniform(seed: u64, index: u64, count: usize) -> Vec<f32> {
    let mut values = vec![0.0; count];
    Stream::new(seed, Purpose::Data, index).uniform(0, &mut values);
    values
}

/// `offset` + `scale` (2u − 1), computed in f64.
pub fn numbers(seed: u64, index: u64, count: usize, scale: f64, offset: f64) -> Vec<f32> {
    let drawn = uniform(seed, index, count);
    drawn.into_iter().map(|u| (offset + scale * (2.0 * f64::from(u) - 1.0)) as f32).collect()
}

/// The parameter `key`, the `index`-th of the sorted ones.
pub fn weights(seed: u64, index: u64, key: &str, shape: &[usize]) -> Vec<f32> {
    let count = shape.iter().product();
    if shape.len() > 1 {
        let inputs = (count / shape[0]) as f64;
        return numbers(seed, index, count, (3.0 / inputs).sqrt(), 0.0);
    }
    let (scale, offset) = if key.ends_with("weight") { (0.35, 1.0) } else { (0.17, 0.0) };
    numbers(seed, index, count, scale, offset)
}

/// The array `key` of a network with batch normalisation, the `index`-th of the sorted ones.
pub fn classifier(seed: u64, index: u64, key: &str, shape: &[usize], gain: f64) -> Vec<f32> {
    let count = shape.iter().product();
    if shape.len() > 1 {
        let inputs = (count / shape[0]) as f64;
        return numbers(seed, index, count, (3.0 * gain / inputs).sqrt(), 0.0);
    }
    if key.ends_with("running_var") {
        return numbers(seed, index, count, 0.5, 1.0);
    }
    weights(seed, index, key, shape)
}

/// `[n, height, width, 3]`: 8-bit levels divided by 255, picture i drawn (i + 1) / n as bright as the last.
pub fn pictures(seed: u64, [n, height, width]: [usize; 3]) -> Vec<f32> {
    let picture = height * width * 3;
    let drawn = uniform(seed + 1, 0, n * picture).into_iter().enumerate();
    let level = |(at, u): (usize, f32)| {
        let brightness = (at / picture + 1) as f64 / n as f64;
        (256.0 * f64::from(u) * brightness).floor() as f32 / 255.0
    };
    drawn.map(level).collect()
}

/// The timesteps of training step `step`.
pub fn timesteps(seed: u64, step: u64, count: usize) -> Vec<f64> {
    uniform(seed + 1, 50 + step, count).into_iter().map(|u| (1000.0 * f64::from(u)).floor()).collect()
}

/// The projections of `values`, of the `index`-th parameter.
pub fn projections(seed: u64, index: u64, values: &[f32]) -> [f64; PROJECTIONS] {
    let mut sums = [0.0; PROJECTIONS];
    for (value, u) in values.iter().zip(uniform(seed + 2, index, values.len())) {
        let bits = (u * 16_777_216.0) as u32;
        for (projection, sum) in sums.iter_mut().enumerate() {
            let sign = if bits >> projection & 1 == 1 { 1.0 } else { -1.0 };
            *sum += sign * f64::from(*value);
        }
    }
    sums
}
