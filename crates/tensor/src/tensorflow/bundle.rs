//! `TensorBundle`: the variables of a SavedModel, as an index (a sorted table) and shards of bytes.

use std::borrow::Cow;
use std::collections::BTreeMap;

use scorewheel_model::ModelError;
use smol_str::SmolStr;

use crate::data::Data;
use crate::element::ElementType;
use crate::error::{invalid, malformed, unsupported};
use crate::protobuf::{Budget, Reader, Wire};
use crate::tensor::{Tensor, element_count};
use crate::tensorflow::crc32c::{crc32c, masked};
use crate::tensorflow::slices::TensorSlice;
use crate::tensorflow::snappy::decompress;
use crate::tensorflow::tensor_proto::{element_type, fixed_shape, from_little_endian, read_shape};

/// The last eight bytes of a sorted table.
const MAGIC: u64 = 0xdb47_7524_8b80_fb57;
const FOOTER: usize = 48;

/// Where a tensor lies.
#[derive(Clone, Debug, Default)]
struct Entry {
    data_type: i64,
    shape: Vec<usize>,
    shard: i64,
    offset: i64,
    size: i64,
    crc: u32,
    /// The parts that hold the variable, if it was saved in partitions.
    slices: Vec<TensorSlice>,
}

/// The index of a bundle.
#[derive(Clone, Debug)]
pub(crate) struct Bundle {
    entries: BTreeMap<Vec<u8>, Entry>,
    shards: i64,
}

impl Bundle {
    /// Reads an index.
    pub fn read(index: &[u8], budget: &mut Budget) -> Result<Self, ModelError> {
        let mut bundle = Self { entries: BTreeMap::new(), shards: 0 };
        let mut has_header = false;
        for (key, value) in read_table(index, budget)? {
            if key.is_empty() {
                has_header = true;
                bundle.header(&value)?;
            } else {
                let entry = read_entry(&value, budget);
                let entry = entry.map_err(|error| error.at(&*String::from_utf8_lossy(&key)))?;
                bundle.entries.insert(key, entry);
            }
        }
        if has_header { Ok(bundle) } else { Err(malformed("the index of variables has no header")) }
    }

