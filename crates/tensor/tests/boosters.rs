//! XGBoost's and LightGBM's own files against the libraries' own predictions, made by `boosters/generate.py`.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod support;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use scorewheel_columns::{Batch, DataType, Schema, Scores, Value};
use scorewheel_model::{Limits, Mapping, Model, ModelError};
use scorewheel_tensor::formats;
use support::shared;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/boosters")
}

fn load(bytes: &[u8]) -> Arc<dyn Model> {
    let format = formats().into_iter().find(|format| format.recognises(bytes)).unwrap();
    format.load(bytes, &Mapping::default(), &Limits::default()).unwrap()
}

/// All scores in batches of `size`: the numbers of the column `score`, row by row.
fn score(model: &dyn Model, batch: &Batch, size: usize) -> Vec<Vec<f64>> {
    let bound = model.bind(batch.schema(), &Mapping::default()).unwrap();
    let mut scratch = bound.new_scratch();
    let mut scores = Scores::new();
    let mut found = Vec::new();
    for start in (0..batch.rows()).step_by(size) {
        let end = batch.rows().min(start + size);
        bound.score(batch, start..end, &mut scratch, &mut scores);
        assert_eq!(scores.errors(), &[], "rows {start} to {end}");
        let column = scores.schema().find("score").unwrap();
        found.extend((0..end - start).map(|row| match scores.get(column, row) {
            Value::List(values) => values.iter().map(|value| value.as_f64().unwrap()).collect(),
            value => vec![value.as_f64().unwrap()],
        }));
    }
    found
}

/// The rows of a file beside a model, in the model's own schema, and the predictions.
fn rows(model: &dyn Model, path: &Path) -> (Batch, Vec<Vec<f64>>) {
    let text = std::fs::read_to_string(path.with_extension("csv")).unwrap();
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    let inputs = model.inputs();
    let names: Vec<&str> = inputs.iter().map(|input| &*input.name).collect();
    assert_eq!(names, header[..names.len()], "{}", path.display());
    let mut batch = Batch::new(model.schema().unwrap());
    let mut expected = Vec::new();
    for line in lines {
        let (cells, predicted): (Vec<_>, Vec<_>) =
            line.split(',').enumerate().partition(|(index, _)| *index < inputs.len());
        let values = cells.iter().zip(inputs).map(|((_, cell), input)| match (*cell, &input.data_type) {
            ("", _) => Value::Missing,
            (text, DataType::Text) => Value::from(text),
            (number, _) => Value::F64(number.parse().unwrap()),
        });
        batch.push_row(&values.collect::<Vec<_>>());
        expected.push(predicted.iter().map(|(_, number)| number.parse().unwrap()).collect());
    }
    (batch, expected)
}

/// Distance in steps of the precision: f32 for XGBoost, f64 for LightGBM.
fn steps(single: bool, a: f64, b: f64) -> u64 {
    let ordered = |bits: i64| if bits < 0 { i64::MIN - bits } else { bits };
    if single {
        let bits = |value: f64| i64::from((value as f32).to_bits() as i32);
        let flip = |bits: i64| if bits < 0 { i64::from(i32::MIN) - bits } else { bits };
        flip(bits(a)).abs_diff(flip(bits(b)))
    } else {
        ordered(a.to_bits() as i64).abs_diff(ordered(b.to_bits() as i64))
    }
}

/// XGBoost's answers are the library's bit for bit, and so are LightGBM's sums. LightGBM's exponentials of f64 are the
/// platform's in the library and ours here: their results may be a few steps apart.
fn allowed(name: &str) -> u64 {
    let exponential = ["poisson", "gamma", "tweedie", "binary", "cross", "multiclass", "sigmoid"];
    let inexact = name.starts_with("lightgbm") && exponential.iter().any(|part| name.contains(part));
    if inexact { 2 } else { 0 }
}

