//! Documents that are refused, and bounds; answers are held against a script's in `tests/scripted`.

use scorewheel_columns::{ErrorCode, Value};

use crate::elements::time_series::forecast::HORIZON_LIMIT;
use crate::elements::time_series::{kalman, polynomial};
use crate::testing::{document, load};

const FIELDS: &str = "<DataField name='y' optype='continuous' dataType='double'/>\
    <DataField name='h' optype='continuous' dataType='integer'/><DataField name='s' optype='categorical' dataType='string'/>";

fn model(best: &str, schema: &str, inner: &str) -> String {
    let model = format!(
        "<TimeSeriesModel functionName='timeSeries' bestFit='{best}'><MiningSchema>\
           <MiningField name='y' usageType='target'/>{schema}</MiningSchema>{inner}</TimeSeriesModel>"
    );
    document(FIELDS, &model)
}

const STEPS: &str = "<MiningField name='h'/>";
const SMOOTHING: &str = "<ExponentialSmoothing><Level smoothedValue='3'/>\
    <Trend_ExpoSmooth smoothedValue='2'/><Seasonality_ExpoSmooth type='additive' period='2'><Array type='real' n='2'>0 1</Array>\
    </Seasonality_ExpoSmooth></ExponentialSmoothing>";
const SERIES: &str =
    "<TimeSeries><TimeValue index='1' value='1'/><TimeValue index='2' value='2'/></TimeSeries>";
const ARIMA: &str = "<ARIMA><NonseasonalComponent p='1' q='1'><AR><Array type='real'>0.5</Array></AR><MA><MACoefficients>\
    <Array type='real'>0.5</Array></MACoefficients><Residuals><Array type='real'>0.25</Array></Residuals></MA></NonseasonalComponent></ARIMA>";

#[test]
fn a_step_of_the_horizon() {
    let loaded = load(&model("ExponentialSmoothing", STEPS, SMOOTHING)).unwrap();
    let answer = |step: i64| loaded.answer(&[Value::I64(step)], Some("y"));
    // 3 + 2 h, and 1 at every second step.
    assert_eq!(answer(1), Ok(5.0.into()));
    assert_eq!(answer(2), Ok(8.0.into()));
    let last = HORIZON_LIMIT as i64;
    assert_eq!(answer(last), Ok((3.0 + 2.0 * last as f64 + 1.0).into()));
    assert_eq!(answer(last + 1), Err(ErrorCode::InvalidValue));
    assert_eq!(answer(0), Err(ErrorCode::InvalidValue));
    let arima = load(&model("ARIMA", STEPS, &format!("{SERIES}{ARIMA}"))).unwrap();
    assert_eq!(arima.answer(&[Value::I64(2)], Some("y")), Ok((0.5 * (0.5 * 2.0 + 0.5 * 0.25)).into()));
}

#[test]
fn what_no_record_can_survive_is_refused() {
    let smoothing = model("ExponentialSmoothing", STEPS, SMOOTHING);
    let arima = model("ARIMA", STEPS, &format!("{SERIES}{ARIMA}"));
    assert!(load(&smoothing).is_ok() && load(&arima).is_ok());
    for (text, from, to) in [
        (&smoothing, "bestFit='ExponentialSmoothing'", "bestFit='ARIMA'"),
        (&smoothing, "bestFit='ExponentialSmoothing'", "bestFit='SpectralAnalysis'"),
        (&smoothing, "bestFit='ExponentialSmoothing'", ""),
        (&smoothing, "functionName='timeSeries'", "functionName='clustering'"),
        (&smoothing, "<Level smoothedValue='3'/>", ""),
        (&smoothing, "<Level smoothedValue='3'/>", "<Level/>"),
        (&smoothing, "<Level smoothedValue", "<Level beta='1' smoothedValue"),
        (&smoothing, "<Trend_ExpoSmooth", "<Trend_ExpoSmooth trend='polynomial_exponential'"),
        (&smoothing, "<Trend_ExpoSmooth smoothedValue='2'/>", "<Trend_ExpoSmooth/>"),
        (&smoothing, "period='2'", "period='3'"),
        (&smoothing, "period='2'", "period='2' phase='3'"),
        (&smoothing, "<MiningField name='h'/>", "<MiningField name='s'/>"),
        (&smoothing, "<MiningField name='h'/>", "<MiningField name='h'/><MiningField name='s'/>"),
        (&smoothing, "<MiningField name='h'/>", "<MiningField name='h' usageType='order'/>"),
        (&arima, "p='1'", "p='2'"),
        (&arima, "q='1'", "q='0'"),
        (&arima, "p='1'", "p='1' d='2'"),
        (&arima, "p='1'", "p='1' d='99'"),
        (&arima, "<Array type='real'>0.25</Array>", "<Matrix/>"),
        (&arima, "value='2'", "value='NaN'"),
        (&arima, "index='2'", "index='0'"),
        (&arima, "<ARIMA>", "<ARIMA transformation='logarithmic' RMSE='x'>"),
        (&arima, "</ARIMA>", "<SeasonalComponent P='0'/></ARIMA>"),
        (&arima, "</ARIMA>", "<OutlierEffect type='level' startTime='3' magnitude='2'/></ARIMA>"),
        (&arima, "</ARIMA>", "<OutlierEffect type='level' startTime='1.5' magnitude='2'/></ARIMA>"),
        (&arima, "</ARIMA>", "<OutlierEffect type='transient' startTime='1' magnitude='2'/></ARIMA>"),
        (&arima, "</ARIMA>", "<DynamicRegressor field='x'/></ARIMA>"),
        (&arima, "value='1'", "value='-1' weight='2'"),
    ] {
        let changed = text.replace(from, to);
        assert_ne!(&changed, text, "{from}");
        assert!(load(&changed).is_err(), "{from} to {to}");
    }
    let negative = arima.replace("value='1'", "value='-1'");
    assert!(load(&negative.replace("<ARIMA>", "<ARIMA transformation='squareroot'>")).is_err());
    let explosive =
        arima.replace("<ARIMA>", "<ARIMA predictionMethod='exactLeastSquares'>").replace(">0.5<", ">1.5<");
    assert!(load(&explosive).is_err());
}

#[test]
fn polynomials_and_filters_agree_with_each_other() {
    // (1 − B)² (1 − B⁴), by hand.
    let difference = polynomial::product(&polynomial::difference(1, 2), &polynomial::difference(4, 1));
    assert_eq!(difference, [1.0, -2.0, 1.0, 0.0, -1.0, 2.0, -1.0]);
    assert_eq!(polynomial::quotient(&[1.0], &[1.0, -0.5], 4), [1.0, 0.5, 0.25, 0.125]);
    // Of an autoregressive process the last value alone tells of the next one.
    let expected = kalman::predict(&[1.0, -0.5], &[1.0], &[3.0, -1.0, 2.0], 2).unwrap();
    assert!((expected[0] - 1.0).abs() < 1e-12 && (expected[1] - 0.5).abs() < 1e-12, "{expected:?}");
}
