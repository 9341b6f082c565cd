//! What the types of a `UNet2DModel`'s blocks say of its levels.

use super::fields::Fields;
use crate::models::UNetConfig;
use serde_json::{Value, json};

/// Attention and resampling of each level, from the types of the blocks.
pub(super) fn blocks(fields: &mut Fields, network: &mut UNetConfig) {
    let levels = network.channels.len();
    let residual = |fields: &mut Fields, key| {
        fields.parsed(key, json!("conv"), "conv or resnet", |value| match value {
            Value::Null => Some(false),
            value => match value.as_str()? {
                "conv" => Some(false),
                "resnet" => Some(true),
                _ => None,
            },
        })
    };
    let (halving, doubling) = (residual(fields, "downsample_type"), residual(fields, "upsample_type"));
    let down = json!(["DownBlock2D", "AttnDownBlock2D", "AttnDownBlock2D", "AttnDownBlock2D"]);
    let names = ["DownBlock2D", "AttnDownBlock2D", "ResnetDownsampleBlock2D"];
    let down = kinds(fields, "down_block_types", down, names, levels);
    let up = json!(["AttnUpBlock2D", "AttnUpBlock2D", "AttnUpBlock2D", "UpBlock2D"]);
    let names = ["UpBlock2D", "AttnUpBlock2D", "ResnetUpsampleBlock2D"];
    let mut up = kinds(fields, "up_block_types", up, names, levels);
    up.reverse();
    let chosen = |kinds: &[Kind], choose: &dyn Fn(Kind) -> bool| -> Vec<usize> {
        (1..=kinds.len()).filter(|level| choose(kinds[level - 1])).collect()
    };
    network.attention_levels = chosen(&down, &|kind| kind == Kind::Attention);
    let attending = chosen(&up, &|kind| kind == Kind::Attention);
    network.attention_levels_up = (attending != network.attention_levels).then_some(attending);
    let residual =
        |of_attention| move |kind| kind == Kind::Residual || (kind == Kind::Attention && of_attention);
    network.residual_levels_down = chosen(&down, &residual(halving));
    network.residual_levels_down.retain(|&level| level < levels);
    network.residual_levels_up = chosen(&up, &residual(doubling));
    network.residual_levels_up.retain(|&level| level > 1);
}

/// What a block's type says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Plain,
    Attention,
    Residual,
}

/// The kinds of the blocks, named in the order of [`Kind`].
fn kinds(
    fields: &mut Fields,
    key: &'static str,
    default: Value,
    names: [&str; 3],
    levels: usize,
) -> Vec<Kind> {
    let value = fields.value(key, default);
    let kind = |name: &Value| {
        // The first versions' names began so.
        let name = name.as_str()?;
        let name = name.strip_prefix("UNetRes").unwrap_or(name);
        [Kind::Plain, Kind::Attention, Kind::Residual].into_iter().zip(names).find(|(_, n)| *n == name)
    };
    let kinds: Option<Vec<Kind>> =
        value.as_array().and_then(|blocks| blocks.iter().map(|name| Some(kind(name)?.0)).collect());
    match kinds.filter(|kinds| kinds.len() == levels) {
        Some(kinds) => kinds,
        None => {
            let names = names.join(", ");
            fields.refuse(key, &value, &format!("one of {names} for each of {levels} levels"));
            Vec::new()
        }
    }
}
