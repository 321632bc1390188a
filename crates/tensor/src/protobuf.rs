//! A bounded reader of the protobuf wire format, over bytes in memory.
//!
//! Readers of messages are written by hand on it: nothing is allocated for what is not needed, and depth and number
//! of messages are counted against [`Budget`].
//! Source: <https://protobuf.dev/programming-guides/encoding/>.

use scorewheel_model::{Limits, ModelError};

use crate::error::{malformed, too_large};

/// What may still be read of a file.
#[derive(Clone, Debug)]
pub struct Budget {
    nodes: usize,
    bytes: usize,
}

impl Budget {
    /// The whole budget of one file.
    #[must_use]
    pub fn new(limits: &Limits) -> Self {
        Self { nodes: limits.nodes, bytes: limits.unpacked_bytes }
    }

    /// Takes `count` nodes, messages or tensors.
    pub(crate) fn take_nodes(&mut self, count: usize) -> Result<(), ModelError> {
        self.nodes = self
            .nodes
            .checked_sub(count)
            .ok_or_else(|| too_large("the file holds more nodes and messages than the limit allows"))?;
        Ok(())
    }

    /// Takes the memory of `count` bytes that a file unpacks to.
    pub(crate) fn take_bytes(&mut self, count: usize) -> Result<(), ModelError> {
        self.bytes = self
            .bytes
            .checked_sub(count)
            .ok_or_else(|| too_large("what the file unpacks to is larger than the limit"))?;
        Ok(())
    }

    /// Takes the memory of `count` elements of constants.
    pub(crate) fn take_elements(&mut self, count: usize) -> Result<(), ModelError> {
        self.bytes =
            count.checked_mul(8).and_then(|bytes| self.bytes.checked_sub(bytes)).ok_or_else(|| {
                too_large(format!("constants are larger than the limit: {count} elements more"))
            })?;
        Ok(())
    }
}

/// The value of one field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Wire<'a> {
    /// Wire type 0.
    Varint(u64),
    /// Wire type 1.
    Fixed64(u64),
    /// Wire type 2: a string, bytes, a message or packed numbers.
    Bytes(&'a [u8]),
    /// Wire type 5.
    Fixed32(u32),
}

impl<'a> Wire<'a> {
    /// A string, bytes or message.
    ///
    /// # Errors
    /// If the field is a number.
    pub fn bytes(self) -> Result<&'a [u8], ModelError> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            _ => Err(malformed("a protobuf field has another wire type than its message defines")),
        }
    }

    /// A string.
    ///
    /// # Errors
    /// If the field is a number or not UTF-8.
    pub fn text(self) -> Result<&'a str, ModelError> {
        std::str::from_utf8(self.bytes()?).map_err(|_| malformed("a protobuf string is not UTF-8"))
    }

    /// An integer, enum or truth value.
    ///
    /// # Errors
    /// If the field is none.
    pub fn integer(self) -> Result<i64, ModelError> {
        match self {
            Self::Varint(value) => Ok(value as i64),
            _ => Err(malformed("a protobuf field has another wire type than its message defines")),
        }
    }

    /// A 32-bit floating-point number.
    ///
    /// # Errors
    /// If the field is none.
    pub fn float(self) -> Result<f32, ModelError> {
        match self {
            Self::Fixed32(bits) => Ok(f32::from_bits(bits)),
            _ => Err(malformed("a protobuf field has another wire type than its message defines")),
        }
    }

    /// Appends the integers of a repeated field, packed or not.
    ///
    /// # Errors
    /// If the field holds none.
    pub fn integers(self, out: &mut Vec<i64>) -> Result<(), ModelError> {
        match self {
            Self::Varint(value) => out.push(value as i64),
            Self::Bytes(bytes) => {
                let mut reader = Reader::new(bytes);
                while !reader.rest.is_empty() {
                    out.push(reader.varint()? as i64);
                }
            }
            _ => return Err(malformed("a repeated integer field has another wire type")),
        }
        Ok(())
    }

    /// Appends the f32 numbers of a repeated field, packed or not.
    ///
    /// # Errors
    /// If the field holds none.
    pub fn floats(self, out: &mut Vec<f32>) -> Result<(), ModelError> {
        match self {
            Self::Fixed32(bits) => out.push(f32::from_bits(bits)),
            Self::Bytes(bytes) => {
                let (chunks, rest) = bytes.as_chunks::<4>();
                if !rest.is_empty() {
                    return Err(malformed("packed floats are cut short"));
                }
                out.extend(chunks.iter().map(|chunk| f32::from_le_bytes(*chunk)));
            }
            _ => return Err(malformed("a repeated float field has another wire type")),
        }
        Ok(())
    }

    /// Appends the f64 numbers of a repeated field, packed or not.
    ///
    /// # Errors
    /// If the field holds none.
    pub fn doubles(self, out: &mut Vec<f64>) -> Result<(), ModelError> {
        match self {
            Self::Fixed64(bits) => out.push(f64::from_bits(bits)),
            Self::Bytes(bytes) => {
                let (chunks, rest) = bytes.as_chunks::<8>();
                if !rest.is_empty() {
                    return Err(malformed("packed doubles are cut short"));
                }
                out.extend(chunks.iter().map(|chunk| f64::from_le_bytes(*chunk)));
            }
            _ => return Err(malformed("a repeated double field has another wire type")),
        }
        Ok(())
    }
}

