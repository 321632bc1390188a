//! Bytes of any supported encoding to UTF-8.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use scorewheel_model::ModelErrorKind;

use crate::fault::{Fault, Result};

/// How many bytes of the XML declaration are searched for `encoding=`.
const DECLARATION_BYTES: usize = 256;

/// The document as UTF-8, without byte-order mark.
///
/// The byte-order mark decides, then the pattern of UTF-16 without one, then the XML declaration, else UTF-8.
///
/// # Errors
/// Unknown encodings and byte sequences that the encoding does not have.
pub fn decode(bytes: &[u8]) -> Result<Cow<'_, str>> {
    let (encoding, mark) = match Encoding::for_bom(bytes) {
        Some((encoding, length)) => (encoding, length),
        None => (declared(bytes)?, 0),
    };
    let body = &bytes[mark..];
    if encoding == UTF_8 {
        return match std::str::from_utf8(body) {
            Ok(text) => Ok(Cow::Borrowed(text)),
            Err(error) => Err(Fault::whole(
                ModelErrorKind::Malformed,
                format!("byte {} is not valid UTF-8", mark + error.valid_up_to()),
            )),
        };
    }
    encoding.decode_without_bom_handling_and_without_replacement(body).ok_or_else(|| {
        Fault::whole(
            ModelErrorKind::Malformed,
            format!("the document holds bytes that are not valid {}", encoding.name()),
        )
    })
}

fn declared(bytes: &[u8]) -> Result<&'static Encoding> {
    match bytes {
        [b'<', 0, ..] => return Ok(UTF_16LE),
        [0, b'<', ..] => return Ok(UTF_16BE),
        _ => {}
    }
    let head = &bytes[..bytes.len().min(DECLARATION_BYTES)];
    let head = String::from_utf8_lossy(head);
    let Some(declaration) = head.strip_prefix("<?xml").and_then(|rest| rest.split("?>").next()) else {
        return Ok(UTF_8);
    };
    let Some((_, rest)) = declaration.split_once("encoding") else { return Ok(UTF_8) };
    let rest = rest.trim_start().trim_start_matches('=').trim_start();
    let label = rest.trim_start_matches(['"', '\'']).split(['"', '\'']).next().unwrap_or_default();
    match Encoding::for_label(label.as_bytes()) {
        // Bytes that could be read so far are not UTF-16, whatever the declaration says.
        Some(encoding) if encoding == UTF_16LE || encoding == UTF_16BE => Ok(UTF_8),
        Some(encoding) => Ok(encoding),
        None => Err(Fault::whole(
            ModelErrorKind::Unsupported,
            format!("encoding {label:?} is not known; UTF-8, UTF-16 and the encodings of WHATWG are"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_found_by_mark_pattern_or_declaration() {
        let utf16le: Vec<u8> = "<a b='é'/>".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let utf16be: Vec<u8> = "<a b='é'/>".encode_utf16().flat_map(u16::to_be_bytes).collect();
        let marked: Vec<u8> = [&[0xff, 0xfe][..], &utf16le].concat();
        let cases: [(&[u8], &str); 6] = [
            (b"\xef\xbb\xbf<a/>", "<a/>"),
            (&utf16le, "<a b='é'/>"),
            (&utf16be, "<a b='é'/>"),
            (&marked, "<a b='é'/>"),
            (
                b"<?xml version=\"1.0\" encoding=\"windows-1252\"?><a b='\x80'/>",
                "<?xml version=\"1.0\" encoding=\"windows-1252\"?><a b='€'/>",
            ),
            (
                b"<?xml version='1.0' encoding='ISO-8859-1'?><a b='\xe9'/>",
                "<?xml version='1.0' encoding='ISO-8859-1'?><a b='é'/>",
            ),
        ];
        for (bytes, expected) in cases {
            assert_eq!(decode(bytes).unwrap(), expected);
        }
    }

    #[test]
    fn bytes_outside_the_encoding_are_refused() {
        assert!(decode(b"<a b='\xe9'/>").is_err());
        assert!(decode(b"<?xml version='1.0' encoding='klingon'?><a/>").is_err());
    }
}
