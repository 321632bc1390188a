//! Which forests are compiled; what they answer is held against single segments in `tests/forest.rs`.

use scorewheel_columns::Value;

use crate::elements::ElementPlan;
use crate::testing::{document, load};

fn is_compiled(method: &str, segment: &str) -> bool {
    let fields = "<DataField name='x' optype='continuous' dataType='double'/>";
    let schema = "<MiningSchema><MiningField name='x'/></MiningSchema>";
    let nodes = "<Node score='1'><True/><Node score='2'><SimplePredicate field='x' operator='lessThan' value='1'/>\
        </Node></Node>";
    let tree = format!(
        "<Segment><True/><TreeModel functionName='regression'>{schema}{segment}{nodes}</TreeModel></Segment>"
    );
    let model = format!(
        "<MiningModel functionName='regression'>{schema}<Segmentation multipleModelMethod='{method}'>{tree}{tree}\
         </Segmentation></MiningModel>"
    );
    let loaded = load(&document(fields, &model)).unwrap();
    let plan = loaded.model.plan();
    match &plan.model(plan.root).element {
        ElementPlan::Mining(mining) => mining.forest.is_some(),
        _ => false,
    }
}

#[test]
fn plain_trees_that_are_added_or_averaged_are_compiled() {
    for method in ["sum", "average", "weightedSum", "weightedAverage"] {
        assert!(is_compiled(method, ""), "{method}");
    }
    assert!(!is_compiled("median", ""));
    assert!(!is_compiled("sum", "<Output><OutputField name='own' feature='predictedValue'/></Output>"));
    assert!(!is_compiled("sum", "<Targets><Target rescaleFactor='2'/></Targets>"));
}

#[test]
fn segments_are_skipped_up_to_their_share_of_the_weight() {
    let fields = "<DataField name='x' optype='continuous' dataType='double'/>\
        <DataField name='z' optype='continuous' dataType='double'/>\
        <DataField name='y' optype='continuous' dataType='double'/>";
    let schema = "<MiningSchema><MiningField name='x'/><MiningField name='z'/>\
        <MiningField name='y' usageType='target'/></MiningSchema>";
    let segment = |field: &str, weight: u32| {
        format!(
            "<Segment weight='{weight}'><True/><RegressionModel functionName='regression'>{schema}\
             <RegressionTable intercept='0'><NumericPredictor name='{field}' coefficient='1'/></RegressionTable>\
             </RegressionModel></Segment>"
        )
    };
    let answer = |method: &str, row: [Value; 2]| {
        let model = format!(
            "<MiningModel functionName='regression'>{schema}<Segmentation multipleModelMethod='{method}' \
             missingPredictionTreatment='skipSegment' missingThreshold='0.5'>{}{}</Segmentation></MiningModel>",
            segment("x", 1),
            segment("z", 3)
        );
        load(&document(fields, &model)).unwrap().answer(&row, Some("y"))
    };
    let (light, heavy) = ([1.0.into(), Value::Missing], [Value::Missing, 8.0.into()]);
    assert_eq!(answer("weightedAverage", light.clone()), Ok(Value::Missing));
    assert_eq!(answer("weightedAverage", heavy.clone()), Ok(Value::F64(8.0)));
    // Without weights the segments are counted.
    assert_eq!(answer("average", light), Ok(Value::F64(1.0)));
    assert_eq!(answer("average", heavy), Ok(Value::F64(8.0)));
}
