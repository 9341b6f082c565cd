//! What is carried over from a model's classes, in a line.

/// Names that are listed; of more, the rest is counted.
const LISTED: usize = 8;

/// What of the classes is kept, new and left out.
pub(super) fn summary(
    rows: &[Option<usize>],
    (known, old_names): (usize, &[String]),
    names: &[String],
    null_class: bool,
) -> String {
    let begun = if null_class { "as the model's null class" } else { "as the mean of the model's classes" };
    let (count, kept) = (names.len(), rows.iter().flatten().count());
    if old_names.is_empty() && kept == 0 {
        return format!(
            "the model has no names of its {known} classes: all {count} are new, and begin {begun}"
        );
    }
    let whose =
        if old_names.is_empty() { ", matched by number, for the model has no names of them" } else { "" };
    let mut parts = vec![match kept == count {
        true => format!("all {count} classes keep their vectors{whose}"),
        false => format!("{kept} of {count} classes keep their vectors"),
    }];
    let new = names.iter().zip(rows).filter(|(_, row)| row.is_none()).map(|(name, _)| name.as_str());
    parts.extend(listed(new).map(|new| format!("new, beginning {begun}: {new}")));
    let left = old_names.iter().filter(|old| !names.contains(old)).map(String::as_str);
    parts.extend(listed(left).map(|left| format!("left out: {left}")));
    parts.join("; ")
}

/// Names in a row, the first few of many; nothing where there are none.
fn listed<'a>(names: impl Iterator<Item = &'a str>) -> Option<String> {
    let names: Vec<&str> = names.collect();
    let shown = names[..names.len().min(LISTED)].join(", ");
    match names.len() {
        0 => None,
        count if count > LISTED => Some(format!("{shown} and {} more", count - LISTED)),
        _ => Some(shown),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_names_are_counted() {
        let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
        assert_eq!(listed(names.into_iter()).unwrap(), "a, b, c, d, e, f, g, h and 2 more");
        assert_eq!(listed(names.into_iter().take(2)).unwrap(), "a, b");
        assert_eq!(listed([].into_iter()), None);
    }
}
