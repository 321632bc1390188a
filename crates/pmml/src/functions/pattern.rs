//! Regular expressions: Java's, as far as they can be matched in linear time.
//!
//! Character classes `\w`, `\d`, `\s` and their complements are those of ASCII, as in Java; with the flavour `pcre` or
//! `python` they are Unicode's. Look-around, back-references, possessive quantifiers and atomic groups are refused.

use regex::{Regex, RegexBuilder};

/// Bytes that a compiled expression may take.
const SIZE_LIMIT: usize = 1 << 20;

/// A regular expression.
#[derive(Clone, Debug)]
pub struct Pattern {
    regex: Regex,
}

impl Pattern {
    /// Compiles a pattern in Java's dialect; `flavour` names the dialect if it is another one.
    ///
    /// # Errors
    /// What is wrong, or not supported.
    pub fn new(pattern: &str, flavour: Option<&str>) -> Result<Self, String> {
        let unicode = flavour.is_some_and(|flavour| flavour.to_ascii_lowercase().starts_with("python"));
        let translated = translate(pattern, unicode)?;
        let built = RegexBuilder::new(&translated).size_limit(SIZE_LIMIT).dfa_size_limit(SIZE_LIMIT).build();
        match built {
            Ok(regex) => Ok(Self { regex }),
            Err(error) => Err(format!("the regular expression {pattern:?} is not supported: {error}")),
        }
    }

    /// A case-insensitive variant of the same.
    ///
    /// # Errors
    /// What is wrong, or not supported.
    pub fn ignoring_case(pattern: &str) -> Result<Self, String> {
        Self::new(&format!("(?i){pattern}"), None)
    }

    /// Whether any part of `text` matches.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }

    /// The compiled expression.
    #[must_use]
    pub fn regex(&self) -> &Regex {
        &self.regex
    }

    /// Appends `text` to `out` with every match replaced. In the replacement `$n` is the text of group `n`, and a
    /// backslash takes the meaning from what follows it.
    pub fn replace_into(&self, text: &str, replacement: &str, out: &mut String) {
        let mut last = 0;
        for captures in self.regex.captures_iter(text) {
            let Some(whole) = captures.get(0) else { continue };
            out.push_str(&text[last..whole.start()]);
            let mut rest = replacement.chars().peekable();
            while let Some(character) = rest.next() {
                match character {
                    '\\' => out.extend(rest.next()),
                    '$' => {
                        let mut group = 0;
                        let mut any = false;
                        while let Some(digit) = rest.peek().and_then(|c| c.to_digit(10)) {
                            let next = group * 10 + digit as usize;
                            if any && next >= captures.len() {
                                break;
                            }
                            group = next;
                            any = true;
                            rest.next();
                        }
                        if any {
                            out.push_str(captures.get(group).map_or("", |group| group.as_str()));
                        } else {
                            out.push('$');
                        }
                    }
                    other => out.push(other),
                }
            }
            last = whole.end();
        }
        out.push_str(&text[last..]);
    }
}

/// Rewrites what means something else in Java than here.
fn translate(pattern: &str, unicode: bool) -> Result<String, String> {
    let refuse =
        |what: &str| Err(format!("the regular expression {pattern:?} uses {what}, which is not supported"));
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut characters = pattern.chars().peekable();
    let mut classes = 0;
    let mut after_quantifier = false;
    while let Some(character) = characters.next() {
        let mut quantifier = false;
        match character {
            '\\' => match characters.next() {
                None => return refuse("a lone backslash"),
                Some('Q') => {
                    let mut quoted = String::new();
                    for next in characters.by_ref() {
                        quoted.push(next);
                        if quoted.ends_with("\\E") {
                            quoted.truncate(quoted.len() - 2);
                            break;
                        }
                    }
                    out.push_str(&regex::escape(&quoted));
                }
                Some(digit @ '1'..='9') => return refuse(&format!("the back-reference \\{digit}")),
                Some('k') => return refuse("a named back-reference"),
                Some('G') => return refuse("\\G"),
                Some('Z') => out.push_str("(?:\\n?\\z)"),
                Some(letter @ ('w' | 'W' | 'd' | 'D' | 's' | 'S')) if !unicode => {
                    let members = match letter.to_ascii_lowercase() {
                        'w' => "0-9A-Za-z_",
                        'd' => "0-9",
                        _ => " \\t\\n\\x0B\\f\\r",
                    };
                    if letter.is_ascii_uppercase() {
                        out.push_str(&format!("[^{members}]"));
                    } else if classes > 0 {
                        out.push_str(members);
                    } else {
                        out.push_str(&format!("[{members}]"));
                    }
                }
                Some('b') if !unicode => out.push_str("(?-u:\\b)"),
                Some('h') => out.push_str(
                    "[ \\t\\u{A0}\\u{1680}\\u{180e}\\u{2000}-\\u{200a}\\u{202f}\\u{205f}\\u{3000}]",
                ),
                Some('e') => out.push_str("\\x1B"),
                Some(letter @ ('p' | 'P' | 'x' | 'N')) if characters.peek() == Some(&'{') => {
                    let braced = braced(&mut characters);
                    match ascii_class(&braced) {
                        Some(class) if letter != 'x' && !unicode => {
                            let negation = if letter == 'P' { "^" } else { "" };
                            let (open, close) = if classes > 0 { ("", "") } else { ("[", "]") };
                            out.push_str(&format!("{open}[:{negation}{class}:]{close}"));
                        }
                        _ => out.push_str(&format!("\\{letter}{braced}")),
                    }
                }
                Some(other) => {
                    // Java allows any non-letter to be escaped.
                    if other.is_ascii_alphanumeric() || other.is_ascii_punctuation() {
                        out.push('\\');
                    }
                    out.push(other);
                }
            },
            '[' => {
                classes += 1;
                out.push('[');
                if characters.peek() == Some(&'^') {
                    out.extend(characters.next());
                }
            }
            ']' if classes > 0 => {
                classes -= 1;
                out.push(']');
            }
            '(' if classes == 0 => {
                let rest: String = characters.clone().take(3).collect();
                if rest.starts_with("?=") || rest.starts_with("?!") {
                    return refuse("look-ahead");
                }
                if rest.starts_with("?<=") || rest.starts_with("?<!") {
                    return refuse("look-behind");
                }
                if rest.starts_with("?>") {
                    return refuse("an atomic group");
                }
                out.push('(');
            }
            '{' if classes == 0 => {
                quantifier = true;
                out.push('{');
                out.push_str(&braced(&mut characters));
            }
            '*' | '+' | '?' if classes == 0 => {
                if character == '+' && after_quantifier {
                    return refuse("a possessive quantifier");
                }
                quantifier = !after_quantifier;
                out.push(character);
            }
            // Not special within a class in Java.
            '&' | '~' if classes > 0 && characters.peek() != Some(&character) => out.push(character),
            other => out.push(other),
        }
        after_quantifier = quantifier;
    }
    Ok(out)
}

