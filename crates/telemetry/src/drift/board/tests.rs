//! Models that score on a board, by a clock of the test.

use super::*;
use crate::drift::part::{self, Source};

const HOUR: i64 = 3_600_000;

fn identity(control_offset: i64) -> ModelIdentity<'static> {
    ModelIdentity { data_type: "wine", name: "m", version: "1", control_offset }
}

fn inputs() -> Inputs {
    let mut inputs = Inputs::default();
    inputs.watch("alcohol", ColumnKind::Number, || None);
    inputs.leave_out("when", "times always move on");
    inputs
}

/// Scores batches of a thousand rows, one every ten seconds, whose values begin at `from`.
fn score(board: &DriftBoard, control_offset: i64, begin: i64, batches: u32, from: f64) -> i64 {
    let mut now = begin;
    for batch in 0..batches {
        board.scored(&identity(control_offset), 1_000, now, inputs, |watch, sample| {
            let rows = (sample.start..1_000)
                .step_by(sample.step)
                .map(|row| from + (f64::from(batch) * 0.618 + row as f64 * 0.414).fract());
            let rows: Vec<f64> = rows.collect();
            rows.iter().for_each(|row| watch.input(0).unwrap().add_number(*row));
            rows.iter().for_each(|row| watch.score(ColumnKind::Number).unwrap().add_number(row * 2.0));
        });
        now += 10_000;
    }
    now
}

fn drift(board: &DriftBoard, now: i64) -> part::ModelDrift {
    part::merge([&board.part(None, now)]).remove(0)
}

#[test]
fn a_stream_that_stays_and_one_that_shifts() {
    let board = DriftBoard::new(BoardSettings::default());
    let now = score(&board, 5, 0, 360, 9.0);
    let begun = drift(&board, now);
    assert_eq!(
        (begun.inputs[0].comparison.as_ref(), begun.rows),
        (None, 360_000),
        "the first hour is not over"
    );
    let now = score(&board, 5, now, 360, 9.0);
    let same = drift(&board, now);
    let psi = |column: &part::ColumnDrift| column.comparison.as_ref().unwrap().psi;
    assert!(psi(&same.inputs[0]) < 0.1 && psi(&same.score) < 0.1, "{same:?}");
    assert_eq!((same.inputs[0].source, same.inputs[0].reference.until), (Source::Beginning, Some(HOUR)));
    let now = score(&board, 5, now, 360, 9.5);
    let shifted = drift(&board, now);
    assert!(psi(&shifted.inputs[0]) > 0.25 && psi(&shifted.score) > 0.25, "{shifted:?}");
    assert_eq!((shifted.left_out_count, shifted.left_out[0].input.as_str()), (1, "when"));
}

#[test]
fn another_version_has_a_reference_of_its_own_unless_the_name_keeps_it() {
    for (inputs, kept) in [(InputsReference::Version, false), (InputsReference::Name, true)] {
        let board = DriftBoard::new(BoardSettings { inputs, ..BoardSettings::default() });
        let now = score(&board, 5, 0, 400, 9.0);
        let now = score(&board, 6, now, 100, 9.5);
        // A partition that has not gone over yet changes nothing.
        let now = score(&board, 5, now, 10, 100.0);
        let after = drift(&board, now);
        assert_eq!((after.control_offset, after.inputs[0].comparison.is_some()), (6, kept));
        assert_eq!(after.score.comparison, None, "scores of another version are other scores");
    }
}

#[test]
fn looking_is_bounded() {
    let settings = BoardSettings { rows_per_second: 100, ..BoardSettings::default() };
    let board = DriftBoard::new(settings);
    let looked = std::cell::Cell::new(0);
    let score = |rows: usize, now: i64| {
        board.scored(&identity(1), rows, now, inputs, |_, sample| {
            assert!(sample.start < rows && sample.step >= 1);
            looked.set(looked.get() + (sample.start..rows).step_by(sample.step).count());
        });
    };
    // Ten seconds of a hundred batches a second.
    for batch in 0..1_000 {
        score(1_024, batch * 10);
    }
    let many = looked.take();
    assert!((900..=1_100).contains(&many), "{many} rows");
    // One a time, and not too many of them: all.
    for row in 0..500 {
        score(1, 20_000 + row * 20);
    }
    assert_eq!(looked.take(), 500);
    score(0, 100_000);
    score(5, i64::MAX);
    score(5, i64::MIN);
}

