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
    /// Categories that the reference has not.
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
                .map(|(first, last, count)| TrainingCell { first, last, weight: count as f64 })
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
fn numbers(cells: &[TrainingCell], current: &ColumnSketch) -> Vec<(Bin, f64, f64)> {
    let groups = grouped(cells);
    let Some((first, last)) =
        groups.first().map(|group| group.first).zip(groups.last().map(|group| group.last))
    else {
        return current.values().ranges().map(|(_, _, count)| (Bin::New, 0.0, count as f64)).collect();
    };
    // The last key of each bin, the last of which takes whatever is above.
    let mut ends = vec![first.checked_sub(1)];
    ends.extend(groups.iter().map(|group| Some(group.last)));
    ends.push((last < u64::MAX).then_some(u64::MAX));
    let mut counts = vec![0.0; ends.len()];
    for (from, to, count) in current.values().ranges() {
        let width = (to - from) as f64 + 1.0;
        let mut from = from;
        for (end, counted) in ends.iter().zip(&mut counts) {
            let Some(end) = end.filter(|end| *end >= from) else { continue };
            let upto = end.min(to);
            *counted += count as f64 * (((upto - from) as f64 + 1.0) / width);
            if upto == to {
                break;
            }
            from = upto + 1;
        }
    }
    let mut bins = vec![(Bin::Below(key_number(first)), 0.0, counts[0])];
    for (group, actual) in groups.iter().zip(&counts[1..]) {
        bins.push((Bin::Range(key_number(group.first), key_number(group.last)), group.weight, *actual));
    }
    bins.push((Bin::Above(key_number(last)), 0.0, counts[groups.len() + 1]));
    bins
}

