//! Bad documents and bad records: each is one clear error, and none is a panic.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use scorewheel_columns::{Batch, Cell, DataType, Field, Schema, Scores, Value};
use scorewheel_model::{Limits, Mapping, Model, ModelErrorKind};
use scorewheel_pmml::PmmlModel;

const FIELDS: &str = "<DataField name=\"x\" optype=\"continuous\" dataType=\"double\"/>\
    <DataField name=\"n\" optype=\"continuous\" dataType=\"integer\"/>\
    <DataField name=\"c\" optype=\"categorical\" dataType=\"string\"><Value value=\"a\"/><Value value=\"b\"/></DataField>\
    <DataField name=\"d\" optype=\"ordinal\" dataType=\"date\"/>\
    <DataField name=\"y\" optype=\"continuous\" dataType=\"double\"/>";

const SCHEMA: &str = "<MiningSchema><MiningField name=\"x\"/><MiningField name=\"n\"/><MiningField name=\"c\"/>\
    <MiningField name=\"d\"/><MiningField name=\"y\" usageType=\"target\"/></MiningSchema>";

const TABLE: &str = "<RegressionTable intercept=\"1\"><NumericPredictor name=\"x\" coefficient=\"2\"/>\
    <NumericPredictor name=\"n\" coefficient=\"3\"/><CategoricalPredictor name=\"c\" value=\"b\" coefficient=\"10\"/>\
    <NumericPredictor name=\"days\" coefficient=\"1\"/></RegressionTable>";

const LOCAL: &str = "<LocalTransformations><DerivedField name=\"days\" optype=\"continuous\" dataType=\"integer\">\
    <Apply function=\"dateDaysSinceYear\"><FieldRef field=\"d\"/><Constant>2020</Constant></Apply>\
    </DerivedField></LocalTransformations>";

fn document(fields: &str, body: &str) -> String {
    format!(
        "<PMML xmlns=\"http://www.dmg.org/PMML-4_4\" version=\"4.4\"><Header/>\
         <DataDictionary>{fields}</DataDictionary>{body}</PMML>"
    )
}

fn regression(inside: &str) -> String {
    document(FIELDS, &format!("<RegressionModel functionName=\"regression\">{inside}</RegressionModel>"))
}

fn good() -> String {
    regression(&format!("{SCHEMA}{LOCAL}{TABLE}"))
}

fn load(text: &str) -> Result<PmmlModel, scorewheel_model::ModelError> {
    PmmlModel::load(text.as_bytes(), None, &Mapping::default(), &Limits::default())
}

/// The error of a document: its kind and all that it says.
fn refusal(text: &str) -> (ModelErrorKind, String) {
    let error = load(text).expect_err(text);
    (error.kind, error.to_string())
}

#[test]
fn what_is_not_a_document_of_pmml_is_refused() {
    for (text, kind, words) in [
        ("", ModelErrorKind::Malformed, ""),
        ("{\"a\": 1}", ModelErrorKind::Malformed, ""),
        ("<PMML", ModelErrorKind::Malformed, ""),
        ("<html><body/></html>", ModelErrorKind::UnknownFormat, "html"),
        ("<PMML xmlns=\"urn:other\" version=\"4.4\"/>", ModelErrorKind::Unsupported, "namespace"),
        ("<PMML xmlns=\"http://www.dmg.org/PMML-2_1\"/>", ModelErrorKind::Unsupported, "PMML-3_0 to"),
    ] {
        let (found, message) = refusal(text);
        assert!(message.contains(words) && found == kind, "{text}: {found:?} {message}");
    }
}

#[test]
fn a_small_document_cannot_ask_for_much_memory() {
    let vector = "<VectorInstance id=\"v\"><REAL-SparseArray n=\"900000000\"><Indices>1</Indices>\
        <REAL-Entries>1</REAL-Entries></REAL-SparseArray></VectorInstance>";
    let text = document(
        FIELDS,
        &format!(
            "<SupportVectorMachineModel functionName=\"regression\">{SCHEMA}<LinearKernelType/><VectorDictionary>\
             <VectorFields><FieldRef field=\"x\"/></VectorFields>{vector}</VectorDictionary>\
             </SupportVectorMachineModel>"
        ),
    );
    assert_eq!(refusal(&text).0, ModelErrorKind::TooLarge);
}

