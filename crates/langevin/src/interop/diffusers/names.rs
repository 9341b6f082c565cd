//! Parameter names of `UNet2DModel` and ours.

use crate::models::weights::Weights;

/// Whole path segments, ours on the left, that mean the same wherever they stand.
const SEGMENTS: [(&str, &str); 10] = [
    ("time_projection", "time_emb_proj"),
    ("shortcut", "conv_shortcut"),
    ("query", "to_q"),
    ("key", "to_k"),
    ("value", "to_v"),
    ("output", "to_out.0"),
    ("norm_out", "conv_norm_out"),
    ("linear1", "linear_1"),
    ("linear2", "linear_2"),
    ("time", "time_embedding"),
];

/// Our name of a U-Net's parameter in diffusers' words.
fn to_foreign(name: &str) -> String {
    let name = name
        .replace("middle.block1.", "mid_block.resnets.0.")
        .replace("middle.block2.", "mid_block.resnets.1.")
        .replace("middle.attention.", "mid_block.attentions.0.")
        .replace("down.", "down_blocks.")
        .replace("up.", "up_blocks.")
        .replace(".blocks.", ".resnets.")
        .replace(".downsample.conv.", ".downsamplers.0.conv.")
        .replace(".upsample.conv.", ".upsamplers.0.conv.");
    let attention = name.contains(".attention.") || name.contains(".attentions.");
    let segments: Vec<&str> = name
        .split('.')
        .map(|segment| match segment {
            "attention" => "attentions",
            "norm" if attention => "group_norm",
            _ => SEGMENTS.iter().find(|(ours, _)| *ours == segment).map_or(segment, |(_, theirs)| theirs),
        })
        .collect();
    segments.join(".")
}

/// Weights of a U-Net under diffusers' names.
pub fn to_diffusers(weights: Weights) -> Weights {
    weights.into_iter().map(|(name, array)| (to_foreign(&name), array)).collect()
}

/// Weights under our names, for a network whose parameters are `names`. Arrays that no parameter corresponds
/// to keep their foreign name, so that they are reported as unexpected.
pub fn from_diffusers(mut weights: Weights, names: &[String]) -> Weights {
    let mut ours = Weights::new();
    for name in names {
        if let Some(array) = weights.remove(&to_foreign(name)) {
            ours.insert(name.clone(), array);
        }
    }
    ours.extend(weights);
    ours
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_parameter_has_its_foreign_name() {
        for (ours, theirs) in [
            ("time.linear1.weight", "time_embedding.linear_1.weight"),
            ("conv_in.bias", "conv_in.bias"),
            ("down.0.blocks.1.conv1.weight", "down_blocks.0.resnets.1.conv1.weight"),
            ("down.0.blocks.1.time_projection.bias", "down_blocks.0.resnets.1.time_emb_proj.bias"),
            ("down.1.blocks.0.shortcut.weight", "down_blocks.1.resnets.0.conv_shortcut.weight"),
            ("down.1.attention.0.norm.weight", "down_blocks.1.attentions.0.group_norm.weight"),
            ("down.1.attention.0.output.weight", "down_blocks.1.attentions.0.to_out.0.weight"),
            ("down.0.downsample.conv.weight", "down_blocks.0.downsamplers.0.conv.weight"),
            ("middle.block2.norm1.weight", "mid_block.resnets.1.norm1.weight"),
            ("middle.attention.query.weight", "mid_block.attentions.0.to_q.weight"),
            ("middle.attention.norm.bias", "mid_block.attentions.0.group_norm.bias"),
            ("up.1.blocks.2.norm2.bias", "up_blocks.1.resnets.2.norm2.bias"),
            ("up.0.upsample.conv.bias", "up_blocks.0.upsamplers.0.conv.bias"),
            ("norm_out.weight", "conv_norm_out.weight"),
            ("conv_out.weight", "conv_out.weight"),
        ] {
            assert_eq!(to_foreign(ours), theirs);
        }
    }
}
