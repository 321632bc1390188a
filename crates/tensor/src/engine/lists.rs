//! Lists of tensors (`TensorList`, `TensorArray`), as the recurrent layers of TensorFlow collect their steps: followed
//! while tracing, so that they cost nothing while scoring.

use std::sync::Arc;

use scorewheel_model::ModelError;

use crate::data::Data;
use crate::element::ElementType;
use crate::engine::control::{integer, no_content};
use crate::engine::trace::{Traced, Tracer};
use crate::error::{invalid, too_large, unsupported};
use crate::graph::{Node, Resource};
use crate::tensor::{Tensor, TensorType};

/// Most entries of a list.
const LENGTH: usize = 1 << 16;
/// Most entries of all lists that a graph makes.
const LISTED: usize = 1 << 22;

type List = Vec<Option<Traced>>;

impl Tracer<'_> {
    /// The outputs of a node that makes, changes or reads a list; `None` if it is none.
    pub(super) fn list(
        &mut self,
        node: &Node,
        inputs: &[Option<Traced>],
    ) -> Result<Option<Vec<Traced>>, ModelError> {
        let operand = |index: usize| {
            let found = inputs.get(index).cloned().flatten();
            found.ok_or_else(|| invalid(format!("input {index} is missing")))
        };
        let whole = |index: usize| -> Result<i64, ModelError> {
            integer(&operand(index)?)
                .ok_or_else(|| unsupported("a place in a list that depends on the record"))
        };
        Ok(Some(match &*node.operator {
            "TensorListReserve" => vec![self.new_list(vec![None; length(whole(1)?)?])?],
            "EmptyTensorList" => vec![self.new_list(Vec::new())?],
            "TensorListFromTensor" => {
                let parts = self.unstack(node, operand(0)?, 0)?;
                vec![self.new_list(parts.into_iter().map(Some).collect())?]
            }
            "TensorListLength" => vec![count(self.list_of(&operand(0)?)?.len())],
            "TensorListGetItem" => vec![self.entry(&operand(0)?, whole(1)?)?],
            "TensorListSetItem" => vec![self.with_entry(&operand(0)?, whole(1)?, operand(2)?)?],
            "TensorListPushBack" => {
                let mut list = self.list_of(&operand(0)?)?.clone();
                list.push(Some(operand(1)?));
                vec![self.new_list(list)?]
            }
            "TensorListPopBack" => {
                let mut list = self.list_of(&operand(0)?)?.clone();
                let last = list.pop().flatten().ok_or_else(|| invalid("a list without a last entry"))?;
                vec![self.new_list(list)?, last]
            }
            "TensorListStack" => {
                let list = self.list_of(&operand(0)?)?.clone();
                vec![self.stack_list(node, list)?]
            }
            "TensorListGather" => {
                let list = self.list_of(&operand(0)?)?.clone();
                vec![self.gathered(node, &list, &operand(1)?)?]
            }
            "TensorListScatter" | "TensorListScatterV2" => {
                let parts = self.unstack(node, operand(0)?, 0)?;
                vec![self.scattered(Vec::new(), &operand(1)?, parts)?]
            }
            // Version 1: what is listed travels in the flow, the handle says nothing.
            "TensorArrayV3" => {
                let list = self.new_list(vec![None; length(whole(0)?)?])?;
                vec![list.clone(), list]
            }
            "TensorArrayScatterV3" => {
                let parts = self.unstack(node, operand(2)?, 0)?;
                let list = self.list_of(&operand(3)?)?.clone();
                vec![self.scattered(list, &operand(1)?, parts)?]
            }
            "TensorArrayReadV3" => vec![self.entry(&operand(2)?, whole(1)?)?],
            "TensorArrayWriteV3" => vec![self.with_entry(&operand(3)?, whole(1)?, operand(2)?)?],
            "TensorArraySizeV3" => vec![count(self.list_of(&operand(1)?)?.len())],
            "TensorArrayGatherV3" => {
                let list = self.list_of(&operand(2)?)?.clone();
                vec![self.gathered(node, &list, &operand(1)?)?]
            }
            _ => return Ok(None),
        }))
    }

    pub(super) fn new_list(&mut self, list: List) -> Result<Traced, ModelError> {
        self.listed = self.listed.saturating_add(list.len());
        if list.len() > LENGTH || self.listed > LISTED {
            return Err(too_large(format!("lists of more than {LENGTH} tensors, or {LISTED} in all")));
        }
        self.lists.push(list);
        Ok(Traced::Resource(Resource::List(self.lists.len() - 1)))
    }

    fn list_of(&self, value: &Traced) -> Result<&List, ModelError> {
        match value {
            Traced::Resource(Resource::List(index)) => {
                self.lists.get(*index).ok_or_else(|| no_content("list"))
            }
            _ => Err(no_content("list")),
        }
    }

    fn entry(&self, list: &Traced, index: i64) -> Result<Traced, ModelError> {
        let list = self.list_of(list)?;
        let entry = usize::try_from(index).ok().and_then(|index| list.get(index));
        match entry {
            Some(Some(entry)) => Ok(entry.clone()),
            // What was never set is zero, in the shape of the others.
            Some(None) => {
                let shape = list.iter().flatten().next().and_then(type_of).ok_or_else(unset)?;
                Ok(zeros(&shape))
            }
            None => Err(invalid(format!("entry {index} of a list of {}", list.len()))),
        }
    }

    fn with_entry(&mut self, list: &Traced, index: i64, value: Traced) -> Result<Traced, ModelError> {
        let mut list = self.list_of(list)?.clone();
        let at = length(index)?;
        if at >= list.len() {
            list.resize(at + 1, None);
        }
        list[at] = Some(value);
        self.new_list(list)
    }

    fn stack_list(&mut self, node: &Node, list: List) -> Result<Traced, ModelError> {
        let shape = list.iter().flatten().next().and_then(type_of).ok_or_else(unset)?;
        let mut values = Vec::with_capacity(list.len());
        for entry in list {
            values.push(match entry {
                Some(value) => value,
                None => zeros(&shape),
            });
        }
        self.stack(node, values, 0)
    }

    fn gathered(&mut self, node: &Node, list: &List, places: &Traced) -> Result<Traced, ModelError> {
        let chosen: Result<List, ModelError> = places_of(places)?
            .into_iter()
            .map(|place| {
                list.get(place)
                    .cloned()
                    .ok_or_else(|| invalid(format!("entry {place} of a list of {}", list.len())))
            })
            .collect();
        self.stack_list(node, chosen?)
    }

    fn scattered(
        &mut self,
        mut list: List,
        places: &Traced,
        parts: Vec<Traced>,
    ) -> Result<Traced, ModelError> {
        let places = places_of(places)?;
        if places.len() != parts.len() {
            return Err(invalid(format!("{} places for {} entries of a list", places.len(), parts.len())));
        }
        for (place, part) in places.into_iter().zip(parts) {
            if place >= list.len() {
                list.resize(place + 1, None);
            }
            list[place] = Some(part);
        }
        self.new_list(list)
    }
}