    fn header(&mut self, bytes: &[u8]) -> Result<(), ModelError> {
        let mut reader = Reader::new(bytes);
        while let Some((number, value)) = reader.next_field()? {
            match number {
                1 => self.shards = value.integer()?,
                2 if value.integer()? != 0 => {
                    return Err(unsupported("variables written by a big-endian machine"));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The tensor of this name; `shard` gives the bytes of a shard by its file name's end.
    pub fn tensor<'a>(
        &self,
        name: &str,
        budget: &mut Budget,
        shard: impl Fn(&str) -> Option<&'a [u8]>,
    ) -> Result<Option<Tensor>, ModelError> {
        let Some(entry) = self.entries.get(name.as_bytes()) else { return Ok(None) };
        let loaded = match entry.slices.as_slice() {
            [] => self.load(entry, budget, shard),
            slices => self.assemble(name, entry, slices, budget, shard),
        };
        loaded.map(Some).map_err(|error| error.at(name))
    }

    /// A variable of its partitions.
    fn assemble<'a>(
        &self,
        name: &str,
        entry: &Entry,
        slices: &[TensorSlice],
        budget: &mut Budget,
        shard: impl Fn(&str) -> Option<&'a [u8]>,
    ) -> Result<Tensor, ModelError> {
        let element = entry.element()?;
        let count = element_count(&entry.shape);
        budget.take_elements(count)?;
        let mut data = Data::zeros(element, count);
        let mut filled = 0usize;
        for slice in slices {
            let part = self
                .entries
                .get(&slice.key(name))
                .ok_or_else(|| invalid(format!("the index lacks the partition {slice} of a variable")))?;
            let part = self.load(part, budget, &shard)?;
            filled = filled.saturating_add(part.data.len());
            slice.put(&entry.shape, part, &mut data)?;
        }
        if filled != count {
            return Err(invalid(format!("the partitions of a variable hold {filled} of {count} elements")));
        }
        Ok(Tensor { element, shape: entry.shape.clone(), data })
    }

    fn load<'a>(
        &self,
        entry: &Entry,
        budget: &mut Budget,
        shard: impl Fn(&str) -> Option<&'a [u8]>,
    ) -> Result<Tensor, ModelError> {
        let element = entry.element()?;
        budget.take_elements(element_count(&entry.shape))?;
        let file = format!("data-{:05}-of-{:05}", entry.shard, self.shards);
        let bytes = shard(&file).ok_or_else(|| {
            invalid(format!("the file variables/variables.{file} did not come with the model"))
        })?;
        let range = usize::try_from(entry.offset).ok().zip(usize::try_from(entry.size).ok());
        let bytes = range
            .and_then(|(start, size)| bytes.get(start..)?.get(..size))
            .ok_or_else(|| malformed(format!("variables.{file} is cut short")))?;
        let damaged = || malformed(format!("variables.{file} is damaged: a checksum differs"));
        let data = if element == ElementType::Text {
            Data::Text(read_texts(bytes, element_count(&entry.shape), entry.crc)?.ok_or_else(damaged)?)
        } else if masked(crc32c(&[bytes])) == entry.crc {
            from_little_endian(element, bytes)?
        } else {
            return Err(damaged());
        };
        if data.len() != element_count(&entry.shape) {
            return Err(invalid(format!("{} values for the shape {:?}", data.len(), entry.shape)));
        }
        Ok(Tensor { element, shape: entry.shape.clone(), data })
    }
}

impl Entry {
    fn element(&self) -> Result<ElementType, ModelError> {
        element_type(self.data_type)
            .ok_or_else(|| unsupported(format!("a variable of data type {}", self.data_type)))
    }
}

/// Strings as a bundle keeps them: all lengths, a checksum of these, all bytes. `None` if a checksum differs.
fn read_texts(bytes: &[u8], count: usize, crc: u32) -> Result<Option<Vec<SmolStr>>, ModelError> {
    let cut = || malformed("the strings of a variable are cut short");
    let mut reader = Reader::new(bytes);
    let mut lengths = Vec::new();
    let mut summed = Vec::new();
    for _ in 0..count {
        let length = reader.varint()?;
        // Lengths are summed as integers of fixed width, however they are stored.
        match u32::try_from(length) {
            Ok(short) => summed.extend_from_slice(&short.to_le_bytes()),
            Err(_) => summed.extend_from_slice(&length.to_le_bytes()),
        }
        lengths.push(usize::try_from(length).map_err(|_| cut())?);
    }
    let (sum, mut rest) = reader.rest().split_first_chunk::<4>().ok_or_else(cut)?;
    if masked(crc32c(&[&summed])) != u32::from_le_bytes(*sum) || masked(crc32c(&[&summed, sum, rest])) != crc
    {
        return Ok(None);
    }
    let mut texts = Vec::with_capacity(count);
    for length in lengths {
        let (text, after) = rest.split_at_checked(length).ok_or_else(cut)?;
        texts.push(String::from_utf8_lossy(text).as_ref().into());
        rest = after;
    }
    Ok(Some(texts))
}

fn damaged() -> ModelError {
    malformed("the index of variables is damaged or cut short")
}

fn read_entry(bytes: &[u8], budget: &mut Budget) -> Result<Entry, ModelError> {
    let mut entry = Entry::default();
    let mut reader = Reader::new(bytes);
    while let Some((number, value)) = reader.next_field()? {
        match number {
            1 => entry.data_type = value.integer()?,
            2 => entry.shape = fixed_shape(read_shape(value.bytes()?)?)?,
            3 => entry.shard = value.integer()?,
            4 => entry.offset = value.integer()?,
            5 => entry.size = value.integer()?,
            6 => {
                let Wire::Fixed32(crc) = value else { return Err(damaged()) };
                entry.crc = crc;
            }
            7 => {
                budget.take_nodes(1)?;
                entry.slices.push(TensorSlice::read(value.bytes()?)?);
            }
            _ => {}
        }
    }
    Ok(entry)
}

/// A key and its value.
type Pair = (Vec<u8>, Vec<u8>);

/// All pairs of a sorted table.
fn read_table(bytes: &[u8], budget: &mut Budget) -> Result<Vec<Pair>, ModelError> {
    let start = bytes.len().checked_sub(FOOTER).ok_or_else(damaged)?;
    let (footer, magic) = bytes[start..].split_last_chunk::<8>().ok_or_else(damaged)?;
    if u64::from_le_bytes(*magic) != MAGIC {
        return Err(malformed("not an index of variables, or cut short"));
    }
    let mut handles = Reader::new(footer);
    let _meta = (handles.varint()?, handles.varint()?);
    let index = read_block(bytes, handles.varint()?, handles.varint()?, budget)?;
    let mut pairs = Vec::new();
    for (_, handle) in read_pairs(&index, budget)? {
        let mut handle = Reader::new(&handle);
        let block = read_block(bytes, handle.varint()?, handle.varint()?, budget)?;
        pairs.extend(read_pairs(&block, budget)?);
    }
    Ok(pairs)
}

/// Most bytes of a block that is compressed.
const BLOCK: usize = 64 << 20;

/// The content of a block, its checksum verified.
fn read_block<'a>(
    bytes: &'a [u8],
    offset: u64,
    size: u64,
    budget: &mut Budget,
) -> Result<Cow<'a, [u8]>, ModelError> {
    let range = usize::try_from(offset).ok().zip(usize::try_from(size).ok());
    let (start, size) = range.ok_or_else(damaged)?;
    let rest = bytes.get(start..).ok_or_else(damaged)?;
    let block = rest.get(..size).ok_or_else(damaged)?;
    let trailer = rest.get(size..).and_then(|rest| rest.first_chunk::<5>()).ok_or_else(damaged)?;
    let [kind, c0, c1, c2, c3] = *trailer;
    if masked(crc32c(&[block, &[kind]])) != u32::from_le_bytes([c0, c1, c2, c3]) {
        return Err(malformed("the index of variables is damaged: a checksum differs"));
    }
    match kind {
        0 => Ok(Cow::Borrowed(block)),
        1 => {
            let unpacked = decompress(block, BLOCK)?;
            budget.take_bytes(unpacked.len())?;
            Ok(Cow::Owned(unpacked))
        }
        other => Err(unsupported(format!("an index of variables compressed by method {other}"))),
    }
}

