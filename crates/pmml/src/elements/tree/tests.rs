//! Expected values by hand.

use scorewheel_columns::{ErrorCode, Value};

use crate::testing::{document, load};

const FIELDS: &str = "<DataField name='x' optype='continuous' dataType='double'/>\
    <DataField name='z' optype='continuous' dataType='double'/>\
    <DataField name='k' optype='categorical' dataType='string'/>";

fn tree(attributes: &str) -> String {
    let model = format!(
        "<TreeModel functionName='classification' {attributes}>
           <MiningSchema><MiningField name='k' usageType='target'/><MiningField name='x'/><MiningField name='z'/></MiningSchema>
           <Output><OutputField name='p' feature='probability' value='b'/><OutputField name='node' feature='entityId'/></Output>
           <Node id='n1' score='a' recordCount='10' defaultChild='n2'><True/>
             <ScoreDistribution value='a' recordCount='6'/><ScoreDistribution value='b' recordCount='4'/>
             <Node id='n2' score='a' recordCount='4'><SimplePredicate field='x' operator='lessThan' value='1'/>
               <ScoreDistribution value='a' recordCount='4'/></Node>
             <Node id='n3' score='b' recordCount='6'><SimplePredicate field='x' operator='greaterThan' value='1'/>
               <ScoreDistribution value='a' recordCount='2'/><ScoreDistribution value='b' recordCount='4'/>
               <Node id='n4' score='b'><SimplePredicate field='z' operator='equal' value='5'/><ScoreDistribution value='b' recordCount='3'/></Node>
               <Node id='n5' score='a'><SimplePredicate field='z' operator='notEqual' value='5'/><ScoreDistribution value='b' recordCount='3'/></Node></Node>
           </Node>
         </TreeModel>"
    );
    document(FIELDS, &model)
}

fn node(attributes: &str, row: [Value; 2]) -> Result<Value, ErrorCode> {
    load(&tree(attributes)).unwrap().answer(&row, Some("node"))
}

#[test]
fn a_path_ends_at_a_leaf() {
    assert_eq!(node("", [0.5.into(), Value::Missing]), Ok("n2".into()));
    assert_eq!(node("", [2.0.into(), 5.0.into()]), Ok("n4".into()));
    assert_eq!(node("", [2.0.into(), 6.0.into()]), Ok("n5".into()));
    let model = load(&tree("")).unwrap();
    assert_eq!(model.answer(&[0.5.into(), Value::Missing], Some("p")), Ok(Value::F64(0.0)));
}

#[test]
fn no_true_child_is_no_answer_or_the_last_one() {
    assert_eq!(node("", [1.0.into(), 5.0.into()]), Ok(Value::Missing));
    assert_eq!(node("noTrueChildStrategy='returnLastPrediction'", [1.0.into(), 5.0.into()]), Ok("n1".into()));
}

#[test]
fn an_unknown_predicate_is_treated_by_the_strategy() {
    let missing = || [Value::Missing, 5.0.into()];
    assert_eq!(node("missingValueStrategy='none'", missing()), Ok(Value::Missing));
    assert_eq!(node("missingValueStrategy='lastPrediction'", missing()), Ok("n1".into()));
    assert_eq!(node("missingValueStrategy='nullPrediction'", missing()), Ok(Value::Missing));
    assert_eq!(node("missingValueStrategy='defaultChild'", missing()), Ok("n2".into()));
    let below = [2.0.into(), Value::Missing];
    assert_eq!(node("missingValueStrategy='defaultChild'", below), Err(ErrorCode::NoAnswer));
}

/// x is missing: n2 (4 records) and below n3 (6 records) either leaf may be the end; z says which.
#[test]
fn weighted_answers_have_probabilities_and_confidences() {
    let text = tree("missingValueStrategy='weightedConfidence'").replace(
        "<OutputField name='node' feature='entityId'/>",
        "<OutputField name='c' feature='confidence' value='b'/><OutputField name='node' feature='entityId'/>",
    );
    let row = [Value::Missing, 5.0.into()];
    let answer = |text: &str, name| load(text).unwrap().answer(&row, Some(name));
    assert_eq!(answer(&text, "p"), Ok(Value::F64(0.6)));
    assert_eq!(answer(&text, "c"), Ok(Value::F64(0.6)));
    assert_eq!(answer(&text, "k"), Ok("b".into()));
    // Confidences that are stated decide, and leave the probabilities as they are.
    let stated = text.replace("value='b' recordCount='3'", "value='b' recordCount='3' confidence='0.25'");
    let stated = stated.replace("value='a' recordCount='4'", "value='a' recordCount='4' confidence='0.75'");
    assert_eq!(answer(&stated, "p"), Ok(Value::F64(0.6)));
    assert_eq!(answer(&stated, "c"), Ok(Value::F64(0.6 * 0.25)));
    assert_eq!(answer(&stated, "k"), Ok("a".into()));
}

#[test]
fn ranks_of_predicted_values_are_those_of_their_probabilities() {
    let ranks: String = (1..=3)
        .map(|rank| {
            format!(
                "<OutputField name='v{rank}' feature='predictedValue' rank='{rank}'/>\
                 <OutputField name='q{rank}' feature='probability' rank='{rank}'/>"
            )
        })
        .collect();
    let text = tree("missingValueStrategy='lastPrediction'").replace("<Output>", &format!("<Output>{ranks}"));
    let model = load(&text).unwrap();
    let answer = |name| model.answer(&[Value::Missing, 5.0.into()], Some(name)).unwrap();
    assert_eq!(["v1", "v2", "v3"].map(answer), ["a".into(), "b".into(), Value::Missing]);
    assert_eq!(["q1", "q2", "q3"].map(answer), [0.6.into(), 0.4.into(), Value::Missing]);
}

#[test]
fn a_field_fails_only_where_the_path_reads_it() {
    assert_eq!(node("", [0.5.into(), f64::NAN.into()]), Ok("n2".into()));
    assert_eq!(node("", [2.0.into(), f64::NAN.into()]), Err(ErrorCode::InvalidValue));
}