#[test]
fn every_kind_of_model_agrees_with_its_library() {
    let mut models = 0;
    let mut wrong = Vec::new();
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths.into_iter().filter(|path| {
        path.extension()
            .is_some_and(|extension| ["json", "ubj", "txt"].iter().any(|known| extension == *known))
    }) {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let model = load(&std::fs::read(&path).unwrap());
        let (batch, expected) = rows(&*model, &path);
        let found = score(&*model, &batch, 1_000);
        for size in [1, 7] {
            assert_eq!(score(&*model, &batch, size), found, "{name} in batches of {size}");
        }
        let single = name.starts_with("xgboost");
        let far =
            found.iter().flatten().zip(expected.iter().flatten()).map(|(a, b)| steps(single, *a, *b)).max();
        let same = found.iter().map(Vec::len).eq(expected.iter().map(Vec::len));
        if !same || far.is_none_or(|far| far > allowed(&name)) {
            wrong.push(format!("{name}: {far:?} steps, {:?} not {:?}", found[0], expected[0]));
        }
        models += 1;
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(models >= 50, "{models} models");
}

#[test]
fn the_forests_agree_with_their_libraries() {
    let (Some(raw), Some(_)) = (shared("data/forests/Xte.f64"), shared("data/forests/xgb.json")) else {
        return;
    };
    let doubles = |raw: &[u8]| -> Vec<f64> {
        raw.chunks_exact(8).map(|bytes| f64::from_le_bytes(bytes.try_into().unwrap())).collect()
    };
    let values = doubles(&raw);
    for (file, reference, single) in [("xgb.json", "xgb_ref.f64", true), ("lgbm.txt", "lgbm_ref.f64", false)]
    {
        let model = load(&shared(&format!("data/forests/{file}")).unwrap());
        let mut batch = Batch::new(model.schema().unwrap());
        for row in values.chunks_exact(30) {
            batch.push_row(&row.iter().map(|value| Value::F64(*value)).collect::<Vec<_>>());
        }
        let expected = doubles(&shared(&format!("data/forests/{reference}")).unwrap());
        let found = score(&*model, &batch, 1_000);
        let distances: Vec<u64> =
            found.iter().zip(&expected).map(|(found, expected)| steps(single, found[0], *expected)).collect();
        let equal = distances.iter().filter(|distance| **distance == 0).count();
        let most = distances.iter().max().copied().unwrap();
        assert_eq!(distances.len(), 10_000);
        println!("{file}: {equal} of 10,000 equal, at most {most} steps apart");
        let right = if single { equal == 10_000 } else { equal >= 9_980 && most <= 2 };
        assert!(right, "{file}: {equal} of 10,000 equal, at most {most} steps apart");
    }
}

fn refusal(bytes: &[u8]) -> ModelError {
    let format = formats().into_iter().find(|format| format.recognises(bytes)).unwrap();
    let limits = Limits { nodes: 100_000, ..Limits::default() };
    format.load(bytes, &Mapping::default(), &limits).map(|_| ()).unwrap_err()
}

#[test]
fn what_is_cut_short_is_refused() {
    for file in ["xgboost-categories.json", "xgboost-ubjson.ubj", "xgboost-linear.json", "lightgbm-codes.txt"]
    {
        let bytes = std::fs::read(folder().join(file)).unwrap();
        let end = match file.strip_suffix(".txt") {
            // Whole files of other producers than the Python package end there.
            Some(_) => bytes.windows(17).position(|window| window == b"end of parameters").unwrap(),
            None => bytes.len() - 1,
        };
        for cut in (100..end).step_by(97) {
            let Some(format) = formats().into_iter().find(|format| format.recognises(&bytes[..cut])) else {
                continue;
            };
            assert!(
                format.load(&bytes[..cut], &Mapping::default(), &Limits::default()).is_err(),
                "{file} to {cut}"
            );
        }
    }
}

#[test]
fn a_lightgbm_file_is_refused_wherever_it_is_cut_but_within_its_importances() {
    let text = std::fs::read_to_string(folder().join("lightgbm-regression.txt")).unwrap();
    let behind = |line: &str| text.find(line).unwrap() + line.len();
    let importances = behind("\nfeature_importances:")..behind("\nparameters:");
    let end = behind("\nend of parameters");
    let whole = by_field(&*load(text.as_bytes()), "x0", &[Value::F64(0.25), Value::F64(2.5)]);
    for cut in (100..importances.start - 20).step_by(97).chain(importances.start - 20..end) {
        let bytes = &text.as_bytes()[..cut];
        let Some(format) = formats().into_iter().find(|format| format.recognises(bytes)) else { continue };
        match format.load(bytes, &Mapping::default(), &Limits::default()) {
            Ok(model) => {
                assert!(importances.contains(&cut), "to {cut}");
                assert_eq!(by_field(&*model, "x0", &[Value::F64(0.25), Value::F64(2.5)]), whole);
            }
            Err(error) => assert!(!importances.contains(&cut), "to {cut}: {error}"),
        }
    }
}

#[test]
fn what_makes_no_forest_is_refused() {
    let read = |file: &str| std::fs::read_to_string(folder().join(file)).unwrap();
    let (json, text) = (read("xgboost-reg-squarederror.json"), read("lightgbm-regression.txt"));
    let first_list = |text: &str, key: &str, value: &str| {
        let start = text.find(key).unwrap() + key.len();
        let end = start + text[start..].find([',', ' ', ']']).unwrap();
        format!("{}{value}{}", &text[..start], &text[end..])
    };
    for (bytes, word) in [
        (first_list(&json, "\"left_children\":[", "0"), "comes back"),
        (first_list(&json, "\"left_children\":[", "999"), "does not exist"),
        (first_list(&json, "\"left_children\":[", "-7"), "does not exist"),
        (first_list(&json, "\"split_conditions\":[", "NaN"), "NaN"),
        (first_list(&json, "\"split_indices\":[", "77"), "feature 77"),
        (first_list(&json, "\"split_type\":[", "1"), "none are listed"),
        (first_list(&json, "\"tree_info\":[", "5"), "outputs"),
        (json.replace("reg:squarederror", "reg:other"), "reg:other"),
        (json.replace("\"name\":\"gbtree\"", "\"name\":\"gbother\""), "gbother"),
        (json.replace("\"num_feature\":\"5\"", "\"num_feature\":\"4000000\""), "at most"),
        (json.replace("\"learner\":", "\"learner\":{},\"other\":"), "missing"),
        (format!("{{\"learner\":{}", "[".repeat(100_000)), "deeper"),
        (format!("{{\"learner\":[{}", "1,".repeat(200_000)), "limit"),
        (first_list(&text, "left_child=", "0"), "comes back"),
        (first_list(&text, "left_child=", "99"), "does not exist"),
        (first_list(&text, "left_child=", "-99"), "does not exist"),
        (first_list(&text, "threshold=", "nan"), "NaN"),
        (first_list(&text, "decision_type=", "1"), "categories"),
        (first_list(&text, "split_feature=", "77"), "feature 77"),
        (text.replace("num_leaves=7", "num_leaves=8"), "not 8"),
        (text.replace("objective=regression", "objective=other"), "other"),
        (text.replace("max_feature_idx=4", "max_feature_idx=99999999"), "at most"),
        (text.replace("end of trees", ""), "end of trees"),
        (text[..text.find("feature_importances:").unwrap()].to_owned(), "end of trees"),
        (text[..text.find("[learning_rate").unwrap()].to_owned(), "end of parameters"),
        (text.replace("pandas_categorical:[]", "pandas_cat"), "pandas_categorical"),
        (text.replace("pandas_categorical:[]", "pandas_categorical:["), "pandas_categorical"),
        (
            format!(
                "{}{}",
                &text[..text.find("Tree=3").unwrap()],
                &text[text.find("end of trees").unwrap()..]
            ),
            "3 trees, but its line \"tree_sizes\" lists 6",
        ),
    ] {
        let error = refusal(bytes.as_bytes());
        assert!(error.to_string().contains(word), "{word}: {error}");
    }
}

/// The scores and the errors of rows that differ in one field.
fn by_field(model: &dyn Model, field: &str, cells: &[Value]) -> (Vec<Value>, Vec<(u32, String)>) {
    let mut fields = model.schema().unwrap().fields().to_vec();
    if matches!(cells[0], Value::Text(_)) {
        fields
            .iter_mut()
            .filter(|declared| &*declared.name == field)
            .for_each(|field| field.data_type = DataType::Text);
    }
    let schema = Arc::new(Schema::new(fields).unwrap());
    let bound = model.bind(&schema, &Mapping::default()).unwrap();
    let mut batch = Batch::new(Arc::clone(&schema));
    for cell in cells {
        let row = schema.fields().iter().map(|declared| match &*declared.name {
            name if name == field => cell.clone(),
            "colour" => Value::from("blue"),
            "size" => Value::Missing,
            _ => Value::F64(0.5),
        });
        batch.push_row(&row.collect::<Vec<_>>());
    }
    let mut scores = Scores::new();
    bound.score(&batch, 0..cells.len(), &mut bound.new_scratch(), &mut scores);
    let texts = scores
        .errors()
        .iter()
        .map(|(row, error)| (*row, bound.explain(*error, &batch, *row as usize).message));
    let texts = texts.collect();
    ((0..cells.len()).map(|row| scores.get(0, row)).collect(), texts)
}

#[test]
fn a_category_that_the_library_refuses_is_an_error_of_its_row() {
    let model = load(&std::fs::read(folder().join("xgboost-categories.json")).unwrap());
    let cells = ["red", "mauve", "red", ""].map(Value::from);
    let (scores, errors) = by_field(&*model, "colour", &cells);
    let text = |held: &str| {
        format!(
            "input \"colour\" (field \"colour\") holds a value that the model does not take; it takes a string, one \
             of the 9 categories of the model, not {held:?}"
        )
    };
    assert_eq!(errors, [(1, text("mauve")), (3, text(""))]);
    assert_eq!(scores[0], scores[2]);
    // Missing is no error.
    assert_eq!(by_field(&*model, "colour", &[Value::Missing]).1, []);
}

/// The file with other categories in place of those of `colour`.
fn xgboost_with(names: &[&str], offsets: &[usize], version: [u32; 3]) -> Vec<u8> {
    let text = std::fs::read_to_string(folder().join("xgboost-categories.json")).unwrap();
    let mut document: serde_json::Value = serde_json::from_str(&text).unwrap();
    document["version"] = version.into_iter().collect();
    let lists = &mut document["learner"]["gradient_booster"]["model"]["cats"]["enc"];
    let bytes = names.concat().into_bytes();
    let end = offsets.last().copied().unwrap();
    lists[3] = serde_json::json!({ "offsets": offsets, "values": &bytes[..end] });
    serde_json::to_vec(&document).unwrap()
}

#[test]
fn an_empty_string_is_a_category_like_any_other() {
    let names = ["red", "green", "blue", "grey", "pink", "teal", "gold", "lime", "navy"];
    let xgboost = load(&std::fs::read(folder().join("xgboost-categories.json")).unwrap());
    let text = std::fs::read_to_string(folder().join("lightgbm-categories.txt")).unwrap();
    let model = load(text.as_bytes());
    let mut unlike_missing = [0, 0];
    for name in names {
        let emptied = names.map(|other| if other == name { "" } else { other });
        let mut offsets = vec![0];
        offsets.extend(emptied.iter().scan(0, |end, text| {
            *end += text.len();
            Some(*end)
        }));
        let changed = [
            load(&xgboost_with(&emptied, &offsets, [3, 2, 0])),
            load(text.replace(&format!("\"{name}\""), "\"\"").as_bytes()),
        ];
        for (index, (original, changed)) in [&xgboost, &model].into_iter().zip(&changed).enumerate() {
            let original = by_field(&**original, "colour", &[name.into(), Value::Missing]);
            assert_eq!(by_field(&**changed, "colour", &["".into(), Value::Missing]), original, "{name}");
            unlike_missing[index] += usize::from(original.0[0] != original.0[1]);
        }
    }
    assert!(unlike_missing.iter().all(|count| *count > 0), "{unlike_missing:?}");
    // One that is not listed is missing to LightGBM.
    let (scores, errors) = by_field(&*model, "colour", &["".into(), Value::Missing, "mauve".into()]);
    assert!(errors.is_empty() && scores[0] == scores[1] && scores[2] == scores[1]);
}

#[test]
fn names_that_xgboost_damaged_are_refused_unless_the_mapping_codes_them() {
    let names = ["rüd", "green", "blue", "grey", "pink", "teal", "gold", "lime", "navy"];
    let by_characters = [0, 3, 8, 12, 16, 20, 24, 28, 32, 36];
    let by_bytes = [0, 4, 9, 13, 17, 21, 25, 29, 33, 37];
    for damaged in
        [xgboost_with(&names, &by_characters, [3, 2, 0]), xgboost_with(&names, &by_bytes, [3, 3, 0])]
    {
        let error = refusal(&damaged).to_string();
        assert!(
            error.contains("\"colour\"") && error.contains("ASCII") && error.contains("[codes]"),
            "{error}"
        );
    }
    let original = load(&std::fs::read(folder().join("xgboost-categories.json")).unwrap());
    let (expected, _) = by_field(&*original, "colour", &["red".into(), "navy".into()]);
    let whole = load(&xgboost_with(&names, &by_bytes, [3, 4, 0]));
    assert_eq!(by_field(&*whole, "colour", &["rüd".into(), "navy".into()]), (expected.clone(), vec![]));

    let strings = names.iter().map(|name| (*name).into()).collect();
    let mapping = Mapping {
        codes: vec![scorewheel_model::FieldCodes { field: "colour".into(), strings }],
        ..Mapping::default()
    };
    let damaged = xgboost_with(&names, &by_characters, [3, 2, 0]);
    let format = formats().into_iter().find(|format| format.recognises(&damaged)).unwrap();
    let coded = format.load(&damaged, &mapping, &Limits::default()).unwrap();
    let (found, errors) = by_field(&*coded, "colour", &["rüd".into(), "navy".into()]);
    assert_eq!((found, errors), (expected, vec![]));
}

#[test]
fn truth_values_are_categories_of_lightgbm() {
    let text = std::fs::read_to_string(folder().join("lightgbm-categories.txt")).unwrap();
    let truths = load(text.replace("[5, 15, 25, 35, 45, 55, 65, 75, 85]", "[false, true]").as_bytes());
    let numbers = load(text.as_bytes());
    let cells = [Value::Bool(false), Value::Bool(true), Value::Missing];
    let (found, errors) = by_field(&*truths, "size", &cells);
    assert_eq!(errors, []);
    let cells = [Value::F64(5.0), Value::F64(15.0), Value::Missing];
    assert_eq!(found, by_field(&*numbers, "size", &cells).0);
    assert!(found[0] != found[1] || found[1] != found[2], "{found:?}");
}

#[test]
fn a_lightgbm_file_without_its_categories_is_noticed_where_they_matter() {
    let text = std::fs::read_to_string(folder().join("lightgbm-categories.txt")).unwrap();
    let end = text.find("pandas_categorical").unwrap();
    let error = refusal(&text.as_bytes()[..end]).to_string();
    assert!(error.contains("\"pandas_categorical\", which lists the categories"), "{error}");
    let cut = text.find("\nparameters:").unwrap();
    assert!(refusal(&text.as_bytes()[..cut]).to_string().contains("pandas_categorical"));
    // As the library itself writes it, without the Python package.
    let without = text[..end].trim_end().to_owned() + "\n";
    load(without.as_bytes());
    // Older versions spell the tail otherwise.
    let older =
        text.replace("version=v4", "version=v2").replace("feature_importances:", "feature importances:");
    load(older.as_bytes());
}

#[test]
fn the_demo_model_scores_wine() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../demo/models/8-boosted.json");
    let model = load(&std::fs::read(path).unwrap());
    assert_eq!(model.summary().format, "XGBoost 2.1.0");
    let Some(batch) = support::wine() else { return };
    let found = score(&*model, &batch, 256);
    assert!(found.iter().all(|answer| answer.len() == 1 && answer[0].is_finite()));
}