/// The fields of one message, in the order of the file.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads the message in `bytes`.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The next field's number and value; `None` at the end.
    ///
    /// # Errors
    /// If the bytes are cut short or no protobuf.
    pub fn next_field(&mut self) -> Result<Option<(u32, Wire<'a>)>, ModelError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let key = self.varint()?;
        let number = u32::try_from(key >> 3).ok().filter(|number| (1..1 << 29).contains(number));
        let number = number.ok_or_else(|| malformed("not protobuf: a field number out of range"))?;
        let value = match key & 7 {
            0 => Wire::Varint(self.varint()?),
            1 => Wire::Fixed64(u64::from_le_bytes(self.array()?)),
            2 => {
                let length = self.varint()?;
                let length = usize::try_from(length).ok().filter(|length| *length <= self.rest.len());
                let Some(length) = length else {
                    return Err(malformed("not protobuf, or cut short: a field is longer than its message"));
                };
                let (bytes, rest) = self.rest.split_at(length);
                self.rest = rest;
                Wire::Bytes(bytes)
            }
            5 => Wire::Fixed32(u32::from_le_bytes(self.array()?)),
            other => return Err(malformed(format!("not protobuf: wire type {other}"))),
        };
        Ok(Some((number, value)))
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], ModelError> {
        let (bytes, rest) =
            self.rest.split_first_chunk::<N>().ok_or_else(|| malformed("protobuf is cut short"))?;
        self.rest = rest;
        Ok(*bytes)
    }

    /// What is not read yet.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(crate) fn varint(&mut self) -> Result<u64, ModelError> {
        let mut value = 0u64;
        for (index, byte) in self.rest.iter().enumerate().take(10) {
            value |= u64::from(byte & 0x7f) << (7 * index);
            if byte & 0x80 == 0 {
                self.rest = &self.rest[index + 1..];
                return Ok(value);
            }
        }
        Err(malformed("not protobuf, or cut short: a varint without end"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_come_in_order() {
        let bytes = [0x08, 0x96, 0x01, 0x12, 0x02, b'h', b'i', 0x1d, 0, 0, 0x80, 0x3f];
        let mut reader = Reader::new(&bytes);
        assert_eq!(reader.next_field().unwrap(), Some((1, Wire::Varint(150))));
        let (number, text) = reader.next_field().unwrap().unwrap();
        assert_eq!((number, text.text().unwrap()), (2, "hi"));
        assert_eq!(reader.next_field().unwrap().unwrap().1.float().unwrap(), 1.0);
        assert_eq!(reader.next_field().unwrap(), None);
    }

    #[test]
    fn what_is_cut_short_is_refused() {
        for bytes in [&[0x08][..], &[0x12, 5, 1], &[0x09, 1, 2], &[0x0b], &[0x80; 11], &[0x00, 0x01]] {
            assert!(Reader::new(bytes).next_field().is_err(), "{bytes:?}");
        }
    }
}