/// Ways in which functions or fields are made of one another, and the deepest that is loaded.
const DEEP: [(&str, usize); 6] =
    [("function", 999), ("if", 499), ("name", 1_000), ("sum", 500), ("norm", 500), ("wanted first", 1_000)];

/// A document with a chain of so many functions or fields, named from the shallowest to the deepest.
fn deep(way: &str, count: usize) -> String {
    let field = |at: usize| if at == 0 { "x".to_owned() } else { format!("d{at}") };
    let derived = |name: &str, expression: &str| {
        format!(
            "<DerivedField name=\"{name}\" optype=\"continuous\" dataType=\"double\">{expression}</DerivedField>"
        )
    };
    let number = "<Constant dataType=\"double\">1</Constant>";
    let (mut functions, mut fields) = (String::new(), String::new());
    for at in 1..=count {
        let before = at - 1;
        let called = match before {
            0 => "<FieldRef field=\"a\"/>".to_owned(),
            _ => format!("<Apply function=\"f{before}\"><FieldRef field=\"a\"/></Apply>"),
        };
        let outer = field(before);
        let body = match way {
            "function" => called,
            "if" => format!(
                "<Apply function=\"if\"><Apply function=\"isMissing\"><FieldRef field=\"a\"/></Apply>{number}{called}</Apply>"
            ),
            _ => String::new(),
        };
        if !body.is_empty() {
            functions += &format!(
                "<DefineFunction name=\"f{at}\" optype=\"continuous\" dataType=\"double\"><ParameterField name=\"a\" \
                 optype=\"continuous\" dataType=\"double\"/>{body}</DefineFunction>"
            );
        }
        let expression = match way {
            "name" | "wanted first" => format!("<FieldRef field=\"{outer}\"/>"),
            "sum" => format!("<Apply function=\"+\"><FieldRef field=\"{outer}\"/>{number}</Apply>"),
            "norm" => format!(
                "<NormContinuous field=\"{outer}\"><LinearNorm orig=\"0\" norm=\"0\"/><LinearNorm orig=\"1\" norm=\"1\"/></NormContinuous>"
            ),
            _ => format!("<Apply function=\"f{at}\"><FieldRef field=\"x\"/></Apply>"),
        };
        fields += &derived(&field(at), &expression);
    }
    let schema = "<MiningSchema><MiningField name=\"x\"/><MiningField name=\"y\" usageType=\"target\"/></MiningSchema>";
    let local = format!("<LocalTransformations>{fields}</LocalTransformations>");
    let each = |make: &dyn Fn(String) -> String| (1..=count).map(|at| make(field(at))).collect::<String>();
    let deepest = field(count);
    let model = match way {
        // What is compiled last is wanted first.
        "wanted first" => format!(
            "<RegressionModel functionName=\"regression\">{schema}{local}<RegressionTable intercept=\"0\">{}\
             <PredictorTerm coefficient=\"1\"><FieldRef field=\"{deepest}\"/></PredictorTerm></RegressionTable></RegressionModel>",
            each(&|name| format!("<CategoricalPredictor name=\"{name}\" value=\"9\" coefficient=\"1\"/>"))
        ),
        // No record comes to the nodes that name all of the fields.
        _ => format!(
            "<TreeModel functionName=\"regression\" splitCharacteristic=\"multiSplit\">{schema}{local}<Node score=\"0\"><True/>\
             <Node score=\"1\"><False/>{}</Node><Node score=\"2\"><SimplePredicate field=\"{deepest}\" operator=\"greaterThan\" \
             value=\"0\"/></Node></Node></TreeModel>",
            each(&|name| format!(
                "<Node score=\"1\"><SimplePredicate field=\"{name}\" operator=\"equal\" value=\"7\"/></Node>"
            ))
        ),
    };
    let fields = "<DataField name=\"x\" optype=\"continuous\" dataType=\"double\"/>\
        <DataField name=\"y\" optype=\"continuous\" dataType=\"double\"/>";
    document(fields, &format!("<TransformationDictionary>{functions}</TransformationDictionary>{model}"))
}

