//! libFuzzer over the target that `SCOREWHEEL_FUZZ_TARGET` names; built by `fuzz/run`.
#![no_main]

use std::sync::LazyLock;

use scorewheel_fuzz::targets::{self, Target};

static TARGET: LazyLock<&Target> = LazyLock::new(|| {
    let name = std::env::var("SCOREWHEEL_FUZZ_TARGET").unwrap_or_default();
    match targets::find(&name) {
        Some(target) => target,
        None => panic!("SCOREWHEEL_FUZZ_TARGET={name:?} is none of {}", targets::names()),
    }
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| (TARGET.run)(bytes));
