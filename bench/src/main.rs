//! Benchmarks: ratios against peers and baselines within one run.
//!
//! | file | what it measures |
//! |---|---|
//! | `decode` | a record into columns, beside prost's generated struct |
//! | `encode` | the encode step with and without lineage |
//! | `tensors` | tensor models by block and by row, load time and memory, beside the libraries |
//! | `documents` | PMML documents by batch and by row, beside JPMML in a process of its own |
//! | `swaps` | memory over a thousand swaps of a model, on each run time |
//! | `natives` | three large forests beside XGBoost, LightGBM, ONNX Runtime and lleaves in a process of their own |
//! | `pipeline` | consume → score → produce on a real Kafka, beside a bare client and beside Kafka Streams + JPMML |
//! | `guarantees` | exactly-once beside at-least-once, lineage beside none, on a real Kafka |
//! | `swap` | latency while models are swapped, on a real Kafka |
//! | `memory/main.rs` | memory over swaps, of loading and of what is loaded: a binary of its own, whose allocator counts |
//! | `start` | from exec to the first answer |
//! | `soak` | memory of `run` under a steady load |
//! | `watching` | what drift, InfluxDB, traces and scrapes cost |
//! | `publish` | model messages that are made ready before the clock runs |
//! | `bare` | the bare client |
//! | `place`, `process`, `kafka` | where a pipeline is measured, and how from outside |
//! | `work`, `wine`, `reading` | records; decode, score and encode without topics |
//! | `clock` | CPU time of this thread |
//! | `spread` | medians and spreads of interleaved rounds |
//! | `peer` | a peer in a child process that answers one question a line |
//!
//! `bench/run` is the one command; figures go to `bench/RESULTS.md`.

mod bare;
mod clock;
mod decode;
mod documents;
mod encode;
mod guarantees;
mod kafka;
mod natives;
mod peer;
mod pipeline;
mod place;
mod process;
mod publish;
mod reading;
mod soak;
mod spread;
mod start;
mod swap;
mod swaps;
mod tensors;
mod watching;
mod wine;
mod work;

use std::process::ExitCode;

const USAGE: &str = "usage: scorewheel-bench decode | encode | pmml FOLDER DATA.csv [PEER COMMAND …]
  | natives FOLDER DATA.csv PEER COMMAND … | swaps MODEL RUNTIME [LIBRARY] | tensor FOLDER [PEER COMMAND …]
  | pipeline BROKERS TREE.pmml FOREST.pmml [PEER COMMAND …] | guarantees BROKERS MODEL.pmml | lineage BROKERS MODEL.pmml
  | swap BROKERS MODEL.pmml | score MODEL.pmml … | start MODEL.pmml | start-kafka BROKERS MODEL.pmml
  | watching MODEL.pmml | watching-kafka BROKERS MODEL.pmml
  | soak MODEL.pmml SECONDS | soak-kafka BROKERS MODEL.pmml SECONDS";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["decode"] => decode::run(),
        ["encode"] => encode::run(),
        ["pmml", folder, data, peer @ ..] => documents::run(folder.as_ref(), data.as_ref(), peer),
        ["swaps", model, run_time] => swaps::run(model.as_ref(), run_time, None),
        ["swaps", model, run_time, library] => swaps::run(model.as_ref(), run_time, Some(library)),
        ["natives", folder, data, peer @ ..] => natives::run(folder.as_ref(), data.as_ref(), peer),
        ["pipeline", brokers, tree, forest, peer @ ..] => {
            pipeline::run(brokers, tree.as_ref(), forest.as_ref(), peer)
        }
        ["bare", brokers, input, output, group, model, style] => {
            bare::run(brokers, input, output, group, model, style)
        }
        ["guarantees", brokers, model] => guarantees::run(brokers, model.as_ref()),
        ["lineage", brokers, model] => guarantees::lineage(brokers, model.as_ref()),
        ["swap", brokers, model] => swap::run(brokers, model.as_ref()),
        ["score", models @ ..] => start::score(models),
        ["start", model] => start::embedded(model.as_ref()),
        ["start-kafka", brokers, model] => start::kafka(brokers, model.as_ref()),
        ["watching", model] => watching::scorer(model.as_ref()),
        ["watching-kafka", brokers, model] => watching::kafka(brokers, model.as_ref()),
        ["soak", model, seconds] => {
            seconds.parse().map_err(Into::into).and_then(|seconds| soak::embedded(model.as_ref(), seconds))
        }
        ["soak-kafka", brokers, model, seconds] => seconds
            .parse()
            .map_err(Into::into)
            .and_then(|seconds| soak::kafka(brokers, model.as_ref(), seconds)),
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
