//! Reading and compiling documents: megabytes a CPU-second beside JPMML, and memory as the allocator counts it.

use std::error::Error;
use std::hint::black_box;
use std::path::{Path, PathBuf};

use scorewheel_model::{Limits, Mapping};
use scorewheel_pmml::PmmlModel;

use crate::ALLOCATOR;
use crate::clock::{rate, say};
use crate::peer::Peer;
use crate::spread::{Spread, short};

const ROUNDS: usize = 5;
const SECONDS: f64 = 0.3;
const LARGE: usize = 1_000_000;

/// Prints one row of a table a document over a megabyte, and one for all documents of the folder.
pub fn run(folder: &Path, peer: &[&str]) -> Result<(), Box<dyn Error>> {
    let mut documents: Vec<PathBuf> =
        std::fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    documents.retain(|path| path.extension().is_some_and(|extension| extension == "pmml"));
    documents.sort();
    let mut peer = Peer::start(peer)?;
    say(
        "| document | MB | MB a CPU-second | JPMML | ours / JPMML | peak / document | kept / document | kept, bytes a tree node |",
    );
    say("|---|---|---|---|---|---|---|---|");
    let (mut all_bytes, mut all_seconds) = (0, 0.0);
    for path in &documents {
        let bytes = std::fs::read(path)?;
        let load = || PmmlModel::load(&bytes, None, &Mapping::default(), &Limits::default());
        let once = rate(0.0, 1, || {
            let _ = black_box(load());
        });
        all_bytes += bytes.len();
        all_seconds += 1.0 / once;
        if bytes.len() < LARGE {
            continue;
        }
        let before = ALLOCATOR.current_usage();
        ALLOCATOR.reset_peak_usage();
        let Ok(model) = load() else { continue };
        let (used, peak) = (ALLOCATOR.current_usage(), ALLOCATOR.peak_usage());
        let (used, peak) = (used.saturating_sub(before), peak.saturating_sub(before));
        drop(model);
        let megabytes = bytes.len() as f64 / 1e6;
        let nodes = bytes.windows(6).filter(|window| window == b"<Node " || window == b"<Node>").count();
        let [mut ours, mut theirs, mut ratio] = [Spread::default(), Spread::default(), Spread::default()];
        for _ in 0..ROUNDS {
            let own = megabytes
                * rate(SECONDS, 1, || {
                    let _ = black_box(load());
                });
            ours.push(own);
            if let Some(peer) = peer.as_mut() {
                let other = megabytes * peer.round(&format!("load {} {SECONDS}", path.display()))?;
                theirs.push(other);
                ratio.push(own / other);
            }
        }
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let per_node = if nodes > 0 { short(used as f64 / nodes as f64) } else { "–".to_owned() };
        say(&format!(
            "| {name} | {megabytes:.1} | {} | {} | {ratio} | {:.2} | {:.2} | {per_node} |",
            short(ours.median()),
            short(theirs.median()),
            peak as f64 / bytes.len() as f64,
            used as f64 / bytes.len() as f64,
        ));
    }
    let megabytes = all_bytes as f64 / 1e6;
    say(&format!(
        "\n{} documents, {megabytes:.1} MB, each once: {all_seconds:.2} CPU-seconds, {} MB a CPU-second",
        documents.len(),
        short(megabytes / all_seconds)
    ));
    Ok(())
}
