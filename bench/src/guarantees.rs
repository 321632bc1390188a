//! Exactly-once against at-least-once, and the lineage header on and off, through a real Kafka.

use std::error::Error;
use std::path::Path;

use crate::clock::say;
use crate::place::{Input, Place};
use crate::spread::Spread;

/// Prints throughput of both guarantees with one partition and with many.
pub fn run(brokers: &str, document: &Path) -> Result<(), Box<dyn Error>> {
    let place = Place::new(brokers)?;
    let models = place.models(document)?;
    say(
        "| partitions | exactly once, records/s | at least once | exactly / at least | CPU µs a record | at least once | commits' share of the time, exactly once | at least once |",
    );
    say("|---|---|---|---|---|---|---|---|");
    for partitions in [1, 32] {
        let input = place.input(partitions)?;
        let settings = [&[][..], &["processing.guarantee=at_least_once"]];
        let [exactly, atleast, ratio] = pairs(&place, &input, &models, settings)?;
        say(&format!(
            "| {partitions} | {} | {} | {} | {} | {} | {} | {} |",
            exactly.rate,
            atleast.rate,
            ratio.rate,
            exactly.cpu,
            atleast.cpu,
            exactly.commits,
            atleast.commits
        ));
    }
    Ok(())
}

/// Prints CPU and throughput with the header and without.
pub fn lineage(brokers: &str, document: &Path) -> Result<(), Box<dyn Error>> {
    let place = Place::new(brokers)?;
    let models = place.models(document)?;
    let input = place.input(4)?;
    let [with, without, ratio] = pairs(&place, &input, &models, [&[], &["results.lineage=false"]])?;
    say("| | with lineage | without | with / without |");
    say("|---|---|---|---|");
    say(&format!("| CPU µs a record | {} | {} | {} |", with.cpu, without.cpu, ratio.cpu));
    say(&format!("| records/s | {} | {} | {} |", with.rate, without.rate, ratio.rate));
    Ok(())
}

#[derive(Default)]
struct Side {
    cpu: Spread,
    rate: Spread,
    commits: Spread,
}

/// Two variants of the product, interleaved; the third is the first divided by the second, pair by pair.
fn pairs(
    place: &Place,
    input: &Input,
    models: &str,
    settings: [&[&str]; 2],
) -> Result<[Side; 3], Box<dyn Error>> {
    let mut sides: [Side; 3] = Default::default();
    for _ in 0..place.effort.rounds {
        let mut pair = Vec::new();
        for settings in settings {
            let name = place.name("ours");
            pair.push(place.measure(&name, input, place.product(&name, input, models, settings))?);
        }
        for (side, figures) in sides.iter_mut().zip(&pair) {
            side.cpu.push(figures.cpu);
            side.rate.push(figures.rate);
            side.commits.push(figures.commits);
        }
        sides[2].cpu.push(pair[0].cpu / pair[1].cpu);
        sides[2].rate.push(pair[0].rate / pair[1].rate);
    }
    Ok(sides)
}
