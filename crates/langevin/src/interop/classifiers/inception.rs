//! The state dict of Inception v3 as torchvision names it, and with it the ports of the network that FID is defined with.

use super::Naming;

/// Inception v3 in torchvision, pytorch-fid and torch-fidelity.
pub const INCEPTION: Naming = Naming {
    convolution,
    classifier: "fc",
    epsilon: 1e-3,
    // The second classifier helps training; the count of batches serves a running mean that stands still now.
    ignored: |name| name.starts_with("AuxLogits.") || name.ends_with(".num_batches_tracked"),
    in_wheel: None,
};

/// The convolutions at the beginning, in their order.
const STEM: [&str; 5] = ["Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3", "Conv2d_3b_1x1", "Conv2d_4a_3x3"];

/// The blocks, in their order.
const MIXED: [&str; 11] = ["5b", "5c", "5d", "6a", "6b", "6c", "6d", "6e", "7a", "7b", "7c"];

/// Branches of ours, with the convolutions in each.
type Branches = &'static [(&'static str, &'static [&'static str])];

const SINGLE: (&str, &[&str]) = ("single", &["branch1x1"]);
const POOL: (&str, &[&str]) = ("pool", &["branch_pool"]);
const DOUBLE_3X3: (&str, &[&str]) = ("double", &["branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3"]);

fn branches(block: usize) -> Branches {
    match block {
        0..=2 => &[SINGLE, ("large", &["branch5x5_1", "branch5x5_2"]), DOUBLE_3X3, POOL],
        3 => &[("large", &["branch3x3"]), DOUBLE_3X3],
        4..=7 => &[
            SINGLE,
            ("large", &["branch7x7_1", "branch7x7_2", "branch7x7_3"]),
            (
                "double",
                &["branch7x7dbl_1", "branch7x7dbl_2", "branch7x7dbl_3", "branch7x7dbl_4", "branch7x7dbl_5"],
            ),
            POOL,
        ],
        8 => &[
            ("large", &["branch3x3_1", "branch3x3_2"]),
            ("double", &["branch7x7x3_1", "branch7x7x3_2", "branch7x7x3_3", "branch7x7x3_4"]),
        ],
        _ => &[
            SINGLE,
            ("large", &["branch3x3_1", "branch3x3_2a", "branch3x3_2b"]),
            ("double", &["branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3a", "branch3x3dbl_3b"]),
            POOL,
        ],
    }
}

/// From `stem.0` or `mixed.0.single.0`.
fn convolution(ours: &str) -> [String; 2] {
    let theirs = find(ours).unwrap_or_else(|| panic!("Inception v3 has no convolution {ours}"));
    ["conv", "bn"].map(|part| format!("{theirs}.{part}"))
}

fn find(ours: &str) -> Option<String> {
    let mut parts = ours.split('.');
    if parts.next()? == "stem" {
        return STEM.get(parts.next()?.parse::<usize>().ok()?).map(|&name| name.to_owned());
    }
    let block: usize = parts.next()?.parse().ok()?;
    let branch = parts.next()?;
    let (_, convolutions) = branches(block).iter().find(|(name, _)| *name == branch)?;
    let convolution = convolutions.get(parts.next()?.parse::<usize>().ok()?)?;
    Some(format!("Mixed_{}.{convolution}", MIXED.get(block)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_translated() {
        for (ours, theirs) in [
            ("stem.4", "Conv2d_4a_3x3"),
            ("mixed.0.pool.0", "Mixed_5b.branch_pool"),
            ("mixed.3.large.0", "Mixed_6a.branch3x3"),
            ("mixed.10.double.3", "Mixed_7c.branch3x3dbl_3b"),
        ] {
            assert_eq!(convolution(ours), [format!("{theirs}.conv"), format!("{theirs}.bn")]);
        }
        for wrong in ["stem.5", "mixed.3.single.0", "mixed.11.single.0", "mixed.0.double.3", "head"] {
            assert_eq!(find(wrong), None, "{wrong}");
        }
    }
}
