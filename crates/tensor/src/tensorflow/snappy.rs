//! Snappy, as the index of a `TensorBundle` may be compressed with.
//! Source: <https://github.com/google/snappy/blob/main/format_description.txt>.

use scorewheel_model::ModelError;

use crate::error::{malformed, too_large};
use crate::protobuf::Reader;

fn damaged() -> ModelError {
    malformed("a compressed block of the index of variables is damaged")
}

/// The bytes that were compressed, at most `limit` of them.
pub(crate) fn decompress(bytes: &[u8], limit: usize) -> Result<Vec<u8>, ModelError> {
    let mut reader = Reader::new(bytes);
    let length = usize::try_from(reader.varint()?).map_err(|_| damaged())?;
    if length > limit {
        return Err(too_large(format!("a block of the index of variables unpacks to {length} bytes")));
    }
    let mut rest = reader.rest();
    // No more is set aside than the compressed bytes can tell: a copy is at most 64 bytes of three.
    let mut out = Vec::with_capacity(length.min(rest.len().saturating_mul(32)));
    while let Some((tag, after)) = rest.split_first() {
        rest = after;
        let mut number = |bytes: usize| -> Result<usize, ModelError> {
            let (number, after) = rest.split_at_checked(bytes).ok_or_else(damaged)?;
            rest = after;
            Ok(number.iter().rev().fold(0, |value, byte| value << 8 | usize::from(*byte)))
        };
        let upper = usize::from(tag >> 2);
        let (count, offset) = match tag & 3 {
            0 => {
                let count = if upper < 60 { upper } else { number(upper - 59)? }.checked_add(1);
                let (literal, after) =
                    count.and_then(|count| rest.split_at_checked(count)).ok_or_else(damaged)?;
                if out.len() + literal.len() > length {
                    return Err(damaged());
                }
                out.extend_from_slice(literal);
                rest = after;
                continue;
            }
            1 => (4 + (upper & 7), (upper >> 3) << 8 | number(1)?),
            2 => (upper + 1, number(2)?),
            _ => (upper + 1, number(4)?),
        };
        let start = out.len().checked_sub(offset).filter(|_| offset > 0).ok_or_else(damaged)?;
        if out.len() + count > length {
            return Err(damaged());
        }
        // A copy may reach into what it writes.
        for at in start..start + count {
            out.push(out[at]);
        }
    }
    if out.len() == length { Ok(out) } else { Err(damaged()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_and_copies() {
        // "abcd", then 5 bytes from 4 back by each kind of copy, then a literal with a length of its own.
        let mut bytes = vec![
            81,
            3 << 2,
            b'a',
            b'b',
            b'c',
            b'd',
            0b001 | 1 << 2,
            4,
            2 | 4 << 2,
            4,
            0,
            3 | 4 << 2,
            4,
            0,
            0,
            0,
        ];
        bytes.extend([60 << 2, 61]);
        bytes.extend(std::iter::repeat_n(b'x', 62));
        let out = decompress(&bytes, 100).unwrap();
        assert_eq!(&out[..19], b"abcdabcdabcdabcdabc");
        assert_eq!(&out[19..], [b'x'; 62]);
        for end in 0..bytes.len() {
            assert!(decompress(&bytes[..end], 100).is_err(), "{end}");
        }
        assert!(decompress(&bytes, 80).is_err());
        assert!(decompress(&[4, 1 | 1 << 2, 0], 100).is_err());
    }
}
