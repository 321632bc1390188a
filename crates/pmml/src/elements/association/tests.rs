use scorewheel_columns::{ErrorCode, Value};

use crate::testing::{document, load};

/// A→B, B→A, A→C, {A,B}→D.
const RULES: &str =
    "<Item id='1' value='A'/><Item id='2' value='B'/><Item id='3' value='C'/><Item id='4' value='D'/>
    <Itemset id='a'><ItemRef itemRef='1'/></Itemset><Itemset id='b'><ItemRef itemRef='2'/></Itemset>
    <Itemset id='c'><ItemRef itemRef='3'/></Itemset><Itemset id='d'><ItemRef itemRef='4'/></Itemset>
    <Itemset id='ab'><ItemRef itemRef='1'/><ItemRef itemRef='2'/></Itemset>
    <AssociationRule antecedent='a' consequent='b' support='0.4' confidence='0.5' lift='1.5'/>
    <AssociationRule antecedent='b' consequent='a' support='0.4' confidence='0.8'/>
    <AssociationRule antecedent='a' consequent='c' support='0.3' confidence='0.6' lift='2'/>
    <AssociationRule id='both' antecedent='ab' consequent='d' support='0.1' confidence='0.9' lift='3'/>";

fn rules(fields: &str, schema: &str, outputs: &str) -> String {
    let model = format!(
        "<AssociationModel functionName='associationRules' numberOfTransactions='10' minimumSupport='0.1'
           minimumConfidence='0.5' numberOfItems='4' numberOfItemsets='5' numberOfRules='4'>
           <MiningSchema>{schema}</MiningSchema><Output>{outputs}</Output>{RULES}</AssociationModel>"
    );
    document(fields, &model)
}

fn baskets(outputs: &str) -> String {
    rules(
        "<DataField name='t' optype='categorical' dataType='string'/>\
         <DataField name='item' optype='categorical' dataType='string'/>",
        "<MiningField name='t' usageType='group'/><MiningField name='item'/>",
        outputs,
    )
}

fn list(items: &[&str]) -> Value {
    Value::List(items.iter().map(|item| Value::from(*item)).collect())
}

fn output(more: &str) -> String {
    baskets(&format!("<OutputField name='o' {more}/>"))
}

#[test]
fn rules_by_algorithm() {
    for (algorithm, expected) in [
        ("recommendation", vec!["both", "2", "3", "1"]),
        ("exclusiveRecommendation", vec!["both", "3"]),
        ("ruleAssociation", vec!["2", "1"]),
    ] {
        let more = format!(
            "feature='ruleValue' ruleFeature='ruleId' algorithm='{algorithm}' rank='0' isMultiValued='1'"
        );
        let model = load(&output(&more)).unwrap();
        assert_eq!(model.answer(&[list(&["A", "B"])], Some("o")), Ok(list(&expected)), "{algorithm}");
    }
}

#[test]
fn ranks_bases_and_orders() {
    for (more, expected) in [
        ("rank='1'", "both"),
        ("rank='2'", "2"),
        ("rank='1' rankOrder='ascending'", "1"),
        ("rank='1' rankBasis='support'", "1"),
        ("rank='2' rankBasis='support'", "2"),
    ] {
        let model = load(&output(&format!("feature='ruleId' algorithm='recommendation' {more}"))).unwrap();
        assert_eq!(model.answer(&[list(&["A", "B"])], Some("o")), Ok(expected.into()), "{more}");
    }
    let beyond = load(&output("feature='ruleId' rank='9'")).unwrap();
    assert_eq!(beyond.answer(&[list(&["A"])], Some("o")), Ok(Value::Missing));
}

#[test]
fn what_is_told_of_a_rule() {
    let basket = [list(&["A", "B"])];
    for (feature, expected) in [
        ("rule", "{A,B}->{D}".into()),
        ("antecedent", list(&["A", "B"])),
        ("consequent", list(&["D"])),
        ("entityId", "both".into()),
        ("support", 0.1.into()),
        ("confidence", 0.9.into()),
        ("lift", 3.0.into()),
        ("leverage", Value::Missing),
    ] {
        let model = load(&output(&format!("feature='{feature}'"))).unwrap();
        assert_eq!(model.answer(&basket, Some("o")), Ok(expected), "{feature}");
    }
}

#[test]
fn missing_baskets_strange_items_and_unknown_figures() {
    let model = load(&output("feature='ruleId'")).unwrap();
    assert_eq!(model.answer(&[Value::Missing], Some("o")), Err(ErrorCode::MissingValue));
    assert_eq!(model.answer(&[list(&["A", "Z"])], Some("o")), Ok("3".into()));
    assert_eq!(model.answer(&[list(&[])], Some("o")), Ok(Value::Missing));
    // Rule 2 states no lift.
    let model = load(&output("feature='ruleId' rankBasis='lift'")).unwrap();
    assert_eq!(model.answer(&[list(&["B"])], Some("o")), Err(ErrorCode::UnsupportedElement));
}

#[test]
fn a_lone_field_holds_the_basket() {
    let text = rules(
        "<DataField name='item' optype='categorical' dataType='string'/>",
        "<MiningField name='item'/>",
        "<OutputField name='o' feature='ruleId' algorithm='recommendation'/>",
    );
    let model = load(&text).unwrap();
    let answer = |basket: Value| model.answer(&[basket], Some("o"));
    assert_eq!(answer(list(&["A", "B"])), Ok("both".into()));
    assert_eq!(answer(list(&["B"])), Ok("2".into()));
    assert_eq!(answer(list(&[])), Ok(Value::Missing));
    assert_eq!(answer(Value::Missing), Err(ErrorCode::MissingValue));
    // Items are strings.
    assert!(load(&text.replace("dataType='string'", "dataType='integer'")).is_err());
}

#[test]
fn a_field_an_item() {
    let field = |name: &str| {
        format!(
            "<DataField name='{name}' optype='categorical' dataType='string'><Value value='T'/><Value value='F'/></DataField>"
        )
    };
    let text = rules(
        &["A", "B", "C"].map(field).concat(),
        "<MiningField name='A'/><MiningField name='B'/><MiningField name='C'/>",
        "<OutputField name='o' feature='ruleId'/>",
    );
    let model = load(&text).unwrap();
    let answer = |row: [Value; 3]| model.answer(&row, Some("o"));
    assert_eq!(answer(["T".into(), "T".into(), "F".into()]), Ok("both".into()));
    assert_eq!(answer(["T".into(), "F".into(), "T".into()]), Ok("1".into()));
    assert_eq!(answer([Value::Missing, "F".into(), Value::Missing]), Ok(Value::Missing));
    assert_eq!(answer(["X".into(), "F".into(), "F".into()]), Err(ErrorCode::InvalidValue));
}

#[test]
fn references_must_be_defined() {
    let text = output("feature='ruleId'");
    assert!(load(&text.replace("<ItemRef itemRef='4'/>", "<ItemRef itemRef='9'/>")).is_err());
    assert!(load(&text.replace("antecedent='ab'", "antecedent='xy'")).is_err());
    assert!(load(&text.replace("<Item id='4'", "<Item id='1'")).is_err());
    assert!(load(&text.replace("associationRules", "clustering")).is_err());
    // Neither target nor output: nothing could be told.
    assert!(load(&text.replace("<OutputField name='o' feature='ruleId'/>", "")).is_err());
}