/// Neighbouring cells joined until each group has its part of the weight.
fn grouped(cells: &[TrainingCell]) -> Vec<TrainingCell> {
    let part = cells.iter().map(|cell| cell.weight).sum::<f64>() / NUMBER_BINS as f64;
    let mut groups: Vec<TrainingCell> = Vec::new();
    let (mut before, mut open) = (0.0, false);
    for cell in cells {
        match groups.last_mut().filter(|_| open) {
            Some(group) => (group.last, group.weight) = (cell.last, group.weight + cell.weight),
            None => groups.push(*cell),
        }
        let parts = |weight: f64| (weight / part + 1e-9).floor();
        open = parts(before + cell.weight) <= parts(before);
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
mod tests {
    use super::*;

    fn of(numbers: impl IntoIterator<Item = f64>) -> ColumnSketch {
        let mut sketch = ColumnSketch::default();
        numbers.into_iter().for_each(|number| sketch.add_number(number));
        sketch
    }

    fn words<'a>(words: impl IntoIterator<Item = (&'a str, u64)>) -> ColumnSketch {
        let mut sketch = ColumnSketch::default();
        for (word, count) in words {
            (0..count).for_each(|_| sketch.add_category(word));
        }
        sketch
    }

    fn numbers_of(reference: &ColumnSketch, current: &ColumnSketch) -> Comparison {
        compare(ColumnKind::Number, Reference::Counted(reference), current).unwrap()
    }

    fn close(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
    }

    /// Numbers of a fixed sequence, evenly from 0 to 1.
    fn even(count: u32) -> impl Iterator<Item = f64> {
        (0..count).map(|index| (f64::from(index) * 0.618_033_988_749_894_9).fract())
    }

    /// Numbers of a fixed sequence, about as a normal distribution has them.
    fn normal(count: u32, mean: f64) -> impl Iterator<Item = f64> {
        let sums = even(count).enumerate().map(move |(index, first)| {
            let further = (1..12_u32).map(|place| {
                (f64::from(place).sqrt() * (index as f64 + 1.0) + first * f64::from(place)).fract()
            });
            first + further.sum::<f64>() - 6.0
        });
        sums.map(move |number| mean + number)
    }

    /// Expected values by hand, and by a script of five lines that knows bins and shares and nothing of this file.
    #[test]
    fn the_index_is_that_of_the_formula() {
        // 0.25 · ln 1.5 + 0.25 · ln 2
        let halves = [(0.5, 0.75), (0.5, 0.25)];
        close(population_stability_index(&halves, (None, 1e9)), 0.274_653_072_167_027);
        close(population_stability_index(&[(0.2, 0.2), (0.8, 0.8), (0.0, 0.0)], (None, 1e9)), 0.0);
        // An empty bin counts as half a row: (0.005 − 0.1) · ln 0.05 + (1 − 0.9) · ln (1 / 0.9)
        let emptied = [(0.1, 0.0), (0.9, 1.0)];
        close(population_stability_index(&emptied, (Some(1e9), 100.0)), 0.295_130_617_553_411_7);
        // And as 1/10,000 at least.
        let new = [(0.0, 0.5), (1.0, 0.5)];
        close(population_stability_index(&new, (Some(1e9), 1e9)), 4.604_318_466_668_95);
    }

    #[test]
    fn bins_of_numbers_are_even_and_their_shares_exact() {
        let reference = of((0..5_000).map(|index| f64::from(index % 100)));
        let current = of((0..5_000).map(|index| f64::from(30 + index % 100)));
        let found = numbers_of(&reference, &current);
        let shares: Vec<(f64, f64)> = found.bins.iter().map(|(_, e, a)| (*e, *a)).collect();
        let mut expected = vec![(0.1, 0.0); 3];
        expected.extend([(0.1, 0.1); 7]);
        expected.push((0.0, 0.3));
        for ((e, a), (expected_e, expected_a)) in shares.iter().zip(&expected) {
            close(*e, *expected_e);
            close(*a, *expected_a);
        }
        assert_eq!(shares.len(), expected.len());
        assert_eq!(found.bins[0].0, Bin::Range(0.0, 9.0));
        assert_eq!(found.bins[10].0, Bin::Above(99.0));
        // 3 · (1e-4 − 0.1) · ln 1e-3 + (0.3 − 1e-4) · ln 3000
        close(found.psi, 4.471_363_890_649_256);
        assert_eq!(numbers_of(&reference, &reference).psi, 0.0);
    }

    #[test]
    fn a_shift_is_seen_and_the_same_distribution_is_not() {
        for (reference, same, shifted) in [
            (of(even(20_000)), of(even(3_000)), of(even(3_000).map(|x| x + 0.3))),
            (of(normal(20_000, 0.0)), of(normal(3_000, 0.0)), of(normal(3_000, 1.0))),
            // Far from zero, where numbers of one size are near each other.
            (of(normal(20_000, 293.0)), of(normal(3_000, 293.0)), of(normal(3_000, 294.0))),
            (
                of(even(20_000).map(|x| (x * 9.0).exp())),
                of(even(3_000).map(|x| (x * 9.0).exp())),
                of(even(3_000).map(|x| (x * 9.0 + 3.0).exp())),
            ),
            // Whole numbers, years.
            (
                of(even(20_000).map(|x| (2_000.0 + x * 20.0).floor())),
                of(even(3_000).map(|x| (2_000.0 + x * 20.0).floor())),
                of(even(3_000).map(|x| (2_006.0 + x * 20.0).floor())),
            ),
        ] {
            let (same, shifted) = (numbers_of(&reference, &same), numbers_of(&reference, &shifted));
            assert!(same.psi < 0.1, "{same:?}");
            assert!(shifted.psi > 0.25, "{shifted:?}");
        }
    }

    #[test]
    fn a_constant_that_becomes_another_is_seen() {
        let found = numbers_of(&of([7.0; 1_000]), &of([8.0; 1_000]));
        assert_eq!(found.bins, [(Bin::Range(7.0, 7.0), 1.0, 0.0), (Bin::Above(7.0), 0.0, 1.0)]);
        assert!(found.psi > 10.0);
    }

    #[test]
    fn missing_and_invalid_cells_have_bins_of_their_own() {
        let reference = of(even(1_000));
        let mut current = of(even(800));
        (0..100).for_each(|_| current.add_missing());
        (0..100).for_each(|_| current.add_number(f64::NAN));
        let found = numbers_of(&reference, &current);
        let tail = &found.bins[found.bins.len() - 2..];
        assert_eq!(tail, [(Bin::Missing, 0.0, 0.1), (Bin::Invalid, 0.0, 0.1)]);
        assert!(found.psi > 0.25);
    }

    #[test]
    fn categories_are_compared_by_name() {
        let reference = words([("red", 600), ("white", 400)]);
        let current = words([("red", 300), ("white", 600), ("rosé", 100)]);
        let found = compare(ColumnKind::Category, Reference::Counted(&reference), &current).unwrap();
        let name = |name: &str| Bin::Category(Some(name.to_owned()));
        assert_eq!(found.bins, [(name("red"), 0.6, 0.3), (name("white"), 0.4, 0.6), (Bin::New, 0.0, 0.1)]);
        // −0.3 · ln 0.5 + 0.2 · ln 1.5 + (0.1 − 5e-4) · ln 200
        close(found.psi, 0.816_219_753_761_146_2);
    }

    #[test]
    fn very_many_categories_are_compared_in_groups() {
        let many = |from: u32| {
            let mut sketch = ColumnSketch::default();
            (from..from + 10_000).for_each(|index| sketch.add_category(&format!("customer {index}")));
            sketch
        };
        let found = compare(ColumnKind::Category, Reference::Counted(&many(0)), &many(5_000)).unwrap();
        assert!(found.bins.len() <= CATEGORY_BINS + 4 && found.psi < 0.1, "{found:?}");
    }

    #[test]
    fn statistics_of_training_are_a_reference() {
        let cell = |from, to, weight| TrainingCell::new((from, true), (to, false), weight).unwrap();
        let cells = vec![cell(0.0, 1.0, 1.0), cell(1.0, 2.0, 2.0), cell(2.0, 4.0, 1.0)];
        let mut training = Training::of_numbers(cells).unwrap();
        let current = of(even(4_000).map(|x| x * 4.0));
        let found = compare(ColumnKind::Number, Reference::Training(&training), &current).unwrap();
        let shares: Vec<f64> = found.bins.iter().map(|(_, _, actual)| (actual * 100.0).round()).collect();
        assert_eq!(shares, [25.0, 25.0, 50.0]);
        // Missing values are compared once it is said how many there were.
        (training.rows, training.missing) = (Some(1_000.0), Some(200.0));
        let found = compare(ColumnKind::Number, Reference::Training(&training), &current).unwrap();
        let (bin, expected, actual) = found.bins.last().unwrap();
        assert_eq!((bin, *actual), (&Bin::Missing, 0.0));
        close(*expected, 0.2);
        let training = Training::of_categories([("red", 3.0), ("white", 1.0)]).unwrap();
        let found =
            compare(ColumnKind::Category, Reference::Training(&training), &words([("white", 10)])).unwrap();
        let name = |name: &str| Bin::Category(Some(name.to_owned()));
        assert_eq!(found.bins, [(name("red"), 0.75, 0.0), (name("white"), 0.25, 1.0)]);
        // What is not of one kind is not compared.
        assert_eq!(compare(ColumnKind::Number, Reference::Training(&training), &of([1.0])), None);
    }

    #[test]
    fn statistics_that_make_no_sense_are_no_reference() {
        let cell = |from, to, weight| TrainingCell::new((from, true), (to, true), weight);
        assert_eq!(cell(2.0, 1.0, 1.0), None);
        assert_eq!(cell(f64::NAN, 1.0, 1.0), None);
        assert_eq!(cell(1.0, 2.0, f64::NAN), None);
        assert_eq!(cell(1.0, 2.0, -1.0), None);
        let overlapping = vec![cell(0.0, 2.0, 1.0).unwrap(), cell(1.0, 3.0, 1.0).unwrap()];
        assert_eq!(Training::of_numbers(overlapping), None);
        assert_eq!(Training::of_numbers(vec![cell(0.0, 2.0, 0.0).unwrap()]), None);
        assert_eq!(Training::of_categories([("a", f64::INFINITY), ("b", -1.0)]), None);
    }
}
