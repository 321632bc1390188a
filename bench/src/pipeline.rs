//! Consume → score → produce on a real Kafka, in transactions: beside a bare client, and beside Kafka Streams with JPMML.

use std::error::Error;
use std::path::Path;
use std::process::Command;

use crate::clock::say;
use crate::place::{Figures, Input, Place};
use crate::spread::{Spread, short};
use crate::work::{Style, Work};

/// Seconds of CPU for the work without topics.
const ALONE_SECONDS: f64 = 1.0;
const PARTITIONS: i32 = 4;

/// A side of a comparison, over the rounds.
#[derive(Default)]
struct Side {
    cpu: Spread,
    rate: Spread,
    peak: Spread,
}

impl Side {
    fn push(&mut self, figures: &Figures) {
        self.cpu.push(figures.cpu);
        self.rate.push(figures.rate);
        self.peak.push(figures.peak);
    }
}

/// Prints both tables. `peer` is the Kafka Streams program without its arguments; empty if there is none.
pub fn run(brokers: &str, tree: &Path, forest: &Path, peer: &[&str]) -> Result<(), Box<dyn Error>> {
    let place = Place::new(brokers)?;
    let input = place.input(PARTITIONS)?;
    let effort = place.effort;
    say(&format!(
        "{} interleaved rounds of {} records, {} of them to warm up; {PARTITIONS} partitions, one thread, exactly once, \
         a commit every 100 ms. CPU of the client's process alone.\n",
        effort.rounds, effort.records, effort.warm
    ));
    let mut floor = vec![
        "| model, results | bare client, CPU µs a record | ours | ours − bare | decode, score, encode alone | goal for ours − bare | ours, records/s |".to_owned(),
        "|---|---|---|---|---|---|---|".to_owned(),
    ];
    let mut against = vec![
        "| model | ours, CPU µs a record | Kafka Streams + JPMML | peer / ours | our default / ours | ours, peak RSS MiB | peer | ours / peer | peer, records/s |".to_owned(),
        "|---|---|---|---|---|---|---|---|---|".to_owned(),
    ];
    for (what, document) in [("tree", tree), ("forest", forest)] {
        let models = place.models(document)?;
        let mut comparison = Comparison { place: &place, input: &input, models: &models, document };
        comparison.rounds(what, peer, &mut floor, &mut against)?;
    }
    floor.iter().for_each(|line| say(line));
    say("");
    if !peer.is_empty() {
        against.iter().for_each(|line| say(line));
    }
    Ok(())
}

struct Comparison<'a> {
    place: &'a Place,
    input: &'a Input,
    models: &'a str,
    document: &'a Path,
}

impl Comparison<'_> {
    fn rounds(
        &mut self,
        what: &str,
        peer: &[&str],
        floor: &mut Vec<String>,
        against: &mut Vec<String>,
    ) -> Result<(), Box<dyn Error>> {
        let styles = [Style::Score, Style::Json];
        let mut sides: [[Side; 2]; 2] = Default::default();
        let [mut more, mut alone]: [[Spread; 2]; 2] = Default::default();
        let (mut theirs, mut ratio, mut share, mut default) =
            (Side::default(), Spread::default(), Spread::default(), Spread::default());
        for _ in 0..self.place.effort.rounds {
            let mut own = [Figures::default(); 2];
            for (index, style) in styles.into_iter().enumerate() {
                let bare = self.bare(style)?;
                own[index] = self.ours(style)?;
                sides[index][0].push(&bare);
                sides[index][1].push(&own[index]);
                more[index].push(own[index].cpu - bare.cpu);
                alone[index].push(Work::new(self.document, style)?.alone(ALONE_SECONDS)?);
            }
            default.push(own[1].cpu / own[0].cpu);
            if !peer.is_empty() {
                let figures = self.peer(peer)?;
                theirs.push(&figures);
                ratio.push(figures.cpu / own[0].cpu);
                share.push(own[0].peak / figures.peak);
            }
        }
        for (index, style) in styles.into_iter().enumerate() {
            let [bare, ours] = &sides[index];
            let (more, alone) = (&more[index], &alone[index]);
            let goal = 1.2 * alone.median() + 0.2;
            floor.push(format!(
                "| {what}, {} | {} | {} | {more} | {alone} | ≤ {} | {} |",
                match style {
                    Style::Score => "`Score` without outputs and lineage",
                    _ => "JSON with lineage, our default",
                },
                bare.cpu,
                ours.cpu,
                short(goal),
                ours.rate,
            ));
        }
        let ours = &sides[0][1];
        against.push(format!(
            "| {what} | {} | {} | {ratio} | {default} | {} | {} | {share} | {} |",
            ours.cpu, theirs.cpu, ours.peak, theirs.peak, theirs.rate
        ));
        Ok(())
    }

    fn ours(&self, style: Style) -> Result<Figures, Box<dyn Error>> {
        let name = self.place.name("ours");
        let command = self.place.product(&name, self.input, self.models, style.settings());
        self.place.measure(&name, self.input, command)
    }

    fn bare(&self, style: Style) -> Result<Figures, Box<dyn Error>> {
        let name = self.place.name("bare");
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("bare").args([&self.place.cluster.brokers, &self.input.topic]);
        command.arg(format!("{name}-results")).arg(&name).arg(self.document).arg(style.name());
        self.place.measure(&name, self.input, command)
    }

    fn peer(&self, peer: &[&str]) -> Result<Figures, Box<dyn Error>> {
        let name = self.place.name("peer");
        let [program, arguments @ ..] = peer else { return Err("no command for the peer".into()) };
        let mut command = Command::new(program);
        let state = self.place.directory.path().join(&name);
        // The Java run time takes options from here, so that the command may end with the class.
        command.env("JDK_JAVA_OPTIONS", format!("-Dstate.dir={}", state.display()));
        command.args(arguments).args(["score", &self.place.cluster.brokers, &self.input.topic, self.models]);
        command.arg(format!("{name}-results")).args(["exactly_once_v2", "1", "0", &name]);
        self.place.measure(&name, self.input, command)
    }
}
