//! The convolutions and linear layers of a U-Net, known from its configuration alone.

use super::layout::Part;
use super::{Resampling, UNetConfig};
use langevin_kernels::ConvShape;

impl UNetConfig {
    /// Each convolution as the kernels see it, and each linear layer, for `samples` samples of `height` × `width`.
    pub(in crate::models) fn convolutions(
        &self,
        [inputs, outputs]: [usize; 2],
        size: [usize; 3],
        exact: bool,
    ) -> Vec<ConvShape> {
        let mut all = self.encoder_convolutions(inputs, size, exact);
        all.extend(self.parts_up().into_iter().flat_map(|part| self.convolutions_of(part, size, exact)));
        all.push(conv3(size, [self.channels[0], outputs], exact));
        all
    }

    /// As before, of all that comes before the way up.
    pub(in crate::models) fn encoder_convolutions(
        &self,
        inputs: usize,
        size: [usize; 3],
        exact: bool,
    ) -> Vec<ConvShape> {
        let (finest, embedding, samples) = (self.channels[0], self.embedding(), size[0]);
        let mut all = vec![
            conv3(size, [inputs, finest], exact),
            linear(samples, finest, embedding),
            linear(samples, embedding, embedding),
        ];
        let parts = self.parts_of_encoder();
        all.extend(parts.into_iter().flat_map(|part| self.convolutions_of(part, size, exact)));
        all
    }

    fn convolutions_of(
        &self,
        part: Part,
        [samples, height, width]: [usize; 3],
        exact: bool,
    ) -> Vec<ConvShape> {
        let at = |level: usize, inputs: usize, outputs: usize| {
            conv3([samples, height >> level, width >> level], [inputs, outputs], exact)
        };
        let rows = |level: usize, inputs, outputs| {
            linear(samples * (height >> level) * (width >> level), inputs, outputs)
        };
        match part {
            Part::Block { level, inputs, outputs, resampling, .. } => {
                let after = resampling.level_after(level);
                let upsample = resampling == Resampling::Double;
                let first = if upsample { level } else { after };
                let time = self.time_conditioning.features(outputs);
                let mut all = vec![
                    ConvShape { upsample, ..at(first, inputs, outputs) },
                    at(after, outputs, outputs),
                    linear(samples, self.embedding(), time),
                ];
                all.extend((inputs != outputs).then(|| rows(after, inputs, outputs)));
                all
            }
            Part::Attention { level, channels, .. } => vec![rows(level, channels, channels); 4],
            Part::Resample { from, to, channels } if to > from => {
                vec![ConvShape { stride: 2, before: 0, ..at(from, channels, channels) }]
            }
            Part::Resample { from, channels, .. } => {
                vec![ConvShape { upsample: true, ..at(from, channels, channels) }]
            }
        }
    }
}

/// A 3×3 convolution that keeps the size, for so many samples, rows and columns.
fn conv3([batch, height, width]: [usize; 3], [inputs, outputs]: [usize; 2], exact: bool) -> ConvShape {
    ConvShape {
        batch,
        height,
        width,
        inputs,
        outputs,
        kernel: 3,
        stride: 1,
        before: 1,
        after: 1,
        upsample: false,
        exact,
    }
}

/// A linear layer over so many rows: a 1×1 convolution over one position a row.
pub(in crate::models) fn linear(rows: usize, inputs: usize, outputs: usize) -> ConvShape {
    ConvShape {
        batch: rows,
        height: 1,
        width: 1,
        inputs,
        outputs,
        kernel: 1,
        stride: 1,
        before: 0,
        after: 0,
        upsample: false,
        exact: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every weight but those of the normalisations belongs to one of them.
    #[test]
    fn none_is_missing() {
        let text = "channels = [4, 8, 8]\nblocks_per_level = 2\ngroups = 2\nattention_levels = [2]";
        for more in
            ["", "residual_levels_down = [1]\nresidual_levels_up = [3]\ntime_conditioning = \"scale-shift\""]
        {
            let config: UNetConfig = toml::from_str(&format!("{text}\n{more}")).unwrap();
            let all = config.convolutions([3, 6], [2, 16, 8], false);
            let weights: usize = all
                .iter()
                .map(|shape| shape.outputs * (shape.inputs * shape.kernel * shape.kernel + 1))
                .sum();
            let norms: usize = config
                .parts()
                .into_iter()
                .map(|part| match part {
                    Part::Block { inputs, outputs, .. } => 2 * (inputs + outputs),
                    Part::Attention { channels, .. } => 2 * channels,
                    Part::Resample { .. } => 0,
                })
                .sum();
            assert_eq!((weights + norms + 2 * 4) as u64, config.parameter_count(3, 6), "{more}");
        }
    }
}
