//! Documents that are refused; answers are held against a script's in `tests/scripted`.

use scorewheel_columns::Value;

use crate::testing::{document, load};

fn model() -> String {
    let fields = "<DataField name='who' optype='categorical' dataType='string'/>\
        <DataField name='item' optype='categorical' dataType='string'/><DataField name='t' optype='continuous' dataType='double'/>";
    let model = "<SequenceModel functionName='sequences'><MiningSchema><MiningField name='who' usageType='group'/>\
        <MiningField name='item'/></MiningSchema><Item id='1' value='A'/><Item id='2' value='B'/>\
        <Itemset id='a'><ItemRef itemRef='1'/></Itemset><SetPredicate id='b' field='item'><Array type='string'>B</Array></SetPredicate>\
        <Sequence id='s' numberOfSets='2'><SetReference setId='a'/><Delimiter delimiter='acrossTimeWindows' gap='false'/>\
        <SetReference setId='b'/></Sequence><Sequence id='e'><SetReference setId='a'/></Sequence>\
        <SequenceRule id='r' numberOfSets='3' occurrence='1' support='0.5' confidence='0.5'><AntecedentSequence>\
        <SequenceReference seqId='s'/></AntecedentSequence><Delimiter delimiter='acrossTimeWindows' gap='unknown'/>\
        <ConsequentSequence><SequenceReference seqId='e'/></ConsequentSequence></SequenceRule></SequenceModel>";
    document(fields, model)
}

#[test]
fn a_text_is_a_list_of_one_item() {
    let loaded = load(&model()).unwrap();
    let list = |items: &[&str]| Value::List(items.iter().map(|item| Value::from(*item)).collect());
    assert_eq!(loaded.answer(&[list(&["A", "B"])], None), Ok("r".into()));
    assert_eq!(loaded.answer(&[list(&["A", "X", "B"])], None), Ok(Value::Missing));
}

#[test]
fn references_must_be_defined() {
    let good = model();
    for (from, to) in [
        ("itemRef='1'", "itemRef='9'"),
        ("setId='b'", "setId='z'"),
        ("seqId='s'", "seqId='z'"),
        ("<Item id='2'", "<Item id='1'"),
        ("SetPredicate id='b'", "SetPredicate id='a'"),
        ("<Sequence id='e'>", "<Sequence id='s'>"),
        ("field='item'", "field='who'"),
        ("field='item'", "field='item' operator='subsetOf'"),
        ("numberOfSets='2'", "numberOfSets='3'"),
        ("<SetReference setId='a'/><Delimiter", "<Delimiter"),
        ("gap='false'", "gap='wide'"),
        ("gap='false'", ""),
        ("support='0.5'", ""),
        ("functionName='sequences'", "functionName='regression'"),
        ("<MiningField name='item'/>", ""),
        ("<MiningField name='item'/>", "<MiningField name='item'/><MiningField name='t'/>"),
        ("<AntecedentSequence>", "<AntecedentSequence><SequenceReference seqId='e'/>"),
    ] {
        let changed = good.replace(from, to);
        assert_ne!(changed, good, "{from}");
        assert!(load(&changed).is_err(), "{from} to {to}");
    }
}
