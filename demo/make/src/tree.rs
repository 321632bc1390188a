//! Classification trees.

use std::fmt::Write;

use crate::pmml::{Target, document, mining_schema, probabilities};
use crate::records::{CLASSES, FEATURES, LOWEST, Sample};

/// A node: how many training samples of each quality reached it, and where the rows go from here.
#[derive(Clone, Debug)]
pub struct Tree {
    /// Samples by quality.
    pub counts: [usize; CLASSES],
    /// Feature, threshold, the child for `<=`, the child for `>`.
    pub split: Option<(usize, f64, Box<Tree>, Box<Tree>)>,
}

/// Which features a node may split on.
pub trait FeatureChoice {
    /// The features, in the order in which they are tried.
    fn features(&mut self) -> Vec<usize>;
}

/// All of them.
#[derive(Clone, Copy, Debug)]
pub struct AllFeatures;

impl FeatureChoice for AllFeatures {
    fn features(&mut self) -> Vec<usize> {
        (0..FEATURES.len()).collect()
    }
}

impl Tree {
    /// Grows a tree by Gini impurity, down to `depth` levels and leaves of `smallest` samples.
    pub fn grow(samples: &[Sample], depth: usize, smallest: usize, choice: &mut impl FeatureChoice) -> Self {
        Self::grow_from(&samples.iter().collect::<Vec<_>>(), depth, smallest, choice)
    }

    fn grow_from(
        samples: &[&Sample],
        depth: usize,
        smallest: usize,
        choice: &mut impl FeatureChoice,
    ) -> Self {
        let mut counts = [0; CLASSES];
        for sample in samples {
            counts[sample.quality - LOWEST] += 1;
        }
        let split =
            if depth == 0 { None } else { best_split(samples, &counts, smallest, &choice.features()) };
        let split = split.map(|(feature, threshold)| {
            let (low, high): (Vec<&Sample>, Vec<&Sample>) =
                samples.iter().partition(|sample| sample.features[feature] <= threshold);
            let low = Self::grow_from(&low, depth - 1, smallest, choice);
            let high = Self::grow_from(&high, depth - 1, smallest, choice);
            (feature, threshold, Box::new(low), Box::new(high))
        });
        Self { counts, split }
    }

    /// The most frequent quality of the node; the lowest of several.
    #[must_use]
    pub fn winner(&self) -> usize {
        (0..CLASSES).fold(0, |best, class| if self.counts[class] > self.counts[best] { class } else { best })
            + LOWEST
    }

    /// The node and all below it as PMML `Node`s.
    pub fn write_node(&self, predicate: &str, text: &mut String) {
        let total: usize = self.counts.iter().sum();
        let _ = writeln!(text, "<Node score=\"{}\" recordCount=\"{total}\">{predicate}", self.winner());
        match &self.split {
            Some((feature, threshold, low, high)) => {
                let test = |operator: &str| {
                    format!(
                        "<SimplePredicate field=\"{}\" operator=\"{operator}\" value=\"{threshold}\"/>",
                        FEATURES[*feature]
                    )
                };
                low.write_node(&test("lessOrEqual"), text);
                high.write_node(&test("greaterThan"), text);
            }
            None => {
                for (class, count) in self.counts.iter().enumerate().filter(|(_, count)| **count > 0) {
                    let quality = class + LOWEST;
                    let _ = write!(text, "<ScoreDistribution value=\"{quality}\" recordCount=\"{count}\"/>");
                }
            }
        }
        text.push_str("</Node>\n");
    }

    /// The tree as a `TreeModel` element; an inner one has neither target nor output.
    #[must_use]
    pub fn to_element(&self, inner: bool) -> String {
        let mut text = String::from(
            "<TreeModel functionName=\"classification\" splitCharacteristic=\"binarySplit\" \
             missingValueStrategy=\"none\" noTrueChildStrategy=\"returnNullPrediction\">\n",
        );
        text.push_str(&mining_schema(!inner));
        if !inner {
            text.push_str(&probabilities());
        }
        self.write_node("<True/>", &mut text);
        text.push_str("</TreeModel>\n");
        text
    }
}

/// The split with the least weighted impurity, if one is better than none.
fn best_split(
    samples: &[&Sample],
    counts: &[usize; CLASSES],
    smallest: usize,
    features: &[usize],
) -> Option<(usize, f64)> {
    let gini = |counts: &[usize; CLASSES]| {
        let total = counts.iter().sum::<usize>() as f64;
        total - counts.iter().map(|c| (*c * *c) as f64).sum::<f64>() / total
    };
    let mut best = (gini(counts) - 1e-9, None);
    for &feature in features {
        let mut ordered: Vec<&Sample> = samples.to_vec();
        ordered.sort_by(|a, b| a.features[feature].total_cmp(&b.features[feature]));
        let (mut low, mut high) = ([0; CLASSES], *counts);
        for (index, pair) in ordered.windows(2).enumerate() {
            low[pair[0].quality - LOWEST] += 1;
            high[pair[0].quality - LOWEST] -= 1;
            let [left, right] = [pair[0].features[feature], pair[1].features[feature]];
            let fits = index + 1 >= smallest && ordered.len() - index > smallest;
            if left < right && fits {
                let impurity = gini(&low) + gini(&high);
                if impurity < best.0 {
                    best = (impurity, Some((feature, libm::round((left + right) * 5e5) / 1e6)));
                }
            }
        }
    }
    best.1
}

/// The tree as a document of its own.
#[must_use]
pub fn to_pmml(tree: &Tree) -> String {
    document(Target::Category, &tree.to_element(false))
}
