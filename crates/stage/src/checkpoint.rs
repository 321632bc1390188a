//! References and statistics in a file, and a restart from it.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use scorewheel_model::Digest;
use scorewheel_serving::{Mark, Marking, ModelReference, ModelStatistics, TaskStatistics, Totals};

/// First line of the file: what it is, and in which version.
const HEAD: &[u8] = b"scorewheel stage checkpoint 1\n";

/// What a stage has handed out up to some position. Names, offsets and digests of models, never their bytes: a restart
/// needs a stream of models that replays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checkpoint {
    /// Where the records are to be read from: the caller's own, opaque here.
    pub position: Vec<u8>,
    /// The revision that governed the last record; `None` before the first.
    pub mark: Option<Mark>,
    /// The models of that revision.
    pub references: Vec<ModelReference>,
    /// What the stage has done.
    pub statistics: TaskStatistics,
    /// When it was taken, milliseconds since the epoch.
    pub written_at: i64,
}

/// Why a checkpoint cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The file system refused.
    #[error("the checkpoint {} cannot be {doing}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// `read` or `written`.
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The file is cut short, damaged, or something else.
    #[error(
        "{} is no checkpoint of a stage, or is damaged ({reason}); move it away to count from zero, and to read \
         the records from the start or from where the group has committed",
        path.display()
    )]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: &'static str,
    },
}

impl Checkpoint {
    /// Writes the file whole or not at all: beside it, synchronised, then in its place.
    ///
    /// # Errors
    /// [`CheckpointError::File`]; an earlier checkpoint is still there then.
    pub fn write(&self, path: &Path) -> Result<(), CheckpointError> {
        let failed = |source| CheckpointError::File { path: path.to_owned(), doing: "written", source };
        let mut beside = path.as_os_str().to_owned();
        beside.push(".tmp");
        let beside = PathBuf::from(beside);
        let replace = || {
            let mut file = File::create(&beside)?;
            file.write_all(&self.encode())?;
            file.sync_all()?;
            drop(file);
            fs::rename(&beside, path)?;
            // The new name is safe only when the directory is.
            match path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
                Some(parent) => File::open(parent)?.sync_all(),
                None => File::open(".")?.sync_all(),
            }
        };
        replace().map_err(failed)
    }

    /// Reads the file; `None` if there is none.
    ///
    /// # Errors
    /// [`CheckpointError`].
    pub fn read(path: &Path) -> Result<Option<Self>, CheckpointError> {
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => {
                return Err(CheckpointError::File { path: path.to_owned(), doing: "read", source });
            }
        };
        let unreadable = |reason| CheckpointError::Unreadable { path: path.to_owned(), reason };
        Self::decode(&bytes).map(Some).map_err(unreadable)
    }

    /// The content of the file: a line that says what it is, parts with their lengths, a digest over all of it.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = HEAD.to_vec();
        put_part(&mut out, &self.written_at.to_be_bytes());
        put_part(&mut out, &self.position);
        put_part(&mut out, self.mark.map(|mark| mark.encode()).unwrap_or_default().as_bytes());
        put_part(&mut out, &self.statistics.totals().encode());
        put_parts(&mut out, self.statistics.models().map(ModelStatistics::encode).collect());
        let reference = |reference: &ModelReference| {
            let mut bytes = Vec::new();
            reference.encode(&mut bytes);
            bytes
        };
        put_parts(&mut out, self.references.iter().map(reference).collect());
        let digest = Digest::of(&out);
        out.extend_from_slice(digest.as_bytes());
        out
    }

    /// Reads the content of a file.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn decode(bytes: &[u8]) -> Result<Self, &'static str> {
        if !bytes.starts_with(HEAD) {
            return Err("it does not begin as one of this version does");
        }
        let (content, digest) = bytes.split_last_chunk().ok_or("it is cut short")?;
        if Digest::of(content) != Digest::from_bytes(*digest) {
            return Err("its digest does not match");
        }
        let mut rest = &content[HEAD.len()..];
        Self::decode_parts(&mut rest)
            .filter(|_| rest.is_empty())
            .ok_or("its parts are not those of this version")
    }

    fn decode_parts(rest: &mut &[u8]) -> Option<Self> {
        let written_at = i64::from_be_bytes(take_part(rest)?.try_into().ok()?);
        let position = take_part(rest)?.to_vec();
        let mark = match take_part(rest)? {
            [] => None,
            text => match Mark::read(text) {
                Marking::Ours(mark) => Some(mark),
                Marking::Foreign | Marking::Newer => return None,
            },
        };
        let totals = Totals::decode(take_part(rest)?)?;
        let models =
            take_parts(rest)?.into_iter().map(ModelStatistics::decode).collect::<Option<Vec<_>>>()?;
        let reference = |mut part: &[u8]| ModelReference::decode(&mut part).filter(|_| part.is_empty());
        let references = take_parts(rest)?.into_iter().map(reference).collect::<Option<_>>()?;
        Some(Self { position, mark, references, statistics: TaskStatistics::of(totals, models), written_at })
    }
}

fn put_part(out: &mut Vec<u8>, part: &[u8]) {
    out.extend_from_slice(&(part.len() as u64).to_be_bytes());
    out.extend_from_slice(part);
}

fn put_parts(out: &mut Vec<u8>, parts: Vec<Vec<u8>>) {
    out.extend_from_slice(&(parts.len() as u64).to_be_bytes());
    parts.iter().for_each(|part| put_part(out, part));
}

fn take_length(rest: &mut &[u8]) -> Option<usize> {
    let (length, after) = rest.split_first_chunk()?;
    *rest = after;
    usize::try_from(u64::from_be_bytes(*length)).ok()
}

fn take_part<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = take_length(rest)?;
    let (part, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(part)
}

fn take_parts<'a>(rest: &mut &'a [u8]) -> Option<Vec<&'a [u8]>> {
    // Not reserved for: the count is only believed as far as there are bytes.
    let mut parts = Vec::new();
    for _ in 0..take_length(rest)? {
        parts.push(take_part(rest)?);
    }
    Some(parts)
}
