//! Tree ensembles: reading and checking.

use std::collections::{HashMap, HashSet};

use scorewheel_model::ModelError;

use crate::data::Data;
use crate::error::{invalid, too_large, unsupported};
use crate::operators::NodeContext;
use crate::operators::context::length;
use crate::operators::ml::ensemble::{Aggregate, Ensemble, Test, TreeNode};

/// Most targets or classes.
const TARGETS: usize = 1 << 16;

/// A list of numbers that is an attribute of f32 or, since version 3, a tensor.
fn numbers(context: &NodeContext<'_>, name: &str) -> Result<Option<Vec<f64>>, ModelError> {
    if let Some(tensor) = context.attributes().tensor(&format!("{name}_as_tensor"))? {
        return tensor.data.to_f64().map(Some).ok_or_else(|| invalid(format!("{name} is of strings")));
    }
    let floats = context.attributes().floats(name)?;
    Ok(floats.filter(|f| !f.is_empty()).map(|f| f.iter().map(|value| f64::from(*value)).collect()))
}

fn required<'a>(context: &NodeContext<'a>, name: &str) -> Result<&'a [i64], ModelError> {
    let found = context.node.attributes.integers(name)?;
    found.ok_or_else(|| invalid(format!("a tree ensemble without {name}")))
}

fn same_length(name: &str, found: usize, expected: usize) -> Result<(), ModelError> {
    if found == expected {
        return Ok(());
    }
    Err(invalid(format!("{name} has {found} entries instead of {expected}")))
}

fn aggregate(name: Option<&str>) -> Result<Aggregate, ModelError> {
    Ok(match name.unwrap_or("SUM") {
        "SUM" => Aggregate::Sum,
        "AVERAGE" => Aggregate::Average,
        "MIN" => Aggregate::Minimum,
        "MAX" => Aggregate::Maximum,
        other => return Err(unsupported(format!("aggregate_function {other:?}"))),
    })
}

/// Reads the attributes of `TreeEnsembleRegressor` and `TreeEnsembleClassifier`; `kind` starts the names of those
/// about leaves.
pub(crate) fn read_ensemble(
    context: &NodeContext<'_>,
    kind: &str,
    targets: i64,
) -> Result<Ensemble, ModelError> {
    let attributes = &context.node.attributes;
    let trees = required(context, "nodes_treeids")?;
    let ids = required(context, "nodes_nodeids")?;
    let features = required(context, "nodes_featureids")?;
    let if_true = required(context, "nodes_truenodeids")?;
    let if_false = required(context, "nodes_falsenodeids")?;
    let modes = attributes.texts("nodes_modes")?.unwrap_or_default();
    let count = trees.len();
    let values = numbers(context, "nodes_values")?.unwrap_or_default();
    let missing = attributes.integers("nodes_missing_value_tracks_true")?.unwrap_or_default();
    for (name, found) in [
        ("nodes_nodeids", ids.len()),
        ("nodes_featureids", features.len()),
        ("nodes_truenodeids", if_true.len()),
        ("nodes_falsenodeids", if_false.len()),
        ("nodes_modes", modes.len()),
        ("nodes_values", values.len()),
    ] {
        same_length(name, found, count)?;
    }
    if !missing.is_empty() {
        same_length("nodes_missing_value_tracks_true", missing.len(), count)?;
    }
    if count > i32::MAX as usize {
        return Err(too_large("a tree ensemble of more than 2^31 nodes"));
    }
    let mut places: HashMap<(i64, i64), usize> = HashMap::with_capacity(count);
    for index in 0..count {
        if places.insert((trees[index], ids[index]), index).is_some() {
            return Err(invalid(format!("tree {} has two nodes {}", trees[index], ids[index])));
        }
    }

    let of_leaves = |name: &str| format!("{kind}_{name}");
    let leaf_trees = required(context, &of_leaves("treeids"))?;
    let leaf_nodes = required(context, &of_leaves("nodeids"))?;
    let leaf_targets = required(context, &of_leaves("ids"))?;
    let leaf_weights = numbers(context, &of_leaves("weights"))?.unwrap_or_default();
    same_length("leaf node ids", leaf_nodes.len(), leaf_trees.len())?;
    same_length("leaf targets", leaf_targets.len(), leaf_trees.len())?;
    same_length("leaf weights", leaf_weights.len(), leaf_trees.len())?;
    let mut weights_of: Vec<Vec<(u32, f64)>> = vec![Vec::new(); count];
    let targets = target_count(targets)?;
    for index in 0..leaf_trees.len() {
        let place = places.get(&(leaf_trees[index], leaf_nodes[index])).ok_or_else(|| {
            invalid(format!(
                "weights of node {} of tree {}, which is not there",
                leaf_nodes[index], leaf_trees[index]
            ))
        })?;
        weights_of[*place].push((target(leaf_targets[index], targets)?, leaf_weights[index]));
    }

    let mut builder = Builder::new(targets);
    // Branches first, so that references to them are known.
    let is_leaf: Vec<bool> = modes.iter().map(|mode| &**mode == "LEAF").collect();
    let mut references = vec![0i32; count];
    let mut branches = 0;
    for index in 0..count {
        if is_leaf[index] {
            references[index] = builder.leaf(&weights_of[index]);
        } else {
            references[index] = branches;
            branches += 1;
        }
    }
    let mut has_parent = vec![false; count];
    for index in (0..count).filter(|index| !is_leaf[*index]) {
        let mut child = |id: i64| -> Result<i32, ModelError> {
            let place = places.get(&(trees[index], id)).ok_or_else(|| {
                invalid(format!(
                    "node {} of tree {} leads to node {id}, which is not there",
                    ids[index], trees[index]
                ))
            })?;
            if std::mem::replace(&mut has_parent[*place], true) {
                return Err(invalid(format!("tree {} comes to node {id} on two ways", trees[index])));
            }
            Ok(references[*place])
        };
        let if_true = child(if_true[index])?;
        let if_false = child(if_false[index])?;
        let test = match &*modes[index] {
            "BRANCH_LEQ" => Test::LessOrEqual,
            "BRANCH_LT" => Test::Less,
            "BRANCH_GTE" => Test::GreaterOrEqual,
            "BRANCH_GT" => Test::Greater,
            "BRANCH_EQ" => Test::Equal,
            "BRANCH_NEQ" => Test::NotEqual,
            other => return Err(unsupported(format!("nodes_modes {other:?}"))),
        };
        builder.branch(TreeNode {
            test,
            feature: feature(features[index])?,
            threshold: threshold(values[index])?,
            if_true,
            if_false,
            missing_is_true: missing.get(index).is_some_and(|flag| *flag != 0),
            set: 0,
        });
    }
    // With one way to every node, a tree without a root is a cycle; what is left unreached is a cycle beside a tree.
    let mut seen_trees: HashMap<i64, usize> = HashMap::new();
    for index in 0..count {
        if !has_parent[index] && seen_trees.insert(trees[index], index).is_some() {
            return Err(invalid(format!("tree {} has two roots", trees[index])));
        }
    }
    let mut ordered: HashSet<i64> = HashSet::new();
    for tree in trees.iter().filter(|tree| ordered.insert(**tree)) {
        let root = seen_trees.get(tree).ok_or_else(|| invalid(format!("tree {tree} is a cycle")))?;
        builder.ensemble.roots.push(references[*root]);
    }
    builder.ensemble.base_values = numbers(context, "base_values")?.unwrap_or_default();
    builder.ensemble.aggregate = aggregate(attributes.text("aggregate_function")?.map(|text| &**text))?;
    builder.finish(count, true)
}

