//! Documents of the open suite and our own, damaged at random: none may crash the engine, and what still loads gives the same
//! answers to a batch as to its rows one by one.
//!
//! `MUTATIONS=n` sets how many are tried, `SEED=n` where the random numbers start.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use scorewheel_columns::{Batch, DataType, Scores, Value};
use scorewheel_model::{Limits, Mapping, Model};
use scorewheel_pmml::PmmlModel;

/// Documents larger than this are left out: they hold more of the same.
const LARGEST: u64 = 60_000;

/// What attributes and contents are replaced with.
const ODDITIES: &[&str] = &[
    "",
    "0",
    "-1",
    "1",
    "2",
    "1e400",
    "-1e400",
    "NaN",
    "Infinity",
    "2147483648",
    "-2147483649",
    "9223372036854775807",
    "0.5",
    "true",
    "é",
    "a",
    " ",
    "1 2 3",
    "x y z",
    "string",
    "double",
    "integer",
    "none",
    "categorical",
    "isMissing",
    "median",
    "1e-300",
    "4294967296",
    "\u{10ffff}",
    "2020-02-30",
    "(",
    "[a-",
    "%99999d",
    "%s%s%s",
    "$9",
];

/// Random numbers that are the same on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        if limit == 0 { 0 } else { (self.next() >> 16) as usize % limit }
    }

    fn of<'t, T>(&mut self, items: &'t [T]) -> &'t T {
        &items[self.below(items.len())]
    }
}

/// Places of `pattern` pairs: where a quoted attribute value, a content or an element begins and ends.
fn spans(text: &str, open: char, close: char) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut start = None;
    for (at, letter) in text.char_indices() {
        match start {
            None if letter == open => start = Some(at + letter.len_utf8()),
            Some(from) if letter == close => {
                found.push((from, at));
                start = None;
            }
            _ => {}
        }
    }
    found
}

fn damage(text: &str, random: &mut Random) -> String {
    let mut text = text.to_owned();
    for _ in 0..=random.below(3) {
        let replace = |text: &str, (from, to): (usize, usize), with: &str| {
            format!("{}{with}{}", &text[..from], &text[to..])
        };
        text = match random.below(5) {
            // An attribute's value becomes another one: odd, or one from elsewhere.
            0 | 1 => {
                let spans = spans(&text, '"', '"');
                let with = match random.below(2) {
                    0 => (*random.of(ODDITIES)).to_owned(),
                    _ => {
                        let (from, to) = *random.of(&spans);
                        text[from..to].to_owned()
                    }
                };
                replace(&text, *random.of(&spans), &with)
            }
            // A content becomes another one.
            2 => {
                let spans = spans(&text, '>', '<');
                let with = (*random.of(ODDITIES)).to_owned();
                replace(&text, *random.of(&spans), &with)
            }
            // A tag goes, or comes twice.
            3 => {
                let (from, to) = *random.of(&spans(&text, '<', '>'));
                let tag = text[from - 1..=to].to_owned();
                if random.below(2) == 0 {
                    replace(&text, (from - 1, to + 1), "")
                } else {
                    replace(&text, (to + 1, to + 1), &tag)
                }
            }
            // An attribute goes.
            _ => {
                let (from, to) = *random.of(&spans(&text, '"', '"'));
                let name = text[..from].rfind(' ').unwrap_or(from);
                replace(&text, (name, to + 1), "")
            }
        };
        if spans(&text, '"', '"').is_empty() {
            break;
        }
    }
    text
}

