//! Which forests are compiled; what they answer is held against single segments in `tests/forest.rs`.

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