/// Reads the attributes of `TreeEnsemble`.
pub(crate) fn read_tree_ensemble(context: &NodeContext<'_>) -> Result<Ensemble, ModelError> {
    let attributes = &context.node.attributes;
    let tensor = |name: &str| -> Result<Option<Vec<f64>>, ModelError> {
        let found = attributes.tensor(name)?;
        Ok(found.and_then(|tensor| tensor.data.to_f64()))
    };
    let roots = required(context, "tree_roots")?;
    let features = required(context, "nodes_featureids")?;
    let if_true = required(context, "nodes_truenodeids")?;
    let if_false = required(context, "nodes_falsenodeids")?;
    let true_leafs = required(context, "nodes_trueleafs")?;
    let false_leafs = required(context, "nodes_falseleafs")?;
    let missing = attributes.integers("nodes_missing_value_tracks_true")?.unwrap_or_default();
    let splits = tensor("nodes_splits")?.unwrap_or_default();
    let modes = match attributes.tensor("nodes_modes")?.map(|tensor| &tensor.data) {
        Some(Data::I64(modes)) => modes.clone(),
        _ => return Err(invalid("a tree ensemble without nodes_modes")),
    };
    let leaf_targets = required(context, "leaf_targetids")?;
    let leaf_weights = tensor("leaf_weights")?.unwrap_or_default();
    let members = tensor("membership_values")?.unwrap_or_default();
    let count = features.len();
    for (name, found) in [
        ("nodes_truenodeids", if_true.len()),
        ("nodes_falsenodeids", if_false.len()),
        ("nodes_trueleafs", true_leafs.len()),
        ("nodes_falseleafs", false_leafs.len()),
        ("nodes_splits", splits.len()),
        ("nodes_modes", modes.len()),
    ] {
        same_length(name, found, count)?;
    }
    if !missing.is_empty() {
        same_length("nodes_missing_value_tracks_true", missing.len(), count)?;
    }
    same_length("leaf_weights", leaf_weights.len(), leaf_targets.len())?;
    let targets = target_count(attributes.integer_or("n_targets", 1)?)?;
    let mut builder = Builder::new(targets);
    for (id, weight) in leaf_targets.iter().zip(&leaf_weights) {
        builder.leaf(&[(target(*id, targets)?, *weight)]);
    }
    let reference = |id: i64, is_leaf: i64| -> Result<i32, ModelError> {
        let limit = if is_leaf != 0 { leaf_targets.len() } else { count };
        let id = usize::try_from(id)
            .ok()
            .filter(|id| *id < limit && *id < i32::MAX as usize)
            .ok_or_else(|| invalid(format!("a tree leads to node or leaf {id}, which is not there")))?;
        Ok(if is_leaf != 0 { -1 - id as i32 } else { id as i32 })
    };
    let mut sets = members.split(|value| value.is_nan());
    for index in 0..count {
        let test = match modes[index] {
            0 => Test::LessOrEqual,
            1 => Test::Less,
            2 => Test::GreaterOrEqual,
            3 => Test::Greater,
            4 => Test::Equal,
            5 => Test::NotEqual,
            6 => Test::Member,
            other => return Err(unsupported(format!("nodes_modes {other}"))),
        };
        let mut set = 0;
        if test == Test::Member {
            let values = sets.next().ok_or_else(|| invalid("a node without its membership_values"))?;
            set = builder.ensemble.sets.len() as u32;
            builder.ensemble.sets.push(values.to_vec());
        }
        builder.branch(TreeNode {
            test,
            feature: feature(features[index])?,
            threshold: if test == Test::Member { 0.0 } else { threshold(splits[index])? },
            if_true: reference(if_true[index], true_leafs[index])?,
            if_false: reference(if_false[index], false_leafs[index])?,
            missing_is_true: missing.get(index).is_some_and(|flag| *flag != 0),
            set,
        });
    }
    for root in roots {
        // A tree that is one leaf has a root whose two ways lead there.
        builder.ensemble.roots.push(reference(*root, 0)?);
    }
    let function = attributes.integer_or("aggregate_function", 1)?;
    builder.ensemble.aggregate = match function {
        0 => Aggregate::Average,
        1 => Aggregate::Sum,
        2 => Aggregate::Minimum,
        3 => Aggregate::Maximum,
        other => return Err(unsupported(format!("aggregate_function {other}"))),
    };
    builder.finish(count + leaf_targets.len(), false)
}

