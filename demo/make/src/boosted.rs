//! Gradient-boosted regression trees in the file format of XGBoost.

use std::fmt::Write;

use crate::pmml::join;
use crate::records::{FEATURES, Sample};

const TREES: usize = 40;
const DEPTH: usize = 3;
const RATE: f64 = 0.15;
const SMALLEST: usize = 20;

/// A node of a tree, in the flat arrays of the file.
#[derive(Clone, Copy, Debug)]
struct Node {
    feature: usize,
    /// The threshold (rows below go left), or a leaf's value.
    condition: f32,
    /// Left child; the right one follows it. `None` in a leaf.
    left: Option<usize>,
    parent: Option<usize>,
    samples: usize,
}

/// Trees whose leaves add up to the quality.
#[derive(Clone, Debug)]
pub struct Boosted {
    base: f32,
    trees: Vec<Vec<Node>>,
}

impl Boosted {
    /// Boosts on the squared error.
    #[must_use]
    pub fn train(samples: &[Sample]) -> Self {
        let base = (samples.iter().map(|s| s.quality as f64).sum::<f64>() / samples.len() as f64) as f32;
        let mut residuals: Vec<f64> = samples.iter().map(|s| s.quality as f64 - f64::from(base)).collect();
        let trees = (0..TREES)
            .map(|_| {
                let mut nodes = Vec::new();
                grow(&mut nodes, samples, &residuals, (0..samples.len()).collect());
                for (sample, residual) in samples.iter().zip(&mut residuals) {
                    *residual -= f64::from(leaf(&nodes, sample));
                }
                nodes
            })
            .collect();
        Self { base, trees }
    }

    /// The model as JSON, as the library writes it from version 2 on.
    #[must_use]
    pub fn to_xgboost_json(&self) -> String {
        let mut trees = String::new();
        for (index, nodes) in self.trees.iter().enumerate() {
            let list = |value: &dyn Fn(&Node) -> String| join(nodes.iter().map(value), ",");
            let zeros = join(nodes.iter().map(|_| 0), ",");
            // The library tells integers and floating point numbers apart by the decimal point.
            let no_gain = join(nodes.iter().map(|_| "0.0"), ",");
            let _ = write!(
                trees,
                "{}\n{{\"base_weights\":[{}],\"categories\":[],\"categories_nodes\":[],\"categories_segments\":[],\
                 \"categories_sizes\":[],\"default_left\":[{zeros}],\"id\":{index},\"left_children\":[{}],\
                 \"loss_changes\":[{no_gain}],\"parents\":[{}],\"right_children\":[{}],\"split_conditions\":[{}],\
                 \"split_indices\":[{}],\"split_type\":[{zeros}],\"sum_hessian\":[{}],\"tree_param\":\
                 {{\"num_deleted\":\"0\",\"num_feature\":\"{}\",\"num_nodes\":\"{}\",\"size_leaf_vector\":\"1\"}}}}",
                if index == 0 { "" } else { "," },
                list(&|node| if node.left.is_none() {
                    format!("{:?}", node.condition)
                } else {
                    "0.0".into()
                }),
                list(&|node| node.left.map_or("-1".into(), |left| left.to_string())),
                list(&|node| node.parent.map_or("2147483647".into(), |parent| parent.to_string())),
                list(&|node| node.left.map_or("-1".into(), |left| (left + 1).to_string())),
                list(&|node| format!("{:?}", node.condition)),
                list(&|node| node.feature.to_string()),
                list(&|node| format!("{:?}", node.samples as f64)),
                FEATURES.len(),
                nodes.len(),
            );
        }
        let names = join(FEATURES.iter().map(|name| format!("\"{name}\"")), ",");
        let types = join(FEATURES.iter().map(|_| "\"float\""), ",");
        format!(
            "{{\"learner\":{{\"attributes\":{{}},\"feature_names\":[{names}],\"feature_types\":[{types}],\
             \"gradient_booster\":{{\"model\":{{\"gbtree_model_param\":{{\"num_parallel_tree\":\"1\",\
             \"num_trees\":\"{TREES}\"}},\"iteration_indptr\":[{}],\"tree_info\":[{}],\"trees\":[{trees}]}},\
             \"name\":\"gbtree\"}},\"learner_model_param\":{{\"base_score\":\"{}\",\"boost_from_average\":\"1\",\
             \"num_class\":\"0\",\"num_feature\":\"{}\",\"num_target\":\"1\"}},\"objective\":{{\"name\":\
             \"reg:squarederror\",\"reg_loss_param\":{{\"scale_pos_weight\":\"1\"}}}}}},\"version\":[2,1,0]}}\n",
            join(0..=TREES, ","),
            join((0..TREES).map(|_| 0), ","),
            self.base,
            FEATURES.len(),
        )
    }
}

fn leaf(nodes: &[Node], sample: &Sample) -> f32 {
    let mut at = 0;
    while let Some(left) = nodes[at].left {
        let below = (sample.features[nodes[at].feature] as f32) < nodes[at].condition;
        at = if below { left } else { left + 1 };
    }
    nodes[at].condition
}

/// Grows a tree breadth first, so that siblings are neighbours.
fn grow(nodes: &mut Vec<Node>, samples: &[Sample], residuals: &[f64], rows: Vec<usize>) {
    let root = Node { feature: 0, condition: 0.0, left: None, parent: None, samples: rows.len() };
    nodes.push(root);
    let mut queue = std::collections::VecDeque::from([(0, rows, DEPTH)]);
    while let Some((at, rows, depth)) = queue.pop_front() {
        let sum: f64 = rows.iter().map(|row| residuals[*row]).sum();
        match if depth == 0 { None } else { best_split(samples, residuals, &rows, sum) } {
            Some((feature, condition)) => {
                let (low, high): (Vec<usize>, Vec<usize>) =
                    rows.iter().partition(|row| (samples[**row].features[feature] as f32) < condition);
                let left = nodes.len();
                nodes[at] = Node { feature, condition, left: Some(left), ..nodes[at] };
                for (offset, part) in [low, high].into_iter().enumerate() {
                    let child = Node { parent: Some(at), samples: part.len(), ..root };
                    nodes.push(child);
                    queue.push_back((left + offset, part, depth - 1));
                }
            }
            None => nodes[at].condition = (RATE * sum / (rows.len() as f64 + 1.0)) as f32,
        }
    }
}

/// The split that lowers the squared error most.
fn best_split(samples: &[Sample], residuals: &[f64], rows: &[usize], sum: f64) -> Option<(usize, f32)> {
    let gain = |sum: f64, count: usize| sum * sum / (count as f64 + 1.0);
    let mut best = (gain(sum, rows.len()) + 1e-6, None);
    for feature in 0..FEATURES.len() {
        let mut ordered = rows.to_vec();
        ordered.sort_by(|a, b| samples[*a].features[feature].total_cmp(&samples[*b].features[feature]));
        let mut low = 0.0;
        for (index, pair) in ordered.windows(2).enumerate() {
            low += residuals[pair[0]];
            let (left, right) = (index + 1, ordered.len() - index - 1);
            let values = pair.iter().map(|row| samples[*row].features[feature] as f32).collect::<Vec<_>>();
            if values[0] < values[1] && left.min(right) >= SMALLEST {
                let total = gain(low, left) + gain(sum - low, right);
                if total > best.0 {
                    best = (total, Some((feature, values[1])));
                }
            }
        }
    }
    best.1
}
