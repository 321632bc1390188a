//! From exec to the first answer.

use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use crate::clock::say;
use crate::place::{Input, Place, binary, quick, url};
use crate::process::Process;
use crate::spread::Spread;
use crate::work::wine_records;

const PATIENCE: Duration = Duration::from_secs(30);

fn rounds() -> usize {
    if quick() { 5 } else { 20 }
}

/// Prints the time of `score` to its first line, for each document.
pub fn score(documents: &[&str]) -> Result<(), Box<dyn Error>> {
    let row = br#"{"fixed acidity":7.4,"volatile acidity":0.7,"citric acid":0,"residual sugar":1.9,"chlorides":0.076,"free sulfur dioxide":11,"total sulfur dioxide":34,"density":0.9978,"pH":3.51,"sulphates":0.56,"alcohol":9.4}"#;
    say("| `score`, exec to first line | ms |");
    say("|---|---|");
    for document in documents {
        let mut times = Spread::default();
        for _ in 0..rounds() {
            let begin = Instant::now();
            let mut child = Command::new(binary()?)
                .args(["score", "--model", document])
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()?;
            let mut stdin = child.stdin.take().ok_or("no standard input")?;
            stdin.write_all(row)?;
            stdin.write_all(b"\n")?;
            drop(stdin);
            let mut line = String::new();
            BufReader::new(child.stdout.take().ok_or("no standard output")?).read_line(&mut line)?;
            times.push(begin.elapsed().as_secs_f64() * 1e3);
            if !child.wait()?.success() || !line.contains("\"out\"") {
                return Err(format!("score with {document} said {line:?}").into());
            }
        }
        let name = Path::new(document).file_name().unwrap_or_default().to_string_lossy();
        say(&format!("| {name} | {times} |"));
    }
    Ok(())
}

/// Milliseconds since the epoch at which the log first says something; lines begin with the time in RFC 3339.
fn said_at(log: &str, what: &str) -> Option<f64> {
    let line = log.lines().find(|line| line.contains(what))?;
    let (date, clock) = line.split_whitespace().next()?.strip_suffix('Z')?.split_once('T')?;
    let mut parts = clock.split(':').map(|part| part.parse::<f64>().ok());
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next()??);
    let mut parts = date.split('-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    // Days from the civil date, counted from 1 March of year 0.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day - 1 - 719_468;
    Some((days as f64 * 86_400.0 + hour * 3_600.0 + minute * 60.0 + second) * 1e3)
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64() * 1e3
}

/// What the log says on the way, in order.
const STEPS: [(&str, &str); 5] = [
    ("started", " started "),
    ("model installed", "model installed"),
    ("partitions assigned", "partitions assigned"),
    ("cut over", "cut over"),
    ("listening", "listening on"),
];

fn get(url: &str, path: &str) -> Option<String> {
    ureq::get(format!("{url}{path}")).call().ok()?.body_mut().read_to_string().ok()
}

fn end(url: &str) -> Option<i64> {
    let range: Value = serde_json::from_str(&get(url, "/v1/topics/models_results/partitions/0")?).ok()?;
    range["lastStable"].as_i64()
}

