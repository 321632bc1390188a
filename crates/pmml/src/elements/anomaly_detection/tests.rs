use scorewheel_columns::{ErrorCode, Value};

use crate::testing::{document, load};

const FIELDS: &str = "<DataField name='x' optype='continuous' dataType='double'/>\
    <DataField name='c' optype='categorical' dataType='string'><Value value='a'/></DataField>";

fn anomaly(algorithm: &str, more: &str) -> String {
    let model = format!(
        "<AnomalyDetectionModel functionName='regression' algorithmType={algorithm}>
           <MiningSchema><MiningField name='x'/></MiningSchema>
           <RegressionModel functionName='regression'><MiningSchema><MiningField name='x'/></MiningSchema>
             <RegressionTable intercept='0'><NumericPredictor name='x' coefficient='1'/></RegressionTable>
           </RegressionModel>{more}
         </AnomalyDetectionModel>"
    );
    document(FIELDS, &model)
}

#[test]
fn path_lengths_become_scores() {
    // c(256) = 2 (ln 255 + 0.5772156649015329) - 2 · 255/256.
    let usual = 2.0 * (255_f64.ln() + 0.577_215_664_901_532_9) - 510.0 / 256.0;
    let model = load(&anomaly("'iforest' sampleDataSize='256'", "")).unwrap();
    for (length, expected) in [(0.0, 1.0), (usual, 0.5), (2.0 * usual, 0.25)] {
        let Value::F64(found) = model.answer(&[length.into()], None).unwrap() else { panic!() };
        assert!((found - expected).abs() < 1e-12, "{length}: {found}");
    }
    assert_eq!(model.answer(&[Value::Missing], None), Ok(Value::Missing));
    assert_eq!(model.answer(&[f64::NAN.into()], None), Err(ErrorCode::InvalidValue));
}

#[test]
fn other_numbers_stay_as_they_are() {
    for algorithm in ["'ocsvm'", "'other'"] {
        let model = load(&anomaly(algorithm, "")).unwrap();
        assert_eq!(model.answer(&[(-2.5).into()], None), Ok((-2.5).into()));
        assert_eq!(model.answer(&[Value::Missing], None), Ok(Value::Missing));
    }
}

#[test]
fn what_an_algorithm_lacks_is_refused() {
    for (algorithm, more) in [
        ("'iforest'", ""),
        ("'iforest' sampleDataSize='1'", ""),
        ("'iforest' sampleDataSize='many'", ""),
        ("'lof'", ""),
        ("'clusterMeanDist'", "<MeanClusterDistances><Array type='real'>1</Array></MeanClusterDistances>"),
        ("'ocsvm'", "<MeanClusterDistances/>"),
        ("'ocsvm'", "<Segment/>"),
        ("'ocsvm' threshold='2'", ""),
    ] {
        assert!(load(&anomaly(algorithm, more)).is_err(), "{algorithm} {more}");
    }
    let empty = anomaly("'ocsvm'", "").replace("RegressionModel", "RegressionModul");
    assert!(load(&empty).is_err());
}

#[test]
fn distances_are_told_in_mean_distances_of_the_nearest_cluster() {
    let model = |means: &str| {
        document(
            FIELDS,
            &format!(
                "<AnomalyDetectionModel functionName='regression' algorithmType='clusterMeanDist'>
                   <MiningSchema><MiningField name='x'/></MiningSchema>
                   <ClusteringModel functionName='clustering' modelClass='centerBased' numberOfClusters='2'>
                     <MiningSchema><MiningField name='x'/></MiningSchema>
                     <ComparisonMeasure kind='distance'><cityBlock/></ComparisonMeasure><ClusteringField field='x'/>
                     <Cluster><Array type='real'>0</Array></Cluster><Cluster><Array type='real'>10</Array></Cluster>
                   </ClusteringModel>
                   <MeanClusterDistances><Array type='real'>{means}</Array></MeanClusterDistances>
                 </AnomalyDetectionModel>"
            ),
        )
    };
    let loaded = load(&model("4 0")).unwrap();
    assert_eq!(loaded.answer(&[3.0.into()], None), Ok(0.75.into()));
    // Clusters whose records all lie in one point: what is not there is infinitely far away.
    assert_eq!(loaded.answer(&[9.0.into()], None), Ok(f64::INFINITY.into()));
    assert_eq!(loaded.answer(&[10.0.into()], None), Err(ErrorCode::ResultNotANumber));
    assert!(load(&model("4")).is_err());
    assert!(load(&model("4 -1")).is_err());
}
