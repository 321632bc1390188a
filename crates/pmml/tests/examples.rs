//! The examples, and what they print.
#![allow(clippy::unwrap_used, dead_code)]

#[path = "../examples/inputs_and_outputs.rs"]
mod inputs_and_outputs;
#[cfg(feature = "arrow")]
#[path = "../examples/score_arrow.rs"]
mod score_arrow;
#[path = "../examples/score_columns.rs"]
mod score_columns;
#[path = "../examples/score_map.rs"]
mod score_map;
#[cfg(feature = "serde")]
#[path = "../examples/score_struct.rs"]
mod score_struct;

fn printed(run: impl FnOnce(&mut Vec<u8>) -> Result<(), Box<dyn std::error::Error>>) -> String {
    let mut out = Vec::new();
    run(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

const CASTLE: &str = "field \"home.kind\" cannot accept the invalid value \"castle\"\n";

#[test]
fn inputs_and_outputs_are_shown() {
    let document = include_bytes!("../examples/loan.pmml");
    let text = printed(|out| inputs_and_outputs::run(document, out));
    let wanted = [
        "PMML 4.4, TreeModel\nin:  monthly income, f64\nin:  loans, i64\nin:  home.kind, string\n",
        "out: risk, Target\nout: probability of high, Output\nout: probability, Auxiliary",
        "\n0 rows of its own, 0 not reproduced\n",
    ];
    for wanted in wanted {
        assert!(text.contains(wanted), "{wanted:?} is not in {text}");
    }
}

#[test]
fn a_map_is_scored() {
    let text = printed(score_map::run);
    assert!(
        text.contains("\nprobability of high: 0.75\nrisk: \"high\"\nwithout income: \"high\"\n"),
        "{text}"
    );
    assert!(text.ends_with(&format!("castle: {CASTLE}")), "{text}");
}

#[cfg(feature = "serde")]
#[test]
fn structs_are_scored() {
    let text = printed(score_struct::run);
    let wanted = concat!(
        "the score alone: low\n",
        "high, high with 0.75: {\"high\": 0.75, \"low\": 0.25}\n",
        "high, high with 0.6: {\"high\": 0.6, \"low\": 0.4}\n"
    );
    assert_eq!(text, format!("{wanted}{CASTLE}"));
}

#[test]
fn columns_are_scored() {
    let text = printed(score_columns::run);
    // Counted once more by the rules of the document, for the applicants that the example makes.
    let high = (0..10_000)
        .filter(|applicant| applicant % 100 != 99)
        .filter(|applicant| (applicant % 30 < 15 && applicant % 2 == 0) || applicant % 5 > 3);
    let wanted = format!("{} of 10000 are of high risk, 100 have no answer\nrow 99: {CASTLE}", high.count());
    assert_eq!(text, wanted);
}

#[cfg(feature = "arrow")]
#[test]
fn an_arrow_record_batch_is_scored() {
    let text = printed(score_arrow::run);
    assert_eq!(text, format!("high, high with 0.75\nhigh, high with 0.6\nlow, high with 0.1\n{CASTLE}"));
}
