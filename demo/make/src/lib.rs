//! Makes the project's own records and models: synthetic wine-like samples, and models trained on them here.
//!
//! Everything follows from one seed and from arithmetic that is the same on every platform, so that making them
//! again gives the same bytes; a test holds the committed files in `demo/` against that.
//!
//! | file | what it makes |
//! |---|---|
//! | [`records`] | samples with eleven features and a quality from 3 to 8 |
//! | [`linear`] | least squares → PMML `RegressionModel` |
//! | [`tree`] | one classification tree → PMML `TreeModel` |
//! | [`forest`] | many of them → PMML `MiningModel` |
//! | [`network`] | a small neural network → PMML `NeuralNetwork`, a frozen TensorFlow graph, ONNX |
//! | [`boosted`] | gradient-boosted trees → an XGBoost model file |
//! | [`refused`] | a document that must be refused, so that one can see it happen |

pub mod boosted;
pub mod forest;
pub mod linear;
pub mod network;
pub mod pmml;
pub mod protobuf;
pub mod random;
pub mod records;
pub mod refused;
pub mod tree;

use random::Random;
use records::Sample;

/// The seed of everything.
pub const SEED: u64 = 2018;

/// Every file below `demo/`: path and content.
#[must_use]
pub fn all_files() -> Vec<(&'static str, Vec<u8>)> {
    let samples = records::samples(&mut Random::new(SEED), 1200);
    let trained: &[Sample] = &samples[..900];
    let network = network::Network::train(&mut Random::new(SEED + 1), trained);
    vec![
        ("records.csv", records::to_csv(&samples).into_bytes()),
        ("models/1-linear.pmml", linear::to_pmml(&linear::fit(trained)).into_bytes()),
        (
            "models/2-tree.pmml",
            tree::to_pmml(&tree::Tree::grow(trained, 5, 20, &mut tree::AllFeatures)).into_bytes(),
        ),
        (
            "models/3-forest.pmml",
            forest::to_pmml(&forest::grow(&mut Random::new(SEED + 2), trained)).into_bytes(),
        ),
        ("models/4-network.pmml", network.to_pmml().into_bytes()),
        ("models/5-graph.pb", network.to_frozen_graph()),
        ("models/6-refused.pmml", refused::document().into_bytes()),
        ("models/7-network.onnx", network.to_onnx()),
        ("models/8-boosted.json", boosted::Boosted::train(trained).to_xgboost_json().into_bytes()),
    ]
}
