//! The committed files are what the program makes, and the models have learnt something.

use std::path::Path;

use scorewheel_demo_make::{all_files, network::Network, random::Random, records};

#[test]
fn the_committed_files_are_up_to_date() {
    for (name, content) in all_files() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name);
        let there = std::fs::read(&path).unwrap_or_default();
        assert!(there == content, "{name} is stale: cargo run -p scorewheel-demo-make");
    }
}

#[test]
fn the_network_beats_the_most_frequent_quality() {
    let samples = records::samples(&mut Random::new(7), 1000);
    let network = Network::train(&mut Random::new(8), &samples[..800]);
    let right = |answer: &dyn Fn(&records::Sample) -> usize| {
        samples[800..].iter().filter(|sample| answer(sample) == sample.quality).count()
    };
    let argmax = |values: [f64; records::CLASSES]| {
        (0..values.len()).fold(0, |best, class| if values[class] > values[best] { class } else { best })
    };
    let by_network = right(&|sample| argmax(network.probabilities(&sample.features)) + records::LOWEST);
    let by_guess =
        (records::LOWEST..records::LOWEST + records::CLASSES).map(|quality| right(&|_| quality)).max();
    assert!(by_network > by_guess.unwrap_or(0) + 20, "{by_network} of 200, guessing {by_guess:?}");
}
