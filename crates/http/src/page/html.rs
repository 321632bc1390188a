//! Text that is escaped unless it is ours.

use std::fmt::Write;

/// A document in the making. What is not known at compile time goes through [`Html::text`]; there is no other way in
/// but [`Html::already`], for what another `Html` has made.
#[derive(Debug, Default)]
pub struct Html(String);

/// Most characters of a text that is shown.
const LONGEST: usize = 400;

impl Html {
    /// Markup of ours.
    pub fn raw(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// Text of anybody's, in content or within a quoted attribute. What is very long is cut; what would turn the
    /// direction of writing or control a terminal is shown as a sign of replacement.
    pub fn text(&mut self, text: &str) -> &mut Self {
        for (index, character) in text.chars().enumerate() {
            if index == LONGEST {
                self.0.push('…');
                break;
            }
            match character {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                '\n' | '\r' | '\t' => self.0.push(' '),
                '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                    self.0.push('\u{fffd}');
                }
                _ if character.is_control() => self.0.push('\u{fffd}'),
                _ => self.0.push(character),
            }
        }
        self
    }

    /// A name of anybody's, which does not turn what stands beside it.
    pub fn name(&mut self, name: &str) -> &mut Self {
        self.raw("<bdi>").text(name).raw("</bdi>")
    }

    /// A number, as [`Display`](std::fmt::Display) writes it: digits, sign, point.
    pub fn number(&mut self, number: impl Number) -> &mut Self {
        // Writing to a string cannot fail.
        let _ = write!(self.0, "{number}");
        self
    }

    /// What another has made.
    pub fn already(&mut self, html: &str) -> &mut Self {
        self.0.push_str(html);
        self
    }

    /// The text.
    #[must_use]
    pub fn finish(self) -> String {
        self.0
    }
}

/// What is written in digits.
pub trait Number: std::fmt::Display {}

impl Number for u8 {}
impl Number for u16 {}
impl Number for u32 {}
impl Number for u64 {}
impl Number for i64 {}
impl Number for usize {}
impl Number for Coordinate {}

/// A place in a drawing, to two digits.
#[derive(Clone, Copy, Debug)]
pub struct Coordinate(pub f64);

impl std::fmt::Display for Coordinate {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let place = if self.0.is_finite() { self.0 } else { 0.0 };
        write!(formatter, "{}", (place * 100.0).round() / 100.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_only_text() {
        let cases = [
            ("<img src=x onerror=alert(1)>", "&lt;img src=x onerror=alert(1)&gt;"),
            ("\"'&", "&quot;&#39;&amp;"),
            ("a\u{202e}b\u{0}c\nd", "a\u{fffd}b\u{fffd}c d"),
        ];
        for (text, expected) in cases {
            let mut html = Html::default();
            html.text(text);
            assert_eq!(html.finish(), expected);
        }
    }

    #[test]
    fn long_text_is_cut() {
        let mut html = Html::default();
        html.text(&"ä".repeat(2 * LONGEST));
        assert_eq!(html.finish().chars().count(), LONGEST + 1);
    }

    #[test]
    fn coordinates_are_digits() {
        for (number, expected) in [(1.2345, "1.23"), (-3.0, "-3"), (f64::NAN, "0"), (f64::INFINITY, "0")] {
            assert_eq!(Coordinate(number).to_string(), expected);
        }
    }
}
