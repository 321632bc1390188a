//! Random forests.

use std::fmt::Write;

use crate::pmml::{Target, document, mining_schema, probabilities};
use crate::random::Random;
use crate::records::{FEATURES, Sample};
use crate::tree::{FeatureChoice, Tree};

const TREES: usize = 24;
const DEPTH: usize = 6;

struct RandomFeatures<'a>(&'a mut Random);

impl FeatureChoice for RandomFeatures<'_> {
    /// Four features drawn without return.
    fn features(&mut self) -> Vec<usize> {
        let mut features: Vec<usize> = (0..FEATURES.len()).collect();
        for index in 0..4 {
            let other = index + self.0.below(features.len() - index);
            features.swap(index, other);
        }
        features.truncate(4);
        features
    }
}

/// Trees on samples drawn with return.
pub fn grow(random: &mut Random, samples: &[Sample]) -> Vec<Tree> {
    (0..TREES)
        .map(|_| {
            let drawn: Vec<Sample> =
                samples.iter().map(|_| samples[random.below(samples.len())].clone()).collect();
            Tree::grow(&drawn, DEPTH, 8, &mut RandomFeatures(random))
        })
        .collect()
}

/// The forest as a `MiningModel` that averages its trees' probabilities.
#[must_use]
pub fn to_pmml(trees: &[Tree]) -> String {
    let mut body = String::from("<MiningModel functionName=\"classification\" modelName=\"forest\">\n");
    body.push_str(&mining_schema(true));
    body.push_str(&probabilities());
    body.push_str("<Segmentation multipleModelMethod=\"average\">\n");
    for (index, tree) in trees.iter().enumerate() {
        let _ = writeln!(body, "<Segment id=\"{}\"><True/>", index + 1);
        body.push_str(&tree.to_element(true));
        body.push_str("</Segment>\n");
    }
    body.push_str("</Segmentation>\n</MiningModel>\n");
    document(Target::Category, &body)
}
