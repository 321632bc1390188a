use scorewheel_columns::{ErrorCode, Value};

use crate::testing::{document, load};

const FIELDS: &str = "<DataField name='x' optype='continuous' dataType='double'/>\
    <DataField name='y' optype='continuous' dataType='double'/>\
    <DataField name='c' optype='categorical' dataType='string'/>";

fn process(kernel: &str) -> String {
    let model = format!(
        "<GaussianProcessModel functionName='regression' optimizer='none'>
           <MiningSchema><MiningField name='x'/><MiningField name='y' usageType='target'/></MiningSchema>
           <Output><OutputField name='error' feature='standardError'/>
             <OutputField name='upper' feature='confidenceIntervalUpper' value='68.26894921370858'/></Output>
           {kernel}
           <TrainingInstances><InstanceFields><InstanceField field='x'/><InstanceField field='y'/></InstanceFields>
             <InlineTable><row><x>0</x><y>3</y></row></InlineTable></TrainingInstances>
         </GaussianProcessModel>"
    );
    document(FIELDS, &model)
}

#[test]
fn of_one_instance_the_formulas_by_hand() {
    // k(x, 0) = 2 e^(-x²/8) with λ = 2; K + σ² = 3. At x = 2: k = 2 e^-0.5, mean = 3k/3, variance = 3 - k²/3.
    let model = load(&process("<RadialBasisKernel gamma='2' noiseVariance='1' lambda='2'/>")).unwrap();
    let near = 2.0 * (-0.5_f64).exp();
    let deviation = (3.0 - near * near / 3.0).sqrt();
    for (name, expected) in [(Some("y"), near), (Some("error"), deviation), (Some("upper"), near + deviation)]
    {
        let Value::F64(found) = model.answer(&[2.0.into()], name).unwrap() else { panic!() };
        assert!((found - expected).abs() < 1e-12, "{name:?}: {found} for {expected}");
    }
    assert_eq!(model.answer(&[Value::Missing], Some("y")), Ok(Value::Missing));
    assert_eq!(model.answer(&[f64::NAN.into()], Some("y")), Err(ErrorCode::InvalidValue));
}

#[test]
fn what_cannot_be_a_process_is_refused() {
    let good = process(
        "<ARDSquaredExponentialKernel><Lambda><Array type='real'>1</Array></Lambda></ARDSquaredExponentialKernel>",
    );
    assert!(load(&good).is_ok());
    for (from, to) in [
        ("<ARDSquaredExponentialKernel>", "<ARDSquaredExponentialKernel gamma='0'>"),
        ("<ARDSquaredExponentialKernel>", "<ARDSquaredExponentialKernel noiseVariance='-1'>"),
        ("<ARDSquaredExponentialKernel>", "<ARDSquaredExponentialKernel degree='2'>"),
        ("<Array type='real'>1<", "<Array type='real'>1 2<"),
        ("<Array type='real'>1<", "<Array type='real'>0<"),
        ("<Array type='real'>1</Array>", "<array type='real'>1</array>"),
        ("functionName='regression'", "functionName='classification'"),
        ("<InstanceField field='y'/>", ""),
        ("<y>3</y>", ""),
        ("<x>0</x>", "<x>zero</x>"),
        ("<x>0</x>", "<x>NaN</x>"),
        ("<InstanceField field='x'/>", "<InstanceField field='c' column='x'/>"),
        ("value='68.26894921370858'", "value='0'"),
        ("value='68.26894921370858'", "value='much'"),
        (" usageType='target'", ""),
    ] {
        assert!(load(&good.replacen(from, to, 1)).is_err(), "{from} → {to}");
    }
    // Twice the same point, told apart by no noise.
    let twice = process("<RadialBasisKernel noiseVariance='0'/>")
        .replace("<row><x>0</x><y>3</y></row>", "<row><x>0</x><y>3</y></row><row><x>0</x><y>4</y></row>");
    let error = load(&twice).err().unwrap().to_string();
    assert!(error.contains("not positive definite"), "{error}");
    let many = process("<RadialBasisKernel/>")
        .replace("<row><x>0</x><y>3</y></row>", &"<row><x>0</x><y>3</y></row>".repeat(2_049));
    assert!(load(&many).err().unwrap().to_string().contains("more than 2048"));
}
