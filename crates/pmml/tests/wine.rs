//! The wine models against the reference's answers for every row of the data.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use scorewheel_columns::{Batch, Scores, Value};
use scorewheel_model::{BoundModel, Limits, Mapping, Model};
use scorewheel_pmml::PmmlModel;

fn shared() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/wine")
}

const COLUMNS: [&str; 11] = [
    "fixed acidity",
    "volatile acidity",
    "citric acid",
    "residual sugar",
    "chlorides",
    "free sulfur dioxide",
    "total sulfur dioxide",
    "density",
    "pH",
    "sulphates",
    "alcohol",
];

fn agrees(document: &str, reference: &str) {
    let folder = shared();
    let Ok(bytes) = std::fs::read(folder.join(document)) else {
        println!("skipped: {} not found", folder.join(document).display());
        return;
    };
    let model = PmmlModel::load(&bytes, None, &Mapping::default(), &Limits::default()).unwrap();
    let schema = model.schema().unwrap();
    let bound: Arc<dyn BoundModel> = model.bind(&schema, &Mapping::default()).unwrap();
    let mut batch = Batch::new(Arc::clone(&schema));
    let data = std::fs::read_to_string(folder.join("winequality_red.csv")).unwrap();
    for line in data.lines() {
        let cells: Vec<f64> = line.split(';').map(|cell| cell.parse().unwrap()).collect();
        let value = |name: &str| cells[COLUMNS.iter().position(|column| *column == name).unwrap()];
        let row: Vec<Value> = model.inputs().iter().map(|input| Value::F64(value(&input.name))).collect();
        batch.push_row(&row);
    }
    let mut scores = Scores::new();
    bound.score(&batch, 0..batch.rows(), &mut bound.new_scratch(), &mut scores);
    assert_eq!(scores.errors(), []);
    let expected = std::fs::read_to_string(folder.join("reference").join(reference)).unwrap();
    let mut lines = expected.lines();
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    let mut rows = 0;
    for (row, line) in lines.enumerate() {
        for (name, wanted) in header.iter().zip(line.split(',')).skip(1) {
            let column = scores.schema().find(name).unwrap_or_else(|| panic!("no column {name}"));
            match scores.get(column, row) {
                Value::Text(found) => assert_eq!(&*found, wanted, "row {row}, {name}"),
                found => {
                    let (found, wanted) = (found.as_f64().unwrap(), wanted.parse::<f64>().unwrap());
                    let tolerance = 1e-9 * found.abs().max(wanted.abs());
                    assert!((found - wanted).abs() <= tolerance, "row {row}, {name}: {found}, not {wanted}");
                }
            }
        }
        rows += 1;
    }
    assert_eq!(rows, batch.rows());
}

#[test]
fn linear_regression() {
    agrees("winequalityLinearRegression.pmml", "LinearRegression.jpmml.csv");
}

#[test]
fn decision_tree_regression() {
    agrees("winequalityDesisionTreeRegression.pmml", "DesisionTreeRegression.jpmml.csv");
}

#[test]
fn decision_tree_classification() {
    agrees("winequalityDecisionTreeClassification.pmml", "DecisionTreeClassification.jpmml.csv");
}

#[test]
fn gamma_regression() {
    agrees("winequalityGeneralizedLinearRegressionGamma.pmml", "GeneralizedLinearRegressionGamma.jpmml.csv");
}

#[test]
fn gaussian_regression() {
    agrees(
        "winequalityGeneralizedLinearRegressionGaussian.pmml",
        "GeneralizedLinearRegressionGaussian.jpmml.csv",
    );
}

#[test]
fn multilayer_perceptron() {
    agrees("winequalityMultilayerPerceptron.pmml", "MultilayerPerceptron.jpmml.csv");
}

#[test]
fn random_forest() {
    agrees("winequalityRandonForrestClassification.pmml", "RandonForrestClassification.jpmml.csv");
}
