//! Where each log ended when it was last written: a small file beside the store, by which a lost tail is noticed.
//!
//! The store cuts a torn journal back to its last whole transaction and says nothing. This file is written after each
//! transaction and never waited for; after a power failure it may know of a later end than the store does, and the
//! difference is what was lost. One slot a partition: topic, partition, end, checksum.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::layout::Log;
use crate::partition::Offset;

const SLOT: usize = 20;

/// The file, and which slot is whose.
#[derive(Debug)]
pub(super) struct Ends {
    file: File,
    slots: HashMap<Log, u64>,
}

impl Ends {
    /// Opens the file and gives what it knows: (topic, partition) → end. A slot that is damaged knows nothing.
    pub fn open(path: &Path) -> io::Result<(Self, HashMap<Log, Offset>)> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        let length = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
        let mut bytes = vec![0; length];
        file.read_exact_at(&mut bytes, 0)?;
        let known = bytes.chunks_exact(SLOT).filter_map(decode).collect();
        Ok((Self { file, slots: HashMap::new() }, known))
    }

    /// Starts anew with these ends, the ones that the store itself has.
    pub fn rewrite(&mut self, ends: impl IntoIterator<Item = (Log, Offset)>) -> io::Result<()> {
        self.file.set_len(0)?;
        self.slots.clear();
        ends.into_iter().try_for_each(|(log, end)| self.set(log, end))
    }

    /// Writes down where a log ends now. Not synced: see the module.
    pub fn set(&mut self, log: Log, end: Offset) -> io::Result<()> {
        let free = self.slots.len() as u64;
        let slot = *self.slots.entry(log).or_insert(free);
        self.file.write_all_at(&encode(log, end), slot * SLOT as u64)
    }
}

fn encode((topic, partition): Log, end: Offset) -> [u8; SLOT] {
    let mut slot = [0; SLOT];
    slot[..4].copy_from_slice(&topic.to_le_bytes());
    slot[4..8].copy_from_slice(&partition.to_le_bytes());
    slot[8..16].copy_from_slice(&end.to_le_bytes());
    let checksum = crc32fast::hash(&slot[..16]);
    slot[16..].copy_from_slice(&checksum.to_le_bytes());
    slot
}

fn decode(slot: &[u8]) -> Option<(Log, Offset)> {
    let (topic, rest) = slot.split_first_chunk::<4>()?;
    let (partition, rest) = rest.split_first_chunk::<4>()?;
    let (end, rest) = rest.split_first_chunk::<8>()?;
    let (checksum, _) = rest.split_first_chunk::<4>()?;
    (crc32fast::hash(&slot[..16]) == u32::from_le_bytes(*checksum))
        .then(|| ((u32::from_le_bytes(*topic), u32::from_le_bytes(*partition)), i64::from_le_bytes(*end)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_survive_and_damage_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ends");
        let (mut ends, known) = Ends::open(&path).unwrap();
        assert!(known.is_empty());
        ends.set((1, 0), 5).unwrap();
        ends.set((1, 1), 7).unwrap();
        ends.set((1, 0), 9).unwrap();
        let (_, known) = Ends::open(&path).unwrap();
        assert_eq!(known, HashMap::from([((1, 0), 9), ((1, 1), 7)]));

        let mut bytes = std::fs::read(&path).unwrap();
        bytes[9] ^= 1;
        bytes.truncate(SLOT + 3);
        std::fs::write(&path, bytes).unwrap();
        assert!(Ends::open(&path).unwrap().1.is_empty());
    }
}
