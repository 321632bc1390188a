//! Documents read and compiled: how fast, and in how much memory.
//!
//! A process of its own, because its allocator counts, which the other benchmarks are not to pay for.

use std::process::ExitCode;

use peak_alloc::PeakAlloc;

#[path = "../clock.rs"]
mod clock;
mod documents;
#[path = "../peer.rs"]
mod peer;
#[path = "../spread.rs"]
#[allow(dead_code, reason = "the other program uses the rest")]
mod spread;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        [folder, peer @ ..] => documents::run(folder.as_ref(), peer),
        [] => Err("usage: scorewheel-bench-load FOLDER [PEER COMMAND …]".into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            clock::complain(&*error);
            ExitCode::from(2)
        }
    }
}
