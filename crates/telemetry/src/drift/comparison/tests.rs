//! What is compared, by hand and by scripts.

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
        let further = (1..12_u32)
            .map(|place| (f64::from(place).sqrt() * (index as f64 + 1.0) + first * f64::from(place)).fract());
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
    // Where the reference has no numbers, all are new.
    let mut nothing = ColumnSketch::default();
    nothing.add_missing();
    let found = numbers_of(&nothing, &of(even(2_000)));
    assert_eq!(found.bins, [(Bin::New, 0.0, 1.0), (Bin::Missing, 1.0, 0.0)]);
    // What is not of one kind is not compared.
    assert_eq!(compare(ColumnKind::Number, Reference::Training(&training), &of([1.0])), None);
}

/// A quarter of the rows is zero. The expected counts are those of a script that knows nothing of this file: a row lies
/// in the bin in which its range begins, and ranges are as wide as 512 of them require.
#[test]
fn a_number_with_much_weight_at_an_edge_of_training_is_no_drift() {
    let cell = |from, closed, to| TrainingCell::new((from, closed), (to, true), 25.0).into_iter().collect();
    let cells: [Vec<TrainingCell>; 4] =
        [cell(0.0, true, 0.0), cell(0.0, false, 1.0), cell(1.0, false, 2.0), cell(2.0, false, 3.0)];
    let training = Training::of_numbers(cells.concat()).unwrap();
    let current = of([0.0; 2_500].into_iter().chain(even(7_500).map(|x| x * 3.0)));
    let found = compare(ColumnKind::Number, Reference::Training(&training), &current).unwrap();
    let counts: Vec<f64> = found.bins.iter().map(|(_, _, actual)| actual * 10_000.0).collect();
    for (count, expected) in counts.iter().zip([2_501.0, 2_539.0, 2_538.0, 2_422.0]) {
        close(*count, expected);
    }
    assert_eq!((counts.len(), &found.bins[1].0), (4, &Bin::Range(key_number(1 << 63 | 1), 1.0)));
    close(found.psi, 0.000_364_973_017_096_781_4);
}

#[test]
fn the_number_at_an_edge_stays_in_its_bin() {
    for edge in [1.0, -1.0, 0.1, -0.1, 4.0, -7.0] {
        let current =
            of([edge; 3_000].into_iter().chain(even(7_000).map(|x| edge - 1.0 + (x + 1e-5) * 1.999)));
        assert!(current.values().level() > 0);
        for below in [true, false] {
            let weight = |has: bool| if has { 65.0 } else { 35.0 };
            let cells = [
                TrainingCell::new((edge - 1.0, true), (edge, below), weight(below)),
                TrainingCell::new((edge, !below), (edge + 1.0, true), weight(!below)),
            ];
            let training = Training::of_numbers(cells.into_iter().flatten().collect()).unwrap();
            let found = compare(ColumnKind::Number, Reference::Training(&training), &current).unwrap();
            assert!(found.psi < 0.01 && found.bins.len() == 2, "{edge} {below}: {found:?}");
        }
    }
}

/// A few numbers of all sizes make the ranges of now wide.
#[test]
fn cells_of_training_that_are_narrower_than_ranges_of_now_are_joined() {
    for closed in [true, false] {
        let at = |place: u32| 1_000.0 + f64::from(place) / 100.0;
        let cells =
            (0..100).flat_map(|place| TrainingCell::new((at(place), !closed), (at(place + 1), closed), 1.0));
        let training = Training::of_numbers(cells.collect()).unwrap();
        let current = of(even(100_000).map(|x| 1_000.0 + x).chain((-300..300).map(|size| 2_f64.powi(size))));
        assert!(current.values().level() > 47, "a range is wider than a cell");
        let found = compare(ColumnKind::Number, Reference::Training(&training), &current).unwrap();
        assert!(found.psi < 0.1, "{found:?}");
    }
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
