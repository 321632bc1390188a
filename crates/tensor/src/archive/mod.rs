//! Archives as one message: `.zip`, `.tar`, `.tar.gz`, read in memory and bounded.
//!
//! | file | what it holds |
//! |---|---|
//! | [`mod@self`] | [`Files`]: the files of an archive by checked names |
//! | [`tar`] | tar, ustar and GNU |
//! | [`zip`] | zip, stored and deflated |
//! | [`gzip`] | gzip |

pub(crate) mod gzip;
pub(crate) mod tar;
pub(crate) mod zip;

use std::borrow::Cow;
use std::collections::BTreeMap;

use scorewheel_model::{Limits, ModelError};

use crate::error::{invalid, malformed, too_large};

/// Most files of an archive.
const FILES: usize = 1 << 16;
/// Longest name of a file.
const NAME_BYTES: usize = 4096;

/// The files of an archive, by name.
#[derive(Debug, Default)]
pub(crate) struct Files<'a> {
    files: BTreeMap<String, Cow<'a, [u8]>>,
    bytes: usize,
    limit: usize,
}

/// Whether these bytes are an archive that [`open`] reads.
pub(crate) fn is_archive(bytes: &[u8]) -> bool {
    zip::is_zip(bytes) || gzip::is_gzip(bytes) || tar::is_tar(bytes)
}

/// Reads an archive.
///
/// # Errors
/// Damaged archives, names that leave the archive, and more bytes than the limits allow.
pub(crate) fn open<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Files<'a>, ModelError> {
    let mut files = Files { limit: limits.unpacked_bytes, ..Files::default() };
    if zip::is_zip(bytes) {
        zip::read(bytes, &mut files)?;
    } else if gzip::is_gzip(bytes) {
        let unpacked = gzip::unpack(bytes, limits.unpacked_bytes)?;
        let mut inner = Files { limit: limits.unpacked_bytes, ..Files::default() };
        tar::read(&unpacked, &mut inner)?;
        files.files =
            inner.files.into_iter().map(|(name, file)| (name, Cow::Owned(file.into_owned()))).collect();
    } else {
        tar::read(bytes, &mut files)?;
    }
    if files.files.is_empty() {
        return Err(invalid("the archive holds no files"));
    }
    Ok(files)
}

impl<'a> Files<'a> {
    /// Adds a file.
    fn add(&mut self, name: &str, file: Cow<'a, [u8]>) -> Result<(), ModelError> {
        let name = checked_name(name)?;
        self.bytes = self.bytes.saturating_add(file.len());
        if self.bytes > self.limit || self.files.len() >= FILES {
            return Err(too_large("the archive unpacks to more than the limit allows"));
        }
        if self.files.insert(name.clone(), file).is_some() {
            return Err(invalid(format!("the archive holds {name:?} twice")));
        }
        Ok(())
    }

    /// Bytes that files may still take.
    fn room(&self) -> usize {
        self.limit.saturating_sub(self.bytes)
    }

    /// The bytes of a file.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.files.get(name).map(|file| &**file)
    }

    /// All names, ascending.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// The files below a folder (which ends with its slash), by their names within it.
    pub fn within(&self, folder: &str) -> impl Iterator<Item = (&str, &[u8])> {
        let files = self.files.iter();
        files.filter_map(move |(name, file)| Some((name.strip_prefix(folder)?, &**file)))
    }

    /// The folder of the file of this name that lies least deep, with its slash at the end.
    pub fn folder_of(&self, name: &str) -> Option<&str> {
        let folders = self.names().filter_map(|path| path.strip_suffix(name));
        let folders = folders.filter(|folder| folder.is_empty() || folder.ends_with('/'));
        folders.min_by_key(|folder| folder.matches('/').count())
    }
}

/// A name that stays within the archive, without empty parts.
fn checked_name(name: &str) -> Result<String, ModelError> {
    let refuse = || invalid(format!("the archive holds a file named {name:?}, which leaves it"));
    if name.len() > NAME_BYTES || name.starts_with('/') || name.contains(['\\', '\0', ':']) {
        return Err(refuse());
    }
    let mut parts = Vec::new();
    for part in name.split('/') {
        match part {
            "" | "." => {}
            ".." => return Err(refuse()),
            part => parts.push(part),
        }
    }
    if parts.is_empty() {
        Err(malformed("the archive holds a file without a name"))
    } else {
        Ok(parts.join("/"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_within() {
        assert_eq!(checked_name("./a//b").unwrap(), "a/b");
        for name in ["/etc/passwd", "../a", "a/../../b", "", "c:\\x", "a\0b"] {
            assert!(checked_name(name).is_err(), "{name:?}");
        }
    }
}
