//! Patterns of RE2, as TensorFlow's files hold them, in the words of the engine here.
//!
//! Both match in linear time and take the leftmost, first alternative. What differs is how a pattern is written: RE2's
//! `\d`, `\w`, `\s` and `\b` are of ASCII, a `[` within brackets is itself, `&&`, `--` and `~~` there mean nothing, and
//! `\Q…\E` quotes. Source: RE2's syntax page.

use std::fmt::Write as _;
use std::iter::Peekable;
use std::str::Chars;

use scorewheel_model::ModelError;

use crate::error::{invalid, unsupported};

/// Letters of a pattern that are still to be read.
struct Reader<'a> {
    pattern: &'a str,
    letters: Peekable<Chars<'a>>,
    out: String,
}

/// The pattern as the engine here takes it.
///
/// # Errors
/// What RE2 does not take, and `\B`, `\C` and flags that nothing here has.
pub(crate) fn pattern_of(pattern: &str) -> Result<String, ModelError> {
    let letters = pattern.chars().peekable();
    let mut reader = Reader { pattern, letters, out: String::with_capacity(pattern.len() * 2) };
    while let Some(letter) = reader.letters.next() {
        match letter {
            '\\' => reader.escape()?,
            '[' => reader.class()?,
            '(' => reader.group()?,
            '{' => reader.count(),
            // The engine would read these as parts of its own syntax only where RE2 does as well.
            letter => reader.out.push(letter),
        }
    }
    Ok(reader.out)
}

/// A set of ASCII characters that one letter stands for.
fn perl_class(letter: char) -> Option<&'static str> {
    Some(match letter {
        'd' => "[0-9]",
        'D' => "[^0-9]",
        's' => r"[\t\n\x0c\r ]",
        'S' => r"[^\t\n\x0c\r ]",
        'w' => "[0-9A-Za-z_]",
        'W' => "[^0-9A-Za-z_]",
        _ => return None,
    })
}

