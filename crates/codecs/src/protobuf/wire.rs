//! Varints, tags and lengths, as they lie in bytes.
//!
//! Source: the protobuf encoding guide (<https://protobuf.dev/programming-guides/encoding/>).

use crate::error::{DecodeError, DecodeErrorKind};

/// Wire types.
pub const VARINT: u8 = 0;
/// Eight bytes.
pub const FIXED64: u8 = 1;
/// A length and that many bytes.
pub const LENGTH: u8 = 2;
/// The start of a group; its end is 4.
pub const GROUP: u8 = 3;
/// Four bytes.
pub const FIXED32: u8 = 5;

/// Largest field number.
const FIELD_LIMIT: u64 = (1 << 29) - 1;

/// Reads a varint at `at`, which moves behind it.
#[inline]
pub fn read_varint(bytes: &[u8], at: &mut usize) -> Result<u64, DecodeError> {
    match bytes.get(*at) {
        Some(&byte) if byte < 0x80 => {
            *at += 1;
            Ok(u64::from(byte))
        }
        _ => read_long_varint(bytes, at),
    }
}

fn read_long_varint(bytes: &[u8], at: &mut usize) -> Result<u64, DecodeError> {
    let start = *at;
    let mut value = 0_u64;
    for shift in (0..70).step_by(7) {
        let Some(&byte) = bytes.get(*at) else { return Err(DecodeErrorKind::Truncated.at(start)) };
        *at += 1;
        // The tenth byte has one bit to give.
        if shift == 63 && byte > 1 {
            break;
        }
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok(value);
        }
    }
    Err(DecodeErrorKind::BadVarint.at(start))
}

/// Reads a tag at `at`: field number and wire type.
pub fn read_tag(bytes: &[u8], at: &mut usize) -> Result<(u32, u8), DecodeError> {
    let start = *at;
    let tag = read_varint(bytes, at)?;
    let (number, wire) = (tag >> 3, (tag & 7) as u8);
    if number == 0 || number > FIELD_LIMIT || wire > FIXED32 {
        return Err(DecodeErrorKind::BadTag(tag).at(start));
    }
    if wire == GROUP || wire == GROUP + 1 {
        return Err(DecodeErrorKind::Group(number as u32).at(start));
    }
    Ok((number as u32, wire))
}

/// Reads a length at `at` and gives the bytes behind it.
pub fn read_bytes<'a>(bytes: &'a [u8], at: &mut usize) -> Result<&'a [u8], DecodeError> {
    let start = *at;
    let length = read_varint(bytes, at)?;
    let end = usize::try_from(length).ok().and_then(|length| at.checked_add(length));
    let found = end.and_then(|end| bytes.get(*at..end)).ok_or(DecodeErrorKind::Truncated.at(start))?;
    *at += found.len();
    Ok(found)
}

/// Reads eight bytes at `at`.
#[inline]
pub fn read_fixed64(bytes: &[u8], at: &mut usize) -> Result<u64, DecodeError> {
    let chunk = bytes.get(*at..).and_then(<[u8]>::first_chunk::<8>);
    let chunk = chunk.ok_or(DecodeErrorKind::Truncated.at(*at))?;
    *at += 8;
    Ok(u64::from_le_bytes(*chunk))
}

/// Reads four bytes at `at`.
#[inline]
pub fn read_fixed32(bytes: &[u8], at: &mut usize) -> Result<u32, DecodeError> {
    let chunk = bytes.get(*at..).and_then(<[u8]>::first_chunk::<4>);
    let chunk = chunk.ok_or(DecodeErrorKind::Truncated.at(*at))?;
    *at += 4;
    Ok(u32::from_le_bytes(*chunk))
}

/// Moves `at` behind a value of this wire type.
pub fn skip(bytes: &[u8], at: &mut usize, wire: u8) -> Result<(), DecodeError> {
    match wire {
        VARINT => read_varint(bytes, at).map(drop),
        FIXED64 => read_fixed64(bytes, at).map(drop),
        LENGTH => read_bytes(bytes, at).map(drop),
        _ => read_fixed32(bytes, at).map(drop),
    }
}

/// Appends a varint.
#[inline]
pub fn write_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends a tag.
#[inline]
pub fn write_tag(out: &mut Vec<u8>, number: u32, wire: u8) {
    write_varint(out, u64::from(number) << 3 | u64::from(wire));
}

/// Appends a length and the bytes.
#[inline]
pub fn write_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    write_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Appends what `write` does, with its length in front: that of a nested message.
pub fn write_nested(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    // Most lengths are one byte; a longer one moves the message.
    out.push(0);
    write(out);
    let length = out.len() - start - 1;
    if length < 0x80 {
        out[start] = length as u8;
        return;
    }
    let mut prefix = Vec::with_capacity(5);
    write_varint(&mut prefix, length as u64);
    out.splice(start..=start, prefix);
}

/// The zigzag form of a signed integer.
#[must_use]
pub fn zigzag(value: i64) -> u64 {
    (value.cast_unsigned() << 1) ^ (value >> 63).cast_unsigned()
}

/// The signed integer of a zigzag form.
#[must_use]
pub fn unzigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_go_both_ways() {
        for value in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX - 1, u64::MAX] {
            let mut bytes = Vec::new();
            write_varint(&mut bytes, value);
            let mut at = 0;
            assert_eq!(read_varint(&bytes, &mut at), Ok(value));
            assert_eq!(at, bytes.len());
            for cut in 0..bytes.len() {
                assert!(read_varint(&bytes[..cut], &mut 0).is_err());
            }
        }
        let kind = |bytes: &[u8]| read_varint(bytes, &mut 0).unwrap_err().kind;
        assert_eq!(kind(&[0xff; 11]), DecodeErrorKind::BadVarint);
        assert_eq!(
            kind(&[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 2]),
            DecodeErrorKind::BadVarint
        );
        for value in [0, -1, 1, i64::MIN, i64::MAX] {
            assert_eq!(unzigzag(zigzag(value)), value);
        }
    }

    #[test]
    fn lengths_of_nested_messages_are_filled_in() {
        for length in [0, 1, 127, 128, 20_000] {
            let mut out = vec![9];
            write_nested(&mut out, |out| out.extend(std::iter::repeat_n(7, length)));
            let mut at = 1;
            assert_eq!(read_bytes(&out, &mut at).map(<[u8]>::len), Ok(length));
            assert_eq!(at, out.len());
        }
    }

    #[test]
    fn tags_that_cannot_be_are_refused() {
        for (tag, kind) in [
            (0, DecodeErrorKind::BadTag(0)),
            (1 << 32, DecodeErrorKind::BadTag(1 << 32)),
            (1 << 3 | 7, DecodeErrorKind::BadTag(15)),
            (1 << 3 | 3, DecodeErrorKind::Group(1)),
            (2 << 3 | 4, DecodeErrorKind::Group(2)),
        ] {
            let mut bytes = Vec::new();
            write_varint(&mut bytes, tag);
            assert_eq!(read_tag(&bytes, &mut 0).unwrap_err().kind, kind);
        }
    }
}
