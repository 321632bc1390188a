//! Points from the nearest to the farthest, no more of them than are asked for.

use std::cmp::Ordering;

use scorewheel_trees::vectorised;

use crate::elements::ElementPlan;
use crate::plan::Plan;
use crate::plan::model::{Category, OutputFeature};

/// Adds the `count` nearest points by growing distance or falling similarity; as near ones in their own order.
///
/// What is not a number is larger than all that are. `keys` is a buffer.
pub fn order(
    ranking: &mut Vec<u32>,
    figures: &[f64],
    is_similarity: bool,
    count: usize,
    keys: &mut Vec<u64>,
) {
    let (start, count) = (ranking.len(), count.min(figures.len()));
    if count == 0 {
        return;
    }
    // The bits of numbers that are not negative are in their order.
    let is_plain = figures.iter().fold(true, |plain, figure| plain & (*figure >= 0.0));
    if !is_plain || count < figures.len() && figures.len() > MOST_COUNTED {
        order_by_comparison(ranking, figures, is_similarity, count);
        return;
    }
    let key = |figure: f64| {
        // Adding nought makes both noughts the same.
        let upper = ((figure + 0.0).to_bits() >> 32) as i32;
        if is_similarity { MOST_KEY ^ upper } else { upper }
    };
    let figure_key = |point: u32| key(figures[point as usize]);
    let has_ties = if figures.len() <= MOST_COUNTED {
        let mut own = [MOST_KEY; MOST_COUNTED];
        own.iter_mut().zip(figures).for_each(|(own, figure)| *own = key(*figure));
        vectorised(
            #[inline(always)]
            || Counted { keys: &own, count: figures.len(), ranking }.run(),
        )
    } else {
        by_digits(figures, key, ranking, keys)
    };
    if has_ties {
        settle(&mut ranking[start..], figure_key, comparison(figures, is_similarity));
    }
    ranking.truncate(start + count);
}

/// The largest upper half of the bits of a number that is not negative.
const MOST_KEY: i32 = i32::MAX;

/// Up to this many points each is compared with all others, which takes no branch.
const MOST_COUNTED: usize = 128;

/// Points that are compared side by side.
const LANES: usize = 8;

/// Points by their keys, of equal ones the first first: each one's place is the number of those before it. Gives whether
/// any keys are equal.
struct Counted<'c> {
    keys: &'c [i32; MOST_COUNTED],
    count: usize,
    ranking: &'c mut Vec<u32>,
}

impl Counted<'_> {
    #[inline(always)]
    fn run(self) -> bool {
        let Self { keys, count, ranking } = self;
        let start = ranking.len();
        ranking.resize(start + count, 0);
        let mut sorted = [0; MOST_COUNTED];
        let (groups, _) = keys.as_chunks::<LANES>();
        for (at, group) in groups[..count.div_ceil(LANES)].iter().enumerate() {
            let first = at * LANES;
            // All points of earlier groups but those with larger keys, and of later ones those with smaller keys.
            let mut before = [first as i32; LANES];
            for key in &keys[..first] {
                for lane in 0..LANES {
                    before[lane] -= i32::from(*key > group[lane]);
                }
            }
            for key in &keys[(first + LANES).min(count)..count] {
                for lane in 0..LANES {
                    before[lane] += i32::from(*key < group[lane]);
                }
            }
            for (place, key) in group.iter().enumerate() {
                for lane in 0..LANES {
                    let is_before = *key < group[lane] || *key == group[lane] && place < lane;
                    before[lane] += i32::from(is_before);
                }
            }
            for (lane, before) in before.iter().enumerate().take(count - first) {
                ranking[start + *before as usize] = (first + lane) as u32;
                sorted[*before as usize] = group[lane];
            }
        }
        let pairs = sorted[..count].iter().zip(sorted[..count].iter().skip(1));
        pairs.fold(false, |any, (one, next)| any | (one == next))
    }
}

/// Bits of a digit.
const DIGIT: u32 = 8;

/// Points by their keys, of equal ones the first first: a pass over all for each digit in which they differ. Gives whether
/// any keys are equal.
fn by_digits(figures: &[f64], key: impl Fn(f64) -> i32, ranking: &mut Vec<u32>, keys: &mut Vec<u64>) -> bool {
    const DIGITS: usize = 4;
    let digit = |entry: u64, at: usize| (entry >> (32 + DIGIT * at as u32)) as usize & ((1 << DIGIT) - 1);
    let count = figures.len();
    keys.clear();
    keys.extend(figures.iter().enumerate().map(|(at, figure)| (key(*figure) as u64) << 32 | at as u64));
    keys.resize(2 * count, 0);
    let (mut from, mut into) = keys.split_at_mut(count);
    let mut starts = [[0_u32; 1 << DIGIT]; DIGITS];
    for entry in &*from {
        for (at, starts) in starts.iter_mut().enumerate() {
            starts[digit(*entry, at)] += 1;
        }
    }
    for (at, starts) in starts.iter_mut().enumerate() {
        if starts[digit(from[0], at)] as usize == count {
            continue;
        }
        let mut start = 0;
        for counted in starts.iter_mut() {
            start += std::mem::replace(counted, start);
        }
        for entry in &*from {
            let place = &mut starts[digit(*entry, at)];
            into[*place as usize] = *entry;
            *place += 1;
        }
        std::mem::swap(&mut from, &mut into);
    }
    ranking.extend(from.iter().map(|entry| *entry as u32));
    let pairs = from.iter().zip(from.iter().skip(1));
    pairs.fold(false, |any, (one, next)| any | (one >> 32 == next >> 32))
}

