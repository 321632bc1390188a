//! The learner of a file: features, booster, constants and objective.

use scorewheel_model::{Mapping, ModelError};
use scorewheel_trees::Combine;

use crate::boosting::categories::{Categories, Unknown};
use crate::boosting::engine::Scorer;
use crate::boosting::{Boosted, BoostedFeature, MAX_WIDTH, refused};
use crate::element::ElementType;
use crate::error::{invalid, too_large, unsupported};
use crate::xgboost::document::Document;
use crate::xgboost::objective::objective;
use crate::xgboost::trees::{Forest, read_forest};

/// Reads a file. What `mapping` codes needs no names of categories.
///
/// # Errors
/// What is missing, contradicts itself or is unknown.
pub(crate) fn read_learner(document: &Document, mapping: &Mapping) -> Result<Boosted, ModelError> {
    let learner = document.need("learner")?;
    let parameters = learner.need("learner_model_param")?;
    let version = document.numbers("version")?;
    let width = parameters.count("num_feature", 0)?;
    let classes = parameters.count("num_class", 0)?;
    let targets = parameters.count("num_target", 1)?;
    let outputs = classes.max(targets).max(1);
    if width > MAX_WIDTH || outputs > MAX_WIDTH {
        return Err(too_large(format!("{width} features, {outputs} outputs; at most {MAX_WIDTH} of each")));
    }
    let name = learner.need("objective")?.need("name")?.text().unwrap_or_default();
    let objective = objective(name).map_err(|error| error.at("learner.objective"))?;
    let base = constants(parameters, outputs)?
        .into_iter()
        .map(|constant| objective.sum_of(constant))
        .collect::<Result<Vec<f32>, _>>()
        .map_err(|error| error.at("learner.learner_model_param"))?;

    let booster = learner.need("gradient_booster")?;
    let kind = booster.need("name")?.text().unwrap_or_default().to_owned();
    let best = best_iteration(learner)?;
    let mut details = vec![("objective".to_owned(), name.to_owned())];
    let mut lists = vec![None; width];
    let scorer = match &*kind {
        "gbtree" | "dart" => {
            let (trees, weights) = match &*kind {
                "dart" => (booster.need("gbtree")?, Some(booster.numbers("weight_drop")?)),
                _ => (booster, None),
            };
            let model = trees.need("model")?;
            let types = learner.get("feature_types").map_or(&[][..], Document::list);
            let described = Forest { model, width, outputs, types, weights, base: &base, best };
            let ensemble = read_forest(&described).map_err(|error| error.at("learner.gradient_booster"))?;
            details.push(("trees".to_owned(), ensemble.trees.len().to_string()));
            debug_assert!(matches!(ensemble.combine, Combine::Sum(_)));
            if let Some(cats) = model.get("cats") {
                lists = categories(cats, width, &version)
                    .map_err(|error| error.at("learner.gradient_booster.model.cats"))?;
            }
            Scorer::Forest(ensemble.compile().map_err(|error| refused(&error))?)
        }
        "gblinear" => {
            let weights = booster.need("model")?.numbers("weights")?;
            if weights.len() != (width + 1) * outputs {
                let expected = (width + 1) * outputs;
                return Err(invalid(format!("{} weights, not {expected}", weights.len()))
                    .at("learner.gradient_booster.model"));
            }
            let weights = weights.iter().map(|weight| *weight as f32).collect();
            // This booster takes the first constant for every output.
            let base = vec![base[0]; outputs];
            Scorer::Linear { base, weights }
        }
        _ => return Err(unsupported(format!("the booster {kind:?}")).at("learner.gradient_booster")),
    };
    let features = names(learner, width)?
        .into_iter()
        .zip(lists)
        .map(|(name, list)| {
            let categories = match list {
                None => None,
                Some(List::Texts(texts)) => Some(Categories::of_texts(texts, Unknown::Error)),
                Some(List::Numbers(numbers)) => Some(Categories::of_numbers(numbers, Unknown::Error)),
                Some(List::Damaged) if codes(mapping, &name) => None,
                Some(List::Damaged) => {
                    return Err(invalid(format!(
                        "feature {name:?}: XGBoost before 3.4 writes names of categories that are not ASCII damaged, cut \
                         by characters instead of bytes and without their end; train the model with a newer version or \
                         with names in ASCII, or list the categories in the order of their codes under [codes] of the \
                         side file"
                    ))
                    .at("learner.gradient_booster.model.cats"));
                }
            };
            Ok(BoostedFeature { name, categories })
        })
        .collect::<Result<Vec<_>, ModelError>>()?;
    let version: Vec<String> = version.iter().map(ToString::to_string).collect();
    Ok(Boosted {
        format: format!("XGBoost {}", version.join(".")).trim_end().to_owned(),
        kind,
        details,
        features,
        scorer,
        outputs,
        link: objective.link,
        element: ElementType::F32,
    })
}

