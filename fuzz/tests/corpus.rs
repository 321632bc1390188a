//! Every target over its corpus, and over inputs of it that are damaged at random, always in the same way.
//!
//! `FUZZ_TARGET=name FUZZ_SECONDS=n FUZZ_SEED=n` go on with one target for as long; what fails is kept in
//! `fuzz/artifacts`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

use scorewheel_fuzz::mutate::{Random, damage};
use scorewheel_fuzz::targets::{self, Target};
use scorewheel_fuzz::{corpus, limits};

/// Runs one input; what fails is written to a file, which is named.
fn run(target: &Target, bytes: &[u8]) -> Result<(), String> {
    let start = limits::processor_time();
    let outcome = catch_unwind(AssertUnwindSafe(|| (target.run)(bytes)));
    let took = limits::processor_time().saturating_sub(start);
    let what = match outcome {
        Err(_) => "panics",
        Ok(()) if took > limits::TIME => "takes too long",
        Ok(()) => return Ok(()),
    };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("artifacts");
    let name = format!("{}-{:016x}", target.name, hash(bytes));
    std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    std::fs::write(folder.join(&name), bytes).map_err(|error| error.to_string())?;
    Err(format!("{} {what} ({took:?}) on fuzz/artifacts/{name}", target.name))
}

fn hash(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3))
}

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// The corpus, then damage until `enough` says so; how many inputs that were, and what failed.
fn fuzz(target: &Target, seed: u64, mut enough: impl FnMut(usize) -> bool) -> (usize, Vec<String>) {
    let inputs = corpus::inputs(target.name);
    assert!(!inputs.is_empty(), "{} has no corpus", target.name);
    let mut failures: Vec<String> = inputs.iter().filter_map(|input| run(target, input).err()).collect();
    let mut random = Random::new(seed);
    let mut tried = 0;
    while !enough(tried) && failures.len() < 10 {
        let (input, other) = (&inputs[random.below(inputs.len())], &inputs[random.below(inputs.len())]);
        failures.extend(run(target, &damage(input, other, &mut random)).err());
        tried += 1;
    }
    (inputs.len() + tried, failures)
}

#[test]
fn every_target_takes_its_corpus_and_damage_to_it() {
    limits::bound_memory().expect("the address space can be bounded");
    let mut failures = Vec::new();
    if let Ok(name) = std::env::var("FUZZ_TARGET") {
        let target =
            targets::find(&name).unwrap_or_else(|| panic!("{name:?} is none of {}", targets::names()));
        let end = Instant::now() + Duration::from_secs(setting("FUZZ_SECONDS").unwrap_or(60));
        let (tried, failed) = fuzz(target, setting("FUZZ_SEED").unwrap_or(1), |_| Instant::now() >= end);
        println!("{name}: {tried} inputs");
        failures = failed;
    } else {
        for target in targets::ALL {
            let start = Instant::now();
            let (tried, failed) = fuzz(target, 1, |tried| tried >= target.damaged);
            println!("{:>16}: {tried:>6} inputs in {:.1?}", target.name, start.elapsed());
            failures.extend(failed);
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}