/// Loads a document and scores records by it, all in a thread whose stack is the smallest that is usual.
fn scored_on_a_small_stack(text: String) -> Result<(), scorewheel_model::ModelError> {
    let work = move || {
        let model = load(&text)?;
        let bound = model.bind(&model.schema()?, &Mapping::default())?;
        let mut batch = Batch::new(model.schema()?);
        for row in 0..300 {
            batch.push_row(&[Value::F64(f64::from(row))]);
        }
        let mut scores = Scores::new();
        for rows in [0..1, 0..300] {
            bound.score(&batch, rows, &mut bound.new_scratch(), &mut scores);
            assert!(scores.error(0).is_none(), "{:?}", scores.error(0));
        }
        Ok(())
    };
    std::thread::Builder::new().stack_size(2 << 20).spawn(work).unwrap().join().unwrap()
}

#[test]
fn what_is_computed_deep_is_computed_or_refused() {
    for (way, most) in DEEP {
        for count in [1, 300, most] {
            scored_on_a_small_stack(deep(way, count))
                .unwrap_or_else(|error| panic!("{way} {count}: {error}"));
        }
        for count in [most + 1, 5_000] {
            let error = scored_on_a_small_stack(deep(way, count)).expect_err(way);
            assert!(error.to_string().contains("deeper than 1000"), "{way} {count}: {error}");
        }
    }
}

#[test]
fn a_document_cut_off_anywhere_is_refused() {
    let text = good();
    load(&text).unwrap();
    for end in 0..text.len() {
        assert!(load(&text[..end]).is_err(), "cut off at byte {end}");
    }
}