/// `base_score`: a number, or since version 3 a list of them, written as a string; one an output.
fn constants(parameters: &Document, outputs: usize) -> Result<Vec<f64>, ModelError> {
    let wrong = || invalid("base_score is neither a number nor one an output");
    let constants: Vec<f64> = match parameters.get("base_score") {
        None => vec![0.5],
        Some(Document::Numbers(numbers)) => numbers.clone(),
        Some(Document::Text(text)) => {
            let inner = text.trim().trim_start_matches('[').trim_end_matches(']');
            inner.split(',').map(|part| part.trim().parse().map_err(|_| wrong())).collect::<Result<_, _>>()?
        }
        Some(other) => vec![other.number().ok_or_else(wrong)?],
    };
    match constants.len() {
        1 => Ok(vec![constants[0]; outputs]),
        length if length == outputs => Ok(constants),
        _ => Err(wrong()),
    }
}

/// The last iteration that predictions use, if early stopping left one.
fn best_iteration(learner: &Document) -> Result<Option<usize>, ModelError> {
    match learner.get("attributes") {
        Some(attributes) if attributes.get("best_iteration").is_some() => {
            Ok(Some(attributes.count("best_iteration", 0)?))
        }
        _ => Ok(None),
    }
}

/// The features' names; `f0`, `f1` and so on where the file has none.
fn names(learner: &Document, width: usize) -> Result<Vec<Box<str>>, ModelError> {
    let names = learner.get("feature_names").map_or(&[][..], Document::list);
    if names.is_empty() {
        return Ok((0..width).map(|index| format!("f{index}").into()).collect());
    }
    if names.len() != width {
        return Err(invalid(format!("{} feature names for {width} features", names.len())));
    }
    names
        .iter()
        .map(|name| name.text().map(Into::into).ok_or_else(|| invalid("a feature's name is no string")))
        .collect()
}

/// The categories of a feature in the order of their codes.
#[derive(Clone, Debug)]
enum List {
    Texts(Vec<Box<str>>),
    Numbers(Vec<f64>),
    /// Strings that the library may have cut at the wrong places.
    Damaged,
}

/// The first version that counts the bytes of a category's name. Earlier ones count its characters where a data frame
/// of pandas gave it, and bytes where Arrow did: nothing in the file tells which.
const COUNTS_BYTES: [f64; 2] = [3.0, 4.0];

/// True if the mapping codes the field that feeds this feature.
fn codes(mapping: &Mapping, feature: &str) -> bool {
    match mapping.fields_of(feature) {
        Some(fields) => fields.iter().any(|field| mapping.codes_of(field).is_some()),
        None => mapping.codes_of(feature).is_some(),
    }
}

/// The block `cats`: the categories of each feature; none where it is not categorical.
fn categories(cats: &Document, width: usize, version: &[f64]) -> Result<Vec<Option<List>>, ModelError> {
    let mut lists = vec![None; width];
    for (feature, encoded) in cats.get("enc").map_or(&[][..], Document::list).iter().enumerate() {
        let values = encoded.numbers("values")?;
        if values.is_empty() {
            continue;
        }
        let list = lists.get_mut(feature).ok_or_else(|| invalid("more lists than features"))?;
        *list = Some(match encoded.get("offsets") {
            None => List::Numbers(values),
            Some(_)
                if version < &COUNTS_BYTES[..] && values.iter().any(|byte| !(0.0..128.0).contains(byte)) =>
            {
                List::Damaged
            }
            Some(_) => {
                let offsets = encoded.integers("offsets")?;
                let bytes: Vec<u8> = values.iter().map(|byte| *byte as i64 as u8).collect();
                let text = |pair: &[i64]| {
                    let range = usize::try_from(pair[0]).ok()?..usize::try_from(pair[1]).ok()?;
                    Some(std::str::from_utf8(bytes.get(range)?).ok()?.into())
                };
                let texts: Option<Vec<Box<str>>> = offsets.windows(2).map(text).collect();
                List::Texts(texts.ok_or_else(|| invalid("offsets do not cut the values into strings"))?)
            }
        });
    }
    Ok(lists)
}
