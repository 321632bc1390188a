//! The order of few points for many rows at once: a sorting network, rows side by side.

use scorewheel_trees::vectorised;

use crate::elements::measure::rank::{comparison, settle};

/// Up to this many points a number of 32 bits holds which point it is, and enough of its figure.
pub const MOST_POINTS: usize = 128;

/// Rows side by side.
pub const ROWS: usize = 16;

/// Which places are compared, one pair after another, until whatever stood there is in order: Batcher's merges of odd and
/// even places.
#[derive(Debug, Default)]
pub struct Network {
    points: usize,
    pairs: Box<[[u8; 2]]>,
}

/// By place the keys of some rows.
#[repr(align(64))]
struct Keys([[u32; ROWS]; MOST_POINTS]);

/// A key: the first bits of a figure that is not negative, then which point it is.
#[inline(always)]
pub fn key(figure: f64, is_similarity: bool, point: usize, points: usize) -> u32 {
    // The bits of such numbers are in their order; adding nought makes both noughts the same.
    let bits = ((figure + 0.0) as f32).to_bits();
    let falling = if is_similarity { i32::MAX as u32 } else { 0 };
    (bits ^ falling) & !point_mask(points) | point as u32
}

/// The bits of a key that say which point it is.
#[inline(always)]
pub fn point_mask(points: usize) -> u32 {
    points.next_power_of_two() as u32 - 1
}

impl Network {
    /// Of how many points it is.
    #[inline]
    #[must_use]
    pub fn points(&self) -> usize {
        self.points
    }

    /// The network of so many points; without pairs if those are more than [`MOST_POINTS`].
    #[must_use]
    pub fn new(points: usize) -> Self {
        let mut pairs = Vec::new();
        let mut merged = 1;
        while merged < points && points <= MOST_POINTS {
            let mut apart = merged;
            while apart > 0 {
                for start in (apart % merged..points.saturating_sub(apart)).step_by(2 * apart) {
                    for low in start..(start + apart).min(points - apart) {
                        // Both stand in what is merged.
                        if low / (2 * merged) == (low + apart) / (2 * merged) {
                            pairs.push([low as u8, (low + apart) as u8]);
                        }
                    }
                }
                apart /= 2;
            }
            merged *= 2;
        }
        Self { points, pairs: pairs.into() }
    }

    /// Adds for up to [`ROWS`] rows the `count` nearest points, as [`order`](super::order) does. False if some figures are
    /// negative or not numbers: then nothing was added.
    pub fn order(&self, rankings: &mut Vec<u32>, figures: &[f64], is_similarity: bool, count: usize) -> bool {
        let is_plain = vectorised(
            #[inline(always)]
            || figures.iter().fold(true, |plain, figure| plain & (*figure >= 0.0)),
        );
        if is_plain {
            vectorised(
                #[inline(always)]
                || Tile { network: self, rankings, figures, is_similarity, count }.run(),
            );
        }
        is_plain
    }
}

struct Tile<'t> {
    network: &'t Network,
    rankings: &'t mut Vec<u32>,
    /// Row by row.
    figures: &'t [f64],
    is_similarity: bool,
    count: usize,
}

impl Tile<'_> {
    #[inline(always)]
    fn run(self) {
        let Self { network, rankings, figures, is_similarity, count } = self;
        let points = network.points;
        let mut keys = Keys([[0; ROWS]; MOST_POINTS]);
        let keys = &mut keys.0;
        for (row, figures) in figures.chunks_exact(points).enumerate().take(ROWS) {
            for (point, (keys, figure)) in keys.iter_mut().zip(figures).enumerate() {
                keys[row] = key(*figure, is_similarity, point, points);
            }
        }
        for [low, high] in &network.pairs {
            let (low, high) = (usize::from(*low) % MOST_POINTS, usize::from(*high) % MOST_POINTS);
            let (one, other) = (keys[low], keys[high]);
            for row in 0..ROWS {
                keys[low][row] = one[row].min(other[row]);
                keys[high][row] = one[row].max(other[row]);
            }
        }
        let mask = point_mask(points);
        let mut tied = 0_u32;
        for places in keys[..points].windows(2) {
            let [one, next] = places else { continue };
            // Nearly always of no row.
            if (0..ROWS).fold(false, |any, row| any | (one[row] ^ next[row] <= mask)) {
                tied |= (0..ROWS).fold(0, |rows, row| rows | u32::from(one[row] ^ next[row] <= mask) << row);
            }
        }
        let start = rankings.len();
        rankings.resize(start + figures.len() / points * count, 0);
        let rows = figures.chunks_exact(points).zip(rankings[start..].chunks_exact_mut(count));
        for (row, (figures, ranking)) in rows.enumerate().take(ROWS) {
            for (point, keys) in ranking.iter_mut().zip(&*keys) {
                *point = keys[row] & mask;
            }
            if tied >> row & 1 != 0 {
                let mut all = [0; MOST_POINTS];
                all.iter_mut().zip(&*keys).for_each(|(point, keys)| *point = keys[row] & mask);
                let is_tied = |place: usize| keys[place][row] ^ keys[place - 1][row] <= mask;
                settle(&mut all[..points], is_tied, comparison(figures, is_similarity));
                ranking.copy_from_slice(&all[..count]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_stood_there_is_in_order() {
        // What puts all noughts before all ones puts everything in order.
        for points in 1..=12_usize {
            let network = Network::new(points);
            for bits in 0..1_u32 << points {
                let mut places: Vec<u32> = (0..points).map(|point| bits >> point & 1).collect();
                for [low, high] in &network.pairs {
                    let (low, high) = (usize::from(*low), usize::from(*high));
                    if places[low] > places[high] {
                        places.swap(low, high);
                    }
                }
                assert!(places.is_sorted(), "{points} {bits:b}");
            }
        }
    }
}
