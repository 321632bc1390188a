//! The command `scorewheel`.

fn main() -> std::process::ExitCode {
    scorewheel::run(std::env::args_os())
}
