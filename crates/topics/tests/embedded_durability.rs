//! What the embedded backend keeps when its process is killed or the power fails.
#![expect(clippy::unwrap_used, reason = "what cannot go on has failed")]

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use scorewheel_topics::embedded::{Directory, EmbeddedBackend, EmbeddedOptions, SyncPolicy};
use scorewheel_topics::{
    Backend, GroupEvent, GroupOptions, GroupReader, OffsetCommit, ReaderEvent, ReaderOptions, RecordBatch,
    StartPosition, TopicPartition, TopicSpec, TopicsError, TransactionOptions, TransactionalWriter,
    WriterOptions,
};

const CHILD_DIRECTORY: &str = "SCOREWHEEL_TEST_WRITER_DIRECTORY";
const GROUP: &str = "writers";
const KILLS: usize = 200;

fn open(path: &Path, sync: SyncPolicy) -> EmbeddedBackend {
    let options = EmbeddedOptions { sync, ..EmbeddedOptions::default() };
    EmbeddedBackend::open(Directory::take(path).unwrap(), &options).unwrap()
}

fn partitions() -> [TopicPartition; 2] {
    [TopicPartition::new("results", 0), TopicPartition::new("results", 1)]
}

fn create(backend: &EmbeddedBackend) {
    for (topic, partitions) in [("input", 1), ("results", 2)] {
        let made = backend.admin().unwrap().create_topic(&TopicSpec::new(topic, partitions).keep_for_ever());
        assert!(matches!(made, Ok(()) | Err(TopicsError::TopicExists { .. })), "{made:?}");
    }
}

/// A member of the group that writes transactions.
struct Member {
    reader: Box<dyn GroupReader>,
    writer: Box<dyn TransactionalWriter>,
}

impl Member {
    fn join(backend: &EmbeddedBackend) -> Self {
        let mut reader = backend.group_reader(&GroupOptions::new(GROUP, &["input"])).unwrap();
        let GroupEvent::Assigned(partitions) =
            reader.poll(Duration::from_secs(5), &mut RecordBatch::new()).unwrap()
        else {
            panic!("the only member gets the partition")
        };
        let starts: Vec<_> = partitions.into_iter().map(|p| (p, StartPosition::Earliest)).collect();
        reader.acknowledge_assigned(&starts).unwrap();
        let mut writer = backend.transactional_writer(&TransactionOptions::new("writer")).unwrap();
        writer.initialise().unwrap();
        Self { reader, writer }
    }

    /// One transaction: the number into both partitions, and as the group's offset.
    fn write(&mut self, number: i64) {
        self.writer.begin().unwrap();
        for partition in partitions() {
            let mut record = self.writer.lend(&partition).unwrap().record(number, Some(b"key"));
            record.value().extend_from_slice(number.to_string().as_bytes());
            record.finish().unwrap();
        }
        let input = TopicPartition::new("input", 0);
        let offset = OffsetCommit { partition: input, offset: number, metadata: "v1".into() };
        self.writer.send_offsets(&[offset], &self.reader.group_metadata().unwrap()).unwrap();
        self.writer.commit().unwrap();
    }
}

/// The numbers in both partitions (they must be the same, in order, without gap), and the group's offset.
fn read(backend: &EmbeddedBackend) -> (Vec<i64>, Option<i64>) {
    let mut numbers: BTreeMap<u32, Vec<i64>> = BTreeMap::new();
    let mut batch = RecordBatch::new();
    for partition in partitions() {
        let mut reader = backend.assigned_reader(&ReaderOptions::default()).unwrap();
        reader.assign(&[(partition.clone(), StartPosition::Earliest)]).unwrap();
        let numbers = numbers.entry(partition.partition()).or_default();
        while let ReaderEvent::Batch = reader.poll(Duration::from_secs(5), &mut batch).unwrap() {
            numbers.extend(
                batch.iter().map(|record| {
                    std::str::from_utf8(record.value.unwrap()).unwrap().parse::<i64>().unwrap()
                }),
            );
        }
    }
    assert_eq!(numbers[&0], numbers[&1], "a transaction is seen half");
    let expected: Vec<i64> = (1..=numbers[&0].len() as i64).collect();
    assert_eq!(numbers[&0], expected, "a number is missing or there twice");
    let input = TopicPartition::new("input", 0);
    let committed = backend.admin().unwrap().committed_offsets(GROUP, &[input]).unwrap();
    (expected, committed[0].as_ref().map(|committed| committed.offset))
}

