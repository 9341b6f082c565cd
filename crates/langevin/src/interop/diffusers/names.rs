//! Parameter names of `UNet2DModel` and ours.

use crate::models::weights::{Weights, WeightsError};

/// Whole path segments, ours on the left, that mean the same wherever they stand.
const SEGMENTS: [(&str, &str); 11] = [
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
    ("classes", "class_embedding"),
];

/// How names of the first versions began, and how they begin now.
const OLDER_BEGINNINGS: [(&str, &str); 3] =
    [("mid.", "mid_block."), ("downsample_blocks.", "down_blocks."), ("upsample_blocks.", "up_blocks.")];

/// What an attention's projections were called before, and what they are called now.
const OLDER_PROJECTIONS: [(&str, &str); 4] =
    [("query", "to_q"), ("key", "to_k"), ("value", "to_v"), ("proj_attn", "to_out.0")];

/// Our name of a U-Net's parameter in diffusers' words.
pub fn foreign_name(name: &str) -> String {
    let name = name
        .replace("middle.block1.", "mid_block.resnets.0.")
        .replace("middle.block2.", "mid_block.resnets.1.")
        .replace("middle.attention.", "mid_block.attentions.0.")
        .replace("down.", "down_blocks.")
        .replace("up.", "up_blocks.")
        .replace(".blocks.", ".resnets.")
        .replace(".downsample.", ".downsamplers.0.")
        .replace(".upsample.", ".upsamplers.0.");
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
    weights.into_iter().map(|(name, array)| (foreign_name(&name), array)).collect()
}

/// A foreign name as the current version has it.
fn modern(name: &str) -> String {
    let beginning = OLDER_BEGINNINGS.iter().find_map(|(old, new)| Some((new, name.strip_prefix(old)?)));
    let name = beginning.map_or_else(|| name.to_owned(), |(new, rest)| format!("{new}{rest}"));
    let Some((attention, parameter)) = name.rsplit_once('.') else { return name };
    match attention.rsplit_once('.') {
        Some((path, projection)) if path.contains("attentions.") => {
            match OLDER_PROJECTIONS.iter().find(|(old, _)| *old == projection) {
                Some((_, new)) => format!("{path}.{new}.{parameter}"),
                None => name,
            }
        }
        _ => name,
    }
}

/// Weights under the names of the current version, and an attention's projections as matrices: the first versions
/// had other names, and 1×1 convolutions in some places. An array whose current name is taken keeps its old one.
fn modernised(weights: Weights) -> Weights {
    let (mut current, older): (Weights, Weights) =
        weights.into_iter().partition(|(name, _)| modern(name) == *name);
    for (name, array) in older {
        let modern = modern(&name);
        current.insert(if current.contains_key(&modern) { name } else { modern }, array);
    }
    for (name, array) in &mut current {
        if name.contains("attentions.") && matches!(array.shape[..], [_, _, 1, 1]) {
            array.shape.truncate(2);
        }
    }
    current
}

/// Weights under our names, for a network whose parameters are `names`. Arrays that no parameter corresponds
/// to keep their foreign name, so that they are reported as unexpected.
pub fn from_diffusers(weights: Weights, names: &[String]) -> Weights {
    let mut weights = modernised(weights);
    let mut ours = Weights::new();
    for name in names {
        if let Some(array) = weights.remove(&foreign_name(name)) {
            ours.insert(name.clone(), array);
        }
    }
    ours.extend(weights);
    ours
}

/// What is wrong with weights that [`from_diffusers`] gave, all of it in diffusers' words.
pub fn foreign_error(error: WeightsError) -> WeightsError {
    let WeightsError { missing, unexpected, misshapen, not_finite } = error;
    WeightsError {
        missing: missing.iter().map(|name| foreign_name(name)).collect(),
        unexpected,
        misshapen: misshapen
            .into_iter()
            .map(|(name, expected, got)| (foreign_name(&name), expected, got))
            .collect(),
        not_finite: not_finite.iter().map(|name| foreign_name(name)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::weights::Array;

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
            ("down.0.downsample.norm1.weight", "down_blocks.0.downsamplers.0.norm1.weight"),
            ("up.1.upsample.time_projection.bias", "up_blocks.1.upsamplers.0.time_emb_proj.bias"),
            ("classes.weight", "class_embedding.weight"),
            ("classes.linear2.bias", "class_embedding.linear_2.bias"),
            ("norm_out.weight", "conv_norm_out.weight"),
            ("conv_out.weight", "conv_out.weight"),
        ] {
            assert_eq!(foreign_name(ours), theirs);
        }
    }

    #[test]
    fn older_names_mean_the_same() {
        for (old, new) in [
            ("mid_block.attentions.0.query.weight", "mid_block.attentions.0.to_q.weight"),
            ("down_blocks.1.attentions.0.key.bias", "down_blocks.1.attentions.0.to_k.bias"),
            ("up_blocks.0.attentions.2.value.bias", "up_blocks.0.attentions.2.to_v.bias"),
            ("mid.attentions.0.proj_attn.weight", "mid_block.attentions.0.to_out.0.weight"),
            ("downsample_blocks.0.resnets.1.conv1.weight", "down_blocks.0.resnets.1.conv1.weight"),
            ("upsample_blocks.0.upsamplers.0.conv.bias", "up_blocks.0.upsamplers.0.conv.bias"),
            ("conv_in.weight", "conv_in.weight"),
            ("key.weight", "key.weight"),
        ] {
            assert_eq!(modern(old), new);
        }
    }

    #[test]
    fn older_projections_become_matrices_and_none_is_lost() {
        let array = |value, shape: &[usize]| Array { shape: shape.to_vec(), values: vec![value; 4] };
        let weights = Weights::from([
            ("mid_block.attentions.0.query.weight".to_owned(), array(1.0, &[2, 2, 1, 1])),
            ("mid_block.attentions.0.to_v.weight".to_owned(), array(2.0, &[2, 2])),
            ("mid_block.attentions.0.value.weight".to_owned(), array(3.0, &[2, 2])),
            ("down_blocks.0.resnets.0.conv_shortcut.weight".to_owned(), array(4.0, &[2, 2, 1, 1])),
        ]);
        let names = ["query.weight", "value.weight"].map(|name| format!("middle.attention.{name}"));
        let ours = from_diffusers(weights, &names);
        assert_eq!(ours["middle.attention.query.weight"], array(1.0, &[2, 2]));
        assert_eq!(ours["middle.attention.value.weight"], array(2.0, &[2, 2]));
        assert_eq!(ours["mid_block.attentions.0.value.weight"], array(3.0, &[2, 2]));
        assert_eq!(ours["down_blocks.0.resnets.0.conv_shortcut.weight"], array(4.0, &[2, 2, 1, 1]));
    }

    #[test]
    fn all_that_is_wrong_is_said_in_foreign_names() {
        let error = foreign_error(WeightsError {
            missing: vec!["middle.attention.query.bias".to_owned()],
            unexpected: vec!["time_proj.weight".to_owned()],
            misshapen: vec![("norm_out.weight".to_owned(), vec![8], vec![4])],
            not_finite: vec!["norm_out.bias".to_owned()],
        });
        let message = error.to_string();
        for named in [
            "mid_block.attentions.0.to_q.bias",
            "time_proj.weight",
            "conv_norm_out.weight is [4]",
            "in conv_norm_out.bias",
        ] {
            assert!(message.contains(named), "{named} is not in: {message}");
        }
    }
}
