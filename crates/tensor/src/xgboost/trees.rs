//! The trees of a file as an ensemble.

use scorewheel_model::ModelError;
use scorewheel_trees::{
    BasePlace, CategorySet, CodeRule, Combine, Ensemble, Feature, Leaves, Missing, Node, Number, Split, Sum,
    Test, Tree,
};

use crate::error::invalid;
use crate::xgboost::document::Document;

/// What the trees are read from.
#[derive(Debug)]
pub(crate) struct Forest<'a> {
    /// The booster's `model`.
    pub model: &'a Document,
    /// Number of features.
    pub width: usize,
    pub outputs: usize,
    /// `feature_types`, or none.
    pub types: &'a [Document],
    /// A factor a tree (dart).
    pub weights: Option<Vec<f64>>,
    /// What sums start from.
    pub base: &'a [f32],
    /// The last iteration that is used.
    pub best: Option<usize>,
}

/// Reads the trees up to the best iteration.
///
/// # Errors
/// Lists of different lengths, or categories and leaves that do not exist. Whatever else makes no tree is left to
/// [`Ensemble::compile`].
pub(crate) fn read_forest(forest: &Forest<'_>) -> Result<Ensemble, ModelError> {
    let described = forest.model.need("trees")?.list();
    let used = &described[..used(forest, described.len())?];
    let outputs = forest.model.integers("tree_info")?;
    if outputs.len() < used.len() || forest.weights.as_ref().is_some_and(|weights| weights.len() < used.len())
    {
        return Err(invalid("tree_info or weight_drop is shorter than the list of trees"));
    }
    let mut reader = TreeReader { width: None, values: Vec::new(), sets: Vec::new() };
    let mut trees = Vec::with_capacity(used.len());
    for (index, tree) in used.iter().enumerate() {
        let nodes = reader.nodes(tree).map_err(|error| error.at(format!("tree {index}")))?;
        let scalar = reader.width == Some(1);
        let output = if scalar { u32::try_from(outputs[index]).unwrap_or(u32::MAX) } else { 0 };
        let weight = forest.weights.as_ref().map_or(1.0, |weights| weights[index]);
        trees.push(Tree { weight, output, ..Tree::new(nodes) });
    }
    let sum = Sum {
        precision: Number::F32,
        base: forest.base.iter().copied().map(f64::from).collect(),
        base_place: BasePlace::First,
        ..Sum::default()
    };
    Ok(Ensemble {
        features: features(forest, &trees),
        sets: reader.sets,
        trees,
        leaves: Leaves::Numbers { width: reader.width.unwrap_or(1), values: reader.values },
        outputs: forest.outputs,
        combine: Combine::Sum(sum),
    })
}

/// Number of trees up to the best iteration.
fn used(forest: &Forest<'_>, trees: usize) -> Result<usize, ModelError> {
    let Some(best) = forest.best else { return Ok(trees) };
    let ends = forest.model.integers("iteration_indptr")?;
    let end = match ends.get(best + 1) {
        Some(end) => usize::try_from(*end).unwrap_or(usize::MAX),
        None if ends.is_empty() => {
            let parameters = forest.model.need("gbtree_model_param")?;
            let parallel = parameters.count("num_parallel_tree", 1)?.max(1);
            (best + 1).saturating_mul(parallel).saturating_mul(forest.outputs)
        }
        None => usize::MAX,
    };
    if end <= trees {
        Ok(end)
    } else {
        Err(invalid(format!("best_iteration is {best}, but there are only {trees} trees")))
    }
}

fn features(forest: &Forest<'_>, trees: &[Tree]) -> Vec<Feature> {
    let declared = |index: usize| forest.types.get(index).and_then(Document::text) == Some("c");
    let mut categorical: Vec<bool> = (0..forest.width).map(declared).collect();
    for node in trees.iter().flat_map(|tree| &tree.nodes) {
        if let Node::Split(Split { feature, test: Test::InSet(_), .. }) = node
            && let Some(flag) = categorical.get_mut(*feature as usize)
        {
            *flag = true;
        }
    }
    let feature = |categorical| match categorical {
        true => Feature::Category(CodeRule::NonNegative),
        false => Feature::Number(Number::F32),
    };
    categorical.into_iter().map(feature).collect()
}

struct TreeReader {
    /// Numbers a leaf, once a tree told it.
    width: Option<usize>,
    values: Vec<f64>,
    sets: Vec<CategorySet>,
}

