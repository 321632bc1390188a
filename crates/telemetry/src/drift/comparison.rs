//! Bins of a reference, the same bins of now, and their PSI.

use std::collections::BTreeMap;

use super::histogram::key_number;
use super::sketch::{ColumnKind, ColumnSketch};
use super::training::{Training, TrainingCell, TrainingValues};

/// Bins that the values of a reference are divided into, as equally as they can be.
const NUMBER_BINS: usize = 10;
/// Categories of a reference that have a bin of their own: the heaviest.
const CATEGORY_BINS: usize = 20;
/// The least share that a bin counts as, however many rows there are.
const LEAST_SHARE: f64 = 1e-4;

/// What now is compared with.
#[derive(Clone, Copy, Debug)]
pub enum Reference<'a> {
    /// What was counted earlier.
    Counted(&'a ColumnSketch),
    /// What the model says of its training.
    Training(&'a Training),
}

/// What a bin holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Bin {
    /// Numbers below all of the reference.
    Below(f64),
    /// Numbers from one to another.
    Range(f64, f64),
    /// Numbers above all of the reference.
    Above(f64),
    /// One category, or those that share a hash; without a name if it is not kept.
    Category(Option<String>),
    /// Further categories of the reference.
    Others,
    /// Values of which the reference has nothing: new categories, or all numbers where it has none.
    New,
    /// Cells without a value.
    Missing,
    /// Cells with something that is no value.
    Invalid,
}

/// A reference and now, bin by bin.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Comparison {
    /// The bins with their shares in the reference and now.
    pub bins: Vec<(Bin, f64, f64)>,
    /// The population stability index.
    pub psi: f64,
}

/// The population stability index: the sum over all bins of `(a − e) · ln(a / e)`, where `e` is a bin's share of the
/// reference and `a` its share now.
///
/// An empty bin counts as if half a row had fallen into it, and as 1/10,000 at least, so that the logarithm stays finite;
/// one that is empty in both is left out. `rows` are the rows of the reference (`None` if not known) and of now.
/// Source: Siddiqi, *Credit Risk Scorecards*, 2006, where below 0.1 is called no change, above 0.25 a large one.
#[must_use]
pub fn population_stability_index(bins: &[(f64, f64)], rows: (Option<f64>, f64)) -> f64 {
    let least = |rows: f64| if rows > 0.0 { (0.5 / rows).max(LEAST_SHARE) } else { LEAST_SHARE };
    let (least_expected, least_actual) = (rows.0.map_or(LEAST_SHARE, least), least(rows.1));
    let term = |(expected, actual): &(f64, f64)| {
        if *expected <= 0.0 && *actual <= 0.0 {
            return 0.0;
        }
        let (expected, actual) = (expected.max(least_expected), actual.max(least_actual));
        (actual - expected) * (actual / expected).ln()
    };
    bins.iter().map(term).sum()
}

/// Compares a column with its reference; `None` if one of them is empty.
#[must_use]
pub fn compare(kind: ColumnKind, reference: Reference<'_>, current: &ColumnSketch) -> Option<Comparison> {
    let mut bins = match (kind, reference) {
        (ColumnKind::Number, Reference::Counted(counted)) => {
            let mut values = counted.values().clone();
            // Then no range of now lies across the edge of a bin.
            values.coarsen(current.values().level());
            let cells: Vec<TrainingCell> = values
                .ranges()
                .map(|(first, last, count)| TrainingCell { first, last, weight: count as f64, open: false })
                .collect();
            numbers(&cells, current)
        }
        (ColumnKind::Category, Reference::Counted(counted)) => {
            let level = counted.values().level().max(current.values().level());
            let known = counted.values().ranges().map(|(key, _, count)| (key, count as f64));
            let name = |key: u64| counted.category(key).or_else(|| current.category(key)).map(str::to_owned);
            categories(known, level, name, current)
        }
        (ColumnKind::Number, Reference::Training(training)) => match &training.values {
            TrainingValues::Numbers(cells) => numbers(cells, current),
            TrainingValues::Categories(_) => return None,
        },
        (ColumnKind::Category, Reference::Training(training)) => match &training.values {
            TrainingValues::Categories(known) => {
                let named =
                    |key: u64| known.iter().find(|known| known.0 == key).map(|known| known.1.to_string());
                let weights = known.iter().map(|(key, _, weight)| (*key, *weight));
                categories(weights, current.values().level(), named, current)
            }
            TrainingValues::Numbers(_) => return None,
        },
    };
    let rows = match reference {
        Reference::Counted(counted) => {
            bins.push((Bin::Missing, counted.missing() as f64, current.missing() as f64));
            bins.push((Bin::Invalid, counted.invalid() as f64, current.invalid() as f64));
            Some(counted.rows() as f64)
        }
        Reference::Training(training) => {
            // The unit of the values' weights may be another than rows.
            let values: f64 = bins.iter().map(|(_, expected, _)| expected).sum();
            let valid = training
                .rows
                .map(|rows| rows - training.missing.unwrap_or(0.0) - training.invalid.unwrap_or(0.0));
            let unit = valid.filter(|valid| *valid > 0.0).map(|valid| values / valid);
            let stated = [
                (Bin::Missing, training.missing, current.missing()),
                (Bin::Invalid, training.invalid, current.invalid()),
            ];
            for (bin, expected, actual) in stated {
                if let (Some(expected), Some(unit)) = (expected, unit) {
                    bins.push((bin, expected * unit, actual as f64));
                }
            }
            training.rows
        }
    };
    let expected: f64 = bins.iter().map(|(_, expected, _)| expected).sum();
    let actual: f64 = bins.iter().map(|(_, _, actual)| actual).sum();
    if !(expected > 0.0 && actual > 0.0) {
        return None;
    }
    bins.retain(|(_, expected, actual)| *expected > 0.0 || *actual > 0.0);
    for bin in &mut bins {
        (bin.1, bin.2) = (bin.1 / expected, bin.2 / actual);
    }
    let shares: Vec<(f64, f64)> = bins.iter().map(|(_, expected, actual)| (*expected, *actual)).collect();
    Some(Comparison { psi: population_stability_index(&shares, (rows, actual)), bins })
}

