//! The configuration: file, environment and flags.

use scorewheel::config::{Request, load};

/// Lines that begin with `$ ` are variables, those that begin with `- ` are `--set`; all others are the file's.
pub fn configuration(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut request = Request::default();
    let mut file = String::new();
    for line in text.lines() {
        let pair = |rest: &str| rest.split_once('=').map(|(key, value)| (key.to_owned(), value.to_owned()));
        if let Some(rest) = line.strip_prefix("$ ") {
            request.environment.extend(pair(rest));
        } else if let Some((key, value)) = line.strip_prefix("- ").and_then(pair) {
            request.flags.push((key, "--set", value));
        } else {
            file.push_str(line);
            file.push('\n');
        }
    }
    // What names a file would read one of this machine.
    request.environment.retain(|(name, _)| !name.ends_with("_FILE"));
    let Ok(folder) = super::folder() else { return };
    let path = folder.path().join("scorewheel.toml");
    if std::fs::write(&path, file).is_err() {
        return;
    }
    request.file = Some(path);
    match load(&request) {
        Ok(loaded) => drop(format!("{}", loaded.place)),
        Err(problems) => assert!(!problems.to_string().is_empty()),
    }
}
