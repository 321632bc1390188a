//! Numbers, durations and times for people.

/// A count with thin gaps between its groups of three.
#[must_use]
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 2);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// Something a second.
#[must_use]
pub fn rate(number: f64) -> String {
    if number >= 100.0 { count(number.round() as u64) } else { short(number) }
}

/// A number to about three digits.
#[must_use]
pub fn short(number: f64) -> String {
    let size = number.abs();
    let digits = match size {
        _ if !number.is_finite() => return number.to_string(),
        _ if size == 0.0 => 0,
        _ if !(1e-3..1e7).contains(&size) => return format!("{number:.2e}"),
        _ if size >= 100.0 => 0,
        _ if size >= 10.0 => 1,
        _ if size >= 1.0 => 2,
        _ => 3,
    };
    let text = format!("{number:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// A duration in the unit that suits it.
#[must_use]
pub fn duration(nanoseconds: u64) -> String {
    let number = nanoseconds as f64;
    let (size, unit) = match nanoseconds {
        0..1_000 => (number, "ns"),
        1_000..1_000_000 => (number / 1e3, "µs"),
        1_000_000..1_000_000_000 => (number / 1e6, "ms"),
        _ => (number / 1e9, "s"),
    };
    format!("{}\u{202f}{unit}", short(size))
}

/// The time of day, UTC, of milliseconds since the epoch.
#[must_use]
pub fn time(milliseconds: i64) -> String {
    let seconds = milliseconds.div_euclid(1000).rem_euclid(86_400);
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// The first twelve digits of a digest.
#[must_use]
pub fn digest(text: &str) -> &str {
    text.get(..12).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn for_people() {
        assert_eq!((count(7).as_str(), count(1_234_567).as_str()), ("7", "1\u{202f}234\u{202f}567"));
        assert_eq!((rate(0.25).as_str(), rate(2_000.4).as_str()), ("0.25", "2\u{202f}000"));
        for (number, text) in
            [(5.123, "5.12"), (0.0, "0"), (12.0, "12"), (-0.5, "-0.5"), (1e9, "1.00e9"), (120.4, "120")]
        {
            assert_eq!(short(number), text);
        }
        assert_eq!(duration(950), "950\u{202f}ns");
        assert_eq!(duration(1_500_000), "1.5\u{202f}ms");
        assert_eq!(time(86_400_000 + 3_661_999), "01:01:01");
        assert_eq!((digest("ab"), digest("0123456789abcdef")), ("ab", "0123456789ab"));
    }
}
