//! The order of many points: by counting digits of whole numbers that stand for their figures.

use scorewheel_trees::vectorised;

use crate::elements::measure::rank::{comparison, settle};

/// Memory for keys.
#[derive(Debug, Default)]
pub struct Keys {
    short: Vec<u32>,
    long: Vec<u64>,
}

/// Values of a digit.
const DIGITS: usize = 1 << 8;

/// Keys that lie evenly between the least and the largest figure, from 0 to this.
const MOST_KEY: u32 = u16::MAX as u32;

/// Up to this many points two bytes say which one it is.
pub const MOST_SPREAD: usize = 1 << 16;

/// Makes both noughts the same, and a similarity the smaller the nearer.
#[inline(always)]
fn long_key(figure: f64, is_similarity: bool) -> u32 {
    let upper = ((figure + 0.0).to_bits() >> 32) as u32;
    if is_similarity { upper ^ i32::MAX as u32 } else { upper }
}

/// Writes points from the nearest to the farthest, of figures that are not negative, at most [`MOST_SPREAD`] of them.
pub fn order(ranking: &mut [u32], figures: &[f64], is_similarity: bool, keys: &mut Keys) {
    if !by_span(ranking, figures, is_similarity, &mut keys.short) {
        by_bits(ranking, figures, is_similarity, &mut keys.long);
    }
}

/// By where between the least and the largest figure each lies, in two passes. False if that tells too few apart.
fn by_span(ranking: &mut [u32], figures: &[f64], is_similarity: bool, keys: &mut Vec<u32>) -> bool {
    let count = figures.len();
    keys.resize(2 * count, 0);
    let (first, second) = keys.split_at_mut(count);
    let spreads = vectorised(
        #[inline(always)]
        || spread(figures, if is_similarity { MOST_KEY } else { 0 }, first),
    );
    if !spreads {
        return false;
    }
    let (mut low, mut high) = ([0_u32; DIGITS], [0_u32; DIGITS]);
    let low_digit = |entry: u32| (entry >> 16) as usize % DIGITS;
    let high_digit = |entry: u32| (entry >> 24) as usize;
    for entry in &*first {
        low[low_digit(*entry)] += 1;
        high[high_digit(*entry)] += 1;
    }
    begin(&mut low);
    begin(&mut high);
    for entry in &*first {
        let place = &mut low[low_digit(*entry)];
        second[*place as usize] = *entry;
        *place += 1;
    }
    for entry in &*second {
        let place = &mut high[high_digit(*entry)];
        first[*place as usize] = *entry;
        *place += 1;
    }
    let ties = vectorised(
        #[inline(always)]
        || {
            ranking.iter_mut().zip(&*first).for_each(|(point, entry)| *point = entry & MOST_KEY);
            let pairs = first.iter().zip(&first[1..]);
            pairs.fold(0, |ties, (one, next)| ties + u32::from(one >> 16 == next >> 16))
        },
    );
    if ties as usize > count / 4 {
        return false;
    }
    let is_tied = |place: usize| first[place] >> 16 == first[place - 1] >> 16;
    settle(ranking, is_tied, comparison(figures, is_similarity));
    true
}

/// The key of each figure in the upper half, the point in the lower one. False if figures are all the same, or endless.
#[inline(always)]
fn spread(figures: &[f64], falling: u32, into: &mut [u32]) -> bool {
    /// Figures that are looked at side by side.
    const LANES: usize = 8;
    /// Rounds to whole numbers, which are then the last bits.
    const SHIFT: f64 = (1_u64 << 52) as f64;
    let (groups, rest) = figures.as_chunks::<LANES>();
    let (mut lows, mut highs) = ([f64::INFINITY; LANES], [0.0_f64; LANES]);
    for group in groups {
        for lane in 0..LANES {
            lows[lane] = if group[lane] < lows[lane] { group[lane] } else { lows[lane] };
            highs[lane] = if group[lane] > highs[lane] { group[lane] } else { highs[lane] };
        }
    }
    let low = lows.iter().chain(rest).fold(f64::INFINITY, |low, figure| low.min(*figure));
    let high = highs.iter().chain(rest).fold(0.0_f64, |high, figure| high.max(*figure));
    let scale = f64::from(MOST_KEY) / (high - low);
    if !(high < f64::INFINITY && scale < f64::INFINITY) {
        return false;
    }
    for (point, (figure, into)) in figures.iter().zip(into).enumerate() {
        let key = ((figure - low) * scale + SHIFT).to_bits() as u32;
        *into = (key ^ falling) << 16 | point as u32;
    }
    true
}

/// By the upper half of each figure's bits: a pass over all for each digit in which they differ.
fn by_bits(ranking: &mut [u32], figures: &[f64], is_similarity: bool, keys: &mut Vec<u64>) {
    const PLACES: usize = 4;
    let digit = |entry: u64, at: usize| (entry >> (32 + 8 * at)) as usize % DIGITS;
    let count = figures.len();
    keys.clear();
    let key = |(at, figure): (usize, &f64)| u64::from(long_key(*figure, is_similarity)) << 32 | at as u64;
    keys.extend(figures.iter().enumerate().map(key));
    keys.resize(2 * count, 0);
    let (mut from, mut into) = keys.split_at_mut(count);
    let mut starts = [[0_u32; DIGITS]; PLACES];
    for entry in &*from {
        for (at, starts) in starts.iter_mut().enumerate() {
            starts[digit(*entry, at)] += 1;
        }
    }
    for (at, starts) in starts.iter_mut().enumerate() {
        if starts[digit(from[0], at)] as usize == count {
            continue;
        }
        begin(starts);
        for entry in &*from {
            let place = &mut starts[digit(*entry, at)];
            into[*place as usize] = *entry;
            *place += 1;
        }
        std::mem::swap(&mut from, &mut into);
    }
    ranking.iter_mut().zip(&*from).for_each(|(point, entry)| *point = *entry as u32);
    let is_tied = |place: usize| from[place] >> 32 == from[place - 1] >> 32;
    settle(ranking, is_tied, comparison(figures, is_similarity));
}

/// From how many there are of each digit to where they begin.
fn begin(counts: &mut [u32; DIGITS]) {
    let mut start = 0;
    for count in counts {
        start += std::mem::replace(count, start);
    }
}
