//! Memory over hot swaps: an instance in this process, embedded topics, records under way, the forest again and again.
//!
//! A process of its own: its allocator is that of the product, which counts.

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clock::say;
use scorewheel::config::{Config, Create, Layers, Loaded, Place};
use scorewheel::demonstration::RecordsThread;
use scorewheel::running::{Instance, InstanceOptions, open_for_running};
use scorewheel_serving::Revision;
use scorewheel_topics::{TopicPartition, WriterOptions};
use spread::Spread;
use tikv_jemalloc_ctl::{epoch, stats};
use tikv_jemallocator::Jemalloc;

#[path = "clock.rs"]
#[allow(dead_code, reason = "the other programs use the rest")]
mod clock;
#[path = "publish.rs"]
mod publish;
#[path = "spread.rs"]
#[allow(dead_code, reason = "the other program uses the rest")]
mod spread;

#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

/// Records a second while models change.
const RATE: f64 = 5_000.0;
const PARTITIONS: u32 = 2;
/// How long a model may take to be in force everywhere.
const PATIENCE: Duration = Duration::from_secs(30);
/// Revisions that may be alive.
const MOST_ALIVE: usize = 2;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        [document, swaps @ ..] => run(document.as_ref(), swaps),
        _ => Err("usage: scorewheel-bench-memory FOREST.pmml SWAPS …".into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            clock::complain(&*error);
            ExitCode::from(2)
        }
    }
}

fn loaded(directory: &Path) -> Loaded {
    let mut config = Config::default();
    config.topics.partitions = PARTITIONS;
    config.topics.create = Create::All;
    config.embedded.data_dir = directory.to_owned();
    config.http.listen = Some("127.0.0.1:0".to_owned());
    let place = Place::Embedded { directory: directory.to_owned(), by_default: false };
    Loaded { config, place, file: None, layers: Layers::default(), notices: Vec::new() }
}

/// Swaps, and says after each number of swaps of `marks` (ascending) what lives.
fn run(document: &Path, marks: &[&str]) -> Result<(), Box<dyn Error>> {
    let marks = marks.iter().map(|mark| mark.parse::<u64>()).collect::<Result<Vec<_>, _>>()?;
    let directory = tempfile::tempdir()?;
    let loaded = loaded(directory.path());
    let place = open_for_running(&loaded)?;
    let instance = Instance::start(&loaded, place, InstanceOptions::default())?;
    let backend = &instance.place().backend;
    let topics = &loaded.config.topics;
    let control = TopicPartition::new(topics.models.as_str(), 0);
    wait_until("topics", || topics_are_there(&instance))?;
    let mut writer = backend.writer(&WriterOptions::default())?;
    let records = RecordsThread::start(backend, &topics.records, PARTITIONS, RATE)?;
    say("| after swap | live bytes, MiB | RSS, MiB | most revisions alive so far |");
    say("|---|---|---|---|");
    let mut alive = 0;
    let mut before = -1;
    for swap in 1..=marks.iter().copied().max().unwrap_or(0) {
        let (key, value) = publish::message(document, swap)?;
        let mut record = writer.lend(&control)?.record(0, Some(key.as_bytes()));
        record.value().extend_from_slice(&value);
        record.finish()?;
        writer.flush()?;
        drop((key, value));
        wait_until("the model is in force", || {
            alive = alive.max(Revision::alive());
            let snapshot = instance.snapshot();
            let newest = snapshot.revision.control_offset;
            newest > before && snapshot.tasks.iter().all(|task| task.revision.control_offset == newest)
        })?;
        if alive > MOST_ALIVE {
            return Err(format!("{alive} revisions are alive after swap {swap}").into());
        }
        before = instance.snapshot().revision.control_offset;
        if marks.contains(&swap) {
            let (live, resident) = settled()?;
            say(&format!("| {swap} | {live:.2} | {resident} | {alive} |"));
        }
    }
    records.stop()?;
    instance.stop("the benchmark ends")?;
    Ok(())
}

fn topics_are_there(instance: &Instance) -> bool {
    !instance.snapshot().tasks.is_empty()
}

fn wait_until(what: &str, mut done: impl FnMut() -> bool) -> Result<(), Box<dyn Error>> {
    let deadline = Instant::now() + PATIENCE;
    while !done() {
        if Instant::now() > deadline {
            return Err(format!("{what}: not within {PATIENCE:?}").into());
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}

/// Live bytes at least and resident memory, MiB, over twelve seconds: between batches, and right after a memory table was
/// written to disk, of which one fills in about five seconds at this rate.
fn settled() -> Result<(f64, Spread), Box<dyn Error>> {
    let (mut live, mut resident) = (usize::MAX, Spread::default());
    for sample in 0..1200 {
        std::thread::sleep(Duration::from_millis(10));
        epoch::advance().map_err(|error| error.to_string())?;
        live = live.min(stats::allocated::read().map_err(|error| error.to_string())?);
        if sample % 10 == 0 {
            resident.push(resident_kib()? / 1024.0);
        }
    }
    Ok((live as f64 / f64::from(1 << 20), resident))
}

fn resident_kib() -> Result<f64, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}