/// The pairs of a block: each key shares its start with the one before.
fn read_pairs(block: &[u8], budget: &mut Budget) -> Result<Vec<Pair>, ModelError> {
    let (entries, restarts) = block.split_last_chunk::<4>().ok_or_else(damaged)?;
    let restarts = (u32::from_le_bytes(*restarts) as usize).checked_mul(4).ok_or_else(damaged)?;
    let end = entries.len().checked_sub(restarts).ok_or_else(damaged)?;
    let mut rest = &entries[..end];
    let mut pairs = Vec::new();
    let mut key: Vec<u8> = Vec::new();
    while !rest.is_empty() {
        budget.take_nodes(1)?;
        let mut reader = Reader::new(rest);
        let mut length = || usize::try_from(reader.varint()?).map_err(|_| damaged());
        let (shared, unshared, value) = (length()?, length()?, length()?);
        rest = reader.rest();
        let suffix = rest.get(..unshared).ok_or_else(damaged)?;
        let value = rest[unshared..].get(..value).ok_or_else(damaged)?;
        if shared > key.len() {
            return Err(damaged());
        }
        key.truncate(shared);
        key.extend_from_slice(suffix);
        // An index may name one block many times, and a block one start of a key.
        budget.take_bytes(key.len() + value.len())?;
        pairs.push((key.clone(), value.to_vec()));
        rest = &rest[unshared + value.len()..];
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use scorewheel_model::{Limits, ModelErrorKind};

    use super::*;

    fn number(mut value: usize) -> Vec<u8> {
        let mut out = Vec::new();
        while value >= 128 {
            out.push(value as u8 | 128);
            value >>= 7;
        }
        out.push(value as u8);
        out
    }

    /// A block of pairs without shared starts of keys.
    fn block(pairs: &[(&[u8], &[u8])]) -> Vec<u8> {
        let mut out = Vec::new();
        for (key, value) in pairs {
            out.extend([vec![0], number(key.len()), number(value.len())].concat());
            out.extend_from_slice(key);
            out.extend_from_slice(value);
        }
        out.extend([0, 0, 0, 0, 1, 0, 0, 0]);
        out
    }

    /// Appends a block, compressed by this method; its handle.
    fn seal(table: &mut Vec<u8>, content: &[u8], kind: u8) -> Vec<u8> {
        let stored = match kind {
            // All of it as one literal with a length of two bytes.
            1 => {
                let length = (content.len() as u16 - 1).to_le_bytes();
                [&number(content.len())[..], &[61 << 2], &length, content].concat()
            }
            _ => content.to_vec(),
        };
        let handle = [number(table.len()), number(stored.len())].concat();
        let sum = masked(crc32c(&[&stored, &[kind]]));
        table.extend_from_slice(&stored);
        table.push(kind);
        table.extend(sum.to_le_bytes());
        handle
    }

    fn index(kind: u8) -> Vec<u8> {
        let entry = [0x08, 1, 0x12, 4, 0x12, 2, 0x08, 3, 0x28, 12];
        let mut table = Vec::new();
        let data = seal(&mut table, &block(&[(b"", &[0x08, 1]), (b"weights", &entry)]), kind);
        let blocks = seal(&mut table, &block(&[(b"weights", &data)]), kind);
        let mut footer = [vec![0, 0], blocks].concat();
        footer.resize(FOOTER - 8, 0);
        table.extend(footer);
        table.extend(MAGIC.to_le_bytes());
        table
    }

    #[test]
    fn blocks_may_be_compressed() {
        let read = |kind| Bundle::read(&index(kind), &mut Budget::new(&Limits::default()));
        for kind in [0, 1] {
            let bundle = read(kind).unwrap();
            let entry = &bundle.entries[&b"weights"[..]];
            assert_eq!((entry.shape.as_slice(), entry.size, bundle.shards), (&[3][..], 12, 1));
        }
        let error = read(2).unwrap_err();
        assert!(error.to_string().contains("method 2"), "{error}");
    }

    #[test]
    fn a_block_that_is_named_again_and_again_is_too_large() {
        for kind in [0, 1] {
            let mut table = Vec::new();
            let data = seal(&mut table, &block(&[(b"weights", &[0; 60_000])]), kind);
            let names: Vec<(&[u8], &[u8])> = vec![(b"a", &data); 1000];
            let blocks = seal(&mut table, &block(&names), kind);
            let mut footer = [vec![0, 0], blocks].concat();
            footer.resize(FOOTER - 8, 0);
            table.extend(footer);
            table.extend(MAGIC.to_le_bytes());
            let limits = Limits { unpacked_bytes: 10 << 20, ..Limits::default() };
            let error = read_table(&table, &mut Budget::new(&limits)).unwrap_err();
            assert_eq!(error.kind, ModelErrorKind::TooLarge, "{error}");
        }
    }
}
