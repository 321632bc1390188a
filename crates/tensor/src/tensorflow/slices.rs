//! Partitions of a variable: `TensorSliceProto`, the keys under which a bundle keeps them, and how they are restored.

use std::fmt;

use scorewheel_model::ModelError;

use crate::data::Data;
use crate::error::{invalid, malformed};
use crate::protobuf::Reader;
use crate::tensor::{Tensor, element_count};

/// A range of each dimension: first index and length; `None` stands for the whole dimension.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TensorSlice(Vec<Option<(i64, i64)>>);

impl TensorSlice {
    /// Reads a `TensorSliceProto`.
    pub fn read(bytes: &[u8]) -> Result<Self, ModelError> {
        let mut extents = Vec::new();
        let mut reader = Reader::new(bytes);
        while let Some((number, value)) = reader.next_field()? {
            if number == 1 {
                let (mut start, mut length) = (0, None);
                let mut extent = Reader::new(value.bytes()?);
                while let Some((number, value)) = extent.next_field()? {
                    match number {
                        1 => start = value.integer()?,
                        2 => length = Some(value.integer()?),
                        _ => {}
                    }
                }
                extents.push(length.map(|length| (start, length)));
            }
        }
        Ok(Self(extents))
    }

    /// The slice of a restored variable: `6 4 0,2:-` is two rows of a matrix of 6 × 4; empty is all of it.
    pub fn of_text(text: &str) -> Result<Option<Self>, ModelError> {
        let Some(extents) = text.split_whitespace().last() else { return Ok(None) };
        let wrong = || malformed(format!("{text:?} is no slice of a variable"));
        let extent = |part: &str| -> Result<Option<(i64, i64)>, ModelError> {
            if part == "-" {
                return Ok(None);
            }
            let (start, length) = part.split_once(',').ok_or_else(wrong)?;
            let number = |text: &str| text.parse::<i64>().map_err(|_| wrong());
            Ok(Some((number(start)?, number(length)?)))
        };
        extents.split(':').map(extent).collect::<Result<_, _>>().map(|extents| Some(Self(extents)))
    }

    /// The key of this partition of a variable, in the order-preserving code of `TensorSlice`s.
    pub fn key(&self, name: &str) -> Vec<u8> {
        let mut key = vec![0];
        for byte in name.bytes() {
            match byte {
                0x00 => key.extend([0x00, 0xff]),
                0xff => key.extend([0xff, 0x00]),
                byte => key.push(byte),
            }
        }
        key.extend([0x00, 0x01]);
        let rank = self.0.len() as u64;
        let digits: Vec<u8> = rank.to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect();
        key.push(digits.len() as u8);
        key.extend(digits);
        for extent in &self.0 {
            let (start, length) = extent.unwrap_or((0, -1));
            push_signed(&mut key, start);
            push_signed(&mut key, length);
        }
        key
    }

    /// First index and length of each dimension of a tensor of this shape.
    fn ranges(&self, shape: &[usize]) -> Result<Vec<(usize, usize)>, ModelError> {
        let wrong = || invalid(format!("the partition {self} of a variable of shape {shape:?}"));
        if self.0.len() != shape.len() {
            return Err(wrong());
        }
        let range = |(extent, dimension): (&Option<(i64, i64)>, &usize)| {
            let Some((start, length)) = *extent else { return Ok((0, *dimension)) };
            let range = usize::try_from(start).ok().zip(usize::try_from(length).ok());
            range
                .filter(|(start, length)| start.checked_add(*length).is_some_and(|end| end <= *dimension))
                .ok_or_else(wrong)
        };
        self.0.iter().zip(shape).map(range).collect()
    }

    /// Copies a partition to its place among the elements of the whole.
    pub fn put(&self, shape: &[usize], part: Tensor, whole: &mut Data) -> Result<(), ModelError> {
        let ranges = self.ranges(shape)?;
        let lengths: Vec<usize> = ranges.iter().map(|(_, length)| *length).collect();
        if element_count(&lengths) != part.data.len() || part.data.storage() != whole.storage() {
            return Err(invalid(format!(
                "the partition {self} of a variable has other elements than it says"
            )));
        }
        each_run(shape, &ranges, |at, from, length| whole.copy_range(at, &part.data, from, length));
        Ok(())
    }

