//! Dates and times as numbers, and as ISO 8601 text.
//!
//! The calendar is the proleptic Gregorian one, without leap seconds and without time zones: a date is days since
//! 1970-01-01, a time of day microseconds since midnight, a date-time microseconds since 1970-01-01T00:00:00.

use std::fmt::{self, Write};

/// Microseconds of a day.
pub const MICROS_PER_DAY: i64 = 86_400_000_000;
const MICROS_PER_SECOND: i64 = 1_000_000;
/// Days of 400 years, after which the calendar repeats.
const DAYS_PER_ERA: i64 = 146_097;
/// Years are four digits, or up to six with a sign; that keeps every date-time within 64 bits.
const YEAR_LIMIT: i64 = 200_000;

/// The day number of a civil date; `None` if there is no such date.
#[must_use]
pub fn days_of_civil(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1..=12).contains(&month) || day < 1 || day > days_in_month(year, month) || year.abs() > YEAR_LIMIT {
        return None;
    }
    // Years counted from March, so that the leap day is the last of its year.
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted.div_euclid(400);
    let year_of_era = shifted.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * DAYS_PER_ERA + day_of_era - 719_468)
}

/// Year, month and day of a day number.
#[must_use]
pub fn civil_of_days(days: i64) -> (i64, i64, i64) {
    let shifted = days.saturating_add(719_468);
    let era = shifted.div_euclid(DAYS_PER_ERA);
    let day_of_era = shifted.rem_euclid(DAYS_PER_ERA);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Reads `YYYY-MM-DD`.
#[must_use]
pub fn parse_date(text: &str) -> Option<i64> {
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let mut parts = rest.splitn(3, '-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if !(4..=6).contains(&year.len()) {
        return None;
    }
    days_of_civil(sign * digits(year)?, two_digits(month)?, two_digits(day)?)
}

/// Reads `hh:mm`, `hh:mm:ss` or `hh:mm:ss.f` with up to nine digits of fraction (those beyond the sixth are cut).
#[must_use]
pub fn parse_time(text: &str) -> Option<i64> {
    let mut parts = text.splitn(3, ':');
    let (hour, minute) = (two_digits(parts.next()?)?, two_digits(parts.next()?)?);
    let (second, micros) = match parts.next() {
        None => (0, 0),
        Some(rest) => match rest.split_once('.') {
            None => (two_digits(rest)?, 0),
            Some((second, fraction)) => (two_digits(second)?, micros_of_fraction(fraction)?),
        },
    };
    let fits = hour < 24 && minute < 60 && second < 60;
    fits.then_some(((hour * 60 + minute) * 60 + second) * MICROS_PER_SECOND + micros)
}

/// Reads a date and a time with `T` or one space between them. A zone (`Z`, `+hh:mm`, `-hh:mm`) is taken off, so that
/// the result is UTC.
#[must_use]
pub fn parse_date_time(text: &str) -> Option<i64> {
    let (date, time) = text.split_once(['T', ' '])?;
    let (time, offset) = split_zone(time)?;
    Some(parse_date(date)? * MICROS_PER_DAY + parse_time(time)? - offset)
}

fn split_zone(time: &str) -> Option<(&str, i64)> {
    if let Some(time) = time.strip_suffix('Z') {
        return Some((time, 0));
    }
    let Some(at) = time.find(['+', '-']) else { return Some((time, 0)) };
    let (time, zone) = time.split_at(at);
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    let zone = zone.get(1..)?;
    let (hours, minutes) = match zone.split_once(':') {
        Some((hours, minutes)) => (two_digits(hours)?, two_digits(minutes)?),
        None if zone.len() == 4 => (two_digits(zone.get(..2)?)?, two_digits(zone.get(2..)?)?),
        None => (two_digits(zone)?, 0),
    };
    (hours < 19 && minutes < 60).then_some((time, sign * (hours * 60 + minutes) * 60 * MICROS_PER_SECOND))
}

fn digits(text: &str) -> Option<i64> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

fn two_digits(text: &str) -> Option<i64> {
    if text.len() == 2 { digits(text) } else { None }
}

fn micros_of_fraction(text: &str) -> Option<i64> {
    let value = digits(text)?;
    match u32::try_from(text.len()).ok()? {
        length @ 1..=6 => Some(value * 10_i64.pow(6 - length)),
        length @ 7..=9 => Some(value / 10_i64.pow(length - 6)),
        _ => None,
    }
}

/// Writes a day number as `YYYY-MM-DD`.
///
/// # Errors
/// Those of `out`.
pub fn write_date(out: &mut impl Write, days: i64) -> fmt::Result {
    let (year, month, day) = civil_of_days(days);
    if year < 0 {
        out.write_char('-')?;
    }
    write!(out, "{:04}-{month:02}-{day:02}", year.unsigned_abs())
}

/// Writes microseconds since midnight as `hh:mm:ss`, with three or six digits of fraction where there are any.
///
/// # Errors
/// Those of `out`.
pub fn write_time(out: &mut impl Write, micros: i64) -> fmt::Result {
    let (seconds, fraction) = (micros.div_euclid(MICROS_PER_SECOND), micros.rem_euclid(MICROS_PER_SECOND));
    write!(out, "{:02}:{:02}:{:02}", seconds.div_euclid(3600), seconds.div_euclid(60) % 60, seconds % 60)?;
    match fraction {
        0 => Ok(()),
        _ if fraction % 1000 == 0 => write!(out, ".{:03}", fraction / 1000),
        _ => write!(out, ".{fraction:06}"),
    }
}

/// Writes microseconds since the epoch as `YYYY-MM-DDThh:mm:ss`, with a fraction where there is one.
///
/// # Errors
/// Those of `out`.
pub fn write_date_time(out: &mut impl Write, micros: i64) -> fmt::Result {
    write_date(out, micros.div_euclid(MICROS_PER_DAY))?;
    out.write_char('T')?;
    write_time(out, micros.rem_euclid(MICROS_PER_DAY))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(write: impl Fn(&mut String) -> fmt::Result) -> String {
        let mut text = String::new();
        write(&mut text).unwrap();
        text
    }

    #[test]
    fn dates_go_both_ways() {
        for (text, days) in [
            ("1970-01-01", 0),
            ("1969-12-31", -1),
            ("2000-02-29", 11_016),
            ("1900-03-01", -25_508),
            ("2024-02-29", 19_782),
            ("0000-03-01", -719_468),
            ("-0044-03-15", -735_525),
        ] {
            assert_eq!(parse_date(text), Some(days), "{text}");
            assert_eq!(shown(|out| write_date(out, days)), text);
        }
        for days in (-800_000..800_000).step_by(97) {
            let (year, month, day) = civil_of_days(days);
            assert_eq!(days_of_civil(year, month, day), Some(days));
        }
        for bad in
            ["1900-02-29", "2024-13-01", "2024-00-01", "2024-1-01", "24-01-01", "NaN", "", "2024-01-01x"]
        {
            assert_eq!(parse_date(bad), None, "{bad}");
        }
    }

    #[test]
    fn times_go_both_ways() {
        for (text, micros) in [
            ("00:00:00", 0),
            ("07:49:47", 28_187_000_000),
            ("23:59:59.999999", MICROS_PER_DAY - 1),
            ("12:00:00.500", 43_200_500_000),
        ] {
            assert_eq!(parse_time(text), Some(micros), "{text}");
            assert_eq!(shown(|out| write_time(out, micros)), text);
        }
        assert_eq!(parse_time("12:30"), Some(45_000_000_000));
        assert_eq!(parse_time("00:00:01.1234567"), Some(1_123_456));
        for bad in ["24:00:00", "12:60:00", "1:00:00", "12:00:00.", "12:00:00.1234567890", "1e400"] {
            assert_eq!(parse_time(bad), None, "{bad}");
        }
    }

    #[test]
    fn date_times_go_both_ways_and_zones_come_off() {
        let micros = 845_141_999_000_000;
        assert_eq!(parse_date_time("1996-10-12T17:39:59"), Some(micros));
        assert_eq!(shown(|out| write_date_time(out, micros)), "1996-10-12T17:39:59");
        for same in ["1996-10-12 17:39:59Z", "1996-10-12T19:39:59+02:00", "1996-10-12T12:09:59-0530"] {
            assert_eq!(parse_date_time(same), Some(micros), "{same}");
        }
        assert_eq!(shown(|out| write_date_time(out, -1)), "1969-12-31T23:59:59.999999");
        for bad in ["1996-10-12", "1996-10-12T", "1996-10-12T17:39:59+", "1996-10-12T17:39:59+25:00"] {
            assert_eq!(parse_date_time(bad), None, "{bad}");
        }
    }
}