/// Not a test by itself: the process that [`kill_nine_loses_nothing_acknowledged`] kills.
#[test]
fn writing_child() {
    let Some(path) = std::env::var_os(CHILD_DIRECTORY) else { return };
    let backend = open(Path::new(&path), SyncPolicy::Always);
    create(&backend);
    let (numbers, _) = read(&backend);
    let mut member = Member::join(&backend);
    let mut out = std::io::stdout();
    for number in numbers.len() as i64 + 1.. {
        member.write(number);
        writeln!(out, "acknowledged {number}").unwrap();
        out.flush().unwrap();
    }
}

#[test]
fn kill_nine_loses_nothing_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data");
    let mut acknowledged = 0;
    for round in 0..KILLS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "writing_child", "--nocapture"])
            .env(CHILD_DIRECTORY, &path)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Killed after a few acknowledgements, at another point of the next transaction each round.
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let seen =
            lines.map_while(Result::ok).filter_map(|line| line.strip_prefix("acknowledged ")?.parse().ok());
        if let Some(last) = seen.take(1 + round % 5).last() {
            acknowledged = last;
        }
        (0..round * 37 % 1000).for_each(|_| std::hint::spin_loop());
        child.kill().unwrap();
        child.wait().unwrap();
        if round % 10 == 9 || round + 1 == KILLS {
            let backend = open(&path, SyncPolicy::Always);
            assert!(backend.damage().is_empty(), "{:?}", backend.damage());
            let (numbers, committed) = read(&backend);
            assert!(numbers.len() as i64 >= acknowledged, "{} of {acknowledged}", numbers.len());
            assert_eq!(committed, numbers.last().copied(), "offsets and results are of one transaction");
        }
    }
    assert!(acknowledged >= KILLS as i64, "only {acknowledged} acknowledged");
}

