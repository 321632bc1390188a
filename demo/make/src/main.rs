//! `cargo run -p scorewheel-demo-make`: writes the files below `demo/`, or with `--check` compares them.

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let check = std::env::args().any(|argument| argument == "--check");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut stale = 0;
    for (name, content) in scorewheel_demo_make::all_files() {
        let path = folder.join(name);
        let done = if check {
            std::fs::read(&path).map(|there| stale += usize::from(there != content))
        } else {
            std::fs::write(&path, &content)
        };
        if let Err(error) = done {
            report(&format!("{}: {error}", path.display()));
            return ExitCode::FAILURE;
        }
    }
    if stale > 0 {
        report(&format!("{stale} files differ from what this program makes; run it without --check"));
    }
    if stale == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn report(message: &str) {
    use std::io::Write;
    // Standard error may be closed; there is then nobody to tell.
    let _ = writeln!(std::io::stderr(), "{message}");
}