impl TreeReader {
    fn nodes(&mut self, tree: &Document) -> Result<Vec<Node>, ModelError> {
        let left = tree.integers("left_children")?;
        let right = tree.integers("right_children")?;
        let features = tree.integers("split_indices")?;
        let conditions = tree.numbers("split_conditions")?;
        let defaults = tree.integers("default_left")?;
        let mut types = tree.integers("split_type")?;
        types.resize(left.len().max(types.len()), 0);
        let lengths = [right.len(), features.len(), conditions.len(), defaults.len(), types.len()];
        if lengths.iter().any(|length| *length != left.len()) {
            return Err(invalid("lists of nodes have different lengths"));
        }
        let width = tree.need("tree_param")?.count("size_leaf_vector", 1)?.max(1);
        if *self.width.get_or_insert(width) != width {
            return Err(invalid("leaves of different lengths"));
        }
        let vectors = if width > 1 { Some(Vectors::new(tree)?) } else { None };
        let mut sets = self.sets_of(tree, left.len())?;
        let mut nodes = Vec::with_capacity(left.len());
        for node in 0..left.len() {
            if left[node] == -1 {
                let leaf = (self.values.len() / width) as u32;
                match &vectors {
                    None => self.values.push(conditions[node]),
                    Some(vectors) => self.values.extend(vectors.of(node, right[node], width)?),
                }
                nodes.push(Node::Leaf(leaf));
                continue;
            }
            // A child that is no index at all becomes one that does not exist, which compiling refuses.
            let index = |value: i64| u32::try_from(value).unwrap_or(u32::MAX);
            let (left, right) = (index(left[node]), index(right[node]));
            // A category in the set goes right, all others go left.
            let (test, yes, no) = match types[node] {
                0 => (Test::Less(conditions[node]), left, right),
                _ => {
                    let set = sets[node].take().ok_or_else(|| {
                        invalid(format!("node {node} splits by category, but none are listed for it"))
                    })?;
                    self.sets.push(set);
                    (Test::InSet((self.sets.len() - 1) as u32), right, left)
                }
            };
            let missing = if (defaults[node] != 0) == (yes == left) { Missing::Yes } else { Missing::No };
            let split = Split::new(index(features[node]), test, yes, no).missing(missing);
            nodes.push(Node::Split(split));
        }
        Ok(nodes)
    }

    /// The categories listed for each node.
    fn sets_of(&self, tree: &Document, nodes: usize) -> Result<Vec<Option<CategorySet>>, ModelError> {
        let categories = tree.integers("categories")?;
        let owners = tree.integers("categories_nodes")?;
        let starts = tree.integers("categories_segments")?;
        let sizes = tree.integers("categories_sizes")?;
        if starts.len() != owners.len() || sizes.len() != owners.len() {
            return Err(invalid("lists of categories have different lengths"));
        }
        let mut sets = vec![None; nodes];
        for ((owner, start), size) in owners.iter().zip(&starts).zip(&sizes) {
            let range = usize::try_from(*start).ok().zip(usize::try_from(*size).ok());
            let listed = range.and_then(|(start, size)| categories.get(start..start.checked_add(size)?));
            let place = usize::try_from(*owner).ok().and_then(|owner| sets.get_mut(owner));
            let (Some(listed), Some(place)) = (listed, place) else {
                return Err(invalid("a list of categories does not exist, or is that of no node"));
            };
            // The library's own bound, which keeps a code exact in f32.
            let codes: Option<Vec<u32>> =
                listed.iter().map(|code| u32::try_from(*code).ok().filter(|code| *code < 1 << 24)).collect();
            *place = Some(CategorySet::of(codes.ok_or_else(|| invalid("a category out of range"))?));
        }
        Ok(sets)
    }
}

/// Leaves that are vectors: since version 3.1 by the leaf's number, which stands in place of its right child; before,
/// by node.
struct Vectors {
    by_leaf: bool,
    numbers: Vec<f64>,
}

impl Vectors {
    fn new(tree: &Document) -> Result<Self, ModelError> {
        let by_leaf = tree.get("leaf_weights").is_some();
        let numbers = tree.numbers(if by_leaf { "leaf_weights" } else { "base_weights" })?;
        Ok(Self { by_leaf, numbers })
    }

    fn of(&self, node: usize, leaf: i64, width: usize) -> Result<&[f64], ModelError> {
        let index = if self.by_leaf { usize::try_from(leaf).unwrap_or(usize::MAX) } else { node };
        let start = index.saturating_mul(width);
        let numbers = self.numbers.get(start..start.saturating_add(width));
        numbers.ok_or_else(|| invalid(format!("node {node} has no numbers")))
    }
}