fn journal(path: &Path) -> PathBuf {
    let files = fs::read_dir(path.join("store")).unwrap().map(|entry| entry.unwrap().path());
    let mut journals: Vec<PathBuf> =
        files.filter(|path| path.extension().is_some_and(|extension| extension == "jnl")).collect();
    journals.sort();
    journals.pop().expect("the store has a journal")
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else if entry.path().extension().is_none_or(|extension| extension != "jnl") {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn used_bytes(journal: &Path) -> Vec<u8> {
    let mut bytes = fs::read(journal).unwrap();
    let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    bytes.truncate(end);
    bytes
}

/// The directory is copied as it lies on the disk, and the journal cut at every byte of what was not synced.
#[test]
fn a_power_failure_loses_whole_transactions_from_the_end_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data");
    let backend = open(&path, SyncPolicy::Never);
    create(&backend);
    let mut member = Member::join(&backend);
    (1..=5).for_each(|number| member.write(number));
    let synced = used_bytes(&journal(&path)).len();
    let mut last = 5;
    while used_bytes(&journal(&path)).len() < synced + 2048 {
        last += 1;
        member.write(last);
    }
    let name = journal(&path).file_name().unwrap().to_owned();
    let bytes = used_bytes(&journal(&path));
    let still = folder.path().join("still");
    copy(&path, &still);

    let mut kept = Vec::new();
    for cut in synced..=bytes.len() {
        let lost = folder.path().join("lost");
        copy(&still, &lost);
        fs::write(lost.join("store").join(&name), &bytes[..cut]).unwrap();
        let backend = open(&lost, SyncPolicy::Never);
        let (numbers, committed) = read(&backend);
        assert!(numbers.len() >= 5, "cut at {cut}: what was synced is gone");
        assert_eq!(committed, numbers.last().copied(), "cut at {cut}");
        // Each transaction is one record and one marker in each partition.
        let end = numbers.len() as i64 * 2;
        let reported: Vec<_> =
            backend.damage().iter().map(|damage| (damage.from, damage.to, damage.refused)).collect();
        let expected = if numbers.len() as i64 == last { vec![] } else { vec![(end, last * 2, false); 2] };
        assert_eq!(reported, expected, "cut at {cut}");
        kept.push(numbers.len() as i64);
        drop(backend);
        fs::remove_dir_all(&lost).unwrap();
    }
    assert!(kept.is_sorted());
    assert_eq!((kept.first(), kept.last()), (Some(&5), Some(&last)));
}

/// A directory whose journal is not what was written, in 64 bytes in the middle of nine records of this size.
fn damaged_in_the_middle(path: &Path, size: u32) -> (PathBuf, Vec<u8>) {
    let backend = open(path, SyncPolicy::Always);
    create(&backend);
    let mut writer = backend.writer(&WriterOptions::default()).unwrap();
    for _ in 0..9 {
        let mut record = writer.lend(&TopicPartition::new("input", 0)).unwrap().record(1, None);
        record.value().extend((0..size).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8));
        record.finish().unwrap();
        writer.flush().unwrap();
    }
    drop((writer, backend));
    let file = journal(path);
    let middle = used_bytes(&file).len() / 2;
    let mut bytes = fs::read(&file).unwrap();
    bytes[middle..middle + 64].iter_mut().for_each(|byte| *byte ^= 0x5a);
    fs::write(&file, &bytes).unwrap();
    (file, bytes)
}

#[test]
fn damage_in_the_middle_of_the_journal_is_said_with_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data");
    let (file, bytes) = damaged_in_the_middle(&path, 3000);
    // Said again: nothing was changed on the way.
    for _ in 0..2 {
        let opened = EmbeddedBackend::open(Directory::take(&path).unwrap(), &EmbeddedOptions::default());
        let error = opened.map(|backend| backend.damage().to_vec()).unwrap_err().to_string();
        let name = file.file_name().unwrap().to_string_lossy();
        let wanted = format!(
            "{} is damaged and cannot be opened: the bytes of store/{name} do not match their checksum; bring back a copy",
            path.display()
        );
        assert!(error.contains(&wanted), "{error}");
        assert!(!error.contains("Fjall") && !error.contains("ChecksumMismatch"), "{error}");
    }
    assert_eq!(fs::read(&file).unwrap(), bytes);
}

/// The store takes an entry that it cannot unpack for the end of the journal; what is lost so is told by the ends that
/// are kept beside it.
#[test]
fn what_lies_behind_damage_that_looks_like_an_end_is_said_to_be_lost() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data");
    damaged_in_the_middle(&path, 8000);
    let backend = open(&path, SyncPolicy::Always);
    let damage: Vec<String> = backend.damage().iter().map(ToString::to_string).collect();
    let wanted =
        "input-0 has lost 5 offsets that had not reached the disk or lay behind damage: 4 to before 9";
    assert_eq!(damage, [wanted]);
}

#[test]
fn the_log_goes_on_after_a_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data");
    for round in 0..3_i64 {
        let backend = open(&path, SyncPolicy::default());
        assert!(backend.damage().is_empty());
        create(&backend);
        let (numbers, committed) = read(&backend);
        assert_eq!(numbers.len() as i64, round * 4);
        assert_eq!(committed, numbers.last().copied());
        let mut member = Member::join(&backend);
        (1..=4).for_each(|number| member.write(round * 4 + number));
        member.writer.begin().unwrap();
        let mut aborted = member.writer.lend(&partitions()[0]).unwrap().record(0, None);
        aborted.value().extend_from_slice(b"never seen");
        aborted.finish().unwrap();
        member.writer.abort().unwrap();
    }
}