/// What stands in braces, with them: from the opening one, which may be read already, to the closing one.
fn braced(characters: &mut impl Iterator<Item = char>) -> String {
    let mut braced = String::new();
    for character in characters.by_ref() {
        braced.push(character);
        if character == '}' {
            break;
        }
    }
    braced
}

/// The class of ASCII that Java means by `\p{Name}`, as POSIX names it; elsewhere the same words are of Unicode.
fn ascii_class(braced: &str) -> Option<&'static str> {
    Some(match braced {
        "{Lower}" => "lower",
        "{Upper}" => "upper",
        "{ASCII}" => "ascii",
        "{Alpha}" => "alpha",
        "{Digit}" => "digit",
        "{Alnum}" => "alnum",
        "{Punct}" => "punct",
        "{Graph}" => "graph",
        "{Print}" => "print",
        "{Blank}" => "blank",
        "{Cntrl}" => "cntrl",
        "{XDigit}" => "xdigit",
        "{Space}" => "space",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_those_of_ascii() {
        for (pattern, text, expected) in [
            (r"^\w+$", "abc_1", true),
            (r"^\w+$", "é", false),
            (r"^[\w-]+$", "a-b", true),
            (r"\d", "٣", false),
            (r"^\S+$", "a b", false),
            (r"(?i)abc", "xABCx", true),
            (r"\Qa.b\E", "a.b", true),
            (r"\Qa.b\E", "axb", false),
            (r"[^\W\d]", "5", false),
            (r"^\p{Alpha}+$", "abc", true),
            (r"^\p{Alpha}+$", "é", false),
            (r"^\p{L}+$", "é", true),
            (r"^\p{Punct}+$", "+-$", true),
            (r"^[\p{Alpha}\P{ASCII}]+$", "aé", true),
            (r"^[\p{Alpha}\P{ASCII}]+$", "a1", false),
            (r"^\P{Alpha}+$", "a", false),
            (r"^\x{61}+?$", "aa", true),
            (r"^a{2}b{1,2}?$", "aabb", true),
        ] {
            assert_eq!(Pattern::new(pattern, None).unwrap().matches(text), expected, "{pattern} {text}");
        }
        assert!(Pattern::new(r"^\w+$", Some("python")).unwrap().matches("é"));
    }

    #[test]
    fn a_quantifier_is_possessive_only_behind_another_one() {
        for pattern in [r"\p{L}+", r"\p{Punct}+", r"\x{61}+", r"\P{Lu}*+", "a{2}+", "a++", "a?+"] {
            let refused = Pattern::new(pattern, None).err();
            let possessive = refused.is_some_and(|message| message.contains("possessive"));
            assert_eq!(possessive, pattern.ends_with("*+") || !pattern.starts_with('\\'), "{pattern}");
        }
    }

    #[test]
    fn what_cannot_be_matched_in_linear_time_is_refused() {
        for pattern in ["(?=a)b", "(?<!a)b", r"(a)\1", "a++", "(?>a)", "(", "(a{1000}){1000}"] {
            assert!(Pattern::new(pattern, None).is_err(), "{pattern}");
        }
    }

    #[test]
    fn replacements_are_written_the_java_way() {
        for (pattern, replacement, text, expected) in [
            (r"(b)", "<$1a>", "abc", "a<ba>c"),
            ("b", r"\$", "abc", "a$c"),
            ("b+", "c", "BBBB", "BBBB"),
            ("x", "y", "abc", "abc"),
        ] {
            let mut out = String::new();
            Pattern::new(pattern, None).unwrap().replace_into(text, replacement, &mut out);
            assert_eq!(out, expected);
        }
    }
}
