use scorewheel_columns::Value;

use crate::testing::{document, load};

const FIELDS: &str = "<DataField name='colour' optype='categorical' dataType='string'/>\
    <DataField name='size' optype='continuous' dataType='double'/>\
    <DataField name='k' optype='categorical' dataType='string'/>";

fn naive_bayes() -> String {
    let counts = |yes: i32, no: i32| {
        format!(
            "<TargetValueCounts><TargetValueCount value='yes' count='{yes}'/>\
             <TargetValueCount value='no' count='{no}'/></TargetValueCounts>"
        )
    };
    let model = format!(
        "<NaiveBayesModel functionName='classification' threshold='0.001'>
           <MiningSchema><MiningField name='colour'/><MiningField name='size'/><MiningField name='k' usageType='target'/></MiningSchema>
           <Output><OutputField name='p' feature='probability' value='yes'/></Output>
           <BayesInputs>
             <BayesInput fieldName='colour'>
               <PairCounts value='red'>{}</PairCounts><PairCounts value='blue'>{}</PairCounts>
             </BayesInput>
             <BayesInput fieldName='size'><TargetValueStats>
               <TargetValueStat value='yes'><GaussianDistribution mean='0' variance='1'/></TargetValueStat>
               <TargetValueStat value='no'><GaussianDistribution mean='2' variance='1'/></TargetValueStat>
             </TargetValueStats></BayesInput>
           </BayesInputs>
           <BayesOutput fieldName='k'>{}</BayesOutput>
         </NaiveBayesModel>",
        counts(3, 2),
        counts(1, 0),
        counts(4, 2),
    );
    document(FIELDS, &model)
}

fn probability(row: &[Value]) -> f64 {
    match load(&naive_bayes()).unwrap().answer(row, Some("p")) {
        Ok(Value::F64(found)) => found,
        other => panic!("{other:?}"),
    }
}

#[test]
fn probabilities_are_multiplied_and_normalised() {
    // 4 × 3/4 × e^0 against 2 × 2/2 × e^−2.
    let (yes, no) = (3.0, 2.0 * (-2.0_f64).exp());
    assert!((probability(&["red".into(), 0.0.into()]) - yes / (yes + no)).abs() < 1e-12);
    // Nought of 2 becomes the threshold.
    let (yes, no) = (1.0, 2.0 * 0.001 * (-2.0_f64).exp());
    assert!((probability(&["blue".into(), 0.0.into()]) - yes / (yes + no)).abs() < 1e-12);
}

#[test]
fn missing_inputs_are_left_out() {
    assert!((probability(&[Value::Missing, Value::Missing]) - 4.0 / 6.0).abs() < 1e-12);
    let model = load(&naive_bayes()).unwrap();
    assert_eq!(model.answer(&[Value::Missing, 2.5.into()], Some("k")), Ok("no".into()));
}

#[test]
fn a_density_does_not_fall_below_the_threshold() {
    // Both densities at 1,000 are far below it: the priors decide.
    assert!((probability(&[Value::Missing, 1000.0.into()]) - 4.0 / 6.0).abs() < 1e-12);
}
