//! A data directory whose journal is damaged.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::Duration;

use scorewheel_topics::embedded::{Directory, EmbeddedBackend, EmbeddedOptions};
use scorewheel_topics::{
    Backend, ReaderEvent, ReaderOptions, RecordBatch, StartPosition, SyncPolicy, TopicPartition, TopicSpec,
    TopicsError, WriterOptions,
};

const RECORDS: i64 = 12;

/// A small directory, with all its files.
struct Template {
    /// Name, what is written, and how long the file is.
    files: Vec<(PathBuf, Vec<u8>, u64)>,
}

static TEMPLATE: LazyLock<Template> = LazyLock::new(|| match Template::make() {
    Ok(template) => template,
    Err(error) => panic!("the directory to be damaged cannot be made: {error}"),
});

fn options() -> EmbeddedOptions {
    EmbeddedOptions { sync: SyncPolicy::Never, ..EmbeddedOptions::default() }
}

fn value(offset: i64) -> String {
    format!("value {offset}")
}

impl Template {
    fn make() -> Result<Self, Box<dyn std::error::Error>> {
        let folder = super::folder()?;
        {
            let backend = EmbeddedBackend::open(Directory::take(folder.path())?, &options())?;
            backend.admin()?.create_topic(&TopicSpec::new("topic", 1))?;
            let mut writer = backend.writer(&WriterOptions::default())?;
            let partition = TopicPartition::new("topic", 0);
            for offset in 0..RECORDS {
                let mut record = writer.lend(&partition)?.record(offset, Some(b"key"));
                record.value().extend_from_slice(value(offset).as_bytes());
                record.finish().map_err(|error| TopicsError::too_large("topic", error))?;
                writer.flush()?;
            }
        }
        let mut files = Vec::new();
        collect(folder.path(), folder.path(), &mut files)?;
        Ok(Self { files })
    }

    fn copy(&self, folder: &Path, damage: &[u8]) -> std::io::Result<()> {
        let journal = self.files.iter().position(|(path, _, _)| path.extension().is_some_and(|e| e == "jnl"));
        for (at, (path, bytes, whole)) in self.files.iter().enumerate() {
            let path = folder.join(path);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)?;
            }
            let (bytes, whole) = match Some(at) == journal {
                true => damaged(bytes, *whole, damage),
                false => (bytes.clone(), *whole),
            };
            // A journal is mostly room for what is to come; a hole in the file will do.
            let mut file = fs::File::create(path)?;
            file.write_all(&bytes)?;
            file.set_len(whole)?;
        }
        Ok(())
    }
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<(PathBuf, Vec<u8>, u64)>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(root, &path, files)?;
        } else {
            let name = path.strip_prefix(root).unwrap_or(&path).to_owned();
            let bytes = fs::read(&path)?;
            let (written, whole) = (written(&bytes), bytes.len() as u64);
            files.push((name, bytes[..written].to_vec(), whole));
        }
    }
    files.sort();
    Ok(())
}

/// How many bytes there are up to the last one that is not zero.
fn written(bytes: &[u8]) -> usize {
    bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1)
}

/// Each three bytes of `damage` are a place, counted from the end of what is written, and what happens there.
fn damaged(journal: &[u8], mut whole: u64, damage: &[u8]) -> (Vec<u8>, u64) {
    let mut bytes = journal.to_vec();
    for step in damage.chunks_exact(3).take(20) {
        let back = usize::from(u16::from_le_bytes([step[0], step[1]]));
        let at = journal.len().saturating_sub(1 + back % journal.len().max(1));
        match step[2] {
            0 => {
                bytes.truncate(at);
                whole = bytes.len() as u64;
            }
            change => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= change;
                }
            }
        }
    }
    (bytes, whole)
}

/// Opens the directory and reads all that is there: a record is what was written, or it is not there.
pub fn journal(bytes: &[u8]) {
    let Ok(folder) = super::folder() else { return };
    if TEMPLATE.copy(folder.path(), bytes).is_err() {
        return;
    }
    // Refused as a whole is a clear outcome too.
    let Ok(directory) = Directory::take(folder.path()) else { return };
    let Ok(backend) = EmbeddedBackend::open(directory, &options()) else { return };
    backend.damage().iter().for_each(|damage| drop(damage.to_string()));
    let _ = read(&backend);
}

fn read(backend: &EmbeddedBackend) -> Result<(), TopicsError> {
    let partition = TopicPartition::new("topic", 0);
    let mut reader = backend.assigned_reader(&ReaderOptions::default())?;
    reader.assign(&[(partition, StartPosition::Earliest)])?;
    let mut batch = RecordBatch::new();
    let mut expected = 0;
    while reader.poll(Duration::from_millis(1), &mut batch)? == ReaderEvent::Batch {
        for record in batch.iter() {
            assert!(record.offset >= expected, "offsets go backwards");
            expected = record.offset + 1;
            assert_eq!(record.value, Some(value(record.offset).as_bytes()), "offset {}", record.offset);
            assert_eq!(record.key, Some(&b"key"[..]));
        }
    }
    Ok(())
}
