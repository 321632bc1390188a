//! Points from the nearest to the farthest, no more of them than are asked for.

use std::cmp::Ordering;

use crate::elements::ElementPlan;
use crate::elements::measure::digits::{self, Keys};
use crate::elements::measure::network::{self, MOST_POINTS, Network};
use crate::plan::Plan;
use crate::plan::model::{Category, OutputFeature};

/// Adds the `count` nearest points by growing distance or falling similarity; as near ones in their own order.
///
/// What is not a number is larger than all that are. `keys` is a buffer.
pub fn order(ranking: &mut Vec<u32>, figures: &[f64], is_similarity: bool, count: usize, keys: &mut Keys) {
    let (start, points) = (ranking.len(), figures.len());
    let count = count.min(points);
    if count == 0 {
        return;
    }
    // The bits of numbers that are not negative are in their order.
    let is_plain = figures.iter().fold(true, |plain, figure| plain & (*figure >= 0.0));
    let is_whole = count == points && points <= digits::MOST_SPREAD;
    if !is_plain || points > MOST_POINTS && !is_whole {
        order_by_comparison(ranking, figures, is_similarity, count);
        return;
    }
    ranking.resize(start + points, 0);
    if points <= MOST_POINTS {
        order_few(&mut ranking[start..], figures, is_similarity);
    } else {
        digits::order(&mut ranking[start..], figures, is_similarity, keys);
    }
    ranking.truncate(start + count);
}

/// The same for every row, whose figures stand row by row.
pub fn order_rows(
    rankings: &mut Vec<u32>,
    figures: &[f64],
    network: &Network,
    is_similarity: bool,
    count: usize,
    keys: &mut Keys,
) {
    let points = network.points();
    let count = count.min(points);
    if points == 0 || count == 0 {
        return;
    }
    for rows in figures.chunks(points * network::ROWS) {
        let suits = rows.len() > points && points <= MOST_POINTS;
        if !suits || !network.order(rankings, rows, is_similarity, count) {
            for figures in rows.chunks_exact(points) {
                order(rankings, figures, is_similarity, count, keys);
            }
        }
    }
}

/// All of up to [`MOST_POINTS`] points of one row.
fn order_few(ranking: &mut [u32], figures: &[f64], is_similarity: bool) {
    let points = figures.len();
    let mut keys = [0; MOST_POINTS];
    let keys = &mut keys[..points];
    for (point, (key, figure)) in keys.iter_mut().zip(figures).enumerate() {
        *key = network::key(*figure, is_similarity, point, points);
    }
    keys.sort_unstable();
    let mask = network::point_mask(points);
    ranking.iter_mut().zip(&*keys).for_each(|(point, key)| *point = key & mask);
    settle(ranking, |place| keys[place] ^ keys[place - 1] <= mask, comparison(figures, is_similarity));
}

/// Puts points with equal keys in order; `is_tied` says whether a place, from 1, has the key of the one before it.
pub fn settle(
    ranking: &mut [u32],
    is_tied: impl Fn(usize) -> bool,
    compare: impl Fn(&u32, &u32) -> Ordering,
) {
    // Nearly always there are none, or few and next to one another.
    let mut moves = 8 * ranking.len();
    for at in 1..ranking.len() {
        if !is_tied(at) {
            continue;
        }
        let point = ranking[at];
        let mut place = at;
        while place > 0 && is_tied(place) && compare(&point, &ranking[place - 1]).is_lt() {
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

/// How two points of these figures are ordered.
pub fn comparison(figures: &[f64], is_similarity: bool) -> impl Fn(&u32, &u32) -> Ordering {
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
        let (mut ranking, mut keys) = (vec![9], Keys::default());
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

    /// Numbers from 0 to 999.
    fn dice() -> impl FnMut() -> u64 {
        let mut state = 1_u64;
        move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % 1_000
        }
    }

    #[test]
    fn every_way_gives_the_same_order() {
        let mut next = dice();
        for size in [1, 2, 7, 8, 9, 64, 127, 128, 129, 700, 2_000, 70_000] {
            for spread in [1.0_f64, 1e-3, 1e-12, 0.0] {
                let mut figures: Vec<f64> = (0..size).map(|_| 1.0 + next() as f64 * spread).collect();
                figures[size / 2] = [1.0, f64::INFINITY, 1e9, 0.0][next() as usize % 4];
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

    #[test]
    fn rows_together_are_ordered_as_by_themselves() {
        let mut next = dice();
        for size in [1, 2, 3, 8, 60, 64, 65, 127, 128, 129] {
            let network = Network::new(size);
            for (rows, spread) in [(1, 1.0), (2, 1e-3), (15, 1e-9), (16, 1.0), (17, 0.0), (40, 1e-6)] {
                let mut figures: Vec<f64> = (0..rows * size).map(|_| 1.0 + next() as f64 * spread).collect();
                figures[size * rows / 2] = [-0.0, 0.0, f64::INFINITY, -1.0, f64::NAN][next() as usize % 5];
                for is_similarity in [false, true] {
                    for count in [1, (size / 2).max(1), size, size + 1] {
                        let (mut expected, mut keys) = (vec![9], Keys::default());
                        for figures in figures.chunks_exact(size) {
                            order_by_comparison(&mut expected, figures, is_similarity, count.min(size));
                        }
                        let mut found = vec![9];
                        order_rows(&mut found, &figures, &network, is_similarity, count, &mut keys);
                        assert_eq!(found, expected, "{size} points, {rows} rows, {count} of them");
                    }
                }
            }
        }
    }
}
