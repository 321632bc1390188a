use scorewheel_columns::{ErrorCode, Value};

use crate::testing::{document, load};

const FIELDS: &str = "<DataField name='basket' optype='categorical' dataType='string'/>\
    <DataField name='item' optype='categorical' dataType='string'/>";

const RULES: &str = "<Item id='1' value='beer'/><Item id='2' value='chips'/><Item id='3' value='wine'/>\
    <Itemset id='a'><ItemRef itemRef='1'/></Itemset><Itemset id='b'><ItemRef itemRef='2'/></Itemset>\
    <Itemset id='ab'><ItemRef itemRef='1'/><ItemRef itemRef='2'/></Itemset>\
    <Itemset id='c'><ItemRef itemRef='3'/></Itemset>\
    <AssociationRule antecedent='a' consequent='b' support='0.5' confidence='0.6' lift='1.5'/>\
    <AssociationRule id='second' antecedent='ab' consequent='c' support='0.2' confidence='0.9' lift='1.1'/>\
    <AssociationRule antecedent='a' consequent='c' support='0.3' confidence='0.7'/>";

fn association(schema: &str, outputs: &str, rules: &str) -> String {
    format!(
        "<AssociationModel functionName='associationRules' numberOfTransactions='10' minimumSupport='0.1'
           minimumConfidence='0.1' numberOfItems='3' numberOfItemsets='4' numberOfRules='3'>
           <MiningSchema>{schema}</MiningSchema><Output>{outputs}</Output>{rules}</AssociationModel>"
    )
}

fn baskets(outputs: &str) -> String {
    let schema = "<MiningField name='basket' usageType='group'/><MiningField name='item'/>";
    document(FIELDS, &association(schema, outputs, RULES))
}

fn list(items: &[&str]) -> Value {
    Value::List(items.iter().map(|item| Value::from(*item)).collect())
}

#[test]
fn each_algorithm_chooses_its_rules_and_ranks_them() {
    let outputs = "<OutputField name='all' feature='ruleValue' ruleFeature='ruleId' rank='0' isMultiValued='1' algorithm='recommendation'/>\
        <OutputField name='new' feature='ruleValue' ruleFeature='ruleId' rank='0' isMultiValued='1' algorithm='exclusiveRecommendation'/>\
        <OutputField name='old' feature='ruleValue' ruleFeature='ruleId' rank='0' isMultiValued='1' algorithm='ruleAssociation'/>\
        <OutputField name='least' feature='entityId' algorithm='recommendation' rankBasis='support' rankOrder='ascending'/>\
        <OutputField name='two' feature='ruleId' rank='2' isMultiValued='1' algorithm='recommendation'/>";
    let model = load(&baskets(outputs)).unwrap();
    let row = [list(&["beer", "chips", "bread"])];
    let answer = |name: &str| model.answer(&row, Some(name)).unwrap();
    // By confidence: 0.9, 0.7, 0.6.
    assert_eq!(answer("all"), list(&["second", "3", "1"]));
    assert_eq!(answer("new"), list(&["second", "3"]));
    assert_eq!(answer("old"), list(&["1"]));
    assert_eq!(answer("least"), "second".into());
    assert_eq!(answer("two"), list(&["second", "3"]));
    let answer = |name: &str| model.answer(&[list(&["bread"])], Some(name)).unwrap();
    assert_eq!((answer("all"), answer("least")), (list(&[]), Value::Missing));
}

#[test]
fn each_feature_of_a_rule() {
    let outputs: String = ["antecedent", "consequent", "rule", "ruleId", "support", "confidence"]
        .map(|feature| {
            format!("<OutputField name='{feature}' feature='{feature}' rank='1' algorithm='recommendation'/>")
        })
        .concat();
    let model = load(&baskets(&outputs)).unwrap();
    let row = [list(&["beer", "chips"])];
    for (name, expected) in [
        ("antecedent", list(&["beer", "chips"])),
        ("consequent", list(&["wine"])),
        ("rule", "{beer,chips}->{wine}".into()),
        ("ruleId", "second".into()),
        ("support", 0.2.into()),
        ("confidence", 0.9.into()),
    ] {
        assert_eq!(model.answer(&row, Some(name)), Ok(expected), "{name}");
    }
}

