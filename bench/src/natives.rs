//! Three large forests beside the libraries that made them and the fastest native engines, one thread each.

use std::error::Error;
use std::path::Path;

use crate::clock::say;
use crate::documents::{BATCH, Data, Loaded, ROUNDS, SECONDS};
use crate::peer::Peer;
use crate::spread::{Spread, short};

/// Documents with the engines that run the same forest.
const FORESTS: [(&str, &[&str]); 3] = [
    ("rf100d10", &["onnx-rf"]),
    ("xgb500d6", &["xgboost", "onnx-xgb"]),
    ("lgbm500d6", &["lightgbm", "onnx-lgbm", "lleaves"]),
];

/// Prints one row of a table a forest, engine and size of batch.
pub fn run(folder: &Path, data: &Path, peer: &[&str]) -> Result<(), Box<dyn Error>> {
    let data = Data::read(data)?;
    let mut peer = Peer::start(peer)?.ok_or("no peer command")?;
    say("| document | rows a call | ours, records per CPU-second | engine | theirs | ours / theirs |");
    say("|---|---|---|---|---|---|");
    for (name, engines) in FORESTS {
        let mut loaded = Loaded::new(&folder.join(format!("{name}.pmml")), &data)?;
        for size in [BATCH, 1] {
            for engine in engines {
                let figures = compare(&mut loaded, &mut peer, engine, size);
                say(&format!(
                    "| {name} | {size} | {} |",
                    figures.unwrap_or_else(|error| format!("| {engine} | {error} |"))
                ));
            }
        }
    }
    Ok(())
}

fn compare(
    loaded: &mut Loaded,
    peer: &mut Peer,
    engine: &str,
    size: usize,
) -> Result<String, Box<dyn Error>> {
    let [mut ours, mut theirs, mut ratio] = [Spread::default(), Spread::default(), Spread::default()];
    for _ in 0..ROUNDS {
        let (own, other) = (loaded.rate(size), peer.round(&format!("{engine} {size} {SECONDS}"))?);
        ours.push(own);
        theirs.push(other);
        ratio.push(own / other);
    }
    Ok(format!("{} | {engine} | {} | {ratio}", short(ours.median()), short(theirs.median())))
}
