use std::fmt::Write as _;

use scorewheel_columns::{ErrorCode, Value};

use crate::testing::{document, load};

const FIELDS: &str = "<DataField name='a' optype='categorical' dataType='string'><Value value='y'/><Value value='n'/></DataField>\
    <DataField name='b' optype='categorical' dataType='string'><Value value='y'/><Value value='n'/></DataField>\
    <DataField name='x' optype='continuous' dataType='double'/><DataField name='z' optype='continuous' dataType='double'/>";

fn case(value: &str, yes: &str, no: &str) -> String {
    format!(
        "<DiscreteConditionalProbability count='3'><ParentValue parent='a' value='{value}'/>
           <ValueProbability value='y' probability='{yes}'/><ValueProbability value='n' probability='{no}'/>
         </DiscreteConditionalProbability>"
    )
}

fn two_nodes() -> String {
    let model = format!(
        "<BayesianNetworkModel functionName='classification' modelType='TAN'>
           <MiningSchema><MiningField name='b'/><MiningField name='a' usageType='target'/></MiningSchema>
           <Output><OutputField name='p' feature='probability' value='y'/></Output>
           <BayesianNetworkNodes>
             <DiscreteNode name='a' count='8'><ValueProbability value='y' probability='0.25'/>
               <ValueProbability value='n' probability='0.75'/></DiscreteNode>
             <DiscreteNode name='b'>{}{}</DiscreteNode>
           </BayesianNetworkNodes></BayesianNetworkModel>",
        case("n", "0.2", "0.8"),
        case("y", "0.6", "0.4"),
    );
    document(FIELDS, &model)
}

#[test]
fn the_rule_of_bayes_by_hand() {
    let model = load(&two_nodes()).unwrap();
    // 0.25 × 0.6 / (0.25 × 0.6 + 0.75 × 0.2) and 0.25 × 0.4 / (0.25 × 0.4 + 0.75 × 0.8).
    for (observed, expected) in [(Value::Missing, 0.25), ("y".into(), 0.5), ("n".into(), 1.0 / 7.0)] {
        let Value::F64(found) = model.answer(&[observed], Some("p")).unwrap() else { panic!() };
        assert!((found - expected).abs() < 1e-12, "{found} for {expected}");
    }
    // Of equally probable values the first one.
    assert_eq!(model.answer(&["y".into()], Some("a")), Ok("y".into()));
    assert_eq!(model.answer(&["?".into()], Some("a")), Err(ErrorCode::InvalidValue));
}

#[test]
fn a_network_that_contradicts_itself_is_refused() {
    let good = two_nodes();
    for (from, to) in [
        ("probability='0.25'", "probability='0.5'"),
        ("probability='0.25'", "probability='1.25'"),
        ("probability='0.25'", ""),
        ("name='b'>", "name='a'>"),
        ("<DiscreteNode name='b'>", "<DiscreteNode name='b' parent='a'>"),
        ("parent='a' value='n'", "parent='c' value='n'"),
        ("parent='a' value='n'", "parent='b' value='n'"),
        ("parent='a' value='n'", "parent='a' value='m'"),
        ("parent='a' value='n'", "parent='a' value='y'"),
        ("<ParentValue parent='a' value='n'/>", ""),
        ("functionName='classification'", "functionName='regression'"),
        ("functionName='classification'", "functionName='clustering'"),
        (" usageType='target'", ""),
        ("modelType='TAN'", "modelType='Markov'"),
        ("<DiscreteNode name='a' count='8'>", "<DiscreteNode name='a'><DiscreteConditionalProbability/>"),
        ("<BayesianNetworkNodes>", "<BayesianNetworkNodes><Node/>"),
    ] {
        assert!(load(&good.replacen(from, to, 1)).is_err(), "{from} → {to}");
    }
    assert!(load(&good.replace(&case("y", "0.6", "0.4"), "")).is_err());
}