fn zeros(tensor_type: &TensorType) -> Traced {
    Traced::Constant(Arc::new(Tensor {
        element: tensor_type.element,
        shape: tensor_type.shape.clone(),
        data: Data::zeros(tensor_type.element, tensor_type.len()),
    }))
}

fn unset() -> ModelError {
    unsupported("a list of which no entry was set")
}

fn length(value: i64) -> Result<usize, ModelError> {
    let length = usize::try_from(value).ok().filter(|length| *length <= LENGTH);
    length.ok_or_else(|| too_large(format!("a list of {value} tensors")))
}

fn places_of(value: &Traced) -> Result<Vec<usize>, ModelError> {
    let Traced::Constant(tensor) = value else {
        return Err(unsupported("places in a list that depend on the record"));
    };
    tensor.data.i64().iter().map(|place| length(*place)).collect()
}

fn count(length: usize) -> Traced {
    let data = Data::I64(vec![length as i64]);
    Traced::Constant(Arc::new(Tensor { element: ElementType::I32, shape: vec![], data }))
}

pub(super) fn type_of(value: &Traced) -> Option<TensorType> {
    match value {
        Traced::Constant(tensor) => Some(tensor.tensor_type()),
        Traced::Runtime(operand) => Some(operand.tensor_type.clone()),
        Traced::Resource(_) | Traced::Dead => None,
    }
}