#[test]
fn contradictions_are_named() {
    let field = "<MiningSchema><MiningField name=\"x\"/><MiningField name=\"y\" usageType=\"target\"/></MiningSchema>";
    let derived = |expression: &str| {
        regression(&format!(
            "{field}<LocalTransformations><DerivedField name=\"z\" optype=\"continuous\" dataType=\"double\">\
             {expression}</DerivedField></LocalTransformations><RegressionTable intercept=\"0\">\
             <NumericPredictor name=\"z\" coefficient=\"1\"/></RegressionTable>"
        ))
    };
    let table =
        "<RegressionTable intercept=\"0\"><NumericPredictor name=\"x\" coefficient=\"1\"/></RegressionTable>";
    let cases = [
        // A missing required attribute or element.
        (document(FIELDS, &format!("<RegressionModel>{field}{table}</RegressionModel>")), "functionName"),
        (regression(field), "RegressionTable"),
        (regression(table), "MiningSchema"),
        (
            regression(&format!("{field}<RegressionTable><NumericPredictor name=\"x\"/></RegressionTable>")),
            "coefficient",
        ),
        // A field that is not defined, or twice.
        (
            regression(&format!(
                "<MiningSchema><MiningField name=\"x\"/><MiningField name=\"w\"/>\
                 <MiningField name=\"y\" usageType=\"target\"/></MiningSchema>{table}"
            )),
            "\"w\"",
        ),
        (
            document(
                &format!("{FIELDS}<DataField name=\"x\" optype=\"continuous\" dataType=\"double\"/>"),
                &format!("<RegressionModel functionName=\"regression\">{field}{table}</RegressionModel>"),
            ),
            "\"x\"",
        ),
        // Functions.
        (derived("<Apply function=\"ln\"><FieldRef field=\"x\"/><FieldRef field=\"x\"/></Apply>"), "\"ln\""),
        // Fields that are defined by themselves.
        (derived("<FieldRef field=\"z\"/>"), "\"z\""),
        // A table without the column.
        (
            derived(
                "<MapValues outputColumn=\"out\"><FieldColumnPair field=\"x\" column=\"in\"/><InlineTable>\
                 <row><other>1</other><out>2</out></row></InlineTable></MapValues>",
            ),
            "\"in\"",
        ),
        // Neither target nor output.
        (
            document(
                FIELDS,
                "<MiningModel functionName=\"regression\"><MiningSchema><MiningField name=\"x\"/></MiningSchema>\
                 <Segmentation multipleModelMethod=\"sum\"><Segment><True/></Segment></Segmentation></MiningModel>",
            ),
            "another model",
        ),
        // Numbers that are none, or out of range.
        (regression(&format!("{field}<RegressionTable intercept=\"one\"/>")), "intercept"),
        (
            regression(&format!(
                "{field}<RegressionTable intercept=\"0\"><NumericPredictor name=\"x\" coefficient=\"1\" \
                 exponent=\"1e300\"/></RegressionTable>"
            )),
            "exponent",
        ),
        (
            regression(&format!(
                "{field}<RegressionTable intercept=\"0\"><NumericPredictor name=\"x\" coefficient=\"-1e999\"/>\
                 </RegressionTable>"
            )),
            "range of a double",
        ),
        (tree("<Node score=\"1\" recordCount=\"-5\"><True/></Node>"), "recordCount"),
        (tree("<Node score=\"1\" recordCount=\"NaN\"><True/></Node>"), "recordCount"),
        // What no record can survive.
        (derived("<Apply function=\"foo\"><FieldRef field=\"x\"/></Apply>"), "\"foo\""),
        (derived("<Apply function=\"ln\"><FieldRef field=\"nowhere\"/></Apply>"), "\"nowhere\""),
        (derived("<FieldRef field=\"nowhere\"/>"), "\"nowhere\""),
        (
            tree(
                "<Node score=\"1\"><True/><Node score=\"2\"><SimplePredicate field=\"nowhere\" operator=\"lessThan\" \
                 value=\"1\"/></Node></Node>",
            ),
            "\"nowhere\"",
        ),
        (ensemble("regression", "max", "x"), "multipleModelMethod max"),
        (ensemble("regression", "majorityVote", "x"), "multipleModelMethod majorityVote"),
        (ensemble("classification", "sum", "x"), "multipleModelMethod sum"),
        (ensemble("regression", "sum", "nowhere"), "\"nowhere\""),
        (regression(&format!("{field}<RegressionTable/>")), "intercept"),
        (
            document(
                FIELDS,
                &format!(
                    "<RegressionModel functionName=\"regression\" normalizationMethod=\"simplemax\">{field}\
                     <RegressionTable intercept=\"1\"/></RegressionModel>"
                ),
            ),
            "simplemax",
        ),
        // What PMML does not have.
        (regression(&format!("{field}{table}<Surprise/>")), "Surprise"),
        (regression(&format!("{field}<RegressionTable intercept=\"0\" surprise=\"1\"/>")), "surprise"),
    ];
    for (text, words) in cases {
        let (kind, message) = refusal(&text);
        assert!(message.contains(words), "{kind:?} {message:?} does not name {words}\n{text}");
        assert!(message.contains("line 1"), "{message:?} does not say where");
    }
}

/// A tree of regression with this root.
fn tree(node: &str) -> String {
    let schema = "<MiningSchema><MiningField name=\"x\"/><MiningField name=\"y\" usageType=\"target\"/></MiningSchema>";
    document(FIELDS, &format!("<TreeModel functionName=\"regression\">{schema}{node}</TreeModel>"))
}

/// One segment, a regression over the field of this name.
fn ensemble(function: &str, method: &str, field: &str) -> String {
    let (target, rows) = match function {
        "regression" => ("y", "<RegressionTable intercept=\"0\">"),
        _ => (
            "c",
            "<RegressionTable intercept=\"0\" targetCategory=\"a\"/><RegressionTable intercept=\"0\" targetCategory=\"b\">",
        ),
    };
    let schema = format!(
        "<MiningSchema><MiningField name=\"x\"/><MiningField name=\"{target}\" usageType=\"target\"/></MiningSchema>"
    );
    document(
        FIELDS,
        &format!(
            "<MiningModel functionName=\"{function}\">{schema}<Segmentation multipleModelMethod=\"{method}\">\
             <Segment><True/><RegressionModel functionName=\"{function}\">{schema}{rows}\
             <NumericPredictor name=\"{field}\" coefficient=\"1\"/></RegressionTable></RegressionModel></Segment>\
             </Segmentation></MiningModel>"
        ),
    )
}

