use scorewheel_columns::{ErrorCode, Value};

use crate::testing::{document, load};

fn baseline(distribution: &str) -> String {
    let model = format!(
        "<BaselineModel functionName='regression'><MiningSchema><MiningField name='x'/></MiningSchema>
           <TestDistributions field='x' testStatistic='zValue'><Baseline>{distribution}</Baseline>
           </TestDistributions></BaselineModel>"
    );
    document("<DataField name='x' optype='continuous' dataType='double'/>", &model)
}

#[test]
fn distances_in_standard_deviations() {
    // By hand. A uniform distribution of width w has the deviation w/√12.
    for (distribution, observed, expected) in [
        ("<GaussianDistribution mean='10' variance='4'/>", 13.0, 1.5),
        ("<AnyDistribution mean='10' variance='4'/>", 9.0, -0.5),
        ("<PoissonDistribution mean='9'/>", 15.0, 2.0),
        ("<UniformDistribution lower='0' upper='12'/>", 6.0, 0.0),
        ("<UniformDistribution lower='0' upper='6'/>", 6.0, 1.732_050_807_568_877_2),
    ] {
        let model = load(&baseline(distribution)).unwrap();
        let Value::F64(found) = model.answer(&[observed.into()], None).unwrap() else { panic!() };
        assert!((found - expected).abs() < 1e-12, "{distribution}: {found}");
        assert_eq!(model.answer(&[Value::Missing], None), Ok(Value::Missing));
        assert_eq!(model.answer(&[f64::NAN.into()], None), Err(ErrorCode::InvalidValue));
    }
}

#[test]
fn what_is_not_supported_is_refused_with_its_path() {
    let good = baseline("<GaussianDistribution mean='10' variance='4'/>");
    for (from, to) in [
        ("zValue", "CUSUM"),
        ("zValue", "scalarProduct"),
        ("variance='4'", "variance='0'"),
        ("variance='4'", ""),
        ("<Baseline>", "<Alternate/><Baseline>"),
        ("testStatistic", "windowSize='3' testStatistic"),
        ("<GaussianDistribution", "<TrialDistribution"),
    ] {
        assert!(load(&good.replace(from, to)).is_err(), "{to}");
    }
    let error = load(&good.replace("zValue", "CUSUM")).err().unwrap().to_string();
    assert!(error.contains("TestDistributions"), "{error}");
}
