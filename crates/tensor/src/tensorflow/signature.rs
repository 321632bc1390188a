//! `SignatureDef`: the inputs and outputs that a SavedModel is called by.

use scorewheel_model::ModelError;

use crate::element::ElementType;
use crate::error::{invalid, unsupported};
use crate::graph::{Dimension, GraphInput, GraphOutput, Name};
use crate::protobuf::{Budget, Reader};
use crate::tensorflow::graph_def::reference;
use crate::tensorflow::tensor_proto::{element_type, read_shape};

/// The signature that is taken where several are and none is named.
const DEFAULT: &str = "serving_default";

/// Inputs and outputs, each ordered by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Signature {
    pub name: String,
    pub inputs: Vec<GraphInput>,
    pub outputs: Vec<GraphOutput>,
}

/// Where a tensor of a signature lies.
struct TensorInfo {
    value: Name,
    element: Option<ElementType>,
    shape: Option<Vec<Dimension>>,
}

/// Reads an entry of the map of signatures.
pub(crate) fn read_signature(bytes: &[u8], budget: &mut Budget) -> Result<Signature, ModelError> {
    let mut signature = Signature::default();
    let mut reader = Reader::new(bytes);
    while let Some((number, value)) = reader.next_field()? {
        match number {
            1 => signature.name = value.text()?.to_owned(),
            2 => read_definition(value.bytes()?, &mut signature, budget)?,
            _ => {}
        }
    }
    // A map has no order in the file.
    signature.inputs.sort_by(|a, b| a.name.cmp(&b.name));
    signature.outputs.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(signature)
}

fn read_definition(bytes: &[u8], signature: &mut Signature, budget: &mut Budget) -> Result<(), ModelError> {
    let mut reader = Reader::new(bytes);
    while let Some((number, value)) = reader.next_field()? {
        if number != 1 && number != 2 {
            continue;
        }
        budget.take_nodes(1)?;
        let (name, info) = read_tensor_info(value.bytes()?)?;
        let Some(info) = info else {
            return Err(unsupported("a signature with a tensor that is sparse or composed").at(&*name));
        };
        if number == 1 {
            let TensorInfo { value, element, shape } = info;
            signature.inputs.push(GraphInput { name, value, element, shape, map: None });
        } else {
            signature.outputs.push(GraphOutput { name, value: info.value });
        }
    }
    Ok(())
}

fn read_tensor_info(bytes: &[u8]) -> Result<(Name, Option<TensorInfo>), ModelError> {
    let mut key: Name = "".into();
    let mut info = None;
    let mut entry = Reader::new(bytes);
    while let Some((number, value)) = entry.next_field()? {
        match number {
            1 => key = value.text()?.into(),
            2 => {
                let (mut name, mut element, mut shape) = (None, None, None);
                let mut reader = Reader::new(value.bytes()?);
                while let Some((number, value)) = reader.next_field()? {
                    match number {
                        1 => name = reference(value.text()?),
                        2 => element = element_type(value.integer()?),
                        3 => shape = read_shape(value.bytes()?)?,
                        _ => {}
                    }
                }
                info = name.map(|value| TensorInfo { value, element, shape });
            }
            _ => {}
        }
    }
    Ok((key, info))
}

/// The signature of this name, else `serving_default`, else the only one.
pub(crate) fn choose(mut signatures: Vec<Signature>, wanted: Option<&str>) -> Result<Signature, ModelError> {
    // What initialises a model is listed among the signatures of newer files.
    signatures
        .retain(|signature| !signature.name.starts_with("__saved_model") && !signature.outputs.is_empty());
    let names = signatures.iter().map(|signature| signature.name.clone()).collect::<Vec<_>>();
    let find = |name: &str| names.iter().position(|found| found == name);
    let index = match wanted {
        Some(name) => find(name)
            .ok_or_else(|| invalid(format!("the model has no signature {name:?}; it has {names:?}")))?,
        None => match (find(DEFAULT), signatures.len()) {
            (Some(index), _) => index,
            (None, 0) => {
                return Err(invalid(
                    "the SavedModel has no signature to score by; save it with signatures= or model.export()",
                ));
            }
            (None, 1) => 0,
            (None, _) => {
                return Err(invalid(format!(
                    "the model has the signatures {names:?} and none is {DEFAULT:?}; name one in the descriptor or \
                     the side file"
                )));
            }
        },
    };
    Ok(signatures.swap_remove(index))
}
