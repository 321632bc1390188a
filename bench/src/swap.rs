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
/// Records that are sent before the producer looks again whether it is over.
const RUN: u64 = 1024;
/// How long the saturated rate is measured, after as long a time that does not count.
const SATURATED: Duration = Duration::from_secs(6);
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
    let (marks, seen) = under_load(&place, &models, rate, |start, process| {
        phases(&place, &models, document, (rounds, phase, swaps), start, process)
    })?;
    report(rate, rounds, swaps, &marks, &seen);
    Ok(())
}

/// Runs the product between a producer of this rate and a reader of its results while `work` goes on: what that says,
/// and what the reader saw.
fn under_load<T>(
    place: &Place,
    models: &str,
    rate: f64,
    work: impl FnOnce(Instant, &mut Process) -> Result<T, Box<dyn Error>>,
) -> Result<(T, Vec<Seen>), Box<dyn Error>> {
    let name = place.name("swap");
    let input = Input { topic: format!("{name}-records"), partitions: PARTITIONS };
    let results = format!("{name}-results");
    place.cluster.create(&input.topic, PARTITIONS)?;
    place.cluster.create(&results, PARTITIONS)?;
    let log = place.directory.path().join("swap.log");
    let mut command = place.product(&name, &input, models, &[]);
    let mut process = Process::start("run", &mut command, &log)?;
    let (start, cluster) = (Instant::now(), &place.cluster);
    let over = AtomicBool::new(false);
    let outcome = scope(|threads| -> Result<_, Box<dyn Error>> {
        let producer =
            threads.spawn(|| produce(cluster, &input, rate, start, &over).map_err(|error| error.to_string()));
        let reader =
            threads.spawn(|| read(cluster, &results, start, &over).map_err(|error| error.to_string()));
        let done = work(start, &mut process);
        over.store(true, Ordering::Release);
        let produced = producer.join().map_err(|_| "the producer panicked")?;
        let seen = reader.join().map_err(|_| "the reader panicked")?;
        produced?;
        Ok((done?, seen?))
    })?;
    drop(process);
    place.cluster.delete(&[&input.topic, &results])?;
    Ok(outcome)
}

/// Results a second when records come as fast as one producer sends them: what the product, the broker, the producer
/// and the reader of results manage together on this machine.
fn saturated(place: &Place, models: &str) -> Result<f64, Box<dyn Error>> {
    let (window, seen) = under_load(place, models, f64::INFINITY, |start, process| {
        let now = || start.elapsed().as_micros() as u64;
        // As in the phases, the first seconds find everything cold.
        sleep(SATURATED);
        process.check()?;
        let begin = now();
        sleep(SATURATED);
        Ok(begin..now())
    })?;
    let results = seen.iter().filter(|(_, came)| window.contains(came)).count();
    Ok(results as f64 * 1e6 / (window.end - window.start) as f64)
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
        let all_due = (start.elapsed().as_secs_f64() * rate) as u64;
        let due = all_due.min(sent + RUN);
        while sent < due {
            let at = (sent as f64 / rate * 1e6) as u64;
            let partition = i32::try_from(sent % PARTITIONS as u64)?;
            writer.send(&input.topic, partition, &at.to_be_bytes(), &values[sent as usize % values.len()])?;
            sent += 1;
        }
        if due == all_due {
            sleep(TICK);
        }
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
