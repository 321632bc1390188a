//! Where a pipeline is measured: a cluster, the product's binary, a directory, how much is done.

use std::cell::Cell;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::kafka::Cluster;
use crate::process::Process;
use crate::work::wine_records;

/// Longest time for one run.
const PATIENCE: Duration = Duration::from_secs(600);

/// How much a benchmark does; less with `BENCH_QUICK`.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Interleaved rounds.
    pub rounds: usize,
    /// Records of a run.
    pub records: u64,
    /// The first of them, which only warm up.
    pub warm: u64,
}

impl Effort {
    /// Ten rounds of three million records, or as the environment says.
    pub fn of_environment() -> Self {
        let quick = quick();
        let number = |name: &str, quickly: u64, fully: u64| {
            let given = std::env::var(name).ok().and_then(|text| text.parse().ok());
            given.unwrap_or(if quick { quickly } else { fully })
        };
        let records = number("BENCH_RECORDS", 900_000, 3_000_000);
        Self { rounds: number("BENCH_ROUNDS", 3, 10) as usize, records, warm: records / 3 }
    }
}

/// Whether a short run is wanted.
pub fn quick() -> bool {
    std::env::var_os("BENCH_QUICK").is_some_and(|value| !value.is_empty() && value != "0")
}

/// The product's binary: beside this one, where cargo puts both.
pub fn binary() -> Result<PathBuf, Box<dyn Error>> {
    let path = std::env::current_exe()?.with_file_name("scorewheel");
    if path.exists() { Ok(path) } else { Err(format!("{} is not there", path.display()).into()) }
}

/// The project's own wines, or those that `WINE_CSV` names.
pub fn wine_csv() -> Result<PathBuf, Box<dyn Error>> {
    let own = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../demo/records.csv");
    Ok(std::path::absolute(std::env::var_os("WINE_CSV").map_or_else(own, Into::into))?)
}

/// A cluster with records to score.
pub struct Place {
    /// The cluster.
    pub cluster: Cluster,
    /// Settings of all runs.
    pub effort: Effort,
    /// Removed at the end.
    pub directory: TempDir,
    binary: PathBuf,
    runs: Cell<u32>,
}

/// A topic with records.
pub struct Input {
    /// Its name.
    pub topic: String,
    /// Its partitions.
    pub partitions: i32,
}

/// What a run came to, of its records after the warm-up.
#[derive(Clone, Copy, Debug, Default)]
pub struct Figures {
    /// CPU microseconds of the process a record.
    pub cpu: f64,
    /// Records a second.
    pub rate: f64,
    /// MiB resident at most, warm-up included.
    pub peak: f64,
    /// Share of the time that commits took, where the process tells.
    pub commits: f64,
}

impl Place {
    /// A place on this cluster.
    pub fn new(brokers: &str) -> Result<Self, Box<dyn Error>> {
        Ok(Self {
            cluster: Cluster { brokers: brokers.to_owned() },
            effort: Effort::of_environment(),
            directory: tempfile::tempdir()?,
            binary: binary()?,
            runs: Cell::new(0),
        })
    }

    /// A topic of as many records as a run scores.
    pub fn input(&self, partitions: i32) -> Result<Input, Box<dyn Error>> {
        let topic = format!("bench-records-{partitions}");
        self.cluster.preload(&topic, partitions, &wine_records()?, self.effort.records)?;
        Ok(Input { topic, partitions })
    }

    /// A control log with this model alone.
    pub fn models(&self, document: &Path) -> Result<String, Box<dyn Error>> {
        let topic = format!("bench-models-{}", document.file_stem().unwrap_or_default().to_string_lossy());
        self.cluster.create(&topic, 1)?;
        let mut publish = Command::new(&self.binary);
        publish.arg("publish").args(["--brokers", &self.cluster.brokers]);
        publish.args(["--set", &format!("topics.models={topic}")]).arg(std::path::absolute(document)?);
        let output = publish.current_dir(self.directory.path()).output()?;
        if !output.status.success() {
            return Err(format!("publish: {}", String::from_utf8_lossy(&output.stderr)).into());
        }
        Ok(topic)
    }