fn target_count(targets: i64) -> Result<usize, ModelError> {
    let targets = length(targets, "the number of targets")?;
    if targets == 0 || targets > TARGETS {
        return Err(invalid(format!("a tree ensemble with {targets} targets")));
    }
    Ok(targets)
}

fn target(id: i64, targets: usize) -> Result<u32, ModelError> {
    let target = u32::try_from(id).ok().filter(|target| (*target as usize) < targets);
    target.ok_or_else(|| invalid(format!("a leaf of target {id}; there are {targets}")))
}

fn feature(id: i64) -> Result<u32, ModelError> {
    u32::try_from(id).map_err(|_| invalid(format!("a test of feature {id}")))
}

fn threshold(value: f64) -> Result<f64, ModelError> {
    if value.is_nan() { Err(invalid("a threshold that is no number")) } else { Ok(value) }
}

struct Builder {
    ensemble: Ensemble,
}

impl Builder {
    fn new(targets: usize) -> Self {
        Self {
            ensemble: Ensemble {
                nodes: Vec::new(),
                roots: Vec::new(),
                leaves: vec![0],
                weights: Vec::new(),
                sets: Vec::new(),
                base_values: Vec::new(),
                targets,
                aggregate: Aggregate::Sum,
                features: 0,
            },
        }
    }

    fn leaf(&mut self, weights: &[(u32, f64)]) -> i32 {
        self.ensemble.weights.extend_from_slice(weights);
        self.ensemble.leaves.push(self.ensemble.weights.len() as u32);
        -(self.ensemble.leaves.len() as i32 - 1)
    }

    fn branch(&mut self, node: TreeNode) {
        self.ensemble.features = self.ensemble.features.max(node.feature as usize + 1);
        self.ensemble.nodes.push(node);
    }

    /// Checks that every way from a root ends in a leaf: no walk takes more steps than there are nodes. `whole`: every
    /// branch must lie on such a way.
    fn finish(self, nodes: usize, whole: bool) -> Result<Ensemble, ModelError> {
        let ensemble = self.ensemble;
        let mut visited = vec![false; ensemble.nodes.len()];
        let mut waiting: Vec<i32> = ensemble.roots.clone();
        let mut steps = 0usize;
        while let Some(at) = waiting.pop() {
            if at < 0 {
                continue;
            }
            steps += 1;
            if std::mem::replace(&mut visited[at as usize], true) || steps > nodes {
                return Err(invalid("a tree comes to one node on two ways, or has a cycle"));
            }
            let node = &ensemble.nodes[at as usize];
            waiting.push(node.if_true);
            waiting.push(node.if_false);
        }
        if whole && visited.contains(&false) {
            return Err(invalid("a tree has a cycle that its root does not lead to"));
        }
        let bases = ensemble.base_values.len();
        if bases > ensemble.targets {
            return Err(invalid(format!("{bases} base_values for {} targets", ensemble.targets)));
        }
        Ok(ensemble)
    }
}

impl Ensemble {
    /// Refuses rows with fewer columns than the trees look at.
    pub fn fits(&self, columns: usize) -> Result<(), ModelError> {
        if self.features <= columns {
            return Ok(());
        }
        let last = self.features - 1;
        Err(invalid(format!("the trees look at feature {last}; a row has {columns}")))
    }
}