#[test]
fn a_missing_list_and_a_rule_without_the_figure_are_errors_of_the_row() {
    let outputs = "<OutputField name='best' feature='ruleId' rankBasis='lift' algorithm='recommendation'/>";
    let model = load(&baskets(outputs)).unwrap();
    assert_eq!(model.answer(&[Value::Missing], Some("best")), Err(ErrorCode::MissingValue));
    assert_eq!(model.answer(&[list(&["beer"])], Some("best")), Err(ErrorCode::UndefinedName));
    assert_eq!(model.answer(&[list(&["wine"])], Some("best")), Ok(Value::Missing));
}

#[test]
fn items_by_fields_of_their_name_by_category_and_by_equation() {
    let fields = "<DataField name='beer' optype='categorical' dataType='string'><Value value='T'/><Value value='F'/></DataField>\
        <DataField name='size' optype='categorical' dataType='string'/>\
        <DataField name='age' optype='categorical' dataType='string'/>";
    let rules = "<Item id='1' value='beer'/><Item id='2' value='large one' field='size' category='L'/>\
        <Item id='3' value='age=old'/>\
        <Itemset id='a'><ItemRef itemRef='1'/><ItemRef itemRef='2'/></Itemset><Itemset id='b'><ItemRef itemRef='3'/></Itemset>\
        <AssociationRule antecedent='a' consequent='b' support='1' confidence='1'/>";
    let outputs = "<OutputField name='old' feature='ruleId' algorithm='ruleAssociation'/>\
        <OutputField name='new' feature='ruleId' algorithm='exclusiveRecommendation'/>";
    let schema = "<MiningField name='beer'/><MiningField name='size'/><MiningField name='age'/>";
    let model = load(&document(fields, &association(schema, outputs, rules))).unwrap();
    for (row, old, new) in [
        (["T", "L", "old"], Value::from("1"), Value::Missing),
        (["T", "L", "young"], Value::Missing, "1".into()),
        (["F", "L", "old"], Value::Missing, Value::Missing),
    ] {
        let row = row.map(Value::from);
        assert_eq!(model.answer(&row, Some("old")), Ok(old), "{row:?}");
        assert_eq!(model.answer(&row, Some("new")), Ok(new), "{row:?}");
    }
    let row = ["X".into(), "L".into(), "old".into()];
    assert_eq!(model.answer(&row, Some("old")), Err(ErrorCode::InvalidValue));
    let row = ["T".into(), Value::Missing, "old".into()];
    assert_eq!(model.answer(&row, Some("old")), Ok(Value::Missing));
}

#[test]
fn what_no_record_can_survive_is_refused() {
    let outputs = "<OutputField name='best' feature='ruleId'/>";
    let schema = "<MiningField name='basket' usageType='group'/><MiningField name='item'/>";
    for (rules, words) in [
        (RULES.replace("itemRef='3'", "itemRef='9'"), "no Item has the id \"9\""),
        (RULES.replace("consequent='b'", "consequent='z'"), "no Itemset has the id \"z\""),
        (RULES.replace("Item id='2'", "Item id='1'"), "two Items have the id \"1\""),
        (RULES.replace("support='0.5'", ""), "support"),
        (RULES.replace("<Itemset id='c'>", "<Itemset id='c' colour='red'>"), "colour"),
    ] {
        let error = load(&document(FIELDS, &association(schema, outputs, &rules))).err().unwrap();
        assert!(error.to_string().contains(words), "{error}");
    }
    let error = load(&document(FIELDS, &association(schema, "", RULES))).err().unwrap();
    assert!(error.to_string().contains("neither a target nor an output"), "{error}");
}
