use scorewheel_columns::{ErrorCode, Value};

use crate::testing::{document, load};

const FIELDS: &str = "<DataField name='x' optype='continuous' dataType='double'/>\
    <DataField name='y' optype='continuous' dataType='double'/>\
    <DataField name='n' optype='continuous' dataType='double'/>\
    <DataField name='c' optype='categorical' dataType='string'/>";

/// Instances (0, 0), (1, 0), (3, 0), (6, 0) with numbers 1, 2, 4, 8 and categories b, a, a, b.
fn neighbors(attributes: &str, target: &str, more: &str) -> String {
    let row = |x: i32, n: i32, c: &str| format!("<row><a>{x}</a><b>0</b><n>{n}</n><c>{c}</c></row>");
    let rows = [row(0, 1, "b"), row(1, 2, "a"), row(3, 4, "a"), row(6, 8, "b")].concat();
    let model = format!(
        "<NearestNeighborModel {attributes}>
           <MiningSchema><MiningField name='x'/><MiningField name='y'/>{target}</MiningSchema>
           <Output><OutputField name='first' feature='entityId'/>
             <OutputField name='second' feature='entityId' rank='2'/>
             <OutputField name='fifth' feature='entityId' rank='5'/></Output>
           <TrainingInstances>
             <InstanceFields><InstanceField field='x' column='a'/><InstanceField field='y' column='b'/>
               <InstanceField field='n'/><InstanceField field='c' column='c'/></InstanceFields>
             <InlineTable>{rows}</InlineTable>
           </TrainingInstances>
           <ComparisonMeasure kind='distance'><euclidean/></ComparisonMeasure>
           <KNNInputs><KNNInput field='x'/><KNNInput field='y'/>{more}</KNNInputs>
         </NearestNeighborModel>"
    );
    document(FIELDS, &model)
}

const NUMBER: &str = "<MiningField name='n' usageType='target'/>";
const CATEGORY: &str = "<MiningField name='c' usageType='target'/>";

fn regression(method: &str, count: usize) -> String {
    let attributes = format!(
        "functionName='regression' numberOfNeighbors='{count}' continuousScoringMethod='{method}' threshold='0.5'"
    );
    neighbors(&attributes, NUMBER, "")
}

#[test]
fn numbers_by_each_method() {
    // From (1, 0) the distances are 1, 0, 2, 5.
    for (method, count, expected) in [
        ("average", 3, 7.0 / 3.0),
        ("median", 3, 2.0),
        ("median", 4, 3.0),
        ("average", 9, 15.0 / 4.0),
        // Weights 1/0.5 and 1/1.5.
        ("weightedAverage", 2, (2.0 * 2.0 + 1.0 / 1.5) / (2.0 + 1.0 / 1.5)),
    ] {
        let model = load(&regression(method, count)).unwrap();
        let Value::F64(found) = model.answer(&[1.0.into(), 0.0.into()], Some("n")).unwrap() else { panic!() };
        assert!((found - expected).abs() < 1e-12, "{method} {count}: {found}");
    }
}

#[test]
fn categories_by_each_method_and_ties() {
    let load = |method: &str, count: usize| {
        let attributes = format!(
            "functionName='classification' numberOfNeighbors='{count}' categoricalScoringMethod='{method}'"
        );
        load(&neighbors(&attributes, CATEGORY, "")).unwrap()
    };
    // From (0.1, 0): b at 0.1, a at 0.9, a at 2.9.
    let row = [0.1.into(), 0.0.into()];
    assert_eq!(load("majorityVote", 3).answer(&row, Some("c")), Ok("a".into()));
    assert_eq!(load("weightedMajorityVote", 3).answer(&row, Some("c")), Ok("b".into()));
    // Both categories have two instances: the tie goes to the smaller word.
    assert_eq!(load("majorityVote", 2).answer(&row, Some("c")), Ok("a".into()));
}

#[test]
fn neighbors_are_ranked_and_one_that_does_not_exist_is_missing() {
    let model = load(&regression("average", 1)).unwrap();
    let row = [2.0.into(), 0.0.into()];
    // Instances 2 and 3 are equally near.
    assert_eq!(model.answer(&row, Some("first")), Ok("2".into()));
    assert_eq!(model.answer(&row, Some("second")), Ok("3".into()));
    assert_eq!(model.answer(&row, Some("fifth")), Ok(Value::Missing));
}

#[test]
fn missing_and_invalid_inputs() {
    let model = load(&regression("average", 1)).unwrap();
    assert_eq!(model.answer(&[2.9.into(), Value::Missing], Some("n")), Ok(4.0.into()));
    assert_eq!(model.answer(&[Value::Missing, Value::Missing], Some("n")), Err(ErrorCode::MissingValue));
    assert_eq!(model.answer(&[f64::NAN.into(), 0.0.into()], Some("n")), Err(ErrorCode::InvalidValue));
}

#[test]
fn several_targets_and_a_ranking_without_one() {
    let attributes = "functionName='mixed' numberOfNeighbors='1'";
    let model = load(&neighbors(attributes, &format!("{NUMBER}{CATEGORY}"), "")).unwrap();
    let row = [6.0.into(), 0.0.into()];
    assert_eq!(model.answer(&row, Some("n")), Ok(8.0.into()));
    assert_eq!(model.answer(&row, Some("c")), Ok("b".into()));
    let attributes = "functionName='clustering' numberOfNeighbors='1' instanceIdVariable='n'";
    let model = load(&neighbors(attributes, "", "")).unwrap();
    assert_eq!(model.answer(&row, Some("first")), Ok("8".into()));
    assert_eq!(model.answer(&row, None), Ok(Value::Missing));
}

#[test]
fn derived_fields_are_computed_of_the_instances_too() {
    let derived = "<LocalTransformations><DerivedField name='square' optype='continuous' dataType='double'>
          <Apply function='*'><FieldRef field='x'/><FieldRef field='x'/></Apply></DerivedField>
        </LocalTransformations><TrainingInstances>";
    let text = regression("average", 1).replace("<TrainingInstances>", derived);
    let text = text.replace("<KNNInput field='x'/>", "<KNNInput field='square'/>");
    // From 2 it is the square 4 that is nearest to 1, though 3 is as near as 1.
    let model = load(&text).unwrap();
    assert_eq!(model.answer(&[2.0.into(), 0.0.into()], Some("n")), Ok(2.0.into()));
    assert_eq!(model.answer(&[2.3.into(), 0.0.into()], Some("n")), Ok(4.0.into()));
    assert!(load(&text.replace("<TrainingInstances>", "<TrainingInstances isTransformed='true'>")).is_err());
}

#[test]
fn instances_must_be_complete() {
    let text = regression("average", 1);
    assert!(load(&text.replace("<a>3</a>", "")).is_err());
    assert!(load(&text.replace("<a>3</a>", "<a>three</a>")).is_err());
    assert!(load(&text.replace("<InlineTable>", "<TableLocator/><InlineTable>")).is_err());
    assert!(load(&text.replace("numberOfNeighbors='1'", "numberOfNeighbors='0'")).is_err());
    assert!(
        load(&text.replace("name='n' usageType='target'", "name='n' usageType='supplementary'")).is_err()
    );
}