/// A continuous target with an effect.
fn numbers(effect: &str) -> String {
    let normal = |mean: &str| {
        format!(
            "<ContinuousDistribution><NormalDistributionForBN><Mean>{mean}</Mean><Variance><Constant>4</Constant>\
             </Variance></NormalDistributionForBN></ContinuousDistribution>"
        )
    };
    let model = format!(
        "<BayesianNetworkModel functionName='regression'>
           <MiningSchema><MiningField name='z'/><MiningField name='x' usageType='target'/></MiningSchema>
           <Output><OutputField name='deviation' feature='standardDeviation'/>{effect}</Output>
           <BayesianNetworkNodes><ContinuousNode name='x'>{}</ContinuousNode>
             <ContinuousNode name='z'>{}</ContinuousNode></BayesianNetworkNodes></BayesianNetworkModel>",
        normal("<Constant>7</Constant>"),
        normal("<Apply function='+'><FieldRef field='x'/><Constant>1</Constant></Apply>"),
    );
    document(FIELDS, &model)
}

#[test]
fn integrals_are_not_computed() {
    let model = load(&numbers("")).unwrap();
    assert_eq!(model.answer(&[Value::Missing], Some("x")), Ok(7.0.into()));
    assert_eq!(model.answer(&[Value::Missing], Some("deviation")), Ok(2.0.into()));
    assert_eq!(model.answer(&[3.0.into()], Some("x")), Err(ErrorCode::UnsupportedElement));
    let bound = load(&numbers("<OutputField name='upper' feature='confidenceIntervalUpper'/>")).unwrap();
    assert_eq!(bound.answer(&[Value::Missing], Some("x")), Err(ErrorCode::UnsupportedElement));
}

#[test]
fn distributions_need_their_parameters() {
    let good = numbers("");
    for (from, to) in [
        ("<Variance><Constant>4</Constant></Variance>", ""),
        ("<Variance><Constant>4</Constant></Variance>", "<Variance/>"),
        ("<Variance><Constant>4</Constant></Variance>", "<Lower><Constant>4</Constant></Lower>"),
        ("<Constant>7</Constant>", "<Constant>7</Constant><Constant>8</Constant>"),
        (
            "<ContinuousNode name='x'>",
            "<ContinuousNode name='x'><ValueProbability value='1' probability='1'/>",
        ),
    ] {
        assert!(load(&good.replacen(from, to, 1)).is_err(), "{from} → {to}");
    }
    // What is no distribution is an error of the rows that come upon it.
    let negative = load(&good.replacen("<Constant>4<", "<Constant>-4<", 1)).unwrap();
    assert_eq!(negative.answer(&[Value::Missing], Some("x")), Err(ErrorCode::BadArgument));
}

#[test]
fn a_network_that_takes_too_long_is_refused() {
    // All pairs of 26 nodes have a common effect that may be observed: no order avoids a table of them all.
    let (mut fields, mut schema, mut nodes) = (String::new(), String::new(), String::new());
    let values =
        "<ValueProbability value='y' probability='0.5'/><ValueProbability value='n' probability='0.5'/>";
    for cause in 0..26 {
        let _ = write!(nodes, "<DiscreteNode name='c{cause}'>{values}</DiscreteNode>");
        for other in 0..cause {
            let name = format!("e{cause}and{other}");
            let _ = write!(fields, "<DataField name='{name}' optype='categorical' dataType='string'/>");
            let _ = write!(schema, "<MiningField name='{name}'/>");
            let _ = write!(nodes, "<DiscreteNode name='{name}'>");
            for (first, second) in [("y", "y"), ("y", "n"), ("n", "y"), ("n", "n")] {
                let _ = write!(
                    nodes,
                    "<DiscreteConditionalProbability><ParentValue parent='c{cause}' value='{first}'/>\
                     <ParentValue parent='c{other}' value='{second}'/>{values}</DiscreteConditionalProbability>"
                );
            }
            nodes += "</DiscreteNode>";
        }
    }
    let model = format!(
        "<BayesianNetworkModel functionName='classification'><MiningSchema>{schema}<MiningField name='c0' usageType='target'/>\
         </MiningSchema><BayesianNetworkNodes>{nodes}</BayesianNetworkNodes></BayesianNetworkModel>"
    );
    fields += "<DataField name='c0' optype='categorical' dataType='string'/>";
    let error = load(&document(&fields, &model)).err().unwrap().to_string();
    assert!(error.contains("too densely connected"), "{error}");
}
