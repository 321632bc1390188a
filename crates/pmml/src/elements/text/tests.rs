//! Documents that are refused; answers are held against a script's in `tests/scripted`.

use scorewheel_columns::Value;

use crate::testing::{document, load};

fn model() -> String {
    let fields = "<DataField name='text' optype='categorical' dataType='string'/>\
        <DataField name='x' optype='continuous' dataType='double'/>";
    let model = "<TextModel functionName='clustering' numberOfTerms='2' numberOfDocuments='2'><MiningSchema>\
        <MiningField name='text'/></MiningSchema><TextDictionary><Array type='string'>wheel \"free kick\"</Array></TextDictionary>\
        <TextCorpus><TextDocument id='d1'/><TextDocument id='d2'/></TextCorpus><DocumentTermMatrix><Matrix>\
        <Array type='int'>1 0</Array><Array type='int'>1 2</Array></Matrix></DocumentTermMatrix></TextModel>";
    document(fields, model)
}

#[test]
fn the_nearest_document() {
    let loaded = load(&model()).unwrap();
    let answer = |text: &str| loaded.answer(&[text.into()], None);
    assert_eq!(answer("A wheel."), Ok("d1".into()));
    assert_eq!(answer("Free kick!"), Ok("d2".into()));
    assert_eq!(answer("kick free"), Ok(Value::Missing));
    assert_eq!(loaded.answer(&[Value::Missing], None), Ok(Value::Missing));
}

#[test]
fn numbers_must_agree() {
    let good = model();
    for (from, to) in [
        ("numberOfTerms='2'", "numberOfTerms='3'"),
        ("numberOfDocuments='2'", "numberOfDocuments='1'"),
        ("<TextDocument id='d2'/>", ""),
        ("<TextDocument id='d2'/>", "<TextDocument id='d1'/>"),
        ("<Array type='int'>1 2</Array>", ""),
        ("1 2", "-1 2"),
        ("wheel ", "wheel goal "),
        ("wheel ", "!! "),
        ("<MiningField name='text'/>", "<MiningField name='x'/>"),
        ("<MiningField name='text'/>", "<MiningField name='text'/><MiningField name='x'/>"),
        ("clustering", "regression"),
        ("</TextModel>", "<TextModelSimiliarity similarityType='near'/></TextModel>"),
        ("</TextModel>", "<TextModelNormalization localTermWeights='some'/></TextModel>"),
        ("<TextCorpus>", "<TextCorpus size='2'>"),
    ] {
        let changed = good.replace(from, to);
        assert_ne!(changed, good, "{from}");
        assert!(load(&changed).is_err(), "{from} to {to}");
    }
}
