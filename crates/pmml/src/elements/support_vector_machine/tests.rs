use scorewheel_columns::{ErrorCode, Value};

use crate::testing::{document, load};

const FIELDS: &str = "<DataField name='a' optype='continuous' dataType='double'/>\
    <DataField name='b' optype='continuous' dataType='double'/>\
    <DataField name='y' optype='continuous' dataType='double'/>\
    <DataField name='k' optype='categorical' dataType='string'/>";

const DICTIONARY: &str = "<VectorDictionary><VectorFields><FieldRef field='a'/><FieldRef field='b'/></VectorFields>\
    <VectorInstance id='u'><Array n='2' type='real'>1 2</Array></VectorInstance>\
    <VectorInstance id='v'><REAL-SparseArray n='2'><Indices>2</Indices><REAL-Entries>1</REAL-Entries></REAL-SparseArray></VectorInstance>\
    </VectorDictionary>";

fn machine(attributes: &str, coefficients: [f64; 2], constant: f64) -> String {
    let [first, second] = coefficients;
    format!(
        "<SupportVectorMachine {attributes}><SupportVectors><SupportVector vectorId='u'/><SupportVector vectorId='v'/></SupportVectors>\
         <Coefficients absoluteValue='{constant}'><Coefficient value='{first}'/><Coefficient value='{second}'/></Coefficients></SupportVectorMachine>"
    )
}

fn model(target: &str, attributes: &str, kernel: &str, machines: &str) -> String {
    let model = format!(
        "<SupportVectorMachineModel {attributes}><MiningSchema><MiningField name='a'/><MiningField name='b'/>\
         <MiningField name='{target}' usageType='target'/></MiningSchema>{kernel}{DICTIONARY}{machines}</SupportVectorMachineModel>"
    );
    document(FIELDS, &model)
}

#[test]
fn each_kernel_as_the_specification_defines_it() {
    // The row is (3, −1): ⟨u, x⟩ = 1, ‖u − x‖² = 13, ⟨v, x⟩ = −1, ‖v − x‖² = 13.
    for (kernel, expected) in [
        ("<LinearKernelType/>", 2.0 + 3.0),
        ("<PolynomialKernelType gamma='2' coef0='1' degree='3'/>", 2.0 * 27.0 + 3.0),
        ("<RadialBasisKernelType gamma='0.1'/>", (2.0 - 3.0) * (-1.3_f64).exp()),
        ("<SigmoidKernelType gamma='1' coef0='0'/>", 5.0 * 1.0_f64.tanh()),
    ] {
        let machine = machine("", [2.0, -3.0], 0.5);
        let model = load(&model("y", "functionName='regression'", kernel, &machine)).unwrap();
        let Value::F64(found) = model.answer(&[3.0.into(), (-1.0).into()], Some("y")).unwrap() else {
            panic!()
        };
        assert!((found - expected - 0.5).abs() < 1e-12, "{kernel}: {found}");
        assert_eq!(model.answer(&[3.0.into(), Value::Missing], Some("y")), Err(ErrorCode::MissingValue));
    }
}

#[test]
fn machines_vote_or_compete() {
    let one = machine("targetCategory='p' alternateTargetCategory='q'", [1.0, 0.0], 0.0);
    let two = machine("targetCategory='p' alternateTargetCategory='r'", [0.0, 1.0], 0.0);
    let three = machine("targetCategory='q' alternateTargetCategory='r'", [1.0, 1.0], 0.0);
    let machines = format!("{one}{two}{three}");
    let attributes = "functionName='classification' classificationMethod='OneAgainstOne'";
    let votes = load(&model("k", attributes, "<LinearKernelType/>", &machines)).unwrap();
    // Figures for (−1, 0): −1 → p, 0 → r, −1 → q: a tie, the first voted for.
    assert_eq!(votes.answer(&[(-1.0).into(), 0.0.into()], Some("k")), Ok("p".into()));
    // Figures for (1, 0): 1 → q, 0 → r, 1 → r.
    assert_eq!(votes.answer(&[1.0.into(), 0.0.into()], Some("k")), Ok("r".into()));
    let attributes = "functionName='classification' classificationMethod='OneAgainstAll'";
    let two = machine("targetCategory='r'", [0.0, 1.0], 0.0);
    let machines = format!("{}{two}", machine("targetCategory='p'", [1.0, 0.0], 0.0));
    let all = load(&model("k", attributes, "<LinearKernelType/>", &machines)).unwrap();
    assert_eq!(all.answer(&[1.0.into(), 0.0.into()], Some("k")), Ok("r".into()));
}

#[test]
fn a_lone_machine_with_an_alternative_rounds() {
    let attributes = "functionName='classification' alternateBinaryTargetCategory='no'";
    let machine = machine("targetCategory='yes'", [0.0, 1.0], 0.0);
    let model = load(&model("k", attributes, "<LinearKernelType/>", &machine)).unwrap();
    for (b, expected) in [(0.5, "yes"), (1.2, "yes"), (0.4, "no"), (-0.5, "no")] {
        assert_eq!(model.answer(&[0.0.into(), b.into()], Some("k")), Ok(expected.into()), "{b}");
    }
}

#[test]
fn vectors_and_coefficients_must_fit() {
    let good = model("y", "functionName='regression'", "<LinearKernelType/>", &machine("", [1.0, 1.0], 0.0));
    assert!(load(&good).is_ok());
    assert!(load(&good.replace("vectorId='v'", "vectorId='w'")).is_err());
    assert!(load(&good.replace("<Coefficient value='1'/><Coefficient", "<Coefficient")).is_err());
    assert!(load(&good.replace(">1 2<", ">1 2 3<").replace("n='2' type", "n='3' type")).is_err());
}
