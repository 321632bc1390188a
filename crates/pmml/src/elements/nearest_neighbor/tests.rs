use scorewheel_columns::{ErrorCode, Value};

use crate::testing::{document, load};

const FIELDS: &str = "<DataField name='x' optype='continuous' dataType='double'/>\
    <DataField name='y' optype='continuous' dataType='double'/>\
    <DataField name='c' optype='categorical' dataType='string'/>\
    <DataField name='id' optype='categorical' dataType='string'/>";

/// Four instances on a line: at 0, 1, 3 and 10.
const TABLE: &str = "<InlineTable><row><a>0</a><b>1</b><k>low</k><n>p</n></row>\
    <row><a>1</a><b>3</b><k>high</k><n>q</n></row>\
    <row><a>3</a><b>8</b><k>high</k><n>r</n></row>\
    <row><a>10</a><b>100</b><k>low</k><n>s</n></row></InlineTable>";

const COLUMNS: &str = "<InstanceField field='x' column='a'/><InstanceField field='y' column='b'/>\
    <InstanceField field='c' column='k'/><InstanceField field='id' column='n'/>";

fn neighbors(function: &str, attributes: &str, target: &str, more: &str) -> String {
    let target = match target {
        "" => String::new(),
        target => format!("<MiningField name='{target}' usageType='target'/>"),
    };
    let model = format!(
        "<NearestNeighborModel functionName='{function}' {attributes}>
           <MiningSchema><MiningField name='x'/>{target}</MiningSchema>{more}
           <TrainingInstances isTransformed='true'><InstanceFields>{COLUMNS}</InstanceFields>{TABLE}</TrainingInstances>
           <ComparisonMeasure kind='distance'><cityBlock/></ComparisonMeasure>
           <KNNInputs><KNNInput field='x'/></KNNInputs></NearestNeighborModel>"
    );
    document(FIELDS, &model)
}

#[test]
fn numbers_of_neighbours_become_one() {
    // The row is 2: distances 2, 1, 1, 8; the three nearest say 3, 8 and 1.
    for (method, expected) in [
        ("average", 4.0),
        ("median", 3.0),
        ("weightedAverage", (3.0 / 1.5 + 8.0 / 1.5 + 1.0 / 2.5) / (1.0 / 1.5 + 1.0 / 1.5 + 1.0 / 2.5)),
    ] {
        let attributes = format!("numberOfNeighbors='3' continuousScoringMethod='{method}' threshold='0.5'");
        let model = load(&neighbors("regression", &attributes, "y", "")).unwrap();
        let Value::F64(found) = model.answer(&[2.0.into()], Some("y")).unwrap() else { panic!() };
        assert!((found - expected).abs() < 1e-12, "{method}: {found}");
    }
    let attributes = "numberOfNeighbors='2' continuousScoringMethod='median'";
    let model = load(&neighbors("regression", attributes, "y", "")).unwrap();
    assert_eq!(model.answer(&[2.0.into()], Some("y")), Ok(5.5.into()));
}

#[test]
fn categories_of_neighbours_vote() {
    let majority = "numberOfNeighbors='3' categoricalScoringMethod='majorityVote'";
    let model = load(&neighbors("classification", majority, "c", "")).unwrap();
    assert_eq!(model.answer(&[0.0.into()], Some("c")), Ok("high".into()));
    let weighted = "numberOfNeighbors='3' categoricalScoringMethod='weightedMajorityVote'";
    let model = load(&neighbors("classification", weighted, "c", "")).unwrap();
    assert_eq!(model.answer(&[0.0.into()], Some("c")), Ok("low".into()));
}

#[test]
fn a_tie_goes_to_the_category_with_more_instances_then_to_the_lexically_smaller() {
    // At 0: one "low", one "high"; both have two instances.
    let model = load(&neighbors("classification", "numberOfNeighbors='2'", "c", "")).unwrap();
    assert_eq!(model.answer(&[0.0.into()], Some("c")), Ok("high".into()));
    let text = neighbors("classification", "numberOfNeighbors='2'", "c", "")
        .replace("<a>3</a><b>8</b><k>high</k>", "<a>3</a><b>8</b><k>low</k>");
    let model = load(&text).unwrap();
    assert_eq!(model.answer(&[0.0.into()], Some("c")), Ok("low".into()));
}

#[test]
fn neighbours_are_named_by_rank_by_position_or_by_a_variable() {
    let outputs = "<Output><OutputField name='first' feature='entityId'/>\
        <OutputField name='third' feature='entityId' rank='3'/>\
        <OutputField name='distance' feature='affinity' rank='3'/></Output>";
    let model = load(&neighbors("clustering", "numberOfNeighbors='3'", "", outputs)).unwrap();
    let answer = |name: &str| model.answer(&[2.5.into()], Some(name)).unwrap();
    assert_eq!((answer("first"), answer("third"), answer("distance")), ("3".into(), "1".into(), 2.5.into()));
    let named = "numberOfNeighbors='3' instanceIdVariable='id'";
    let model = load(&neighbors("clustering", named, "", outputs)).unwrap();
    assert_eq!(model.answer(&[2.5.into()], Some("third")), Ok("p".into()));
}

#[test]
fn instances_go_through_the_models_own_transformations() {
    let derived = "<LocalTransformations><DerivedField name='double' optype='continuous' dataType='double'>\
        <Apply function='*'><FieldRef field='x'/><Constant>2</Constant></Apply></DerivedField></LocalTransformations>\
        <Output><OutputField name='distance' feature='affinity'/></Output>";
    let text = neighbors("regression", "numberOfNeighbors='1'", "y", derived)
        .replace("KNNInput field='x'", "KNNInput field='double'");
    let model = load(&text).unwrap();
    assert_eq!(model.answer(&[4.0.into()], Some("y")), Ok(8.0.into()));
    assert_eq!(model.answer(&[4.0.into()], Some("distance")), Ok(2.0.into()));
}

#[test]
fn missing_and_invalid_values() {
    let model = load(&neighbors("regression", "numberOfNeighbors='1'", "y", "")).unwrap();
    assert_eq!(model.answer(&[Value::Missing], Some("y")), Err(ErrorCode::MissingValue));
    assert_eq!(model.answer(&[f64::NAN.into()], Some("y")), Err(ErrorCode::InvalidValue));
    assert_eq!(model.answer(&[f64::INFINITY.into()], Some("y")), Ok(1.0.into()));
    let weighted = "numberOfNeighbors='2' continuousScoringMethod='weightedAverage'";
    let model = load(&neighbors("regression", weighted, "y", "")).unwrap();
    assert_eq!(model.answer(&[f64::INFINITY.into()], Some("y")), Err(ErrorCode::NoAnswer));
}

#[test]
fn what_no_record_can_survive_is_refused() {
    let text = neighbors("regression", "numberOfNeighbors='3'", "y", "");
    for (text, words) in [
        (text.replace("<a>3</a>", ""), "no column \"a\""),
        (text.replace("<b>8</b>", "<b>eight</b>"), "\"eight\""),
        (text.replace("numberOfNeighbors='3'", "numberOfNeighbors='0'"), "numberOfNeighbors=0"),
        (text.replace("<InstanceField field='y' column='b'/>", ""), "target \"y\""),
        (text.replace(TABLE, "<InlineTable/>"), "no training instances"),
        (text.replace(TABLE, "<TableLocator/>"), "TableLocator"),
    ] {
        let error = load(&text).err().unwrap();
        assert!(error.to_string().contains(words), "{error}");
    }
}