/// Puts points with equal keys in order.
fn settle(ranking: &mut [u32], key: impl Fn(u32) -> i32, compare: impl Fn(&u32, &u32) -> Ordering) {
    // Nearly always there are none, or few and next to one another.
    let mut moves = 8 * ranking.len();
    for at in 1..ranking.len() {
        let point = ranking[at];
        let own = key(point);
        let mut place = at;
        while place > 0 && key(ranking[place - 1]) == own && compare(&point, &ranking[place - 1]).is_lt() {
            ranking[place] = ranking[place - 1];
            place -= 1;
            moves = moves.saturating_sub(1);
        }
        ranking[place] = point;
        if moves == 0 {
            ranking.sort_by(compare);
            return;
        }
    }
}

fn order_by_comparison(ranking: &mut Vec<u32>, figures: &[f64], is_similarity: bool, count: usize) {
    let compare = comparison(figures, is_similarity);
    let start = ranking.len();
    ranking.extend(0..figures.len() as u32);
    if count < figures.len() {
        ranking[start..].select_nth_unstable_by(count - 1, &compare);
        ranking.truncate(start + count);
    }
    ranking[start..].sort_unstable_by(compare);
}

fn comparison(figures: &[f64], is_similarity: bool) -> impl Fn(&u32, &u32) -> Ordering {
    let figure = |point: u32| match figures[point as usize] {
        figure if figure.is_nan() => f64::NAN,
        figure => figure + 0.0,
    };
    move |a, b| {
        let by_figure = figure(*a).total_cmp(&figure(*b));
        let by_nearness = if is_similarity { by_figure.reverse() } else { by_figure };
        by_nearness.then(a.cmp(b))
    }
}

/// Tells each model of a plan how many of its nearest points anything reads: all if it answers with the ranking itself, else
/// those that it decides by, and the farthest rank that an output names.
pub fn limit_rankings(plan: &mut Plan) {
    let outputs = plan.models.iter().flat_map(|model| &model.outputs);
    let named = outputs.map(|output| rank_of(&output.what)).max().unwrap_or(0).max(1);
    for (model, answer) in plan.models.iter_mut().zip(&plan.answer.by_model) {
        let answers_with_it =
            answer.iter().flat_map(|answer| &answer.targets).any(|target| target.ranking.is_some());
        let (measure, decides) = match &mut model.element {
            ElementPlan::Clustering(plan) => (&mut plan.measure, 1),
            ElementPlan::NearestNeighbor(plan) => (&mut plan.measure, plan.neighbors),
            _ => continue,
        };
        if !answers_with_it {
            measure.ranked = named.max(decides);
        }
    }
}

/// The rank that an output names; 0 if it names none.
fn rank_of(what: &OutputFeature) -> usize {
    match what {
        OutputFeature::EntityId { rank } | OutputFeature::Affinity(Category::Predicted { rank }) => {
            *rank as usize
        }
        OutputFeature::Segment { what, .. } => rank_of(what),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ordered(figures: &[f64], is_similarity: bool, count: usize) -> Vec<u32> {
        let (mut ranking, mut keys) = (vec![9], Vec::new());
        order(&mut ranking, figures, is_similarity, count, &mut keys);
        assert_eq!(ranking.remove(0), 9, "what stands before stays");
        ranking
    }

    #[test]
    fn the_nearest_of_all_are_the_first_of_all() {
        let figures = [3.0, 1.0, f64::NAN, 1.0, 0.5, -0.0, 0.0, 7.0];
        for is_similarity in [false, true] {
            let all = ordered(&figures, is_similarity, usize::MAX);
            let expected: &[u32] =
                if is_similarity { &[2, 7, 0, 1, 3, 4, 5, 6] } else { &[5, 6, 4, 1, 3, 0, 7, 2] };
            assert_eq!(all, expected);
            for count in 0..=figures.len() {
                assert_eq!(ordered(&figures, is_similarity, count), all[..count]);
            }
        }
    }

    #[test]
    fn every_way_gives_the_same_order() {
        let mut state = 1_u64;
        let mut next = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state >> 33
        };
        for size in [1, 2, 7, 8, 9, 64, 127, 128, 129, 700, 2_000] {
            for spread in [1.0_f64, 1e-3, 1e-12, 0.0] {
                let mut figures: Vec<f64> =
                    (0..size).map(|_| 1.0 + (next() % 1_000) as f64 * spread).collect();
                if next().is_multiple_of(2) {
                    figures[size / 2] = f64::INFINITY;
                }
                for is_similarity in [false, true] {
                    let mut expected = Vec::new();
                    order_by_comparison(&mut expected, &figures, is_similarity, size);
                    for count in [0, 1, 2, size / 2, size] {
                        let count = count.min(size);
                        assert_eq!(
                            ordered(&figures, is_similarity, count),
                            expected[..count],
                            "{size} {spread}"
                        );
                    }
                }
            }
        }
    }
}
