//! The product's binary with the hook for faults filled: it fails where the file says that `SCOREWHEEL_TEST_FAULTS`
//! names.

use std::sync::Arc;

use scorewheel_tests::faults::FileFaults;

fn main() -> std::process::ExitCode {
    scorewheel::run_with_faults(std::env::args_os(), Arc::new(FileFaults::from_environment()))
}