#[test]
fn models_and_inputs_are_bounded() {
    let board = DriftBoard::new(BoardSettings::default());
    let asked = std::cell::Cell::new(0);
    let many = || {
        let mut inputs = Inputs::default();
        for index in 0..1_000 {
            inputs.watch(&index.to_string(), ColumnKind::Number, || {
                asked.set(asked.get() + 1);
                None
            });
        }
        (0..1_000).for_each(|index| inputs.leave_out(&format!("time {index}"), "times always move on"));
        inputs
    };
    let score = |index: i64, now: i64| {
        let name = index.to_string();
        let model = ModelIdentity { data_type: "t", name: &name, version: "", control_offset: index };
        board.scored(&model, 10, now, many, |watch, _| assert!(watch.input(MOST_INPUTS).is_none()));
    };
    (0..100).for_each(|index| score(index, 0));
    let part = board.part(None, 0);
    assert_eq!((part.models.len(), asked.get()), (MOST_MODELS, MOST_MODELS * MOST_INPUTS));
    let model = &part.models[0];
    assert_eq!(
        (model.inputs.len(), model.left_out.len(), model.left_out_count),
        (MOST_INPUTS, MOST_NAMED, 2_000 - MOST_INPUTS)
    );
    let drift = &part::merge([&part])[0];
    assert_eq!((drift.left_out.len(), drift.left_out_count), (MOST_NAMED, 2_000 - MOST_INPUTS));
    let watched = |index: i64, now: i64| !board.part(Some(("t", &index.to_string())), now).models.is_empty();
    assert!(watched(0, 0) && !watched(99, 0), "who scores keeps its place");
    // One of them scores no more: its place is free after a window.
    let among = MOST_MODELS as i64;
    (0..among).filter(|index| *index != 5).for_each(|index| score(index, HOUR - 1));
    score(99, HOUR - 1);
    assert!(watched(5, HOUR) && !watched(99, HOUR));
    score(99, HOUR);
    score(98, HOUR);
    assert!(!watched(5, HOUR) && watched(99, HOUR) && !watched(98, HOUR));
    assert_eq!(board.part(None, HOUR).models.len(), MOST_MODELS);
}

/// With more models than are watched, those that are come to a comparison.
#[test]
fn models_in_turn_do_not_take_each_others_places() {
    let board = DriftBoard::new(BoardSettings::default());
    for batch in 0..=500 {
        for index in 0..=MOST_MODELS as i64 {
            let name = index.to_string();
            let model = ModelIdentity { data_type: "t", name: &name, version: "", control_offset: index };
            board.scored(&model, 10, batch * 10_000, inputs, |watch, sample| {
                (sample.start..10).for_each(|row| watch.input(0).unwrap().add_number(row as f64));
            });
        }
    }
    let models = part::merge([&board.part(None, 500 * 10_000)]);
    assert_eq!(models.len(), MOST_MODELS);
    assert!(models.iter().all(|model| model.inputs[0].comparison.is_some()), "{models:?}");
}

#[test]
fn nobody_waits_for_the_board() {
    let board = DriftBoard::new(BoardSettings::default());
    let held = board.lock();
    board.scored(&identity(1), 10, 0, inputs, |_, _| unreachable!("somebody else is there"));
    drop(held);
}

#[test]
fn the_kind_of_a_score_is_that_of_the_first() {
    let board = DriftBoard::new(BoardSettings::default());
    board.scored(&identity(1), 10, 0, inputs, |watch, _| {
        watch.other_score().add_missing();
        watch.score(ColumnKind::Category).unwrap().add_category("good");
        assert!(watch.score(ColumnKind::Number).is_none());
        assert!(watch.score(ColumnKind::Category).is_some());
    });
}
