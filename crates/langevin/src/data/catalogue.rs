//! Which files of a folder or archive belong to a set: its splits and its classes, by their paths.

use std::cmp::Ordering;

use super::error::DataError;

/// Names under which a part of a data set is known.
const SPLIT_NAMES: &[&str] = &["train", "test", "val", "valid", "validation"];

/// The files that were chosen.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Choice<'a> {
    /// The split, if the source is divided.
    pub split: Option<String>,
    /// (index into the names, the class: the folder that the file lies in, below the split).
    pub files: Vec<(usize, Option<&'a str>)>,
}

/// The order of a set: by path, component by component, the same in a folder and in an archive of it.
pub(super) fn by_path(a: &str, b: &str) -> Ordering {
    a.split('/').cmp(b.split('/'))
}

/// Whether a path is one that systems leave beside the files of a person.
pub(super) fn is_hidden(path: &str) -> bool {
    path.split('/').any(|part| part.starts_with('.') || part == "__MACOSX")
}

/// Chooses the files of `split` (`train` where nothing is asked) among `names`, paths with `/` below the source.
///
/// A source is divided if it, or the only folder in it, holds `train` and at least one other split.
pub(super) fn choose<'a>(
    source: &str,
    names: &'a [String],
    split: Option<&str>,
) -> Result<Choice<'a>, DataError> {
    let prefix = single_folder(names);
    let mut splits = splits_below(names, "");
    let mut root = "";
    if splits.is_empty()
        && let Some(folder) = prefix
    {
        splits = splits_below(names, folder);
        root = if splits.is_empty() && !is_wrapper(names, folder) { "" } else { folder };
    }
    let taken = match (splits.is_empty(), split) {
        (true, None | Some("all")) => None,
        (true, Some(asked)) => {
            return Err(DataError::NoSplits { path: source.to_owned(), asked: asked.to_owned() });
        }
        (false, asked) => Some(take(source, &splits, asked.unwrap_or("train"))?),
    };
    let file = |(index, name): (usize, &'a String)| {
        let below = below(name, root).unwrap_or(name);
        match below.split_once('/').filter(|(first, _)| splits.contains(first)) {
            Some((first, rest)) => {
                let wanted = taken.is_none_or(|taken| taken == "all" || taken == first);
                wanted.then(|| (index, first_folder(rest)))
            }
            None => taken.is_none_or(|taken| taken == "all").then(|| (index, first_folder(below))),
        }
    };
    let files = names.iter().enumerate().filter_map(file).collect();
    Ok(Choice { split: taken.map(str::to_owned), files })
}

/// The split that was asked for, under the name that its folder has.
fn take<'a>(source: &str, splits: &[&'a str], asked: &'a str) -> Result<&'a str, DataError> {
    if asked == "all" {
        return Ok(asked);
    }
    let found = splits.iter().find(|split| split.eq_ignore_ascii_case(asked));
    found.copied().ok_or_else(|| DataError::UnknownSplit {
        path: source.to_owned(),
        asked: asked.to_owned(),
        existing: splits.join(", "),
    })
}

/// The splits among the folders directly below `root`, in order; none unless `train` and another one are there.
fn splits_below<'a>(names: &'a [String], root: &str) -> Vec<&'a str> {
    let mut found: Vec<&str> = Vec::new();
    for folder in names.iter().filter_map(|name| first_folder(below(name, root)?)) {
        let is_split = SPLIT_NAMES.iter().any(|split| split.eq_ignore_ascii_case(folder));
        if is_split && !found.contains(&folder) {
            found.push(folder);
        }
    }
    let divided = found.len() > 1 && found.iter().any(|split| split.eq_ignore_ascii_case("train"));
    if divided { found } else { Vec::new() }
}

/// The only folder at the top, if there is exactly one; files beside it do not matter.
fn single_folder(names: &[String]) -> Option<&str> {
    let mut folders = names.iter().filter_map(|name| first_folder(name));
    let first = folders.next()?;
    folders.all(|folder| folder == first).then_some(first)
}

/// Whether all lies in `folder` and that has folders of its own: then it is no class, only a wrapper.
fn is_wrapper(names: &[String], folder: &str) -> bool {
    let inside: Option<Vec<_>> = names.iter().map(|name| below(name, folder)).collect();
    inside.is_some_and(|inside| inside.iter().any(|rest| rest.contains('/')))
}

fn below<'a>(name: &'a str, folder: &str) -> Option<&'a str> {
    if folder.is_empty() { Some(name) } else { name.strip_prefix(folder)?.strip_prefix('/') }
}

fn first_folder(name: &str) -> Option<&str> {
    name.split_once('/').map(|(first, _)| first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(names: &[&str], split: Option<&str>) -> (Option<String>, Vec<(usize, Option<String>)>) {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let choice = choose("set", &names, split).unwrap();
        (choice.split, choice.files.into_iter().map(|(i, class)| (i, class.map(str::to_owned))).collect())
    }

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn a_divided_source_gives_train_unless_asked() {
        for prefix in ["", "cifar/"] {
            let names = ["notes.txt", "test/cat/1.png", "train/cat/1.png", "train/dog/deep/2.png"]
                .map(|name| if name == "notes.txt" { name.to_owned() } else { format!("{prefix}{name}") });
            let names = names.each_ref().map(String::as_str);
            assert_eq!(chosen(&names, None), (some("train"), vec![(2, some("cat")), (3, some("dog"))]));
            assert_eq!(chosen(&names, Some("test")), (some("test"), vec![(1, some("cat"))]));
            assert_eq!(chosen(&names, Some("all")).1.len(), 4);
        }
    }

    #[test]
    fn a_class_named_train_is_not_a_split() {
        let (split, files) = chosen(&["bus/1.png", "train/1.png"], None);
        assert_eq!((split, files), (None, vec![(0, some("bus")), (1, some("train"))]));
    }

    #[test]
    fn a_wrapping_folder_is_not_a_class_but_a_single_class_is_one() {
        assert_eq!(chosen(&["top/a/1.png", "top/b/2.png"], None).1, [(0, some("a")), (1, some("b"))]);
        assert_eq!(chosen(&["cats/1.png"], None).1, [(0, some("cats"))]);
        assert_eq!(chosen(&["1.png"], Some("all")), (None, vec![(0, None)]));
    }

    #[test]
    fn an_unknown_split_names_those_that_exist() {
        let names = ["test/1.png".to_owned(), "train/1.png".to_owned(), "val/1.png".to_owned()];
        let message = choose("set.zip", &names, Some("dev")).unwrap_err().to_string();
        assert_eq!(message, "'set.zip' has no split 'dev': choose one of test, train, val, or all");
        let message = choose("set.zip", &names[..1], Some("test")).unwrap_err().to_string();
        assert!(message.starts_with("'set.zip' is not divided into splits"), "{message}");
    }

    #[test]
    fn paths_sort_by_component() {
        let mut names = ["a-b/1", "a/2", "a/10", "a"];
        names.sort_by(|a, b| by_path(a, b));
        assert_eq!(names, ["a", "a/10", "a/2", "a-b/1"]);
        assert!(is_hidden("a/.DS_Store") && is_hidden("__MACOSX/a.png") && !is_hidden("a.b/c"));
    }
}