#[test]
fn numbers_that_the_schema_has_words_for_are_numbers() {
    let text = good().replace("coefficient=\"10\"", "coefficient=\"INF\"");
    let whole = record(0.5.into(), 1_i64.into(), "b".into(), Value::Date(18_264));
    assert_eq!(score_by(&text, &whole, |_| {}), Ok(Value::F64(f64::INFINITY)));
    let text = text.replace("\"INF\"", "\"NaN\"");
    assert!(matches!(score_by(&text, &whole, |_| {}), Ok(Value::F64(number)) if number.is_nan()));
}

/// What some records survive is named in their errors, and listed.
#[test]
fn what_some_records_survive_is_listed() {
    let no_intercept = good().replace(" intercept=\"1\"", "");
    let simplemax = good().replace(
        "functionName=\"regression\"",
        "functionName=\"regression\" normalizationMethod=\"simplemax\"",
    );
    let missing = record(Value::Missing, 1_i64.into(), "b".into(), Value::Date(0));
    let whole = record(0.5.into(), 1_i64.into(), "b".into(), Value::Date(0));
    let unfit = tree(
        "<Node score=\"1\"><True/><Node score=\"2\"><SimplePredicate field=\"x\" operator=\"lessThan\" value=\"abc\"/>\
         </Node></Node>",
    );
    for (text, words) in [(no_intercept, "intercept"), (simplemax, "simplemax"), (unfit, "\"abc\"")] {
        let details = load(&text).unwrap().summary().details;
        assert!(details.iter().any(|(_, detail)| detail.contains(words)), "{words}: {details:?}");
        assert_eq!(score_by(&text, &missing, |_| {}), Ok(Value::Missing), "{words}");
        let message = score_by(&text, &whole, |_| {}).unwrap_err();
        assert!(message.contains(words), "{words}: {message}");
    }
}

#[test]
fn a_function_that_is_not_known_is_an_error_of_the_records_that_call_it() {
    let call = LOCAL.replace("dateDaysSinceYear", "frobnicate");
    let text = regression(&format!("{SCHEMA}{call}{TABLE}"));
    let details = load(&text).unwrap().summary().details;
    assert!(details.iter().any(|(_, detail)| detail.contains("frobnicate")), "{details:?}");
    let whole = record(0.5.into(), 1_i64.into(), "b".into(), Value::Date(0));
    assert!(score_by(&text, &whole, |_| {}).unwrap_err().contains("frobnicate"));
}

/// Scores one record, each value with its field, and gives the answer or the error in words.
fn score(fields: &[(&str, DataType, Value)]) -> Result<Value, String> {
    score_with(fields, |_| {})
}

fn score_with(fields: &[(&str, DataType, Value)], change: impl Fn(&mut Batch)) -> Result<Value, String> {
    score_by(&good(), fields, change)
}

fn score_by(
    text: &str,
    fields: &[(&str, DataType, Value)],
    change: impl Fn(&mut Batch),
) -> Result<Value, String> {
    let model = load(text).unwrap();
    let field = |(name, data_type, _): &(&str, DataType, Value)| Field::new(*name, data_type.clone());
    let schema = Arc::new(Schema::new(fields.iter().map(field).collect()).unwrap());
    let bound = model.bind(&schema, &Mapping::default()).map_err(|error| error.to_string())?;
    let mut batch = Batch::new(Arc::clone(&schema));
    batch.push_row(&fields.iter().map(|(_, _, value)| value.clone()).collect::<Vec<_>>());
    change(&mut batch);
    let mut scores = Scores::new();
    bound.score(&batch, 0..1, &mut bound.new_scratch(), &mut scores);
    match scores.error(0) {
        Some(error) => Err(bound.explain(error, &batch, 0).message),
        None => Ok(scores.get(0, 0)),
    }
}

