//! What a document shows of an output, held against the output.

/// Whether a line is what is shown, in which `[..]` stands for anything.
fn line_matches(shown: &str, line: &str) -> bool {
    let (shown, line) = (shown.trim_end(), line.trim_end());
    let Some((start, rest)) = shown.split_once("[..]") else { return shown == line };
    let Some(mut line) = line.strip_prefix(start) else { return false };
    let mut parts = rest.split("[..]").peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return line.ends_with(part);
        }
        let Some(at) = line.find(part) else { return false };
        line = &line[at + part.len()..];
    }
    true
}

/// Whether all of an output is what is shown.
pub fn matches(shown: &[String], output: &str) -> Result<(), String> {
    let lines: Vec<&str> = output.lines().collect();
    walk(shown, &lines, true)
}

/// Whether an output begins with all that is shown.
pub fn matches_so_far(shown: &[String], output: &str) -> Result<(), String> {
    let lines: Vec<&str> = output.lines().collect();
    walk(shown, &lines, false)
}

fn walk(shown: &[String], lines: &[&str], whole: bool) -> Result<(), String> {
    let Some((first, rest)) = shown.split_first() else {
        return match lines.first() {
            Some(line) if whole => Err(format!("is printed but not shown: {line:?}")),
            _ => Ok(()),
        };
    };
    if first == "..." {
        // The first way that fits; documents are short.
        let mut outcome = Err(String::new());
        for skip in 0..=lines.len() {
            outcome = walk(rest, &lines[skip..], whole);
            if outcome.is_ok() {
                return outcome;
            }
        }
        return Err(match rest.first() {
            Some(next) => format!("is shown but not printed, or what follows is not: {next:?}"),
            None => outcome.unwrap_err(),
        });
    }
    match lines.split_first() {
        Some((line, lines)) if line_matches(first, line) => walk(rest, lines, whole),
        Some((line, _)) => Err(format!("shown:   {first:?}\nprinted: {line:?}")),
        None => Err(format!("is shown but not printed: {first:?}")),
    }
}

#[test]
fn what_is_left_out_may_be_anything_and_all_else_may_not() {
    let shown = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(matches(&shown("a\n...\nb [..] c\n"), "a\nx\ny\nb 1 2 c\n"), Ok(()));
    assert_eq!(matches(&shown("a [..]b[..] c"), "a xbx c"), Ok(()));
    assert_eq!(matches(&shown("..."), ""), Ok(()));
    assert!(matches(&shown("a\n..."), "b\n").is_err());
    assert!(matches(&shown("a"), "a\nb\n").is_err());
    assert!(matches(&shown("a\n...\nb"), "a\nc\n").is_err());
    assert!(matches(&shown("a [..] c"), "a b d").is_err());
    assert_eq!(matches_so_far(&shown("a"), "a\nb\n"), Ok(()));
    assert!(matches_so_far(&shown("a\nb"), "a\n").is_err());
}