impl Reader<'_> {
    fn unknown(&self, what: &str) -> ModelError {
        unsupported(format!("{what} in the pattern {:?}", self.pattern))
    }

    fn wrong(&self, what: &str) -> ModelError {
        invalid(format!("the pattern {:?} {what}", self.pattern))
    }

    fn literal(&mut self, letter: char) {
        let _ = write!(self.out, "\\x{{{:x}}}", u32::from(letter));
    }

    /// What follows a backslash outside of brackets.
    fn escape(&mut self) -> Result<(), ModelError> {
        match self.letters.peek().copied() {
            Some('A' | 'z') => {
                self.out.push('\\');
                self.out.extend(self.letters.next());
            }
            Some('b') => {
                self.letters.next();
                self.out.push_str(r"(?-u:\b)");
            }
            Some('B') => return Err(self.unknown(r"\B")),
            Some('C') => return Err(self.unknown(r"\C")),
            Some('Q') => {
                self.letters.next();
                while let Some(letter) = self.letters.next() {
                    if letter == '\\' && self.letters.peek() == Some(&'E') {
                        self.letters.next();
                        break;
                    }
                    self.literal(letter);
                }
            }
            _ if self.set()? => {}
            _ => {
                let letter = self.escaped()?;
                self.literal(letter);
            }
        }
        Ok(())
    }

    /// A set after a backslash: `\d`, `\pL`; false if there is none.
    fn set(&mut self) -> Result<bool, ModelError> {
        let Some(letter) = self.letters.peek().copied() else {
            return Err(self.wrong("ends with a backslash"));
        };
        if let Some(class) = perl_class(letter) {
            self.letters.next();
            self.out.push_str(class);
            return Ok(true);
        }
        if !matches!(letter, 'p' | 'P') {
            return Ok(false);
        }
        self.out.push('\\');
        self.out.extend(self.letters.next());
        match self.letters.next() {
            Some('{') => {
                self.out.push('{');
                for letter in self.letters.by_ref() {
                    self.out.push(letter);
                    if letter == '}' {
                        break;
                    }
                }
            }
            letter => self.out.extend(letter),
        }
        Ok(true)
    }

    /// The character that an escape stands for.
    fn escaped(&mut self) -> Result<char, ModelError> {
        let letter = self.letters.next().ok_or_else(|| self.wrong("ends with a backslash"))?;
        let code = match letter {
            'a' => 7,
            'f' => 12,
            'n' => 10,
            'r' => 13,
            't' => 9,
            'v' => 11,
            'x' => {
                let digits: String = if self.letters.next_if_eq(&'{').is_some() {
                    self.letters.by_ref().take_while(|letter| *letter != '}').collect()
                } else {
                    self.letters.by_ref().take(2).collect()
                };
                u32::from_str_radix(&digits, 16).map_err(|_| self.wrong(r"has \x without a number"))?
            }
            '0'..='7' => {
                let more = self.letters.peek().is_some_and(|next| next.is_digit(8));
                if letter != '0' && !more {
                    return Err(self.wrong("refers to a group"));
                }
                let mut code = u32::from(letter) - u32::from('0');
                for _ in 0..2 {
                    let Some(digit) = self.letters.next_if(|next| next.is_digit(8)) else { break };
                    code = code * 8 + (u32::from(digit) - u32::from('0'));
                }
                code
            }
            letter if letter.is_ascii_punctuation() && letter != '_' || letter.is_ascii_whitespace() => {
                u32::from(letter)
            }
            letter => return Err(self.wrong(&format!("has the unknown escape \\{letter}"))),
        };
        char::from_u32(code).ok_or_else(|| self.wrong("names a character that is none"))
    }

    /// What stands in brackets, the first of which was read.
    fn class(&mut self) -> Result<(), ModelError> {
        self.out.push('[');
        if self.letters.next_if_eq(&'^').is_some() {
            self.out.push('^');
        }
        let mut first = true;
        loop {
            let open = || invalid(format!("the pattern {:?} has a [ without ]", self.pattern));
            let letter = self.letters.next().ok_or_else(open)?;
            match letter {
                ']' if !first => break,
                '[' if self.letters.peek() == Some(&':') => self.named_class()?,
                '\\' if self.set()? => {}
                letter => {
                    let low = if letter == '\\' { self.escaped()? } else { letter };
                    self.literal(low);
                    let mut ahead = self.letters.clone();
                    if ahead.next() == Some('-') && ahead.peek().is_some_and(|next| *next != ']') {
                        self.letters = ahead;
                        let high = match self.letters.next() {
                            Some('\\') => self.escaped()?,
                            letter => letter.unwrap_or(low),
                        };
                        self.out.push('-');
                        self.literal(high);
                    }
                }
            }
            first = false;
        }
        self.out.push(']');
        Ok(())
    }

    /// `[:alpha:]`, of which the first bracket was read.
    fn named_class(&mut self) -> Result<(), ModelError> {
        self.letters.next();
        let name: String = self.letters.by_ref().take_while(|letter| *letter != ':').collect();
        if self.letters.next() != Some(']') {
            return Err(self.wrong("has [: without :]"));
        }
        let _ = write!(self.out, "[:{name}:]");
        Ok(())
    }

    /// What follows an opening parenthesis: names and flags that both know.
    fn group(&mut self) -> Result<(), ModelError> {
        self.out.push('(');
        if self.letters.next_if_eq(&'?').is_none() {
            return Ok(());
        }
        self.out.push('?');
        if matches!(self.letters.peek(), Some('P' | '<')) {
            return Ok(());
        }
        while let Some(letter) = self.letters.next() {
            match letter {
                'i' | 'm' | 's' | 'U' | '-' => self.out.push(letter),
                ':' | ')' => {
                    self.out.push(letter);
                    return Ok(());
                }
                other => return Err(self.unknown(&format!("the flag {other:?}"))),
            }
        }
        Err(self.wrong("has a ( without )"))
    }

    /// A brace, which is a count only as `{2}`, `{2,}` or `{2,5}`.
    fn count(&mut self) {
        let rest: String = self.letters.clone().take_while(|letter| *letter != '}').collect();
        let (least, most) = rest.split_once(',').unwrap_or((&rest, ""));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let closed = self.letters.clone().nth(rest.chars().count()) == Some('}');
        if closed && !least.is_empty() && digits(least) && digits(most) {
            self.out.push('{');
        } else {
            self.literal('{');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether the pattern matches all of the text.
    fn matches(pattern: &str, text: &str) -> bool {
        let whole = format!("^(?:{})$", pattern_of(pattern).unwrap());
        regex::Regex::new(&whole).unwrap().is_match(text)
    }

    #[test]
    fn patterns_mean_what_they_mean_to_re2() {
        for (pattern, text, expected) in [
            (r"\d+", "42", true),
            (r"\d+", "٤٢", false),
            (r"\w", "é", false),
            (r"\W", "é", true),
            (r"[[a]", "[", true),
            (r"[a&&b]+", "a&b", true),
            (r"[+--]+", "+,-", true),
            (r"[]a]+", "]a", true),
            (r"[^]a]", "b", true),
            (r"[\d_]+", "4_2", true),
            (r"[[:alpha:]-]+", "a-b", true),
            (r"[a-]+", "a-a", true),
            (r"\Qa.b\E.", "a.bc", true),
            (r"\Qa.b\E.", "axbc", false),
            (r"\<a\>", "<a>", true),
            (r"a{,2}", "a{,2}", true),
            (r"a{1,2}", "aa", true),
            (r"\x41\x{42}\103", "ABC", true),
            (r"(?i)É", "é", true),
            (r"(?P<n>a)|b", "b", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} on {text}");
        }
        for pattern in [r"\B", r"\C", r"(?x)a", r"\1", r"\y", "[a", "a\\", "(?i", r"\x{z}"] {
            let error = pattern_of(pattern).unwrap_err().to_string();
            assert!(error.contains("pattern"), "{pattern}: {error}");
        }
    }
}
