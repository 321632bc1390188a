//! Memory of `run` under a steady load.

use std::error::Error;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::clock::say;
use crate::place::{Input, Place, binary, url, wine_csv};
use crate::process::Process;
use crate::spread::Spread;

/// Records a second.
const RATE: &str = "50000";
/// How long the first records may take.
const PATIENCE: Duration = Duration::from_secs(60);
const PARTITIONS: i32 = 4;

fn producer(directory: &Path) -> Result<Command, Box<dyn Error>> {
    let mut produce = Command::new(binary()?);
    produce.arg("produce").arg(wine_csv()?).current_dir(directory);
    produce.args(["--delimiter", ";", "--no-header", "--loop", "--rate", RATE]);
    Ok(produce)
}

/// Embedded topics, records over HTTP.
pub fn embedded(document: &Path, seconds: u64) -> Result<(), Box<dyn Error>> {
    let directory = tempfile::tempdir()?;
    let place = |command: &str| {
        let mut client = Command::new(binary()?);
        client
            .arg(command)
            .arg("--data-dir")
            .arg(directory.path().join("data"))
            .current_dir(directory.path());
        Ok::<_, Box<dyn Error>>(client)
    };
    let published = place("publish")?.arg(std::path::absolute(document)?).status()?;
    if !published.success() {
        return Err("the model was not published".into());
    }
    let log = directory.path().join("run.log");
    let mut run = place("run")?;
    run.args(["--listen", "127.0.0.1:0", "--set", "topics.create=all"]);
    let mut process = Process::start("run", &mut run, &log)?;
    process.wait_until("it listens", PATIENCE, || url(&log).is_some())?;
    let mut produce = producer(directory.path())?;
    produce.arg("--url").arg(url(&log).unwrap_or_default());
    let producer = Process::start("produce", &mut produce, &directory.path().join("produce.log"))?;
    watch("embedded", &mut process, producer, seconds, || results(&log))
}

/// Kafka.
pub fn kafka(brokers: &str, document: &Path, seconds: u64) -> Result<(), Box<dyn Error>> {
    let place = Place::new(brokers)?;
    let models = place.models(document)?;
    let name = place.name("soak");
    let input = Input { topic: format!("{name}-records"), partitions: PARTITIONS };
    place.cluster.create(&input.topic, PARTITIONS)?;
    let log = place.directory.path().join("soak.log");
    let mut process = Process::start("run", &mut place.product(&name, &input, &models, &[]), &log)?;
    let mut produce = producer(place.directory.path())?;
    produce.args(["--brokers", brokers, "--topic", &input.topic]);
    let producer = Process::start("produce", &mut produce, &place.directory.path().join("produce.log"))?;
    watch("Kafka", &mut process, producer, seconds, || results(&log))?;
    drop(process);
    place.cluster.delete(&[&input.topic, &format!("{name}-results")])
}

/// Results so far, as the process says.
fn results(log: &Path) -> f64 {
    let ask = || {
        let url = url(log)?;
        let metrics = ureq::get(format!("{url}/metrics")).call().ok()?.body_mut().read_to_string().ok()?;
        let of_partitions =
            metrics.lines().filter(|line| line.starts_with("scorewheel_result_records_total{"));
        Some(of_partitions.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum())
    };
    ask().unwrap_or(0.0)
}

fn watch(
    what: &str,
    process: &mut Process,
    mut producer: Process,
    seconds: u64,
    results: impl Fn() -> f64,
) -> Result<(), Box<dyn Error>> {
    process.wait_until("results", PATIENCE, || results() > 0.0)?;
    let (begin, before, cpu) = (Instant::now(), results(), process.cpu_seconds()?);
    let mut resident = Spread::default();
    while begin.elapsed() < Duration::from_secs(seconds) {
        std::thread::sleep(Duration::from_secs(1));
        process.check()?;
        producer.check()?;
        resident.push(process.memory("VmRSS")?);
    }
    let records = results() - before;
    let time = begin.elapsed().as_secs_f64();
    say(
        "| `run` at 50,000 records a second | results/s | RSS MiB, each second | RSS at most | CPU µs a record |",
    );
    say("|---|---|---|---|---|");
    say(&format!(
        "| {what}, {seconds} s | {:.0} | {resident} | {:.0} | {:.2} |",
        records / time,
        process.memory("VmHWM")?,
        (process.cpu_seconds()? - cpu) / records * 1e6
    ));
    Ok(())
}
