//! Many picture files to one [`PictureSet`]: headers first, so that a mixed set is refused before it is decoded.

use rayon::prelude::*;

use super::decode::{self, Header};
use super::error::{DataError, Kind};
use super::picture_set::fill_error;
use super::samples::Samples;
use super::{DataOptions, Dataset, PictureSet, catalogue};

/// Files that can be read by several threads at once.
pub(super) trait Files: Sync {
    /// Their paths below the source, separated by `/`, hidden ones left out, in the order of the set.
    fn names(&self) -> &[String];

    /// The first `limit` bytes of a file, or all of it; an error says why not.
    fn read(&self, index: usize, limit: u64) -> Result<Vec<u8>, String>;
}

/// A picture of the set to be: its file, its class, and its header.
struct Member<'a> {
    file: usize,
    class: Option<&'a str>,
    header: Header,
}

/// Loads the pictures among `files` of the source `source`, called `name`.
pub(super) fn gather(
    name: String,
    source: &str,
    files: &impl Files,
    options: &DataOptions,
) -> Result<Dataset, DataError> {
    if files.names().is_empty() {
        return Err(DataError::Empty { path: source.to_owned() });
    }
    let choice = catalogue::choose(source, files.names(), options.split.as_deref())?;
    let place = match &choice.split {
        Some(split) => format!("{source} ({split})"),
        None => source.to_owned(),
    };
    let members = members(&place, files, &choice.files)?;
    let (height, width) = common_size(&place, files, &members, options.size)?;
    let kind = common_kind(&place, files, &members, options)?;
    let make = |index: usize| {
        let mut picture = decode::decode(&files.read(members[index].file, decode::MAX_FILE_BYTES + 1)?)?;
        if let Some(channels) = options.channels {
            picture = picture.with_channels(channels);
        }
        Ok(picture.widened(kind.levels).fit(height, width).samples)
    };
    let samples =
        Samples::fill(kind.levels, members.len(), height * width * kind.channels, make).map_err(|error| {
            fill_error(&place, members.len(), error, |i| files.names()[members[i].file].clone())
        })?;
    let (labels, class_names) = classes(&members);
    let split = choice.split;
    let source = source.to_owned();
    Ok(Dataset::Pictures(PictureSet {
        name,
        source,
        split,
        height,
        width,
        kind,
        samples,
        labels,
        class_names,
    }))
}

/// Reads every header: the pictures, or the error that names those that cannot be read.
fn members<'a>(
    place: &str,
    files: &impl Files,
    chosen: &[(usize, Option<&'a str>)],
) -> Result<Vec<Member<'a>>, DataError> {
    let look = |&(file, class): &(usize, Option<&'a str>)| {
        let name = &files.names()[file];
        let header = match files.read(file, 64) {
            Ok(first) if !decode::looks_like_picture(name, &first) => return None,
            Ok(_) => files.read(file, decode::MAX_FILE_BYTES + 1).and_then(|bytes| decode::probe(&bytes)),
            Err(reason) => Err(reason),
        };
        Some(header.map(|header| Member { file, class, header }).map_err(|reason| (name.clone(), reason)))
    };
    let looked: Vec<_> = chosen.par_iter().filter_map(look).collect();
    let total = looked.len();
    let (mut members, mut bad) = (Vec::with_capacity(total), Vec::new());
    for result in looked {
        match result {
            Ok(member) => members.push(member),
            Err(named) => bad.push(named),
        }
    }
    if !bad.is_empty() {
        return Err(DataError::unreadable(place, total, &bad));
    }
    if members.is_empty() {
        return Err(DataError::NoPictures { path: place.to_owned(), files: chosen.len() });
    }
    Ok(members)
}

fn common_size(
    place: &str,
    files: &impl Files,
    members: &[Member],
    asked: Option<(usize, usize)>,
) -> Result<(usize, usize), DataError> {
    if let Some(size) = asked {
        return Ok(size);
    }
    let size = |member: &Member| (member.header.height, member.header.width);
    let first = &members[0];
    match members.iter().find(|member| size(member) != size(first)) {
        None => Ok(size(first)),
        Some(other) => Err(DataError::MixedSizes {
            path: place.to_owned(),
            first: files.names()[first.file].clone(),
            first_size: size(first),
            other: files.names()[other.file].clone(),
            other_size: size(other),
        }),
    }
}

/// The kind that all share; where channels are asked for, those, at the greatest depth among the files.
fn common_kind(
    place: &str,
    files: &impl Files,
    members: &[Member],
    options: &DataOptions,
) -> Result<Kind, DataError> {
    let first = &members[0];
    if let Some(channels) = options.channels {
        let levels = members.iter().map(|member| member.header.kind.levels).max().unwrap_or(256);
        return Ok(Kind { channels: channels.count(), levels });
    }
    match members.iter().find(|member| member.header.kind != first.header.kind) {
        None => Ok(first.header.kind),
        Some(other) => Err(DataError::MixedKinds {
            path: place.to_owned(),
            first: files.names()[first.file].clone(),
            first_kind: first.header.kind,
            other: files.names()[other.file].clone(),
            other_kind: other.header.kind,
        }),
    }
}

/// Labels and class names in alphabetical order; none if any picture lies outside a class's folder.
fn classes(members: &[Member]) -> (Option<Vec<u32>>, Vec<String>) {
    let Some(classes) = members.iter().map(|member| member.class).collect::<Option<Vec<_>>>() else {
        return (None, Vec::new());
    };
    let mut names = classes.clone();
    names.sort_unstable();
    names.dedup();
    let label = |class: &&str| names.binary_search(class).expect("every class is among the names") as u32;
    (Some(classes.iter().map(label).collect()), names.iter().map(|name| (*name).to_owned()).collect())
}
