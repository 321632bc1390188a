//! Points from the nearest to the farthest, no more of them than are asked for.

use std::cmp::Ordering;

use crate::elements::ElementPlan;
use crate::plan::Plan;
use crate::plan::model::{Category, OutputFeature};

/// The `count` nearest points by growing distance or falling similarity; as near ones in their own order.
///
/// What is not a number is larger than all that are.
pub fn order(ranking: &mut Vec<u32>, figures: &[f64], is_similarity: bool, count: usize) {
    let figure = |point: u32| match figures[point as usize] {
        figure if figure.is_nan() => f64::NAN,
        figure => figure + 0.0,
    };
    let compare = |a: &u32, b: &u32| -> Ordering {
        let by_figure = figure(*a).total_cmp(&figure(*b));
        let by_nearness = if is_similarity { by_figure.reverse() } else { by_figure };
        by_nearness.then(a.cmp(b))
    };
    ranking.extend(0..figures.len() as u32);
    if count == 0 {
        ranking.clear();
    } else if count < ranking.len() {
        ranking.select_nth_unstable_by(count - 1, compare);
        ranking.truncate(count);
    }
    ranking.sort_unstable_by(compare);
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

    #[test]
    fn the_nearest_of_all_are_the_first_of_all() {
        let figures = [3.0, 1.0, f64::NAN, 1.0, 0.5, -0.0, 0.0, 7.0];
        for is_similarity in [false, true] {
            let mut all = Vec::new();
            order(&mut all, &figures, is_similarity, usize::MAX);
            let expected: &[u32] =
                if is_similarity { &[2, 7, 0, 1, 3, 4, 5, 6] } else { &[5, 6, 4, 1, 3, 0, 7, 2] };
            assert_eq!(all, expected);
            for count in 0..=figures.len() {
                let mut some = Vec::new();
                order(&mut some, &figures, is_similarity, count);
                assert_eq!(some, all[..count]);
            }
        }
    }
}
