//! Many picture files to one [`PictureSet`]: headers first, so that a mixed set is refused before it is decoded.

use std::collections::HashMap;

use super::bad::BadFile;
use super::error::{DataError, Kind};
use super::samples::{Failed, Samples};
use super::survey::{Member, Survey};
use super::{Channels, DataOptions, Dataset, PictureSet, catalogue, decode};

/// Files that can be read by several threads at once.
pub(super) trait Files: Sync {
    /// Their paths below the source, separated by `/`, hidden ones left out, in the order of the set.
    fn names(&self) -> &[String];

    /// What has no place in the set, whatever it holds.
    fn strays(&self) -> &[BadFile] {
        &[]
    }

    /// How many bytes a file is said to have; an error says why it cannot be read.
    fn size(&self, index: usize) -> Result<u64, String>;

    /// Bytes of the one file that holds them all, if there is one.
    fn length(&self) -> Option<u64> {
        None
    }

    /// The first `limit` bytes of a file, or all of it; an error says why not.
    fn read(&self, index: usize, limit: u64) -> Result<Vec<u8>, String>;
}

/// Loads the pictures among `files` of the source `source`, called `name`.
pub(super) fn gather(
    name: String,
    source: &str,
    files: &impl Files,
    options: &DataOptions,
) -> Result<Dataset, DataError> {
    if files.names().is_empty() && files.strays().is_empty() {
        return Err(DataError::Empty { path: source.to_owned() });
    }
    let choice = catalogue::choose(source, files.names(), options.split.as_deref())?;
    let place = match &choice.split {
        Some(split) => format!("{source} ({split})"),
        None => source.to_owned(),
    };
    let mut survey = Survey::of(files, &choice.files);
    if survey.members.is_empty() && survey.bad().is_empty() {
        return Err(DataError::NoPictures { path: place, files: choice.files.len() });
    }
    if survey.is_doubtful(options) {
        survey.settle();
    }
    survey.judge(&place, options.on_bad_file)?;
    let (height, width) = common_size(&place, files, &survey.members, options.size)?;
    let kind = common_kind(&place, files, &survey.members, options)?;
    if let (None, Some(length)) = (options.size, files.length()) {
        // Each header keeps within what its file may claim, but a small archive has room for many.
        let depth = if kind.levels > 256 { 2 } else { 1 };
        let claimed = (survey.members.len() * height * width * kind.channels) as u64 * depth;
        decode::check_growth(claimed, length).map_err(|reason| DataError::malformed(&place, reason))?;
    }
    let filled = samples(&survey, options.channels, (height, width), kind);
    let (samples, failed) = filled.map_err(|bytes| DataError::too_large(&place, bytes))?;
    survey.refuse(failed);
    survey.judge(&place, options.on_bad_file)?;
    let (labels, class_names) = classes(source, files, &survey, options);
    Ok(Dataset::Pictures(PictureSet {
        name,
        source: source.to_owned(),
        split: choice.split,
        height,
        width,
        kind,
        samples,
        labels,
        class_names,
        skipped: survey.bad(),
    }))
}

/// The samples of all pictures that can be decoded, at the size, channels and depth of the set, and which cannot be.
fn samples<F: Files>(
    survey: &Survey<F>,
    channels: Option<Channels>,
    (height, width): (usize, usize),
    kind: Kind,
) -> Result<(Samples, Failed), u64> {
    let make = |index: usize| {
        let mut picture = survey.read(&survey.members[index])?;
        if let Some(channels) = channels {
            picture = picture.with_channels(channels);
        }
        Ok(picture.widened(kind.levels).fit(height, width).samples)
    };
    let item = height * width * kind.channels;
    let (all, failed) = Samples::fill(kind.levels, survey.members.len(), item, make)?;
    Ok((all.without(&failed, item), failed))
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
///
/// The classes are those of a source without its bad files: such a file beside the folders decides nothing.
fn classes<F: Files>(
    source: &str,
    files: &F,
    survey: &Survey<F>,
    options: &DataOptions,
) -> (Option<Vec<u32>>, Vec<String>) {
    let mut classes: Vec<_> = survey.members.iter().map(|member| member.class).collect();
    let all = files.names().iter().enumerate();
    let (kept, names): (Vec<_>, Vec<_>) =
        all.filter(|(file, _)| !survey.is_bad(*file)).map(|(file, name)| (file, name.clone())).unzip();
    let again = (names.len() < files.names().len())
        .then(|| catalogue::choose(source, &names, options.split.as_deref()).ok())
        .flatten();
    if let Some(again) = &again {
        let found: HashMap<_, _> = again.files.iter().map(|&(index, class)| (kept[index], class)).collect();
        for (class, member) in classes.iter_mut().zip(&survey.members) {
            *class = found.get(&member.file).copied().unwrap_or(*class);
        }
    }
    let Some(classes) = classes.into_iter().collect::<Option<Vec<_>>>() else {
        return (None, Vec::new());
    };
    let mut names = classes.clone();
    names.sort_unstable();
    names.dedup();
    let label = |class: &&str| names.binary_search(class).expect("every class is among the names") as u32;
    (Some(classes.iter().map(label).collect()), names.iter().map(|name| (*name).to_owned()).collect())
}
