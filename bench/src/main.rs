//! Benchmarks: ratios against peers and baselines within one run.
//!
//! | file | what it measures |
//! |---|---|
//! | `decode` | a record into columns, beside prost's generated struct |
//! | `encode` | the encode step with and without lineage |
//! | `tensors` | tensor models by block and by row, load time and memory, beside the libraries |
//! | `documents` | PMML documents by batch and by row, beside JPMML in a process of its own |
//! | `clock` | CPU time of this thread |
//! | `spread` | medians and spreads of interleaved rounds |
//! | `peer` | a peer in a child process that answers one question a line |
//!
//! `bench/run` is the one command; figures go to `bench/RESULTS.md`.

mod clock;
mod decode;
mod documents;
mod encode;
mod peer;
mod spread;
mod tensors;
mod wine;

use std::process::ExitCode;

const USAGE: &str = "usage: scorewheel-bench decode | encode | pmml FOLDER DATA.csv [PEER COMMAND …] | \
                     tensor FOLDER [PEER COMMAND …]";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["decode"] => decode::run(),
        ["encode"] => encode::run(),
        ["pmml", folder, data, peer @ ..] => documents::run(folder.as_ref(), data.as_ref(), peer),
        ["tensor", folder, peer @ ..] => tensors::run(folder.as_ref(), peer),
        _ => Err(USAGE.into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            clock::complain(&*error);
            ExitCode::from(2)
        }
    }
}
