//! Inputs that are maps: a field of the record for each key that the model can look up.
//!
//! `DictVectorizer` states the keys that it knows, a sparse `CastMap` how many there are; of a dense one the mapping
//! must list them. A map then is a vector with an entry a key, in which a missing field leaves a gap.

use std::collections::HashSet;
use std::sync::Arc;

use scorewheel_model::{Mapping, ModelError};

use crate::error::{invalid, too_large, unsupported};
use crate::graph::{Attribute, Dimension, Domain, Graph, GraphFile, GraphInput, Name, Node};
use crate::operators::ml::maps::KEYS;
use crate::records::Missing;

/// Most keys of a map.
const MOST_KEYS: i64 = 1 << 16;

/// A map as an input of a graph.
#[derive(Clone, Debug)]
pub(crate) struct MapInput {
    /// Keys are strings, else whole numbers.
    pub text_keys: bool,
    /// The keys, and the names of the fields that feed them; empty before they are told.
    pub keys: Vec<(Name, Name)>,
    /// What a missing field is.
    pub missing: Missing,
}

/// The file with every map as a vector; `None` if there is none.
///
/// # Errors
/// A map that something else reads than what turns maps to tensors, or whose keys nothing tells.
pub(crate) fn resolve_maps(file: &GraphFile, mapping: &Mapping) -> Result<Option<GraphFile>, ModelError> {
    if file.graph.inputs.iter().all(|input| input.map.is_none()) {
        return Ok(None);
    }
    let mut file = file.clone();
    let Graph { inputs, nodes, .. } = &mut file.graph;
    for input in inputs.iter_mut().filter(|input| input.map.is_some()) {
        resolve(input, nodes, mapping).map_err(|error| error.at(input.name.as_ref()))?;
    }
    // A key is the name of its field, unless that could be taken for another one.
    let plain: Vec<Name> = inputs
        .iter()
        .flat_map(|input| match &input.map {
            Some(map) => map.keys.iter().map(|(_, field)| field.clone()).collect(),
            None => vec![input.name.clone()],
        })
        .collect();
    let mut seen = HashSet::new();
    if !plain.iter().all(|name| seen.insert(name)) {
        for input in inputs.iter_mut() {
            let name = input.name.clone();
            for (_, field) in input.map.iter_mut().flat_map(|map| &mut map.keys) {
                *field = format!("{name}.{field}").into();
            }
        }
    }
    Ok(Some(file))
}

fn resolve(input: &mut GraphInput, nodes: &mut [Node], mapping: &Mapping) -> Result<(), ModelError> {
    let Some(map) = &mut input.map else { return Ok(()) };
    let mut keys: Vec<Name> = Vec::new();
    let mut known: HashSet<Name> = HashSet::new();
    let mut add = |key: Name| {
        if known.insert(Arc::clone(&key)) {
            keys.push(key);
        }
    };
    let reads = |node: &Node| node.inputs.contains(&input.value);
    let mut dense = false;
    for node in nodes.iter().filter(|node| reads(node)) {
        match &*node.operator {
            "DictVectorizer" if node.domain == Domain::OnnxMl => {
                let texts = node.attributes.texts("string_vocabulary")?.unwrap_or_default();
                let integers = node.attributes.integers("int64_vocabulary")?.unwrap_or_default();
                if texts.is_empty() == map.text_keys && !(texts.is_empty() && integers.is_empty()) {
                    return Err(invalid("a vocabulary of other keys than the map's").at(node.describe()));
                }
                texts.iter().cloned().for_each(&mut add);
                integers.iter().for_each(|key| add(key.to_string().into()));
            }
            "CastMap" if node.domain == Domain::OnnxMl => {
                let most = node.attributes.integer_or("max_map", 1)?;
                match node.attributes.text("map_form")?.map_or("DENSE", |form| &**form) {
                    "SPARSE" if most > MOST_KEYS => {
                        return Err(too_large(format!("a map of {most} keys")).at(node.describe()));
                    }
                    "SPARSE" => (0..most).for_each(|key| add(key.to_string().into())),
                    _ => dense = true,
                }
                if node.attributes.text("cast_to")?.is_some_and(|to| &**to == "TO_STRING") {
                    // A gap reads otherwise than a zero.
                    map.missing = Missing::NotANumber;
                }
            }
            _ => return Err(unsupported("only CastMap and DictVectorizer read maps").at(node.describe())),
        }
    }
    if let Some(fields) = mapping.fields_of(&input.name) {
        if dense {
            keys = fields.iter().map(|field| (&**field).into()).collect();
        } else {
            let listed: HashSet<&str> = fields.iter().map(|field| &**field).collect();
            keys.retain(|key| listed.contains(&**key));
        }
    } else if dense {
        return Err(unsupported(
            "a map that becomes as long a tensor as it has entries; list its fields in the mapping",
        ));
    }
    if !map.text_keys {
        let whole: Option<Vec<i64>> = keys.iter().map(|key| key.parse().ok()).collect();
        let mut whole =
            whole.ok_or_else(|| invalid("a map whose keys are whole numbers; a field is named otherwise"))?;
        whole.sort_unstable();
        // `1` and `01` are one key.
        whole.dedup();
        keys = whole.into_iter().map(|key| key.to_string().into()).collect();
    }
    if keys.is_empty() || keys.len() as i64 > MOST_KEYS {
        return Err(invalid(format!("a map of {} keys", keys.len())));
    }
    if dense {
        map.missing = Missing::Error;
    }
    input.shape = Some(vec![Dimension::Open(None), Dimension::Fixed(keys.len())]);
    for node in nodes.iter_mut().filter(|node| node.inputs.contains(&input.value)) {
        node.attributes.push(KEYS.into(), Attribute::Texts(keys.clone()));
    }
    map.keys = keys.into_iter().map(|key| (Arc::clone(&key), key)).collect();
    Ok(())
}
