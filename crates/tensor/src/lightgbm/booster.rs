//! A whole file: features, categories, trees and objective.

use scorewheel_model::{Limits, ModelError};
use scorewheel_trees::{CodeRule, Combine, Ensemble, Feature, Leaves, Node, Number, Split, Sum, Test, Tree};

use crate::boosting::categories::{Categories, Unknown};
use crate::boosting::engine::{LinearForest, Scorer};
use crate::boosting::{Boosted, BoostedFeature, MAX_WIDTH, refused};
use crate::element::ElementType;
use crate::error::{invalid, malformed, too_large};
use crate::lightgbm::objective::link;
use crate::lightgbm::text::{Sections, read_sections};
use crate::lightgbm::trees::{Tables, read_tree};
use crate::xgboost::document::Document;
use crate::xgboost::json::read_json;

/// Reads a file.
///
/// # Errors
/// What is missing, contradicts itself or is unknown.
pub(crate) fn read_booster(text: &str, limits: &Limits) -> Result<Boosted, ModelError> {
    let sections = read_sections(text)?;
    let header = &sections.header;
    let width = header.one::<usize>("max_feature_idx")?.saturating_add(1);
    let outputs: usize = match header.get("num_tree_per_iteration") {
        Some(_) => header.one("num_tree_per_iteration")?,
        None => header.one("num_class")?,
    };
    if width > MAX_WIDTH || outputs > MAX_WIDTH {
        return Err(too_large(format!("{width} features, {outputs} outputs; at most {MAX_WIDTH} of each")));
    }
    let trees = sections.trees.len();
    if outputs == 0 || trees % outputs != 0 {
        return Err(invalid(format!("{trees} trees for {outputs} outputs")));
    }
    let names: Vec<Box<str>> = match header.many::<String>("feature_names")? {
        names if names.len() == width => names.into_iter().map(Into::into).collect(),
        names => return Err(invalid(format!("{} feature names for {width} features", names.len()))),
    };
    let link = link(header.get("objective").unwrap_or_default()).map_err(|error| error.at("objective"))?;
    let mut tables = Tables::default();
    let mut list = Vec::with_capacity(trees);
    let mut nodes_left = limits.nodes;
    for (index, section) in sections.trees.iter().enumerate() {
        let nodes = read_tree(section, &mut tables).map_err(|error| error.at(format!("tree {index}")))?;
        nodes_left = nodes_left
            .checked_sub(nodes.len())
            .ok_or_else(|| too_large(format!("more than {} nodes", limits.nodes)))?;
        list.push(Tree { output: (index % outputs) as u32, ..Tree::new(nodes) });
    }
    let lists = categories(&sections, width, limits)?;
    let average = header.get("average_output").is_some() && trees > 0;
    let kind = if tables.is_linear { "linear trees" } else { "trees" };
    let version = header.get("version").unwrap_or_default();
    let details = vec![
        ("objective".to_owned(), header.get("objective").unwrap_or("custom").to_owned()),
        ("trees".to_owned(), trees.to_string()),
    ];
    let scorer = scorer(list, tables, width, outputs, average)?;
    let features =
        names.into_iter().zip(lists).map(|(name, categories)| BoostedFeature { name, categories }).collect();
    Ok(Boosted {
        format: format!("LightGBM {version}"),
        kind: kind.to_owned(),
        details,
        features,
        scorer,
        outputs,
        link,
        element: ElementType::F64,
    })
}

