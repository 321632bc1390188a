//! What watching costs: drift on the scorer alone, and everything together on `run` at 100,000 records a second.

use std::error::Error;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use scorewheel::running::DriftFeed;
use scorewheel_codecs::DataTypes;
use scorewheel_model::{Digest, Limits, Mapping, Model, ModelKey, ModelType};
use scorewheel_pmml::PmmlModel;
use scorewheel_scoring::RecordCodecs;
use scorewheel_serving::{
    InstalledModel, Meter, ModelReference, Policies, Records, Revision, ScoredRows, Scorer, Watch, Watcher,
    fed_fields,
};
use scorewheel_telemetry::drift::BoardSettings;

use crate::clock::{rate, say};
use crate::place::{Input, Place, binary, quick, url, wine_csv};
use crate::process::Process;
use crate::spread::Spread;
use crate::work::wine_records;

/// Records a second.
const RATE: &str = "100000";
const PARTITIONS: i32 = 4;
/// How long the first results may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// Rows at once, as the scoring processor takes them.
const BLOCK: usize = 1024;

/// Drift on decoding and scoring alone, in full speed: CPU time of this thread, variants in turn.
pub fn scorer(document: &Path) -> Result<(), Box<dyn Error>> {
    let records = wine_records()?;
    let (rounds, seconds) = if quick() { (5, 0.2) } else { (15, 1.0) };
    let watched = |rows_per_second| BoardSettings { rows_per_second, ..BoardSettings::default() };
    let every_row = 1_000_000_000;
    let mut variants = [
        Variant::new(document, None)?,
        Variant::new(document, Some(watched(BoardSettings::default().rows_per_second)))?,
        Variant::new(document, Some(watched(every_row)))?,
    ];
    say(&format!(
        "| decode and score, {rounds} interleaved rounds | CPU ns a record | drift of 500 rows a second / none | drift of \
         every row, CPU ns a record more |"
    ));
    say("|---|---|---|---|");
    for (what, block) in [("1,024 at once", BLOCK), ("one at a time", 1)] {
        let mut figures: [Spread; 3] = Default::default();
        for round in 0..rounds {
            let mut times = [0.0; 3];
            for turn in 0..3 {
                let index = (round + turn) % 3;
                times[index] = 1e9 / variants[index].rate(&records, block, seconds);
            }
            figures[0].push(times[0]);
            figures[1].push(times[1] / times[0]);
            figures[2].push(times[2] - times[0]);
        }
        let [none, ratio, every] = figures;
        say(&format!("| {what} | {none} | {ratio:.4} | {every} |"));
    }
    Ok(())
}

struct Variant {
    scorer: Scorer<RecordCodecs>,
    revision: Revision,
    meter: WatchingMeter,
}

struct WatchingMeter {
    start: Instant,
    watcher: Option<Box<dyn Watcher>>,
}

impl Meter for WatchingMeter {
    fn nanoseconds(&mut self) -> u64 {
        u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    fn scored(&mut self, rows: &ScoredRows<'_>) {
        if let Some(watcher) = &mut self.watcher {
            watcher.scored(rows, i64::try_from(self.start.elapsed().as_millis()).unwrap_or(i64::MAX));
        }
    }
}

struct Slice<'a>(&'a [Vec<u8>]);

impl Records for Slice<'_> {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn value(&self, index: usize) -> Option<&[u8]> {
        self.0.get(index).map(Vec::as_slice)
    }

    fn data_type(&self, _: usize) -> Option<&[u8]> {
        None
    }
}

impl Variant {
    fn new(document: &Path, watched: Option<BoardSettings>) -> Result<Self, Box<dyn Error>> {
        let data_types = Arc::new(DataTypes::wine()?);
        let schema = Arc::clone(data_types.all()[0].schema());
        let model =
            PmmlModel::load(&std::fs::read(document)?, None, &Mapping::default(), &Limits::default())?;
        let bound = model.bind(&schema, &Mapping::default())?;
        let reference = ModelReference {
            offset: 0,
            key: ModelKey::parse("wine/model")?,
            version: "@0".into(),
            sha256: Digest::of(b"model"),
            message: Digest::of(b"message"),
            timestamp: 0,
        };
        let installed = InstalledModel::new(reference, "", ModelType::Pmml, model.summary(), 0, bound)
            .with_fed(fed_fields(&model, &schema, &Mapping::default()));
        let feed = watched.map(|settings| DriftFeed::new(settings, || 0));
        Ok(Self {
            scorer: Scorer::new(RecordCodecs::new(data_types)?, Policies::default()),
            revision: Revision::new(0, Digest::of(b"message"), vec![Arc::new(installed)]),
            meter: WatchingMeter { start: Instant::now(), watcher: feed.map(|feed| feed.watcher()) },
        })
    }

    /// Records a CPU-second.
    fn rate(&mut self, records: &[Vec<u8>], block: usize, seconds: f64) -> f64 {
        let records = Slice(&records[..records.len().min(8 * BLOCK)]);
        rate(seconds, records.len(), || {
            let mut start = 0;
            while start < records.len() {
                let range = start..records.len().min(start + block);
                start = range.end;
                let scored = self.scorer.score(&self.revision, &records, range, &mut self.meter);
                std::hint::black_box(scored.taken());
            }
        })
    }
}

/// What `run` does beside scoring.
#[derive(Clone, Copy)]
enum Watched {
    Nothing,
    Drift,
    All,
}

