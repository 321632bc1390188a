use scorewheel_columns::{ErrorCode, Value};

use crate::testing::{document, load};

const FIELDS: &str = "<DataField name='age' optype='continuous' dataType='integer'/>\
    <DataField name='income' optype='continuous' dataType='double'/>\
    <DataField name='y' optype='continuous' dataType='double'/>";

fn scorecard(attributes: &str) -> String {
    let model = format!(
        "<Scorecard functionName='regression' initialScore='10' {attributes}>
           <MiningSchema><MiningField name='y' usageType='target'/><MiningField name='age'/><MiningField name='income'/></MiningSchema>
           <Output>
             <OutputField name='first' feature='reasonCode' rank='1' dataType='string' optype='categorical'/>
             <OutputField name='second' feature='reasonCode' rank='2' dataType='string' optype='categorical'/>
             <OutputField name='third' feature='reasonCode' rank='3' dataType='string' optype='categorical'/>
           </Output>
           <Characteristics>
             <Characteristic name='age' reasonCode='AGE' baselineScore='20'>
               <Attribute partialScore='5'><SimplePredicate field='age' operator='lessThan' value='30'/></Attribute>
               <Attribute partialScore='25'><SimplePredicate field='age' operator='lessThan' value='60'/></Attribute>
             </Characteristic>
             <Characteristic name='income' baselineScore='8'>
               <Attribute reasonCode='POOR'><SimplePredicate field='income' operator='lessThan' value='100'/>
                 <ComplexPartialScore><Apply function='/'><FieldRef field='income'/><Constant dataType='double'>20</Constant></Apply></ComplexPartialScore>
               </Attribute>
               <Attribute reasonCode='RICH' partialScore='8'><True/></Attribute>
             </Characteristic>
           </Characteristics>
         </Scorecard>"
    );
    document(FIELDS, &model)
}

#[test]
fn partial_scores_add_up_and_reasons_are_ranked() {
    let model = load(&scorecard("reasonCodeAlgorithm='pointsBelow'")).unwrap();
    // 10 + 5 + 40/20; 20 − 5 = 15 points below for AGE, 8 − 2 = 6 for POOR.
    let row: [Value; 2] = [20_i64.into(), 40.0.into()];
    assert_eq!(model.answer(&row, Some("y")), Ok(17.0.into()));
    assert_eq!(model.answer(&row, Some("first")), Ok("AGE".into()));
    assert_eq!(model.answer(&row, Some("second")), Ok("POOR".into()));
    assert_eq!(model.answer(&row, Some("third")), Ok(Value::Missing));
    // 25 is above the baseline of 20, so no reason; RICH is on its baseline, nought, and stays.
    let row: [Value; 2] = [40_i64.into(), 500.0.into()];
    assert_eq!(model.answer(&row, Some("y")), Ok(43.0.into()));
    assert_eq!(model.answer(&row, Some("first")), Ok("RICH".into()));
    assert_eq!(model.answer(&row, Some("second")), Ok(Value::Missing));
}

#[test]
fn points_above_turn_the_sign() {
    let model = load(&scorecard("reasonCodeAlgorithm='pointsAbove'")).unwrap();
    assert_eq!(model.answer(&[40_i64.into(), 40.0.into()], Some("first")), Ok("AGE".into()));
}

#[test]
fn a_characteristic_without_a_match_is_an_error() {
    let model = load(&scorecard("")).unwrap();
    assert_eq!(model.answer(&[70_i64.into(), 40.0.into()], Some("y")), Err(ErrorCode::NoAnswer));
    assert_eq!(model.answer(&[Value::Missing, 40.0.into()], Some("y")), Err(ErrorCode::NoAnswer));
    assert_eq!(model.answer(&[20_i64.into(), Value::Missing], Some("y")), Ok(23.0.into()));
}

#[test]
fn an_attribute_without_a_reason_fails_only_if_reasons_are_wanted() {
    let without = scorecard("").replace(" reasonCode='AGE'", "");
    let row: [Value; 2] = [20_i64.into(), 40.0.into()];
    assert_eq!(load(&without).unwrap().answer(&row, Some("y")), Err(ErrorCode::UndefinedName));
    let unwanted = without.replace("initialScore", "useReasonCodes='false' initialScore");
    assert_eq!(load(&unwanted).unwrap().answer(&row, Some("y")), Ok(17.0.into()));
}
