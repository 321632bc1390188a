//! Expected values by hand.

use scorewheel_columns::{ErrorCode, Value};

use crate::testing::{Loaded, document, load};

const FIELDS: &str = "<DataField name='a' optype='continuous' dataType='double'/>\
    <DataField name='b' optype='continuous' dataType='double'/>\
    <DataField name='y' optype='continuous' dataType='double'/>\
    <DataField name='k' optype='categorical' dataType='string'/>";

fn input(id: &str, field: &str) -> String {
    format!(
        "<NeuralInput id='{id}'><DerivedField optype='continuous' dataType='double'><FieldRef field='{field}'/>\
         </DerivedField></NeuralInput>"
    )
}

fn regression(activation: &str) -> Loaded {
    let inputs = input("0", "a") + &input("1", "b");
    let model = format!(
        "<NeuralNetwork functionName='regression' activationFunction='{activation}' threshold='0.5' width='2' altitude='3'>
           <MiningSchema><MiningField name='y' usageType='target'/><MiningField name='a'/><MiningField name='b'/></MiningSchema>
           <NeuralInputs>{inputs}</NeuralInputs>
           <NeuralLayer><Neuron id='2' bias='0.25'><Con from='0' weight='2'/><Con from='1' weight='-1'/></Neuron></NeuralLayer>
           <NeuralLayer activationFunction='identity'><Neuron id='3' bias='0'><Con from='2' weight='1'/></Neuron></NeuralLayer>
           <NeuralOutputs><NeuralOutput outputNeuron='3'><DerivedField optype='continuous' dataType='double'>
             <NormContinuous field='y'><LinearNorm orig='0' norm='0'/><LinearNorm orig='10' norm='1'/></NormContinuous>
           </DerivedField></NeuralOutput></NeuralOutputs>
         </NeuralNetwork>"
    );
    load(&document(FIELDS, &model)).unwrap()
}

#[test]
fn every_activation_and_the_way_back_through_a_norm() {
    let (a, b): (f64, f64) = (0.75, 0.5);
    let z: f64 = 0.25 + 2.0 * a - b;
    let radial = (2.0 * 3.0_f64.ln() - ((2.0 - a).powi(2) + (-1.0 - b).powi(2)) / (2.0 * 4.0)).exp();
    for (activation, expected) in [
        ("threshold", 1.0),
        ("logistic", 1.0 / (1.0 + (-z).exp())),
        ("tanh", z.tanh()),
        ("identity", z),
        ("exponential", z.exp()),
        ("reciprocal", 1.0 / z),
        ("square", z * z),
        ("Gauss", (-z * z).exp()),
        ("sine", z.sin()),
        ("cosine", z.cos()),
        ("Elliott", z / (1.0 + z)),
        ("arctan", 2.0 * z.atan() / std::f64::consts::PI),
        ("rectifier", z),
        ("radialBasis", radial),
    ] {
        let Ok(Value::F64(found)) = regression(activation).answer(&[a.into(), b.into()], Some("y")) else {
            panic!()
        };
        let expected = 10.0 * expected;
        assert!((found - expected).abs() < 1e-12 * expected.abs(), "{activation}: {found}, not {expected}");
    }
}

#[test]
fn a_missing_input_is_a_missing_answer_and_an_invalid_one_an_error() {
    let model = regression("tanh");
    assert_eq!(model.answer(&[Value::Missing, 1.0.into()], Some("y")), Ok(Value::Missing));
    assert_eq!(model.answer(&[1.0.into(), f64::NAN.into()], Some("y")), Err(ErrorCode::InvalidValue));
}

#[test]
fn classes_are_neurons_with_the_largest_output() {
    let inputs = input("0", "a");
    let output = |neuron: &str, class: &str| {
        format!(
            "<NeuralOutput outputNeuron='{neuron}'><DerivedField optype='categorical' dataType='string'>\
             <NormDiscrete field='k' value='{class}'/></DerivedField></NeuralOutput>"
        )
    };
    let outputs = output("u", "yes") + &output("v", "no");
    let model = format!(
        "<NeuralNetwork functionName='classification' activationFunction='identity' normalizationMethod='softmax'>
           <MiningSchema><MiningField name='k' usageType='target'/><MiningField name='a'/></MiningSchema>
           <Output><OutputField name='p' feature='probability' value='no'/><OutputField name='id' feature='entityId'/></Output>
           <NeuralInputs>{inputs}</NeuralInputs>
           <NeuralLayer><Neuron id='u'><Con from='0' weight='1'/></Neuron><Neuron id='v'><Con from='0' weight='2'/></Neuron>
           </NeuralLayer><NeuralOutputs>{outputs}</NeuralOutputs>
         </NeuralNetwork>"
    );
    let model = load(&document(FIELDS, &model)).unwrap();
    let answer = |name| model.answer(&[1.0.into()], Some(name)).unwrap();
    assert_eq!((answer("k"), answer("id")), ("no".into(), "v".into()));
    let Value::F64(probability) = answer("p") else { panic!() };
    assert!((probability - 1.0 / (1.0 + (-1.0_f64).exp())).abs() < 1e-15);
}

#[test]
fn a_category_has_one_neuron() {
    let output = |neuron: &str, class: &str| {
        format!(
            "<NeuralOutput outputNeuron='{neuron}'><DerivedField optype='categorical' dataType='string'>\
             <NormDiscrete field='k' value='{class}'/></DerivedField></NeuralOutput>"
        )
    };
    let network = |outputs: &str| {
        let model = format!(
            "<NeuralNetwork functionName='classification' activationFunction='identity'>
               <MiningSchema><MiningField name='k' usageType='target'/><MiningField name='a'/></MiningSchema>
               <NeuralInputs>{}</NeuralInputs>
               <NeuralLayer><Neuron id='u'><Con from='0' weight='1'/></Neuron><Neuron id='v'><Con from='0' weight='2'/></Neuron>
               </NeuralLayer><NeuralOutputs>{outputs}</NeuralOutputs>
             </NeuralNetwork>",
            input("0", "a")
        );
        load(&document(FIELDS, &model))
    };
    let refused = network(&(output("u", "yes") + &output("v", "yes"))).err().unwrap().to_string();
    assert!(refused.contains("two neurons stand for the category \"yes\" of \"k\""), "{refused}");
    network(&(output("u", "yes") + &output("v", "no"))).unwrap();
}
