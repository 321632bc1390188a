//! Gzip: one member.

use scorewheel_model::ModelError;

use crate::error::{malformed, too_large};

/// Whether these bytes start as gzip does.
pub(crate) fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x1f, 0x8b, 8])
}

/// Unpacks to at most `limit` bytes.
pub(crate) fn unpack(bytes: &[u8], limit: usize) -> Result<Vec<u8>, ModelError> {
    let cut = || malformed("the gzip archive is cut short");
    let flags = *bytes.get(3).ok_or_else(cut)?;
    let mut rest = bytes.get(10..).ok_or_else(cut)?;
    if flags & 4 != 0 {
        let length = rest.get(..2).ok_or_else(cut)?;
        let length = usize::from(u16::from_le_bytes([length[0], length[1]]));
        rest = rest.get(2 + length..).ok_or_else(cut)?;
    }
    // A name, a comment: each ends with a zero.
    for flag in [8, 16] {
        if flags & flag != 0 {
            let end = rest.iter().position(|byte| *byte == 0).ok_or_else(cut)?;
            rest = &rest[end + 1..];
        }
    }
    if flags & 2 != 0 {
        rest = rest.get(2..).ok_or_else(cut)?;
    }
    let (packed, trailer) = rest.split_last_chunk::<8>().ok_or_else(cut)?;
    let unpacked = inflate(packed, limit)?;
    let [c0, c1, c2, c3, s0, s1, s2, s3] = *trailer;
    let whole = u32::from_le_bytes([s0, s1, s2, s3]) == unpacked.len() as u32;
    if !whole || crc32fast::hash(&unpacked) != u32::from_le_bytes([c0, c1, c2, c3]) {
        return Err(malformed("the gzip archive is damaged: its checksum differs"));
    }
    Ok(unpacked)
}

/// Unpacks deflated bytes to at most `limit` bytes.
pub(crate) fn inflate(packed: &[u8], limit: usize) -> Result<Vec<u8>, ModelError> {
    use miniz_oxide::inflate::{TINFLStatus, decompress_to_vec_with_limit};
    decompress_to_vec_with_limit(packed, limit).map_err(|error| match error.status {
        TINFLStatus::HasMoreOutput => {
            too_large(format!("the archive unpacks to more than the limit of {limit} bytes"))
        }
        TINFLStatus::FailedCannotMakeProgress => malformed("the archive is cut short"),
        _ => malformed("the archive is damaged"),
    })
}
