//! Medians and spreads of interleaved rounds.

use std::fmt;

/// The rounds of one figure.
#[derive(Clone, Debug, Default)]
pub struct Spread(Vec<f64>);

impl Spread {
    /// Adds a round.
    pub fn push(&mut self, value: f64) {
        self.0.push(value);
        self.0.sort_by(f64::total_cmp);
    }

    /// True without rounds.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The median; 0 of no rounds.
    pub fn median(&self) -> f64 {
        match self.0.len() {
            0 => 0.0,
            count if count % 2 == 1 => self.0[count / 2],
            count => f64::midpoint(self.0[count / 2 - 1], self.0[count / 2]),
        }
    }

    fn ends(&self) -> (f64, f64) {
        (self.0.first().copied().unwrap_or(0.0), self.0.last().copied().unwrap_or(0.0))
    }
}

impl fmt::Display for Spread {
    /// `median (smallest–largest)`, with three significant digits, or as many after the point as are asked for.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (low, high) = self.ends();
        if let Some(digits) = f.precision() {
            return write!(f, "{:.digits$} ({low:.digits$}–{high:.digits$})", self.median());
        }
        write!(f, "{} ({}–{})", short(self.median()), short(low), short(high))
    }
}

/// Three significant digits; thousands and millions by letter.
pub fn short(value: f64) -> String {
    let (value, unit) = match value {
        value if value >= 1e6 => (value / 1e6, " M"),
        value if value >= 1e4 => (value / 1e3, " k"),
        value => (value, ""),
    };
    let digits = if value >= 100.0 {
        0
    } else if value >= 10.0 {
        1
    } else {
        2
    };
    format!("{value:.digits$}{unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_rounds() {
        let mut spread = Spread::default();
        for value in [3.0, 1.0, 2.0, 10.0] {
            spread.push(value);
        }
        assert_eq!(spread.median(), 2.5);
        assert_eq!(spread.to_string(), "2.50 (1.00–10.0)");
        assert_eq!(short(123_456.0), "123 k");
    }
}
