//! Headers of a record in their encoded form: read in place, copied as bytes.
//!
//! One header is: length of the name (u32, little-endian), length of the value (i32, −1 is null), name, value. It is
//! the form inside this process only; backends translate it to the form of their wire or disk.

use std::borrow::Cow;

/// Bytes before the name of an encoded header.
pub(crate) const HEADER_PREFIX: usize = 8;

/// One header: a name, which need not be unique in a record, and a value or null.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    /// The name; UTF-8 by convention, kept as it came.
    pub name: &'a [u8],
    /// The value; `None` is null.
    pub value: Option<&'a [u8]>,
}

impl<'a> Header<'a> {
    /// The name for people.
    #[must_use]
    pub fn name_text(&self) -> Cow<'a, str> {
        String::from_utf8_lossy(self.name)
    }
}

/// The headers of one record, in their order. Borrowed and cheap to copy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Headers<'a> {
    encoded: &'a [u8],
}

impl<'a> Headers<'a> {
    /// Headers in their encoded form, as [`encode_header`] writes it. What does not parse ends the iteration.
    #[must_use]
    pub fn from_encoded(encoded: &'a [u8]) -> Self {
        Self { encoded }
    }

    /// The encoded form, to be copied to another record in one piece.
    #[must_use]
    pub fn encoded(&self) -> &'a [u8] {
        self.encoded
    }

    /// True if there is no header.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.encoded.is_empty()
    }

    /// The last header of this name (Kafka's `lastHeader`); the outer `None` says that there is none.
    #[must_use]
    pub fn last(&self, name: &str) -> Option<Option<&'a [u8]>> {
        self.iter().filter(|header| header.name == name.as_bytes()).last().map(|header| header.value)
    }

    /// All headers in order.
    #[must_use]
    pub fn iter(&self) -> HeadersIter<'a> {
        HeadersIter { rest: self.encoded }
    }
}

impl<'a> IntoIterator for Headers<'a> {
    type Item = Header<'a>;
    type IntoIter = HeadersIter<'a>;

    fn into_iter(self) -> HeadersIter<'a> {
        self.iter()
    }
}

/// The headers of one record, one after the other.
#[derive(Clone, Debug)]
pub struct HeadersIter<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for HeadersIter<'a> {
    type Item = Header<'a>;

    fn next(&mut self) -> Option<Header<'a>> {
        let (name_length, rest) = self.rest.split_first_chunk::<4>()?;
        let (value_length, rest) = rest.split_first_chunk::<4>()?;
        let (name, rest) = rest.split_at_checked(u32::from_le_bytes(*name_length) as usize)?;
        let (value, rest) = match usize::try_from(i32::from_le_bytes(*value_length)) {
            Err(_) => (None, rest),
            Ok(length) => {
                let (value, rest) = rest.split_at_checked(length)?;
                (Some(value), rest)
            }
        };
        self.rest = rest;
        Some(Header { name, value })
    }
}

/// Appends one header in the encoded form. Headers that do not change can be encoded once and copied with
/// [`RecordWriter::headers`](crate::RecordWriter::headers).
pub fn encode_header(encoded: &mut Vec<u8>, name: &[u8], value: Option<&[u8]>) {
    encode_header_with(encoded, name, |bytes| match value {
        Some(value) => {
            bytes.extend_from_slice(value);
            true
        }
        None => false,
    });
}

/// Appends one header whose value `write` appends in place; the value is null if it answers `false`.
pub(crate) fn encode_header_with(
    encoded: &mut Vec<u8>,
    name: &[u8],
    write: impl FnOnce(&mut Vec<u8>) -> bool,
) {
    let start = encoded.len();
    // A name of more than 4 GiB cannot be: the record that holds it is refused by its size before.
    encoded.extend_from_slice(&u32::try_from(name.len()).unwrap_or(u32::MAX).to_le_bytes());
    encoded.extend_from_slice(&(-1_i32).to_le_bytes());
    encoded.extend_from_slice(name);
    let value_start = encoded.len();
    if write(encoded) {
        let length = i32::try_from(encoded.len().saturating_sub(value_start)).unwrap_or(i32::MAX);
        encoded[start + 4..start + HEADER_PREFIX].copy_from_slice(&length.to_le_bytes());
    } else {
        encoded.truncate(value_start);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_come_back_in_order_with_null_and_empty_values() {
        let mut encoded = Vec::new();
        encode_header(&mut encoded, b"a", Some(b"1"));
        encode_header(&mut encoded, b"b", None);
        encode_header(&mut encoded, b"", Some(b""));
        encode_header(&mut encoded, b"a", Some(b"22"));
        let headers = Headers::from_encoded(&encoded);
        let all: Vec<_> = headers.iter().map(|header| (header.name, header.value)).collect();
        let wanted: [(&[u8], Option<&[u8]>); 4] =
            [(b"a", Some(b"1")), (b"b", None), (b"", Some(b"")), (b"a", Some(b"22"))];
        assert_eq!(all, wanted);
        assert_eq!(headers.last("a"), Some(Some(&b"22"[..])));
        assert_eq!(headers.last("b"), Some(None));
        assert_eq!(headers.last("c"), None);
    }

    #[test]
    fn a_damaged_encoding_ends_the_iteration() {
        let mut encoded = Vec::new();
        encode_header(&mut encoded, b"name", Some(b"value"));
        for cut in 0..encoded.len() {
            assert_eq!(Headers::from_encoded(&encoded[..cut]).iter().count(), 0, "cut at {cut}");
        }
    }
}
