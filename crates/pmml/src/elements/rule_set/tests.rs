use scorewheel_columns::{ErrorCode, Value};

use crate::testing::{document, load};

const FIELDS: &str = "<DataField name='a' optype='continuous' dataType='double'/>\
    <DataField name='k' optype='categorical' dataType='string'/>";

fn rule_set(criterion: &str, default: &str) -> String {
    let rule = |id: &str, score: &str, weight: f64, confidence: f64, limit: f64| {
        format!(
            "<SimpleRule id='{id}' score='{score}' weight='{weight}' confidence='{confidence}'>\
             <SimplePredicate field='a' operator='greaterThan' value='{limit}'/></SimpleRule>"
        )
    };
    let model = format!(
        "<RuleSetModel functionName='classification'>
           <MiningSchema><MiningField name='a'/><MiningField name='k' usageType='target'/></MiningSchema>
           <Output><OutputField name='rule' feature='entityId'/>
             <OutputField name='confidence' feature='confidence' dataType='double' optype='continuous'/></Output>
           <RuleSet {default}><RuleSelectionMethod criterion='{criterion}'/>
             <CompoundRule><SimplePredicate field='a' operator='greaterThan' value='1'/>{}{}</CompoundRule>{}{}
           </RuleSet>
         </RuleSetModel>",
        rule("R1", "x", 0.5, 0.9, 5.0),
        rule("R2", "y", 0.7, 0.8, 0.0),
        rule("R3", "x", 0.4, 0.6, 2.0),
        rule("R4", "z", 0.1, 0.5, 0.5),
    );
    document(FIELDS, &model)
}

#[test]
fn each_criterion_as_the_specification_defines_it() {
    // Above 5 all rules fire.
    for (criterion, score, rule, confidence) in
        [("firstHit", "x", "R1", 0.9), ("weightedMax", "y", "R2", 0.8), ("weightedSum", "x", "R1", 0.9 / 4.0)]
    {
        let model = load(&rule_set(criterion, "")).unwrap();
        let row: [Value; 1] = [6.0.into()];
        assert_eq!(model.answer(&row, Some("k")), Ok(score.into()), "{criterion}");
        assert_eq!(model.answer(&row, Some("rule")), Ok(rule.into()), "{criterion}");
        let Value::F64(found) = model.answer(&row, Some("confidence")).unwrap() else { panic!() };
        assert!((found - confidence).abs() < 1e-12, "{criterion}: {found}");
    }
}

#[test]
fn a_compound_rule_guards_those_within() {
    let model = load(&rule_set("firstHit", "")).unwrap();
    assert_eq!(model.answer(&[0.7.into()], Some("k")), Ok("z".into()));
    assert_eq!(model.answer(&[1.5.into()], Some("k")), Ok("y".into()));
}

#[test]
fn where_no_rule_fires_the_default_answers_or_none() {
    let model = load(&rule_set("firstHit", "defaultScore='w' defaultConfidence='0.3'")).unwrap();
    assert_eq!(model.answer(&[0.0.into()], Some("k")), Ok("w".into()));
    assert_eq!(model.answer(&[0.0.into()], Some("rule")), Ok(Value::Missing));
    for default in ["", "defaultScore='w'", "defaultConfidence='0.3'"] {
        let model = load(&rule_set("firstHit", default)).unwrap();
        assert_eq!(model.answer(&[0.0.into()], Some("k")), Err(ErrorCode::NoAnswer), "{default}");
    }
}