fn record(x: Value, n: Value, c: Value, d: Value) -> Vec<(&'static str, DataType, Value)> {
    vec![("x", DataType::F64, x), ("n", DataType::I64, n), ("c", DataType::Text, c), ("d", DataType::Date, d)]
}

#[test]
fn records_are_answered_or_fail_by_themselves() {
    let day = Value::Date(18_262 + 2);
    let whole = record(0.5.into(), 1_i64.into(), "b".into(), day.clone());
    assert_eq!(score(&whole), Ok(Value::F64(1.0 + 1.0 + 3.0 + 10.0 + 2.0)));
    // A field more has no say.
    let mut more = whole.clone();
    more.push(("surprise", DataType::Text, "?".into()));
    assert_eq!(score(&more), score(&whole));
    // A missing number makes the sum missing, a missing category is worth nought.
    let missing = record(Value::Missing, 1_i64.into(), "b".into(), day.clone());
    assert_eq!(score(&missing), Ok(Value::Missing));
    let missing = record(0.5.into(), 1_i64.into(), Value::Missing, day.clone());
    assert_eq!(score(&missing), Ok(Value::F64(7.0)));
    // Infinity is a number, NaN is not.
    let endless = record(f64::INFINITY.into(), 1_i64.into(), "b".into(), day.clone());
    assert_eq!(score(&endless), Ok(Value::F64(f64::INFINITY)));
    let not_a_number = record(f64::NAN.into(), 1_i64.into(), "b".into(), day.clone());
    assert!(score(&not_a_number).unwrap_err().contains("\"x\""));
    // A category that is not among those declared.
    let unknown = record(0.5.into(), 1_i64.into(), "z".into(), day.clone());
    assert!(score(&unknown).unwrap_err().contains("\"c\""));
    // Too large for an integer of PMML.
    let large = record(0.5.into(), (1_i64 << 40).into(), "b".into(), day);
    assert!(score(&large).unwrap_err().contains("\"n\""));
}

#[test]
fn texts_are_parsed_by_the_type_of_their_field() {
    let texts = |x: &str, n: &str, d: &str| {
        let text = |name, value: &str| (name, DataType::Text, Value::from(value));
        score(&[text("x", x), text("n", n), text("c", "b"), text("d", d)])
    };
    assert_eq!(texts("0.5", "1", "2020-01-03"), Ok(Value::F64(17.0)));
    for (x, n, d, field) in [
        ("half", "1", "2020-01-03", "\"x\""),
        ("NaN", "1", "2020-01-03", "\"x\""),
        ("0.5", "1.5", "2020-01-03", "\"n\""),
        ("0.5", "99999999999", "2020-01-03", "\"n\""),
        ("0.5", "1", "03.01.2020", "\"d\""),
        ("0.5", "1", "2020-02-30", "\"d\""),
        ("0.5", "1", "", "\"d\""),
    ] {
        let message = texts(x, n, d).unwrap_err();
        assert!(message.contains(field), "{x} {n} {d}: {message}");
    }
}

#[test]
fn faults_of_the_source_reach_the_record_that_reads_them() {
    let whole = record(0.5.into(), 1_i64.into(), "b".into(), Value::Date(18_264));
    for fault in [Cell::Unparsable, Cell::WrongType, Cell::DeclaredInvalid] {
        let message =
            score_with(&whole, |batch| batch.column_mut(0).set_fault(0, fault, "half")).unwrap_err();
        assert!(message.contains("\"x\"") && message.contains("half"), "{fault:?}: {message}");
    }
}

#[test]
fn fields_that_cannot_feed_an_input_are_refused_when_bound() {
    let wrong = vec![("x", DataType::Date, Value::Date(0))];
    assert!(score(&wrong).unwrap_err().contains("\"x\""));
    // Records without a field at all: its values are missing.
    let few = vec![("x", DataType::F64, Value::F64(1.0))];
    assert!(matches!(score(&few), Ok(Value::Missing) | Err(_)));
}
