//! Zip: stored and deflated files, found by the central directory.

use std::borrow::Cow;

use scorewheel_model::ModelError;

use crate::archive::Files;
use crate::archive::gzip::inflate;
use crate::error::{malformed, unsupported};

const END: [u8; 4] = *b"PK\x05\x06";
const ENTRY: [u8; 4] = *b"PK\x01\x02";
const LOCAL: [u8; 4] = *b"PK\x03\x04";

/// Whether these bytes start as a zip archive does.
pub(crate) fn is_zip(bytes: &[u8]) -> bool {
    bytes.starts_with(&LOCAL)
}

fn short(bytes: &[u8], at: usize) -> usize {
    bytes.get(at..at + 2).map_or(0, |bytes| usize::from(u16::from_le_bytes([bytes[0], bytes[1]])))
}

fn long(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).map_or(0, |b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]))
}

/// Reads all files.
pub(crate) fn read<'a>(bytes: &'a [u8], files: &mut Files<'a>) -> Result<(), ModelError> {
    let cut = || malformed("the zip archive is cut short or damaged");
    // The end record is followed by a comment of at most 65,535 bytes.
    let from = bytes.len().saturating_sub(22 + 65_535);
    let end = bytes[from..].windows(4).rposition(|window| window == END).ok_or_else(cut)? + from;
    let record = bytes.get(end..end + 22).ok_or_else(cut)?;
    let count = short(record, 10);
    let (size, offset) = (long(record, 12), long(record, 16));
    if count == 0xffff || size == u32::MAX || offset == u32::MAX {
        return Err(unsupported("zip archives of more than 65,534 files or 4 GiB"));
    }
    let mut directory = bytes.get(offset as usize..end).ok_or_else(cut)?;
    for _ in 0..count {
        let entry = directory.get(..46).filter(|entry| entry.starts_with(&ENTRY)).ok_or_else(cut)?;
        let (name_length, extra, comment) = (short(entry, 28), short(entry, 30), short(entry, 32));
        let name = directory.get(46..46 + name_length).ok_or_else(cut)?;
        let name = std::str::from_utf8(name).map_err(|_| malformed("a name in the archive is not UTF-8"))?;
        directory = directory.get(46 + name_length + extra + comment..).ok_or_else(cut)?;
        if name.ends_with('/') {
            continue;
        }
        let (flags, method, crc) = (short(entry, 8), short(entry, 10), long(entry, 16));
        let (packed, unpacked, local) =
            (long(entry, 20) as usize, long(entry, 24) as usize, long(entry, 42) as usize);
        if flags & 1 != 0 {
            return Err(unsupported(format!("{name:?} is encrypted")));
        }
        let header = bytes.get(local..).and_then(|bytes| bytes.get(..30)).ok_or_else(cut)?;
        if !header.starts_with(&LOCAL) {
            return Err(cut());
        }
        let start = local + 30 + short(header, 26) + short(header, 28);
        let content = bytes.get(start..).and_then(|bytes| bytes.get(..packed)).ok_or_else(cut)?;
        let file: Cow<'a, [u8]> = match method {
            0 => Cow::Borrowed(content),
            8 => Cow::Owned(inflate(content, unpacked.min(files.room()))?),
            other => return Err(unsupported(format!("{name:?} is packed by method {other}"))),
        };
        if file.len() != unpacked || crc32fast::hash(&file) != crc {
            return Err(malformed(format!("the zip archive is damaged: the checksum of {name:?} differs")));
        }
        files.add(name, file)?;
    }
    Ok(())
}
