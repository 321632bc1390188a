//! Benchmarks: ratios against peers and baselines within one run.
//!
//! | file | what it measures |
//! |---|---|
//! | `decode` | a record into columns, beside prost's generated struct |
//! | `encode` | the encode step with and without lineage |
//! | `documents` | PMML documents by batch and by row, beside JPMML in a process of its own |
//! | `swaps` | memory over a thousand swaps of a model, on each run time |
//! | `natives` | three large forests beside XGBoost, LightGBM, ONNX Runtime and lleaves in a process of their own |
//! | `load` | reading and compiling documents beside JPMML; memory |
//! | `counting` | the allocator, which counts |
//! | `clock` | CPU time of this thread |
//! | `spread` | medians and spreads of interleaved rounds |
//! | `peer` | a peer in a child process that answers one question a line |
//!
//! `bench/run` is the one command; figures go to `bench/RESULTS.md`.

mod clock;
mod counting;
mod decode;
mod documents;
mod encode;
mod load;
mod natives;
mod peer;
mod spread;
mod swaps;
mod wine;

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: counting::Counting = counting::Counting;

const USAGE: &str = "usage: scorewheel-bench decode | encode | pmml FOLDER DATA.csv [PEER COMMAND …] | load FOLDER [PEER COMMAND …] | natives FOLDER DATA.csv PEER COMMAND … | swaps MODEL RUNTIME [LIBRARY]";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["decode"] => decode::run(),
        ["encode"] => encode::run(),
        ["pmml", folder, data, peer @ ..] => documents::run(folder.as_ref(), data.as_ref(), peer),
        ["swaps", model, run_time] => swaps::run(model.as_ref(), run_time, None),
        ["swaps", model, run_time, library] => swaps::run(model.as_ref(), run_time, Some(library)),
        ["load", folder, peer @ ..] => load::run(folder.as_ref(), peer),
        ["natives", folder, data, peer @ ..] => natives::run(folder.as_ref(), data.as_ref(), peer),
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