/// Bins of numbers: about [`NUMBER_BINS`] of equal weight, and what lies outside of the reference.
///
/// The edges of bins move to edges of the ranges of now, so that each range lies in one bin: to divide a range would be to
/// guess, and wrong where all of it is one number, of which many columns have one (zero). They move so that the number at
/// an edge stays in its bin.
fn numbers(cells: &[TrainingCell], current: &ColumnSketch) -> Vec<(Bin, f64, f64)> {
    let rest = (1_u64 << current.values().level()) - 1;
    let Some((first, last)) = cells.first().map(|cell| cell.first).zip(cells.last().map(|cell| cell.last))
    else {
        return vec![(Bin::New, 0.0, current.values().total() as f64)];
    };
    // The last key below all of the reference, and of each bin; `None` is none.
    let floor = (first & !rest).checked_sub(1);
    let end = |cell: &TrainingCell| match cell.open {
        true => (cell.last.saturating_add(1) & !rest).checked_sub(1),
        false => Some(cell.last | rest),
    };
    let mut groups = grouped(&apart(cells, floor, end));
    if let Some(group) = groups.last_mut() {
        group.open = false;
    }
    let mut ends = vec![floor];
    ends.extend(groups.iter().map(end));
    let mut counts = vec![0.0; ends.len() + 1];
    for (_, to, count) in current.values().ranges() {
        counts[ends.partition_point(|end| *end < Some(to))] += count as f64;
    }
    let mut bins = vec![(Bin::Below(key_number(first)), 0.0, counts[0])];
    for (group, actual) in groups.iter().zip(&counts[1..]) {
        bins.push((Bin::Range(key_number(group.first), key_number(group.last)), group.weight, *actual));
    }
    bins.push((Bin::Above(key_number(last)), 0.0, counts[ends.len()]));
    bins
}

/// Neighbouring cells joined until between any two ends, and above the floor, there is a range of now.
fn apart(
    cells: &[TrainingCell],
    floor: Option<u64>,
    end: impl Fn(&TrainingCell) -> Option<u64>,
) -> Vec<TrainingCell> {
    let mut joined: Vec<TrainingCell> = Vec::new();
    for cell in cells {
        match joined.last_mut().filter(|known| end(known) <= floor || end(known) >= end(cell)) {
            Some(known) => {
                // An end that has moved up does not move down again.
                let open = cell.open && end(cell) >= end(known);
                *known = TrainingCell {
                    first: known.first,
                    last: cell.last,
                    weight: known.weight + cell.weight,
                    open,
                };
            }
            None => joined.push(*cell),
        }
    }
    joined
}

/// Neighbouring cells joined until each group has its part of the weight.
fn grouped(cells: &[TrainingCell]) -> Vec<TrainingCell> {
    let part = cells.iter().map(|cell| cell.weight).sum::<f64>() / NUMBER_BINS as f64;
    let mut groups: Vec<TrainingCell> = Vec::new();
    let (mut before, mut more) = (0.0, false);
    for cell in cells {
        match groups.last_mut().filter(|_| more) {
            Some(group) => {
                *group = TrainingCell { first: group.first, weight: group.weight + cell.weight, ..*cell };
            }
            None => groups.push(*cell),
        }
        let parts = |weight: f64| (weight / part + 1e-9).floor();
        more = parts(before + cell.weight) <= parts(before);
        before += cell.weight;
    }
    groups
}

/// Bins of categories: the heaviest of the reference, its others, and those that it has not.
fn categories(
    known: impl Iterator<Item = (u64, f64)>,
    level: u32,
    name: impl Fn(u64) -> Option<String>,
    current: &ColumnSketch,
) -> Vec<(Bin, f64, f64)> {
    /// A group of categories whose keys are one at this level.
    #[derive(Default)]
    struct Group {
        name: Option<String>,
        expected: f64,
        actual: f64,
    }
    let mut groups: BTreeMap<u64, Group> = BTreeMap::new();
    for (key, weight) in known {
        let group = groups.entry(key >> level).or_default();
        group.expected += weight;
        group.name = group.name.take().or_else(|| name(key));
    }
    let mut new = 0.0;
    for (key, _, count) in current.values().ranges() {
        match groups.get_mut(&(key >> level)) {
            Some(group) => group.actual += count as f64,
            None => new += count as f64,
        }
    }
    let mut groups: Vec<(u64, Group)> = groups.into_iter().collect();
    groups.sort_by(|left, right| right.1.expected.total_cmp(&left.1.expected).then(left.0.cmp(&right.0)));
    let others = groups.split_off(groups.len().min(CATEGORY_BINS));
    let mut bins: Vec<(Bin, f64, f64)> = groups
        .into_iter()
        .map(|(_, group)| (Bin::Category(group.name), group.expected, group.actual))
        .collect();
    let sum = |value: fn(&Group) -> f64| others.iter().map(|(_, group)| value(group)).sum::<f64>();
    bins.push((Bin::Others, sum(|group| group.expected), sum(|group| group.actual)));
    bins.push((Bin::New, 0.0, new));
    bins
}

#[cfg(test)]
mod tests;
