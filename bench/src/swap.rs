//! Latency under hot swaps: an open loop at half of what saturates, beside steady state and steady state again.

use std::error::Error;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use crate::clock::say;
use crate::kafka::Cluster;
use crate::place::{Input, Place, quick};
use crate::process::Process;
use crate::publish;
use crate::spread::Spread;
use crate::work::wine_records;

const PARTITIONS: i32 = 4;
/// Records that are due are handed over so often.
const TICK: Duration = Duration::from_millis(1);
const PHASES: [&str; 3] = ["steady", "steady again", "swaps"];

/// A record as the reader of results saw it: when it was due and when it came, microseconds since the start.
type Seen = (u64, u64);

/// A phase's kind, and where it begins and ends.
type Mark = (usize, u64, u64);

/// Prints latencies of each phase and their ratios. `BENCH_RATE` takes the place of half the saturated rate.
pub fn run(brokers: &str, document: &Path) -> Result<(), Box<dyn Error>> {
    let place = Place::new(brokers)?;
    let models = place.models(document)?;
    let rate = match std::env::var("BENCH_RATE").ok().and_then(|text| text.parse().ok()) {
        Some(rate) => rate,
        None => saturated(&place, &models)? / 2.0,
    };
    let (rounds, phase, swaps) = if quick() { (2, 4, 10) } else { (10, 5, 10) };
    let phase = Duration::from_secs(phase);
    let name = place.name("swap");
    let input = Input { topic: format!("{name}-records"), partitions: PARTITIONS };
    let results = format!("{name}-results");
    place.cluster.create(&input.topic, PARTITIONS)?;
    place.cluster.create(&results, PARTITIONS)?;
    let log = place.directory.path().join("swap.log");
    let mut command = place.product(&name, &input, &models, &[]);
    let mut process = Process::start("run", &mut command, &log)?;
    let start = Instant::now();
    let over = AtomicBool::new(false);
    let (marks, seen) = scope(|threads| -> Result<_, Box<dyn Error>> {
        let producer = threads
            .spawn(|| produce(&place.cluster, &input, rate, start, &over).map_err(|error| error.to_string()));
        let reader =
            threads.spawn(|| read(&place.cluster, &results, start, &over).map_err(|error| error.to_string()));
        let marks = phases(&place, &models, document, (rounds, phase, swaps), start, &mut process);
        over.store(true, Ordering::Release);
        let produced = producer.join().map_err(|_| "the producer panicked")?;
        let seen = reader.join().map_err(|_| "the reader panicked")?;
        produced?;
        Ok((marks?, seen?))
    })?;
    drop(process);
    place.cluster.delete(&[&input.topic, &results])?;
    report(rate, rounds, swaps, &marks, &seen);
    Ok(())
}

/// Records a second when as many as possible are scored.
fn saturated(place: &Place, models: &str) -> Result<f64, Box<dyn Error>> {
    let input = place.input(PARTITIONS)?;
    let name = place.name("ours");
    Ok(place.measure(&name, &input, place.product(&name, &input, models, &[]))?.rate)
}

/// Goes through the phases, publishing in the last of each round; where each begins and ends.
fn phases(
    place: &Place,
    models: &str,
    document: &Path,
    (rounds, phase, swaps): (u64, Duration, u64),
    start: Instant,
    process: &mut Process,
) -> Result<Vec<Mark>, Box<dyn Error>> {
    let messages = (0..rounds * swaps).map(|version| publish::message(document, version));
    let mut messages = messages.collect::<Result<Vec<_>, _>>()?.into_iter();
    let writer = place.cluster.writer()?;
    // The first records find classes, caches and connections cold.
    sleep(phase);
    let mut marks = Vec::new();
    let now = || start.elapsed().as_micros() as u64;
    for _ in 0..rounds {
        for kind in 0..PHASES.len() {
            process.check()?;
            let begin = now();
            if kind == 2 {
                let every = phase / swaps as u32;
                for (key, value) in messages.by_ref().take(swaps as usize) {
                    writer.send(models, 0, key.as_bytes(), &value)?;
                    sleep(every);
                }
            } else {
                sleep(phase);
            }
            marks.push((kind, begin, now()));
            // What was published last takes over here, and counts for nobody.
            sleep(Duration::from_secs(1));
        }
    }
    Ok(marks)
}

/// Sends records when they are due; the key of each is the time, in microseconds since the start.
fn produce(
    cluster: &Cluster,
    input: &Input,
    rate: f64,
    start: Instant,
    over: &AtomicBool,
) -> Result<(), Box<dyn Error>> {
    let values = wine_records()?;
    let writer = cluster.writer()?;
    let mut sent = 0_u64;
    while !over.load(Ordering::Acquire) {
        let due = (start.elapsed().as_secs_f64() * rate) as u64;
        while sent < due {
            let at = (sent as f64 / rate * 1e6) as u64;
            let partition = i32::try_from(sent % PARTITIONS as u64)?;
            writer.send(&input.topic, partition, &at.to_be_bytes(), &values[sent as usize % values.len()])?;
            sent += 1;
        }
        sleep(TICK);
    }
    Ok(())
}

/// Reads committed results until it is over.
fn read(
    cluster: &Cluster,
    topic: &str,
    start: Instant,
    over: &AtomicBool,
) -> Result<Vec<Seen>, Box<dyn Error>> {
    let reader = cluster.reader(topic, PARTITIONS)?;
    let mut seen = Vec::new();
    while !over.load(Ordering::Acquire) {
        reader.poll(Duration::from_millis(20), |key| {
            if let Some(due) = key.first_chunk::<8>() {
                seen.push((u64::from_be_bytes(*due), start.elapsed().as_micros() as u64));
            }
        })?;
    }
    Ok(seen)
}

fn report(rate: f64, rounds: u64, swaps: u64, marks: &[Mark], seen: &[Seen]) {
    let mut middle: [Spread; 3] = Default::default();
    let [mut tail, mut gap, mut ratio] = [middle.clone(), middle.clone(), middle.clone()];
    let mut steady = 0.0;
    for (kind, begin, end) in marks {
        let within = |at: u64| (*begin..*end).contains(&at);
        let mut latencies: Vec<u64> = seen
            .iter()
            .filter(|(due, _)| within(*due))
            .map(|(due, came)| came.saturating_sub(*due))
            .collect();
        latencies.sort_unstable();
        let at = |share: f64| {
            let place = (latencies.len() as f64 * share) as usize;
            latencies.get(place).map_or(0.0, |latency| *latency as f64 / 1e3)
        };
        let mut longest = 0;
        for pair in seen.windows(2).filter(|pair| within(pair[1].1)) {
            longest = longest.max(pair[1].1 - pair[0].1);
        }
        middle[*kind].push(at(0.5));
        tail[*kind].push(at(0.99));
        gap[*kind].push(longest as f64 / 1e3);
        if *kind == 0 {
            steady = at(0.99);
        }
        ratio[*kind].push(at(0.99) / steady);
    }
    say(&format!(
        "{rate:.0} records a second from an open loop, latency from the time at which a record was due to its result's \
         being read, committed; {rounds} rounds of each phase, {swaps} swaps in each of the last.\n"
    ));
    say("| phase | p50 ms | p99 ms | p99 / steady's of its round | longest time without a result, ms |");
    say("|---|---|---|---|---|");
    for (kind, name) in PHASES.iter().enumerate() {
        say(&format!("| {name} | {} | {} | {} | {} |", middle[kind], tail[kind], ratio[kind], gap[kind]));
    }
}
