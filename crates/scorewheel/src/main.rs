//! The command `scorewheel`.

/// Gives back what bursts of records and models have left behind, which the system's allocator keeps.
#[cfg(feature = "jemalloc")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> std::process::ExitCode {
    scorewheel::run(std::env::args_os())
}
