use scorewheel_columns::{ErrorCode, Value};

use crate::testing::{document, load};

const FIELDS: &str = "<DataField name='x' optype='continuous' dataType='double'/>\
    <DataField name='w' optype='continuous' dataType='double'/>\
    <DataField name='c' optype='categorical' dataType='string'><Value value='a'/><Value value='b'/><Value value='z'/></DataField>\
    <DataField name='d' optype='categorical' dataType='string'><Value value='p'/><Value value='q'/></DataField>";

fn baseline(fields: &[&str], test: &str, inner: &str) -> String {
    let fields: String = fields.iter().map(|name| format!("<MiningField name='{name}'/>")).collect();
    let model = format!(
        "<BaselineModel functionName='regression'><MiningSchema>{fields}</MiningSchema>
           <TestDistributions {test}>{inner}</TestDistributions></BaselineModel>"
    );
    document(FIELDS, &model)
}

fn distances(distribution: &str) -> String {
    baseline(&["x"], "field='x' testStatistic='zValue'", &format!("<Baseline>{distribution}</Baseline>"))
}

fn number(value: Result<Value, ErrorCode>) -> f64 {
    match value {
        Ok(Value::F64(number)) => number,
        other => panic!("{other:?}"),
    }
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
        let model = load(&distances(distribution)).unwrap();
        let found = number(model.answer(&[observed.into()], None));
        assert!((found - expected).abs() < 1e-12, "{distribution}: {found}");
        assert_eq!(model.answer(&[Value::Missing], None), Ok(Value::Missing));
        assert_eq!(model.answer(&[f64::NAN.into()], None), Err(ErrorCode::InvalidValue));
    }
}

const TABLE: &str = "<Baseline><CountTable sample='10'>
    <FieldValue field='c' value='a'><FieldValueCount field='d' value='p' count='1'/><FieldValueCount field='d' value='q' count='3'/></FieldValue>
    <FieldValue field='c' value='b'><FieldValueCount field='d' value='p' count='4'/><FieldValueCount field='d' value='q' count='2'/></FieldValue>
    </CountTable></Baseline>";

#[test]
fn one_record_against_a_table_of_counts() {
    let row = |c: &str, d: &str| [c.into(), d.into(), 2.0.into()];
    let model = |statistic: &str| {
        let test = format!("field='c' testStatistic='{statistic}' weightField='w' windowSize='50'");
        load(&baseline(&["c", "d", "w"], &test, TABLE)).unwrap()
    };
    // The share of (a, q) is 0.3: O = 2 there and E = 0.6, 0.2, 0.8, 0.4. By hand as a sum over the cells.
    let by_cells = (2.0_f64 - 0.6).powi(2) / 0.6 + 0.2 + 0.8 + 0.4;
    let distribution = model("chiSquareDistribution");
    assert!((number(distribution.answer(&row("a", "q"), None)) - by_cells).abs() < 1e-12);
    assert_eq!(distribution.answer(&row("z", "q"), None), Ok(f64::INFINITY.into()));
    // Shares of the values: 0.4 × 0.5.
    let independence = model("chiSquareIndependence");
    assert!((number(independence.answer(&row("a", "q"), None)) - 2.0 * (1.0 / 0.2 - 1.0)).abs() < 1e-12);
    let product = model("scalarProduct");
    assert_eq!(product.answer(&row("a", "q"), None), Ok(6.0.into()));
    assert_eq!(product.answer(&row("z", "q"), None), Ok(0.0.into()));
    for model in [distribution, independence, product] {
        assert_eq!(model.answer(&[Value::Missing, "q".into(), 1.0.into()], None), Ok(Value::Missing));
        assert_eq!(model.answer(&["a".into(), "q".into(), Value::Missing], None), Ok(Value::Missing));
        assert_eq!(model.answer(&row("a", "?"), None), Err(ErrorCode::InvalidValue));
    }
}

#[test]
fn one_record_is_independent_of_nothing() {
    let fields = "<Baseline><FieldRef field='c'/><FieldRef field='d'/></Baseline>";
    let model =
        load(&baseline(&["c", "d"], "field='c' testStatistic='chiSquareIndependence'", fields)).unwrap();
    assert_eq!(model.answer(&["a".into(), "q".into()], None), Ok(0.0.into()));
    assert_eq!(model.answer(&["a".into(), Value::Missing], None), Ok(Value::Missing));
}

#[test]
fn sums_begin_anew_with_each_record() {
    let distributions = "<Baseline><UniformDistribution lower='0' upper='2'/></Baseline>
        <Alternate><UniformDistribution lower='1' upper='2'/></Alternate>";
    let test = "field='x' testStatistic='CUSUM' resetValue='-1'";
    let model = load(&baseline(&["x"], test, distributions)).unwrap();
    let answer = |x: f64| model.answer(&[x.into()], None);
    assert!((number(answer(1.5)) - std::f64::consts::LN_2).abs() < 1e-12);
    assert_eq!(answer(0.5), Ok((-1.0).into()));
    assert_eq!(answer(3.0), Err(ErrorCode::ResultNotANumber));
    let scores = model.score(&[vec![1.5.into()], vec![1.5.into()]]);
    assert_eq!(scores.get(0, 0), scores.get(0, 1));
}

#[test]
fn what_does_not_fit_is_refused_with_its_path() {
    let good = distances("<GaussianDistribution mean='10' variance='4'/>");
    for (from, to) in [
        ("zValue", "CUSUM"),
        ("zValue", "scalarProduct"),
        ("zValue", "median"),
        ("variance='4'", "variance='0'"),
        ("variance='4'", ""),
        ("<Baseline>", "<Alternate><PoissonDistribution mean='1'/></Alternate><Baseline>"),
        ("<Baseline>", "<Alternate/><Baseline>"),
        ("<Baseline>", "<Baseline><PoissonDistribution mean='1'/>"),
        ("<Baseline>", "<Baseline><FieldRef field='x'/>"),
        ("testStatistic", "windowSize='-3' testStatistic"),
        ("testStatistic", "normalizationScheme='a' testStatistic"),
        ("testStatistic", "weightField='x' testStatistic"),
        ("testStatistic", "windowsize='3' testStatistic"),
        ("<GaussianDistribution", "<TrialDistribution"),
    ] {
        assert!(load(&good.replacen(from, to, 1)).is_err(), "{to}");
    }
    let error = load(&good.replace("zValue", "CUSUM")).err().unwrap().to_string();
    assert!(error.contains("TestDistributions"), "{error}");
    let any = "<Baseline><AnyDistribution mean='1' variance='1'/></Baseline><Alternate><PoissonDistribution mean='1'/></Alternate>";
    assert!(load(&baseline(&["x"], "field='x' testStatistic='CUSUM'", any)).is_err());
    let test = "field='c' testStatistic='chiSquareDistribution'";
    let table = baseline(&["c", "d"], test, TABLE);
    assert!(load(&table).is_ok());
    for (from, to) in [
        ("field='c' testStatistic", "field='x' testStatistic"),
        ("count='1'", "count='-1'"),
        ("count='1'", ""),
        (
            "<FieldValueCount field='d' value='p' count='4'/>",
            "<FieldValueCount field='x' value='p' count='4'/>",
        ),
        (
            "<FieldValue field='c' value='a'>",
            "<FieldValue field='c' value='z'/><FieldValue field='c' value='a'>",
        ),
        ("chiSquareDistribution", "zValue"),
    ] {
        assert!(load(&table.replacen(from, to, 1)).is_err(), "{to}");
    }
}