/// `run` on a real Kafka at 100,000 records a second, without anything to watch it, with drift, and with the InfluxDB sink,
/// traces, a scrape a second and drift: CPU time of the process, variants in turn.
pub fn kafka(brokers: &str, document: &Path) -> Result<(), Box<dyn Error>> {
    let place = Place::new(brokers)?;
    let models = place.models(document)?;
    let receiver = receiver()?;
    let seconds = Duration::from_secs(if quick() { 5 } else { 20 });
    let rounds = if quick() { 2 } else { place.effort.rounds };
    let variants = [Watched::Nothing, Watched::Drift, Watched::All];
    let (mut cpu, mut rates): ([Spread; 3], [Spread; 3]) = Default::default();
    let [mut drift, mut all] = [Spread::default(), Spread::default()];
    for round in 0..rounds {
        let mut times = [0.0; 3];
        for turn in 0..3 {
            let index = (round + turn) % 3;
            let (time, rate) = at_work(&place, &models, variants[index], &receiver, seconds)?;
            times[index] = time;
            cpu[index].push(time);
            rates[index].push(rate);
        }
        drift.push(times[1] / times[0]);
        all.push(times[2] / times[0]);
    }
    say(&format!(
        "| `run` at 100,000 records a second, {rounds} interleaved rounds of {} s | CPU µs a record | records/s | with / \
         without |",
        seconds.as_secs()
    ));
    say("|---|---|---|---|");
    say(&format!("| nothing watches | {} | {} | |", cpu[0], rates[0]));
    say(&format!("| drift | {} | {} | {drift:.3} |", cpu[1], rates[1]));
    say(&format!("| InfluxDB, traces, a scrape a second, drift | {} | {} | {all:.3} |", cpu[2], rates[2]));
    Ok(())
}

/// CPU microseconds a record, and records a second.
fn at_work(
    place: &Place,
    models: &str,
    watched: Watched,
    receiver: &str,
    seconds: Duration,
) -> Result<(f64, f64), Box<dyn Error>> {
    let name = place.name("watching");
    let input = Input { topic: format!("{name}-records"), partitions: PARTITIONS };
    place.cluster.create(&input.topic, PARTITIONS)?;
    let outcome = measure(place, &name, &input, models, watched, receiver, seconds);
    let own =
        ["records", "results", "deadletters", "rejections", "cutovers", "modelStore-changelog", "instances"];
    let own: Vec<String> = own.iter().map(|kind| format!("{name}-{kind}")).collect();
    place.cluster.delete(&own.iter().map(String::as_str).collect::<Vec<_>>())?;
    outcome
}

fn measure(
    place: &Place,
    name: &str,
    input: &Input,
    models: &str,
    watched: Watched,
    receiver: &str,
    seconds: Duration,
) -> Result<(f64, f64), Box<dyn Error>> {
    let (influx, traces) = (format!("influx.url={receiver}"), format!("traces.url={receiver}"));
    let settings: &[&str] = match watched {
        Watched::Nothing => &["drift.enabled=false"],
        Watched::Drift => &[],
        Watched::All => &[&influx, &traces],
    };
    let log = place.directory.path().join(format!("{name}.log"));
    let mut process = Process::start("run", &mut place.product(name, input, models, settings), &log)?;
    let mut produce = Command::new(binary()?);
    produce.arg("produce").arg(wine_csv()?).args([
        "--delimiter",
        ";",
        "--no-header",
        "--loop",
        "--rate",
        RATE,
    ]);
    produce.args(["--brokers", &place.cluster.brokers, "--topic", &input.topic]);
    produce.current_dir(place.directory.path());
    let mut producer =
        Process::start("produce", &mut produce, &place.directory.path().join(format!("{name}-produce.log")))?;
    // Models are warm, the sink has found its rate, and the first second's burst is over.
    let warm = 300_000.0;
    process.wait_until("results", PATIENCE, || results(&log) > warm)?;
    let (begin, before, cpu) = (Instant::now(), results(&log), process.cpu_seconds()?);
    while begin.elapsed() < seconds {
        std::thread::sleep(Duration::from_secs(1));
        process.check()?;
        producer.check()?;
        if matches!(watched, Watched::All) {
            results(&log);
        }
    }
    let cpu = process.cpu_seconds()? - cpu;
    let time = begin.elapsed().as_secs_f64();
    let records = results(&log) - before;
    Ok((cpu / records * 1e6, records / time))
}

/// Results so far, as the process says: a scrape.
fn results(log: &Path) -> f64 {
    let ask = || {
        let metrics =
            ureq::get(format!("{}/metrics", url(log)?)).call().ok()?.body_mut().read_to_string().ok()?;
        let of_partitions =
            metrics.lines().filter(|line| line.starts_with("scorewheel_result_records_total{"));
        Some(of_partitions.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum())
    };
    ask().unwrap_or(0.0)
}

/// Takes whatever an InfluxDB and a collector of traces would be sent, and says yes. Its URL.
fn receiver() -> Result<String, Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}", listener.local_addr()?);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || converse(stream));
        }
    });
    Ok(url)
}

/// Answers requests until the connection ends.
fn converse(stream: TcpStream) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut stream = stream;
    loop {
        let mut request = String::new();
        if reader.read_line(&mut request)? == 0 {
            return Ok(());
        }
        let mut length = 0;
        loop {
            let mut header = String::new();
            reader.read_line(&mut header)?;
            let header = header.trim().to_ascii_lowercase();
            if header.is_empty() {
                break;
            }
            if let Some(value) = header.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
        }
        std::io::copy(&mut (&mut reader).take(length), &mut std::io::sink())?;
        let answer: &[u8] = if request.contains(" /write") {
            b"HTTP/1.1 204 No Content\r\n\r\n"
        } else {
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 14\r\n\r\n{\"results\":[]}"
        };
        stream.write_all(answer)?;
    }
}
