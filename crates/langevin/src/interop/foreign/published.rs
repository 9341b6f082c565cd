//! What a state dict does not say, as its authors' published commands have it.

use super::AttentionOrder;
use langevin_math::{Schedule, Variance};

/// Settings that neither names nor shapes tell.
pub(super) struct Published {
    /// Height and width; `None` if no published model has such levels.
    pub side: Option<usize>,
    /// Heads of every attention.
    pub heads: Option<usize>,
    /// Channels of a head, in place of their number.
    pub head_size: Option<usize>,
    /// The order of joint projections.
    pub order: AttentionOrder,
    /// T.
    pub timesteps: usize,
    /// β_t.
    pub schedule: Schedule,
    /// Whether the network is told 1000·t/T in place of t.
    pub rescale: bool,
    /// σ² where the network does not give it.
    pub variance: Variance,
}

/// Channels of each level over those of the first, for each size of pictures.
const LEVELS: [(usize, &[usize]); 4] =
    [(32, &[1, 2, 2, 2]), (64, &[1, 2, 3, 4]), (128, &[1, 1, 2, 3, 4]), (256, &[1, 1, 2, 2, 4, 4])];

/// The settings of the published model that is most like a network of these channels, which resamples by residual blocks
/// (guided-diffusion) or not (improved-diffusion), and knows classes or not.
pub(super) fn openai(channels: &[usize], residual: bool, classes: bool) -> Published {
    let side = side_of(channels);
    let (cosine, timesteps) = match (residual, side) {
        // Its 64x64 model alone; the larger ones are linear.
        (true, side) => (side == Some(64), 1000),
        // LSUN's.
        (false, Some(256)) => (false, 1000),
        (false, _) => (true, 4000),
    };
    // guided-diffusion gives heads a size, but for the model of 128x128.
    let sized = residual && side != Some(128);
    let heads = if !residual && side == Some(256) { 1 } else { 4 };
    let order =
        if residual && side == Some(64) { AttentionOrder::QueriesFirst } else { AttentionOrder::HeadsFirst };
    Published {
        side,
        heads: (!sized).then_some(heads),
        head_size: sized.then_some(64),
        order,
        timesteps,
        schedule: if cosine { Schedule::Cosine {} } else { openai_linear(timesteps) },
        // Only the unconditional networks of improved-diffusion.
        rescale: !residual && !classes,
        variance: Variance::FixedLarge,
    }
}

/// Height and width of the pictures of the published model that has these channels, if there is one.
pub(super) fn side_of(channels: &[usize]) -> Option<usize> {
    let multiples: Vec<usize> = channels.iter().map(|count| count / channels[0]).collect();
    let exact = channels.iter().all(|count| count.is_multiple_of(channels[0]));
    let levels = LEVELS.iter().find(|(_, levels)| exact && **levels == multiples[..]);
    levels.map(|(side, _)| *side)
}

/// The settings of the classifiers that guide ADM, for square pictures of this side: those of the model that they guide, but
/// heads of 64 channels and their order, which are the same for all.
pub(super) fn classifier(side: Option<usize>) -> Published {
    Published {
        side,
        heads: None,
        head_size: Some(64),
        order: AttentionOrder::HeadsFirst,
        timesteps: 1000,
        schedule: if side == Some(64) { Schedule::Cosine {} } else { openai_linear(1000) },
        rescale: false,
        variance: Variance::FixedLarge,
    }
}

/// The settings of Ho et al., for a network that attends at these levels, counted from 1: always at 16x16.
pub(super) fn ho(attention_levels: &[usize]) -> Published {
    let side = match attention_levels {
        [level] if *level <= 12 => Some(16 << (level - 1)),
        _ => None,
    };
    Published {
        side,
        heads: None,
        head_size: None,
        order: AttentionOrder::QueriesFirst,
        timesteps: 1000,
        schedule: openai_linear(1000),
        rescale: false,
        // The smaller variance for the pictures of 256x256, the larger for CIFAR-10.
        variance: if side == Some(256) { Variance::FixedSmall } else { Variance::FixedLarge },
    }
}

/// β from 1e-4 to 0.02 over 1,000 steps, and the same noise over another number of them.
pub(super) fn openai_linear(timesteps: usize) -> Schedule {
    let scale = 1000.0 / timesteps as f64;
    Schedule::Linear { beta_start: scale * 1e-4, beta_end: scale * 0.02 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The model cards' own commands.
    #[test]
    fn published_models_are_known_by_their_levels() {
        let cifar = openai(&[128, 256, 256, 256], false, false);
        assert_eq!((cifar.side, cifar.heads, cifar.timesteps), (Some(32), Some(4), 4000));
        assert_eq!(cifar.schedule, Schedule::Cosine {});
        assert!(cifar.rescale && !openai(&[192, 384, 576, 768], false, true).rescale);
        assert_eq!(openai(&[128, 128, 256, 256, 512, 512], false, false).heads, Some(1));
        let small = openai(&[192, 384, 576, 768], true, true);
        assert_eq!(
            (small.side, small.head_size, small.order),
            (Some(64), Some(64), AttentionOrder::QueriesFirst)
        );
        let middle = openai(&[256, 256, 512, 768, 1024], true, true);
        assert_eq!(
            (middle.side, middle.heads, middle.order),
            (Some(128), Some(4), AttentionOrder::HeadsFirst)
        );
        let bedroom = openai(&[256, 256, 512, 512, 1024, 1024], true, false);
        assert_eq!((bedroom.side, bedroom.head_size, bedroom.timesteps), (Some(256), Some(64), 1000));
        assert_eq!(bedroom.schedule, openai_linear(1000));
        assert_eq!(openai(&[32, 64], false, false).side, None);
        assert_eq!(side_of(&[128, 256, 384, 512]), Some(64));
        let guide = classifier(Some(64));
        assert_eq!((guide.schedule, guide.order), (Schedule::Cosine {}, AttentionOrder::HeadsFirst));
        assert_eq!(classifier(Some(128)).schedule, openai_linear(1000));
    }
}
