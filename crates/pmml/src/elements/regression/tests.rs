//! Expected values by hand, from the formulas of the specification.

use scorewheel_columns::{ErrorCode, Value};

use crate::testing::{document, load};

const FIELDS: &str = "<DataField name='x' optype='continuous' dataType='double'/>\
    <DataField name='c' optype='categorical' dataType='string'><Value value='a'/><Value value='b'/></DataField>\
    <DataField name='y' optype='continuous' dataType='double'/>\
    <DataField name='k' optype='categorical' dataType='string'/>";

fn regression(normalization: &str) -> String {
    let model = format!(
        "<RegressionModel functionName='regression' normalizationMethod='{normalization}'>
           <MiningSchema><MiningField name='y' usageType='target'/><MiningField name='x'/><MiningField name='c'/>
           </MiningSchema>
           <RegressionTable intercept='0.5'>
             <NumericPredictor name='x' exponent='2' coefficient='2'/>
             <CategoricalPredictor name='c' value='b' coefficient='-1'/>
             <PredictorTerm coefficient='3'><FieldRef field='x'/><FieldRef field='x'/><FieldRef field='x'/></PredictorTerm>
           </RegressionTable>
         </RegressionModel>"
    );
    document(FIELDS, &model)
}

fn classification(normalization: &str, intercepts: &[f64]) -> String {
    let tables: String = intercepts
        .iter()
        .enumerate()
        .map(|(index, intercept)| {
            format!(
                "<RegressionTable intercept='{intercept}' targetCategory='k{index}'>\
                 <NumericPredictor name='x' coefficient='0'/></RegressionTable>"
            )
        })
        .collect();
    let model = format!(
        "<RegressionModel functionName='classification' normalizationMethod='{normalization}'>
           <MiningSchema><MiningField name='k' usageType='target'/><MiningField name='x'/></MiningSchema>
           <Output><OutputField name='p' feature='probability' value='k0'/></Output>{tables}
         </RegressionModel>"
    );
    document(FIELDS, &model)
}

#[test]
fn a_sum_of_products_is_normalised() {
    let sum: f64 = 0.5 + 2.0 * 4.0 - 1.0 + 3.0 * 8.0;
    for (normalization, expected) in [
        ("none", sum),
        ("exp", sum.exp()),
        ("logit", 1.0 / (1.0 + (-sum).exp())),
        ("cauchit", 0.5 + sum.atan() / std::f64::consts::PI),
    ] {
        let model = load(&regression(normalization)).unwrap();
        let Value::F64(found) = model.answer(&[2.0.into(), "b".into()], Some("y")).unwrap() else { panic!() };
        assert!(
            (found - expected).abs() <= 1e-12 * expected.abs(),
            "{normalization}: {found}, not {expected}"
        );
    }
    let simplemax = load(&regression("simplemax")).unwrap();
    assert_eq!(simplemax.answer(&[2.0.into(), "b".into()], Some("y")), Err(ErrorCode::UnsupportedElement));
}

#[test]
fn a_missing_number_is_a_missing_sum_and_a_missing_category_adds_nothing() {
    let model = load(&regression("none")).unwrap();
    assert_eq!(model.answer(&[Value::Missing, "b".into()], Some("y")), Ok(Value::Missing));
    assert_eq!(model.answer(&[1.0.into(), Value::Missing], Some("y")), Ok(Value::F64(5.5)));
    assert_eq!(model.answer(&[1.0.into(), "z".into()], Some("y")), Err(ErrorCode::InvalidValue));
    assert_eq!(model.answer(&[f64::NAN.into(), "a".into()], Some("y")), Err(ErrorCode::InvalidValue));
}

#[test]
fn classes_get_probabilities() {
    let logit = |x: f64| 1.0 / (1.0 + (-x).exp());
    let cases: [(&str, &[f64], Result<f64, ErrorCode>); 8] = [
        ("logit", &[1.0, 9.0], Ok(logit(1.0))),
        ("none", &[1.5, 0.0], Ok(1.0)),
        ("softmax", &[1.0, 0.0], Ok(logit(1.0))),
        ("softmax", &[1.0, 1.0, 1.0], Ok(1.0 / 3.0)),
        ("logit", &[0.0, 0.0, 0.0], Ok(1.0 / 3.0)),
        ("simplemax", &[1.0, 3.0], Ok(0.25)),
        ("probit", &[1.0, 1.0, 1.0], Err(ErrorCode::UnsupportedElement)),
        ("exp", &[1.0, 1.0], Err(ErrorCode::UnsupportedElement)),
    ];
    for (normalization, intercepts, expected) in cases {
        let model = load(&classification(normalization, intercepts)).unwrap();
        match (model.answer(&[0.0.into()], Some("p")), expected) {
            (Ok(Value::F64(found)), Ok(expected)) => {
                assert!((found - expected).abs() < 1e-15, "{normalization}")
            }
            (found, expected) => assert_eq!(found, expected.map(Value::F64), "{normalization}"),
        }
    }
}

#[test]
fn the_first_of_equal_classes_wins() {
    let model = load(&classification("softmax", &[1.0, 1.0])).unwrap();
    assert_eq!(model.answer(&[0.0.into()], Some("k")), Ok("k0".into()));
}

#[test]
fn unknown_attributes_and_elements_are_refused_with_their_path() {
    let error = load(&regression("none").replace("exponent=", "power=")).err().unwrap();
    assert_eq!(error.path, "PMML/RegressionModel/RegressionTable/NumericPredictor[x]");
    assert_eq!(error.position.map(|(line, _)| line), Some(5));
    assert!(load(&regression("none").replace("PredictorTerm", "Product")).is_err());
}
