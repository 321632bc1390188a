//! Points from the nearest to the farthest, no more of them than are asked for.

use std::cmp::Ordering;

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
    let count = count.min(figures.len());
    if count == 0 {
        return;
    }
    let start = ranking.len();
    if order_by_keys(ranking, figures, is_similarity, count, keys).is_none() {
        ranking.truncate(start);
        order_by_comparison(ranking, figures, is_similarity, count);
    }
}

/// The same with the bits of figures and points in one integer each, which is sorted without a look at either.
///
/// The lowest bits of figures make room for the points. `None` if that could matter, or some figure is not a number or
/// negative, whose bits are in another order.
fn order_by_keys(
    ranking: &mut Vec<u32>,
    figures: &[f64],
    is_similarity: bool,
    count: usize,
    keys: &mut Vec<u64>,
) -> Option<()> {
    let shift = usize::BITS - (figures.len() - 1).leading_zeros();
    let points = (1_u64 << shift) - 1;
    let flip = if is_similarity { u64::MAX } else { 0 };
    keys.clear();
    let mut is_plain = true;
    keys.extend(figures.iter().enumerate().map(|(point, figure)| {
        is_plain &= *figure >= 0.0;
        // Adding nought makes both noughts the same.
        ((figure + 0.0).to_bits() ^ flip) & !points | point as u64
    }));
    if !is_plain {
        return None;
    }
    if count < keys.len() {
        let (_, last, behind) = keys.select_nth_unstable(count - 1);
        let last = *last >> shift;
        if behind.iter().any(|key| key >> shift == last) {
            return None;
        }
        keys.truncate(count);
    }
    keys.sort_unstable();
    let start = ranking.len();
    ranking.extend(keys.iter().map(|key| (key & points) as u32));
    if keys.windows(2).any(|pair| pair[0] >> shift == pair[1] >> shift) {
        // Figures that differ in their lowest bits alone, or not at all.
        let compare = comparison(figures, is_similarity);
        let ranking = &mut ranking[start..];
        let is_ordered = |pair: &[u32]| compare(&pair[0], &pair[1]).is_lt();
        if !ranking.windows(2).all(is_ordered) {
            ranking.sort_by(compare);
        }
    }
    Some(())
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
    fn figures_that_differ_in_their_last_bits_are_told_apart() {
        let one = 1.0_f64;
        let near =
            [one.next_up(), one, one.next_up().next_up(), one, 0.25, one.next_down(), f64::INFINITY, 2.0];
        for figures in [&near[..], &near[..1], &[0.5; 9], &[4.0, 3.0, 2.0, 1.0, 0.0]] {
            for is_similarity in [false, true] {
                let mut expected = Vec::new();
                order_by_comparison(&mut expected, figures, is_similarity, figures.len());
                for count in 0..=figures.len() {
                    assert_eq!(ordered(figures, is_similarity, count), expected[..count], "{figures:?}");
                }
            }
        }
    }
}