/// Prints the phases of `run` on an embedded directory that has a model, a committed past, and a record that waits.
pub fn embedded(document: &Path) -> Result<(), Box<dyn Error>> {
    let directory = tempfile::tempdir()?;
    let data = directory.path().join("data");
    let log = directory.path().join("run.log");
    let csv = Path::new(env!("CARGO_MANIFEST_DIR")).join("../demo/records.csv");
    let client = |command: &str| {
        let mut client = Command::new(binary()?);
        client.arg(command).arg("--data-dir").arg(&data).current_dir(directory.path());
        client.stdout(Stdio::null());
        Ok::<_, Box<dyn Error>>(client)
    };
    let produce = |count: &str| {
        let mut produce = client("produce")?;
        produce.arg(&csv).args(["--delimiter", ";", "--no-header", "--rate", "max", "--loop", "-n", count]);
        done(&mut produce)
    };
    done(client("publish")?.arg(std::path::absolute(document)?))?;
    produce("10000")?;
    let mut steps: [Spread; STEPS.len()] = Default::default();
    let mut first = Spread::default();
    for round in 0..=rounds() {
        let (begin, begin_wall) = (Instant::now(), now());
        let mut command = client("run")?;
        command.args(["--listen", "127.0.0.1:0"]);
        let before =
            if round == 0 { 0 } else { std::fs::read_to_string(directory.path().join("end"))?.parse()? };
        let mut process = Process::start("run", &mut command, &log)?;
        let path = format!("/v1/topics/models_results/partitions/0/records?offset={before}&wait=5000&max=1");
        let deadline = begin + PATIENCE;
        let read = loop {
            process.check()?;
            match url(&log).and_then(|url| get(&url, &path)) {
                Some(text) if !text.trim().is_empty() => break begin.elapsed().as_secs_f64() * 1e3,
                _ if Instant::now() > deadline => return Err("there is no result".into()),
                _ => std::thread::sleep(Duration::from_millis(1)),
            }
        };
        let said = std::fs::read_to_string(&log)?;
        // The first start finds a directory without a past.
        if round > 0 {
            first.push(read);
            for (spread, (_, what)) in steps.iter_mut().zip(STEPS) {
                if let Some(at) = said_at(&said, what) {
                    spread.push(at - begin_wall);
                }
            }
        }
        let mut last = -1;
        process.wait_until("all is scored", PATIENCE, || {
            let seen = url(&log).and_then(|url| end(&url)).unwrap_or(-1);
            std::mem::replace(&mut last, seen) == seen && seen > before
        })?;
        std::fs::write(directory.path().join("end"), last.to_string())?;
        process.leave()?;
        produce("1")?;
    }
    say("| `run` on an embedded directory, ms after exec | |");
    say("|---|---|");
    for (spread, (name, _)) in steps.iter().zip(STEPS).filter(|(spread, _)| !spread.is_empty()) {
        say(&format!("| {name} (log) | {spread} |"));
    }
    say(&format!("| first result readable over HTTP | {first} |"));
    Ok(())
}

/// Prints the time from the assignment of partitions to the first result that a committed-only reader sees, on Kafka.
pub fn kafka(brokers: &str, document: &Path) -> Result<(), Box<dyn Error>> {
    let place = Place::new(brokers)?;
    let models = place.models(document)?;
    let values = wine_records()?;
    let [mut assigned, mut after, mut whole]: [Spread; 3] = Default::default();
    for _ in 0..rounds() {
        let name = place.name("start");
        let input = Input { topic: format!("{name}-records"), partitions: 1 };
        place.cluster.preload(&input.topic, 1, &values, 1)?;
        place.cluster.create(&format!("{name}-results"), 1)?;
        let reader = place.cluster.reader(&format!("{name}-results"), 1)?;
        // So that the reader stands at the end before the first result comes.
        reader.poll(Duration::from_secs(1), |_| ())?;
        let log = place.directory.path().join(format!("{name}.log"));
        let begin = now();
        let mut process = Process::start("run", &mut place.product(&name, &input, &models, &[]), &log)?;
        process.wait_until("a result", PATIENCE, || reader.poll(PATIENCE, |_| ()).unwrap_or(false))?;
        let end = now();
        let said = std::fs::read_to_string(&log)?;
        let at = said_at(&said, "partitions assigned").ok_or("the log does not tell the assignment")?;
        assigned.push(at - begin);
        after.push(end - at);
        whole.push(end - begin);
        process.leave()?;
        place.cluster.delete(&[&input.topic, &format!("{name}-results")])?;
    }
    say("| `run` on Kafka, a new group, ms | |");
    say("|---|---|");
    say(&format!("| exec to assignment | {assigned} |"));
    say(&format!("| assignment to first result readable | {after} |"));
    say(&format!("| exec to first result readable | {whole} |"));
    Ok(())
}

fn done(command: &mut Command) -> Result<(), Box<dyn Error>> {
    let output = command.stderr(Stdio::piped()).spawn()?.wait_with_output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_the_log() {
        let log = "scorewheel: hello\n2026-11-28T14:37:17.759072Z  INFO model installed x=1\n";
        assert_eq!(said_at(log, "model installed"), Some(1_795_876_637_759.072));
        assert_eq!(said_at(log, "hello"), None);
        assert_eq!(said_at(log, "cut over"), None);
    }
}