fn scorer(
    trees: Vec<Tree>,
    tables: Tables,
    width: usize,
    outputs: usize,
    average: bool,
) -> Result<Scorer, ModelError> {
    let mut features = vec![Feature::Number(Number::F64); width];
    for node in trees.iter().flat_map(|tree| &tree.nodes) {
        if let Node::Split(Split { feature, test: Test::InSet(_), .. }) = node
            && let Some(kind) = features.get_mut(*feature as usize)
        {
            *kind = Feature::Category(CodeRule::Truncated);
        }
    }
    let iterations = if average { trees.len() / outputs } else { 1 };
    let Tables { values, sets, linear, is_linear } = tables;
    if !is_linear {
        let leaves = Leaves::Numbers { width: 1, values };
        let sum = Sum::default();
        let combine = if average { Combine::Average(sum) } else { Combine::Sum(sum) };
        let ensemble = Ensemble { features, sets, trees, leaves, outputs, combine };
        return Ok(Scorer::Forest(ensemble.compile().map_err(|error| refused(&error))?));
    }
    let term = linear.iter().flat_map(|leaf| &leaf.terms).find(|(feature, _)| *feature as usize >= width);
    if let Some((feature, _)) = term {
        return Err(invalid(format!("a leaf names feature {feature}, there are {width}")));
    }
    let tree_outputs = trees.iter().map(|tree| tree.output).collect();
    let leaves = Leaves::Numbered(values.len() as u32);
    let ensemble = Ensemble { features, sets, trees, leaves, outputs, combine: Combine::None };
    let kernel = ensemble.compile().map_err(|error| refused(&error))?;
    Ok(Scorer::LinearForest(LinearForest {
        kernel,
        outputs: tree_outputs,
        leaves: linear,
        divisor: iterations as f64,
    }))
}

/// The categories of each feature, as the line `pandas_categorical` lists them for the categorical features in order.
fn categories(
    sections: &Sections<'_>,
    width: usize,
    limits: &Limits,
) -> Result<Vec<Option<Categories>>, ModelError> {
    let mut lists: Vec<Option<Categories>> = (0..width).map(|_| None).collect();
    if sections.is_cut && described(sections).next().is_some() {
        return Err(malformed(
            "the LightGBM file ends before its line \"pandas_categorical\", which lists the categories",
        ));
    }
    let Some(json) = sections.pandas_categorical.map(str::trim).filter(|json| *json != "null") else {
        return Ok(lists);
    };
    let document = read_json(json.as_bytes(), limits).map_err(|error| error.at("pandas_categorical"))?;
    let listed: Vec<Document> = match document {
        Document::List(listed) => listed,
        Document::Numbers(numbers) if numbers.is_empty() => return Ok(lists),
        _ => return Err(invalid("no list of lists").at("pandas_categorical")),
    };
    let owners = owners(sections, listed.len()).ok_or_else(|| {
        invalid(format!("lists for {} features, but the file does not say which", listed.len()))
            .at("pandas_categorical")
    })?;
    for (owner, list) in owners.into_iter().zip(&listed) {
        let place =
            lists.get_mut(owner).ok_or_else(|| invalid("a categorical feature that does not exist"))?;
        let texts: Option<Vec<&str>> = list.list().iter().map(Document::text).collect();
        *place = Some(match (list, texts) {
            (Document::Numbers(numbers), _) => {
                Categories::of_numbers(numbers.iter().copied(), Unknown::Missing)
            }
            (_, Some(texts)) => Categories::of_texts(texts, Unknown::Missing),
            (list, None) if list.list().iter().all(|item| matches!(item, Document::Bool(_))) => {
                let truths = list.list().iter().map(|item| *item == Document::Bool(true));
                Categories::of_truths(truths, Unknown::Missing)
            }
            _ => {
                let numbers: Option<Vec<f64>> = list.list().iter().map(Document::number).collect();
                let numbers = numbers.ok_or_else(|| invalid("mixed categories").at("pandas_categorical"))?;
                Categories::of_numbers(numbers, Unknown::Missing)
            }
        });
    }
    Ok(lists)
}

/// Which features have lists: those named in training, else those whose values are described by category.
fn owners(sections: &Sections<'_>, count: usize) -> Option<Vec<usize>> {
    let stated: Option<Vec<usize>> = sections
        .parameters
        .get("categorical_feature")
        .and_then(|text| text.split(',').map(|index| index.trim().parse().ok()).collect());
    if let Some(stated) = stated.filter(|stated| stated.len() == count) {
        return Some(stated);
    }
    let described: Vec<usize> = described(sections).collect();
    (described.len() == count).then_some(described)
}

/// The features whose values the file describes by category.
fn described<'a>(sections: &Sections<'a>) -> impl Iterator<Item = usize> + use<'a> {
    let infos = sections.header.get("feature_infos").unwrap_or_default().split_ascii_whitespace();
    infos.enumerate().filter(|(_, info)| !info.starts_with('[') && *info != "none").map(|(index, _)| index)
}