    /// A name that no run has had.
    pub fn name(&self, side: &str) -> String {
        self.runs.set(self.runs.get() + 1);
        format!("bench-{side}-{}-{}", std::process::id(), self.runs.get())
    }

    /// The product, as application `name`, with these settings over its defaults.
    pub fn product(&self, name: &str, input: &Input, models: &str, settings: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command.arg("run").args(["--brokers", &self.cluster.brokers]).current_dir(self.directory.path());
        let own = [
            format!("application.id={name}"),
            format!("topics.records={}", input.topic),
            format!("topics.models={models}"),
            format!("topics.results={name}-results"),
            format!("topics.dead_letters={name}-deadletters"),
            format!("topics.rejections={name}-rejections"),
            format!("engine.state_dir={}", self.directory.path().join(name).display()),
            "http.listen=127.0.0.1:0".to_owned(),
        ];
        for setting in own.iter().map(String::as_str).chain(settings.iter().copied()) {
            command.args(["--set", setting]);
        }
        command
    }

    /// Runs a command until group `name` has committed all records; then its topics are removed.
    pub fn measure(
        &self,
        name: &str,
        input: &Input,
        mut command: Command,
    ) -> Result<Figures, Box<dyn Error>> {
        let results = format!("{name}-results");
        self.cluster.create(&results, input.partitions)?;
        let log = self.directory.path().join(format!("{name}.log"));
        let mut process = Process::start(name, &mut command, &log)?;
        let outcome = self.follow(name, input, &mut process, &log);
        drop(process);
        let own = ["results", "deadletters", "rejections", "cutovers", "modelStore-changelog"];
        let own: Vec<String> = own.iter().map(|kind| format!("{name}-{kind}")).collect();
        self.cluster.delete(&own.iter().map(String::as_str).collect::<Vec<_>>())?;
        outcome.map_err(|error| {
            let said = std::fs::read_to_string(&log).unwrap_or_default();
            let start = said.len().saturating_sub(2_000);
            format!("{error}\n{}", said.get(start..).unwrap_or_default()).into()
        })
    }

    fn follow(
        &self,
        name: &str,
        input: &Input,
        process: &mut Process,
        log: &Path,
    ) -> Result<Figures, Box<dyn Error>> {
        let progress = self.cluster.progress(name, &input.topic, input.partitions)?;
        let mut reach = |records: u64| -> Result<(f64, Instant, u64), Box<dyn Error>> {
            let mut done = 0;
            process.wait_until("records scored", PATIENCE, || {
                done = progress.records();
                done >= records
            })?;
            Ok((process.cpu_seconds()?, Instant::now(), done))
        };
        let (cpu_before, time_before, warm) = reach(self.effort.warm)?;
        let commits_before = commit_seconds(log);
        let (cpu, time, done) = reach(self.effort.records)?;
        let records = (done - warm) as f64;
        let seconds = time.duration_since(time_before).as_secs_f64();
        let results = self.cluster.length(&format!("{name}-results"), input.partitions)?;
        if results < i64::try_from(done)? {
            return Err(format!("{name}: {results} results of {done} records").into());
        }
        Ok(Figures {
            cpu: (cpu - cpu_before) / records * 1e6,
            rate: records / seconds,
            peak: process.memory("VmHWM")?,
            commits: (commit_seconds(log) - commits_before) / seconds,
        })
    }
}

/// Where a process that wrote this log listens.
pub fn url(log: &Path) -> Option<String> {
    let said = std::fs::read_to_string(log).ok()?;
    said.lines().find_map(|line| Some(line.split("listening on ").nth(1)?.trim().to_owned()))
}

/// Seconds that commits have taken, as the process says; 0 if it does not.
fn commit_seconds(log: &Path) -> f64 {
    let ask = || {
        let metrics =
            ureq::get(format!("{}/metrics", url(log)?)).call().ok()?.body_mut().read_to_string().ok()?;
        let line = metrics.lines().find_map(|line| line.strip_prefix("scorewheel_commit_seconds_sum"))?;
        line.trim().parse().ok()
    };
    ask().unwrap_or(0.0)
}
