//! The files of a set, looked at one by one: which of them are pictures, and which are bad, and why.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::DataOptions;
use super::bad::{BadFile, OnBadFile};
use super::budget::Budget;
use super::decode::{self, Header};
use super::error::DataError;
use super::gather::Files;
use super::picture::Picture;

/// A picture of the set to be: its file, its class, and its header.
#[derive(Clone, Copy, Debug)]
pub(super) struct Member<'a> {
    pub file: usize,
    pub class: Option<&'a str>,
    pub header: Header,
}

/// What was found out about the files.
pub(super) struct Survey<'a, F> {
    files: &'a F,
    budget: Budget,
    /// The pictures, in the order of the set.
    pub members: Vec<Member<'a>>,
    /// The bad ones, each with its reason.
    bad: BTreeMap<usize, String>,
}

impl<'a, F: Files> Survey<'a, F> {
    /// Reads the header of every file that is a picture, by its content or at least by its name.
    pub(super) fn of(files: &'a F, chosen: &[(usize, Option<&'a str>)]) -> Self {
        let budget = Budget::for_decoding();
        let look = |&(file, class): &(usize, Option<&'a str>)| match header(files, &budget, file) {
            Ok(header) => header.map(|header| Ok(Member { file, class, header })),
            Err(reason) => Some(Err((file, reason))),
        };
        let looked: Vec<_> = chosen.par_iter().filter_map(look).collect();
        let (mut members, mut bad) = (Vec::with_capacity(looked.len()), BTreeMap::new());
        for result in looked {
            match result {
                Ok(member) => members.push(member),
                Err((file, reason)) => drop(bad.insert(file, reason)),
            }
        }
        Self { files, budget, members, bad }
    }

    /// Reads and decodes a picture.
    pub(super) fn read(&self, member: &Member) -> Result<Picture, String> {
        let size = self.files.size(member.file)?;
        let _share = self.budget.share(size.saturating_add(member.header.memory()));
        let picture = decode::decode(&whole(self.files, member.file, size)?)?;
        let Header { height, width, kind } = member.header;
        if (picture.height, picture.width, picture.kind()) != (height, width, kind) {
            return Err("it was changed while the set was read".to_owned());
        }
        Ok(picture)
    }

    /// Whether bad files that only decoding finds would change what is said of the others: in one report all are to be
    /// named, and what is skipped must not decide the size or the depth of what is not.
    pub(super) fn is_doubtful(&self, options: &DataOptions) -> bool {
        let kinds_matter = match options.channels {
            None => self.differ(|header| header.kind),
            Some(_) => self.differ(|header| header.kind.levels),
        };
        let sizes_differ = self.sizes_differ();
        let thin = sizes_differ && self.members.iter().any(|member| member.header.is_thin());
        thin || match options.on_bad_file {
            OnBadFile::Fail => !self.bad.is_empty() || !self.files.strays().is_empty(),
            OnBadFile::Skip => kinds_matter || (options.size.is_none() && sizes_differ),
        }
    }

    /// Decodes every picture, and refuses those that cannot be decoded; then those whose side of one pixel would be
    /// scaled up to a flat colour, if not all pictures are of one size.
    pub(super) fn settle(&mut self) {
        let check = |(index, member)| self.read(member).err().map(|reason| (index, reason));
        let failed = self.members.par_iter().enumerate().filter_map(check).collect();
        self.refuse(failed);
        if self.sizes_differ() {
            let thin = self.members.iter().enumerate().filter(|(_, member)| member.header.is_thin());
            let named = thin.map(|(index, member)| (index, member.header.thin())).collect();
            self.refuse(named);
        }
    }

    /// Moves members, by their places among these in ascending order, to the bad files.
    pub(super) fn refuse(&mut self, failed: Vec<(usize, String)>) {
        let mut failed = failed.into_iter().peekable();
        let mut place = 0;
        let bad = &mut self.bad;
        self.members.retain(|member| {
            let reason = failed.next_if(|&(index, _)| index == place);
            place += 1;
            let good = reason.is_none();
            bad.extend(reason.map(|(_, reason)| (member.file, reason)));
            good
        });
    }

    /// The bad files in the order of the set, behind those that have no place in it.
    pub(super) fn bad(&self) -> Vec<BadFile> {
        let named = self.bad.iter().map(|(file, reason)| BadFile {
            name: self.files.names()[*file].clone(),
            reason: reason.clone(),
        });
        self.files.strays().iter().cloned().chain(named).collect()
    }

    /// Whether a file is among the bad ones.
    pub(super) fn is_bad(&self, file: usize) -> bool {
        self.bad.contains_key(&file)
    }

    /// Goes on if nothing is bad, or may be skipped and leaves something.
    pub(super) fn judge(&self, place: &str, on_bad_file: OnBadFile) -> Result<(), DataError> {
        let bad = self.bad();
        let left = self.members.len();
        if bad.is_empty() || (left > 0 && on_bad_file == OnBadFile::Skip) {
            return Ok(());
        }
        Err(DataError::Unreadable { path: place.to_owned(), total: left + bad.len(), what: "picture", bad })
    }

    fn sizes_differ(&self) -> bool {
        self.differ(|header| (header.height, header.width))
    }

    fn differ<T: PartialEq>(&self, what: impl Fn(&Header) -> T) -> bool {
        self.members.windows(2).any(|pair| what(&pair[0].header) != what(&pair[1].header))
    }
}

/// The header of a file; nothing of one that is no picture and does not look like one.
fn header(files: &impl Files, budget: &Budget, file: usize) -> Result<Option<Header>, String> {
    let first = files.read(file, 64)?;
    if !decode::looks_like_picture(&files.names()[file], &first) {
        return Ok(None);
    }
    decode::check_format(&first)?;
    let size = files.size(file)?;
    let _share = budget.share(size.saturating_add(decode::memory_of_probe(&first)));
    decode::probe(&whole(files, file, size)?).map(Some)
}

/// All bytes of a file that is said to have `size` of them.
fn whole(files: &impl Files, file: usize, size: u64) -> Result<Vec<u8>, String> {
    if size > decode::MAX_FILE_BYTES {
        return Err(format!("the file is larger than {} MiB", decode::MAX_FILE_BYTES >> 20));
    }
    let bytes = files.read(file, size + 1)?;
    match bytes.len() as u64 {
        read if read == size => Ok(bytes),
        read if read < size => Err(format!("its size is given as {size} bytes, and it has {read}")),
        _ => Err(format!("its size is given as {size} bytes, and it has more")),
    }
}
