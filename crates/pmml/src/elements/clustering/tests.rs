use scorewheel_columns::{ErrorCode, Value};

use crate::testing::{document, load};

const FIELDS: &str = "<DataField name='x' optype='continuous' dataType='double'/>\
    <DataField name='y' optype='continuous' dataType='double'/>\
    <DataField name='c' optype='categorical' dataType='string'><Value value='a'/><Value value='b'/></DataField>";

fn clustering(measure: &str, more: &str) -> String {
    let model = format!(
        "<ClusteringModel functionName='clustering' modelClass='centerBased' numberOfClusters='2'>
           <MiningSchema><MiningField name='x'/><MiningField name='y'/></MiningSchema>
           <Output><OutputField name='near' feature='affinity' value='near'/>
             <OutputField name='id' feature='clusterId'/></Output>
           <ComparisonMeasure kind='distance'>{measure}</ComparisonMeasure>
           <ClusteringField field='x'/><ClusteringField field='y' fieldWeight='4'/>{more}
           <Cluster id='near'><Array n='2' type='real'>0 0</Array></Cluster>
           <Cluster id='far'><Array n='2' type='real'>10 10</Array></Cluster>
         </ClusteringModel>"
    );
    document(FIELDS, &model)
}

#[test]
fn each_measure_as_the_specification_defines_it() {
    // The row is (3, 2); weights are 1 and 4.
    for (measure, expected) in [
        ("<euclidean/>", 5.0),
        ("<squaredEuclidean/>", 25.0),
        ("<cityBlock/>", 11.0),
        ("<chebychev/>", 8.0),
        ("<minkowski p-parameter='2'/>", 5.0),
    ] {
        let model = load(&clustering(measure, "")).unwrap();
        let Value::F64(found) = model.answer(&[3.0.into(), 2.0.into()], Some("near")).unwrap() else {
            panic!()
        };
        assert!((found - expected).abs() < 1e-12, "{measure}: {found}");
        assert_eq!(model.answer(&[3.0.into(), 2.0.into()], None), Ok("near".into()));
        assert_eq!(model.answer(&[9.0.into(), 8.0.into()], Some("id")), Ok("far".into()));
    }
}

#[test]
fn missing_fields_drop_out_and_the_others_make_up_for_them() {
    let model = load(&clustering("<squaredEuclidean/>", "")).unwrap();
    assert_eq!(model.answer(&[3.0.into(), Value::Missing], Some("near")), Ok(18.0.into()));
    assert_eq!(model.answer(&[Value::Missing, Value::Missing], None), Err(ErrorCode::MissingValue));
    let weights = "<MissingValueWeights><Array n='2' type='real'>1 3</Array></MissingValueWeights>";
    let model = load(&clustering("<squaredEuclidean/>", weights)).unwrap();
    assert_eq!(model.answer(&[3.0.into(), Value::Missing], Some("near")), Ok(36.0.into()));
}

#[test]
fn the_first_of_equally_near_clusters_wins() {
    let model = load(&clustering("<euclidean/>", "")).unwrap();
    assert_eq!(model.answer(&[5.0.into(), 5.0.into()], None), Ok("near".into()));
}

#[test]
fn categories_are_compared_by_equality() {
    let model = "<ClusteringModel functionName='clustering' modelClass='centerBased' numberOfClusters='2'>
           <MiningSchema><MiningField name='c'/></MiningSchema>
           <ComparisonMeasure kind='distance' compareFunction='delta'><cityBlock/></ComparisonMeasure>
           <ClusteringField field='c'/>
           <Cluster><Array n='1' type='string'>a</Array></Cluster>
           <Cluster><Array n='1' type='string'>b</Array></Cluster>
         </ClusteringModel>";
    let model = load(&document(FIELDS, model)).unwrap();
    assert_eq!(model.answer(&["b".into()], None), Ok("2".into()));
    assert_eq!(model.answer(&["a".into()], None), Ok("1".into()));
}

#[test]
fn centres_must_fit_the_fields() {
    let short = clustering("<euclidean/>", "")
        .replace("<Array n='2' type='real'>0 0<", "<Array n='1' type='real'>0<");
    assert!(load(&short).is_err());
    assert!(load(&clustering("<euclidean/>", "").replace("Clusters='2'", "Clusters='3'")).is_err());
    assert!(load(&clustering("<gower/>", "")).is_err());
}