    /// This part of a tensor.
    pub fn cut(&self, whole: &Tensor) -> Result<Tensor, ModelError> {
        let ranges = self.ranges(&whole.shape)?;
        let shape: Vec<usize> = ranges.iter().map(|(_, length)| *length).collect();
        let mut data = Data::zeros(whole.element, element_count(&shape));
        each_run(&whole.shape, &ranges, |at, to, length| data.copy_range(to, &whole.data, at, length));
        Ok(Tensor { element: whole.element, shape, data })
    }
}

/// Tells of each run of neighbours: where it begins in the whole and in the part, and its length.
fn each_run(shape: &[usize], ranges: &[(usize, usize)], mut tell: impl FnMut(usize, usize, usize)) {
    let Some(((last_start, run), outer)) = ranges.split_last() else { return tell(0, 0, 1) };
    let runs: usize = outer.iter().map(|(_, length)| *length).product();
    for index in 0..runs {
        let (mut rest, mut at, mut stride) = (index, *last_start, shape.last().copied().unwrap_or(1));
        for ((start, length), dimension) in outer.iter().zip(shape).rev() {
            at += (start + rest % length) * stride;
            rest /= length;
            stride *= dimension;
        }
        tell(at, index * run, *run);
    }
}

/// A signed number whose bytes sort as the numbers do.
fn push_signed(key: &mut Vec<u8>, value: i64) {
    let magnitude = (value ^ (value >> 63)) as u64;
    let bits = 64 - magnitude.leading_zeros() as usize;
    // n bytes hold 7n - 1 bits and a header of n bits that starts with the sign.
    let length = (bits + 1).div_ceil(7).max(1);
    let mut bytes = [if value < 0 { 0xff } else { 0 }; 10];
    bytes[2..].copy_from_slice(&value.to_be_bytes());
    let bytes = &mut bytes[10 - length..];
    let header: u16 = !(u16::MAX >> length);
    bytes[0] ^= (header >> 8) as u8;
    if let Some(second) = bytes.get_mut(1) {
        *second ^= header as u8;
    }
    key.extend_from_slice(bytes);
}

impl fmt::Display for TensorSlice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, extent) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(":")?;
            }
            match extent {
                Some((start, length)) => write!(f, "{start},{length}")?,
                None => f.write_str("-")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_order_preserving_code() {
        let code = |value| {
            let mut key = Vec::new();
            push_signed(&mut key, value);
            key
        };
        // Values of TensorFlow's own test of its code.
        for (value, expected) in [
            (0, vec![0x80]),
            (-1, vec![0x7f]),
            (63, vec![0xbf]),
            (-64, vec![0x40]),
            (64, vec![0xc0, 0x40]),
            (-65, vec![0x3f, 0xbf]),
            (8_191, vec![0xdf, 0xff]),
            (8_192, vec![0xe0, 0x20, 0x00]),
        ] {
            assert_eq!(code(value), expected, "{value}");
        }
    }

    #[test]
    fn parts_of_a_matrix() {
        let whole = Tensor::f32(&[3, 2], vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
        let slice = TensorSlice::of_text("3 2 1,2:1,1").unwrap().unwrap();
        let part = slice.cut(&whole).unwrap();
        assert_eq!((part.shape.clone(), part.data.f32().to_vec()), (vec![2, 1], vec![3.0, 5.0]));
        let mut data = Data::F32(vec![0.0; 6]);
        slice.put(&[3, 2], part, &mut data).unwrap();
        assert_eq!(data.f32(), [0.0, 0.0, 0.0, 3.0, 0.0, 5.0]);
        assert!(TensorSlice::of_text("3 2 2,2:-").unwrap().unwrap().cut(&whole).is_err());
        assert_eq!(TensorSlice::of_text("").unwrap(), None);
        assert!(TensorSlice::of_text("3 2 x:-").is_err());
    }
}
