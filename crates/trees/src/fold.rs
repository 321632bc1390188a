//! One row's answer from the leaves that its trees reach, in the order of the trees.

use crate::combine::{BasePlace, Combine, NullTree, Sum};
use crate::ensemble::{Ensemble, Leaves};
use crate::error::Exception;

/// The mark of a tree without an answer among leaf numbers.
pub const NULL_LEAF: u32 = u32::MAX;

/// Combines one row's leaves into `out`; votes also tell the winner.
///
/// What is not asked for, or does not fit [`Ensemble::combine`], is left alone.
pub(crate) fn fold(ensemble: &Ensemble, reached: &[u32], out: &mut [f64]) -> Result<u32, Exception> {
    out.fill(0.0);
    match (&ensemble.combine, &ensemble.leaves) {
        (Combine::Sum(sum), Leaves::Numbers { width, values }) => {
            add(ensemble, sum, false, *width, values, reached, out).map(|()| 0)
        }
        (Combine::Average(sum), Leaves::Numbers { width, values }) => {
            add(ensemble, sum, true, *width, values, reached, out).map(|()| 0)
        }
        (Combine::Vote(null_tree), Leaves::Classes(classes)) => {
            vote(ensemble, *null_tree, classes, reached, out)
        }
        _ => Ok(0),
    }
}

fn add(
    ensemble: &Ensemble,
    sum: &Sum,
    average: bool,
    width: usize,
    values: &[f64],
    reached: &[u32],
    out: &mut [f64],
) -> Result<(), Exception> {
    let round = |value: f64| sum.precision.round(value);
    check_nulls(sum.null_tree, reached)?;
    if sum.base_place == BasePlace::First && !sum.base.is_empty() {
        out.iter_mut().zip(&sum.base).for_each(|(out, base)| *out = round(*base));
    }
    let present = || ensemble.trees.iter().zip(reached).filter(|(_, leaf)| **leaf != NULL_LEAF);
    for (tree, leaf) in present() {
        let values = &values[*leaf as usize * width..][..width];
        for (out, value) in out[tree.output as usize..].iter_mut().zip(values) {
            // An f64 product or sum of two f32 is exact enough that rounding it again gives the f32 result.
            *out = round(*out + round(round(*value) * round(tree.weight)));
        }
    }
    if average {
        for (index, out) in out.iter_mut().enumerate() {
            let adds =
                |tree: &crate::Tree| (tree.output as usize..tree.output as usize + width).contains(&index);
            let weights = present().filter(|(tree, _)| adds(tree)).map(|(tree, _)| round(tree.weight));
            *out = round(*out / weights.fold(0.0, |total, weight| round(total + weight)));
        }
    }
    if sum.base_place == BasePlace::Last && !sum.base.is_empty() {
        out.iter_mut().zip(&sum.base).for_each(|(out, base)| *out = round(*out + round(*base)));
    }
    Ok(())
}

fn check_nulls(null_tree: NullTree, reached: &[u32]) -> Result<(), Exception> {
    let nulls = reached.iter().filter(|leaf| **leaf == NULL_LEAF).count();
    let passes = match null_tree {
        NullTree::RowIsNull => nulls == 0,
        NullTree::Skip { threshold } => {
            nulls == 0 || (nulls < reached.len() && nulls as f64 <= threshold * reached.len() as f64)
        }
        NullTree::Votes => true,
    };
    if passes { Ok(()) } else { Err(Exception::Null) }
}

fn vote(
    ensemble: &Ensemble,
    null_tree: NullTree,
    classes: &[u32],
    reached: &[u32],
    out: &mut [f64],
) -> Result<u32, Exception> {
    check_nulls(null_tree, reached)?;
    let mut nulls = 0.0;
    let mut winner = None;
    for (tree, leaf) in ensemble.trees.iter().zip(reached) {
        match classes.get(*leaf as usize) {
            Some(class) => out[*class as usize] += tree.weight,
            None => nulls += tree.weight,
        }
    }
    // The first candidate voted for wins a tie, hence the order of the trees.
    let mut most = f64::NEG_INFINITY;
    for leaf in reached {
        let class = classes.get(*leaf as usize).copied();
        let votes = match (class, null_tree) {
            (Some(class), _) => out[class as usize],
            (None, NullTree::Votes) => nulls,
            (None, _) => continue,
        };
        if votes > most {
            most = votes;
            winner = class;
        }
    }
    winner.ok_or(Exception::Null)
}
