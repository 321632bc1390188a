//! Locations of models by reference.

use scorewheel_references::Location;

/// A location as a publisher writes it. What is read is shown and read again as the same, and names nothing that its
/// parts do not show.
pub fn location(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let Ok(location) = Location::parse(&text) else { return };
    let shown = location.to_string();
    assert_eq!(Location::parse(&shown).as_ref(), Ok(&location));
    assert!(!shown.contains(['@', '#', '\\', ' ']), "{shown}");
    let (Location::File { path }
    | Location::Http { path, .. }
    | Location::S3 { key: path, .. }
    | Location::Hdfs { path, .. }) = &location
    else {
        return;
    };
    let plain = |part: &String| {
        !part.is_empty() && part != "." && part != ".." && !part.contains(['/', '\\']) && !part.contains('\0')
    };
    assert!(!path.is_empty() && path.iter().all(plain), "{path:?}");
}
