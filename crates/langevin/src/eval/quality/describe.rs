//! From samples to their features.

use super::SampleSource;
use crate::features::{Described, FeatureNetwork};
use crate::tensor::SampleShape;
use langevin_metrics::{Features, MetricsError, Pca, StatisticsBuilder};

/// Elements of a sample above which its pixels become principal components, and the number of these.
pub const PIXEL_COMPONENTS: usize = 64;

/// Samples read at a time to find the principal components.
const BATCH: usize = 256;

/// What describes samples.
pub enum Describer {
    /// Their own elements, in [−1, 1], or where those are many, their principal components.
    Pixels {
        /// The components, found in the data that samples are compared with.
        components: Option<Pca>,
        /// Elements of a sample.
        elements: usize,
    },
    /// A network that was trained on pictures.
    Network(Box<dyn FeatureNetwork>),
}

impl Describer {
    /// Pixels, by the principal components of `reference` where a sample has more than 64 elements; `None` if reading was
    /// stopped.
    ///
    /// # Errors
    /// If the components cannot be found.
    pub fn pixels(reference: &mut dyn SampleSource) -> Result<Option<Self>, MetricsError> {
        let elements = reference.shape().elements();
        if let Some(plain) = Self::plain_pixels(elements) {
            return Ok(Some(plain));
        }
        let mut builder = StatisticsBuilder::new(elements)?;
        for first in (0..reference.count()).step_by(BATCH) {
            let range = first..reference.count().min(first + BATCH);
            let Some(samples) = reference.read(range) else { return Ok(None) };
            builder.push(Features::new(&leveled(&samples, reference.levels()), elements)?)?;
        }
        let components = Some(Pca::new(&builder.finish()?, PIXEL_COMPONENTS)?);
        Ok(Some(Self::Pixels { components, elements }))
    }

    /// Pixels as they are, of samples of at most 64 elements.
    pub fn plain_pixels(elements: usize) -> Option<Self> {
        (elements <= PIXEL_COMPONENTS).then_some(Self::Pixels { components: None, elements })
    }

    /// What reports call it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Pixels { .. } => "pixels",
            Self::Network(network) => network.name(),
        }
    }

    /// Features of a sample.
    pub fn dimensions(&self) -> usize {
        match self {
            Self::Pixels { components: None, elements } => *elements,
            Self::Pixels { .. } => PIXEL_COMPONENTS,
            Self::Network(network) => network.dims(),
        }
    }

    /// Classes that it tells apart; 0 for pixels.
    pub fn classes(&self) -> usize {
        match self {
            Self::Pixels { .. } => 0,
            Self::Network(network) => network.classes(),
        }
    }

    /// The features of samples, channels last, each element at the nearest of `levels` levels. A network sees grey as three equal
    /// channels, and no alpha.
    ///
    /// # Errors
    /// If an element is not finite.
    pub fn describe(
        &self,
        samples: &[f32],
        shape: SampleShape,
        levels: Option<u32>,
    ) -> Result<Described, MetricsError> {
        let leveled = leveled(samples, levels);
        match self {
            Self::Pixels { components: None, .. } => Ok(Described { features: leveled, logits: Vec::new() }),
            Self::Pixels { components: Some(components), elements } => {
                let features = components.project(Features::new(&leveled, *elements)?)?;
                Ok(Described { features, logits: Vec::new() })
            }
            Self::Network(network) => {
                Features::new(&leveled, shape.elements())?;
                Ok(network.describe(&colours(&leveled, shape.channels), shape.height, shape.width))
            }
        }
    }
}

/// Pictures within [−1, 1] and at their levels, as a file of them would hold them; points as they are.
pub fn leveled(samples: &[f32], levels: Option<u32>) -> Vec<f32> {
    let Some(levels) = levels else { return samples.to_vec() };
    let top = f64::from(levels - 1);
    let level = |sample: f32| ((f64::from(sample.clamp(-1.0, 1.0)) + 1.0) / 2.0 * top).round();
    samples.iter().map(|&sample| (2.0 * level(sample) / top - 1.0) as f32).collect()
}

/// Red, green and blue in [0, 1] of pictures in [−1, 1] of 1 to 4 channels.
fn colours(samples: &[f32], channels: usize) -> Vec<f32> {
    let unit = |value: f32| 0.5 * (value + 1.0);
    let pixel = |pixel: &[f32]| match channels {
        1 | 2 => [unit(pixel[0]); 3],
        _ => [unit(pixel[0]), unit(pixel[1]), unit(pixel[2])],
    };
    samples.chunks(channels).flat_map(pixel).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_take_their_nearest_level() {
        assert_eq!(leveled(&[-1.2, -0.9, -0.4, 0.2, 0.6, 3.0], Some(3)), [-1.0, -1.0, 0.0, 0.0, 1.0, 1.0]);
        assert_eq!(leveled(&[-1.2, 0.3], None), [-1.2, 0.3]);
        let exact: Vec<f32> = (0..256).map(|level| (f64::from(level) / 127.5 - 1.0) as f32).collect();
        assert_eq!(leveled(&exact, Some(256)), exact);
    }

    #[test]
    fn networks_see_three_colours() {
        assert_eq!(colours(&[0.0, 1.0], 1), [0.5, 0.5, 0.5, 1.0, 1.0, 1.0]);
        assert_eq!(colours(&[-1.0, 1.0, 0.0, 0.5], 4), [0.0, 1.0, 0.5]);
        assert_eq!(colours(&[1.0, -1.0], 2), [1.0; 3]);
    }
}