fn value(data_type: &DataType, random: &mut Random) -> Value {
    match (data_type, random.below(6)) {
        (_, 0) => Value::Missing,
        (DataType::F64, _) => Value::F64(*random.of(&[0.0, -1.0, 0.5, 3.0, 1e300, f64::INFINITY, f64::NAN])),
        (DataType::F32, _) => Value::F32(*random.of(&[0.0, -1.0, 0.5, 3.0, 1e30, f32::INFINITY, f32::NAN])),
        (DataType::I64, _) => Value::I64(*random.of(&[0, 1, -1, 7, i64::MAX, i64::MIN])),
        (DataType::Bool, at) => Value::Bool(at % 2 == 0),
        (DataType::Date, _) => Value::Date(*random.of(&[0, 18_000, -1_000_000, i64::MAX, i64::MIN])),
        (DataType::Time, _) => Value::Time(*random.of(&[0, 1_000_000, i64::MAX, i64::MIN])),
        (DataType::DateTime, _) => Value::DateTime(*random.of(&[0, 1_000_000, i64::MAX, i64::MIN])),
        (DataType::Text, _) => Value::from(*random.of(ODDITIES)),
        _ => Value::Missing,
    }
}

/// Loads and scores. `false` if the document is refused.
fn exercise(text: &str, random: &mut Random) -> bool {
    let Ok(model) = PmmlModel::load(text.as_bytes(), None, &Mapping::default(), &Limits::default()) else {
        return false;
    };
    let Ok(schema) = model.schema() else { return false };
    let Ok(bound) = model.bind(&schema, &Mapping::default()) else { return false };
    let _ = model.verify();
    let mut batch = Batch::new(Arc::clone(&schema));
    for _ in 0..6 {
        let row: Vec<Value> = schema.fields().iter().map(|field| value(&field.data_type, random)).collect();
        batch.push_row(&row);
    }
    let (mut together, mut alone) = (Scores::new(), Scores::new());
    bound.score(&batch, 0..6, &mut bound.new_scratch(), &mut together);
    let mut scratch = bound.new_scratch();
    for row in 0..6 {
        bound.score(&batch, row..row + 1, &mut scratch, &mut alone);
        assert_eq!(together.error(row), alone.error(0), "row {row}");
        if let Some(error) = together.error(row) {
            let _ = bound.explain(error, &batch, row);
            continue;
        }
        for column in 0..together.schema().fields.len() {
            let (batch, single) = (together.get(column, row), alone.get(column, 0));
            assert_eq!(format!("{batch:?}"), format!("{single:?}"), "row {row}, column {column}");
        }
    }
    true
}

#[test]
fn damaged_documents_crash_nothing() {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = [own.join("../../../shared/pmml-suite"), own.join("tests/rare_elements/documents")];
    if !folders[0].is_dir() {
        println!("skipped: {} not found", folders[0].display());
    }
    let mut names: Vec<PathBuf> = folders
        .iter()
        .filter_map(|folder| std::fs::read_dir(folder).ok())
        .flatten()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "pmml"))
        .filter(|path| path.metadata().unwrap().len() <= LARGEST)
        .collect();
    names.sort();
    let documents: Vec<String> =
        names.iter().filter_map(|path| String::from_utf8(std::fs::read(path).unwrap()).ok()).collect();
    let setting = |name: &str, default: u64| {
        std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    let mut random = Random(setting("SEED", 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let count = setting("MUTATIONS", 1_500);
    let mut loaded = 0;
    let mut crashes = Vec::new();
    for number in 0..count {
        let text = damage(random.of(&documents).as_str(), &mut Random(random.0 | 1));
        random.next();
        let start = std::time::Instant::now();
        match catch_unwind(AssertUnwindSafe(|| exercise(&text, &mut random))) {
            Ok(answered) => loaded += usize::from(answered),
            Err(_) => {
                let path = std::env::temp_dir().join(format!("scorewheel-mutation-{number}.pmml"));
                std::fs::write(&path, &text).unwrap();
                crashes.push(path);
            }
        }
        assert!(start.elapsed().as_secs() < 60, "mutation {number} takes too long");
    }
    println!("{count} damaged documents, of which {loaded} load");
    assert!(crashes.is_empty(), "crashed: {crashes:#?}");
}
