//! Images whose channels lie last.
//!
//! ONNX states images with channels before space; convolutions are faster the other way, and models that come from
//! TensorFlow turn them back and forth. While tracing, an image may lie with its channels last although its shape says
//! otherwise: a convolution takes and gives it so, what works element by element or on space goes along, turning it is
//! only another view, and whatever else reads it gets it turned.

use std::sync::Arc;

use scorewheel_model::ModelError;

use crate::data::Data;
use crate::element::Storage;
use crate::engine::trace::{Operand, Traced, Tracer};
use crate::graph::{Attribute, Attributes, Domain, Node};
use crate::operators::context::axis;
use crate::operators::strided::{StridedCopy, row_major};
use crate::tensor::{Tensor, TensorType};

/// One element after the other; further inputs are single constants.
const UNARY: &[&str] = &[
    "Abs",
    "Clip",
    "Elu",
    "Exp",
    "Gelu",
    "HardSigmoid",
    "HardSwish",
    "LeakyRelu",
    "Mish",
    "Neg",
    "Relu",
    "Selu",
    "Sigmoid",
    "Softplus",
    "Softsign",
    "Sqrt",
    "Tanh",
];
/// Two elements become one.
const BINARY: &[&str] = &["Add", "Div", "Max", "Min", "Mul", "PRelu", "Pow", "Sub"];

/// To channels last: the dimension that stands at each place afterwards.
const TO_LAST: [usize; 4] = [0, 2, 3, 1];
/// Back.
const TO_SECOND: [usize; 4] = [0, 3, 1, 2];

fn turned(shape: &[usize], order: [usize; 4]) -> Vec<usize> {
    order.iter().map(|index| shape[*index]).collect()
}

/// Whether the elements lie the same either way.
fn same_either_way(shape: &[usize]) -> bool {
    shape[1] == 1 || shape[2] * shape[3] == 1
}

fn image(value: Option<&Option<Traced>>) -> Option<&Operand> {
    match value {
        Some(Some(Traced::Runtime(operand)))
            if operand.tensor_type.rank() == 4 && operand.tensor_type.element.storage() == Storage::F32 =>
        {
            Some(operand)
        }
        _ => None,
    }
}

fn constant(value: &Option<Traced>) -> Option<&Arc<Tensor>> {
    match value {
        Some(Traced::Constant(tensor)) => Some(tensor),
        _ => None,
    }
}

/// The node with one attribute set.
fn with(node: &Node, name: &str, value: Attribute) -> Node {
    let mut attributes = Attributes::default();
    attributes.push(name.into(), value);
    for (other, attribute) in node.attributes.iter().filter(|(other, _)| &**other != name) {
        attributes.push(other.clone(), attribute.clone());
    }
    Node { attributes, ..node.clone() }
}

fn format_last(node: &Node) -> Node {
    with(node, "data_format", Attribute::Text("NHWC".into()))
}

impl Tracer<'_> {
    /// The outputs of a node that takes its image with channels last; `None` if it must be turned, or is none.
    pub(super) fn with_channels_last(
        &mut self,
        node: &Node,
        inputs: &[Option<Traced>],
    ) -> Result<Option<Vec<Traced>>, ModelError> {
        let Some(first) = inputs.iter().find_map(|input| image(Some(input))) else { return Ok(None) };
        if node.domain != Domain::Onnx {
            return Ok(None);
        }
        let rest_is_constant =
            inputs.iter().skip(1).all(|input| input.is_none() || constant(input).is_some());
        let leads = image(inputs.first()).is_some() && rest_is_constant;
        let is_last = leads && first.channels_last;
        let alone = node.outputs.iter().skip(1).all(|output| output.is_empty());
        let rest = || inputs[1..].to_vec();
        match &*node.operator {
            "Transpose" if leads => Ok(self.turn(node, first)),
            "Conv" if leads && inputs.len() > 1 => {
                self.follow(&format_last(node), vec![first.clone()], rest())
            }
            "Identity" | "Dropout" if is_last && alone => Ok(Some(vec![Traced::Runtime(first.clone())])),
            "BatchNormalization" if is_last && alone => {
                self.follow(&format_last(node), vec![first.clone()], rest())
            }
            "MaxPool" | "AveragePool" | "GlobalAveragePool" | "GlobalMaxPool" if is_last && alone => {
                self.follow(&format_last(node), vec![first.clone()], rest())
            }
            "Pad" if is_last => self.pad(node, first, inputs),
            "ReduceMean" | "ReduceMax" | "ReduceSum" if is_last => self.reduce(node, first, inputs),
            "Concat" => self.join(node, inputs),
            name if UNARY.contains(&name) && is_last => {
                let single = |input: &Option<Traced>| constant(input).is_none_or(|c| c.data.len() == 1);
                if !inputs[1..].iter().all(single) {
                    return Ok(None);
                }
                self.follow(node, vec![first.clone()], rest())
            }
            name if BINARY.contains(&name) && inputs.len() == 2 => self.pair(node, inputs),
            _ => Ok(None),
        }
    }

    /// The value as its shape says.
    pub(super) fn channels_second(&mut self, value: Traced) -> Result<Traced, ModelError> {
        let Traced::Runtime(operand) = value else { return Ok(value) };
        if !operand.channels_last {
            return Ok(Traced::Runtime(operand));
        }
        let stated = operand.tensor_type.clone();
        if same_either_way(&stated.shape) {
            return Ok(Traced::Runtime(Operand { channels_last: false, ..operand }));
        }
        let lying = TensorType::new(stated.element, turned(&stated.shape, TO_LAST));
        let lying = Operand { tensor_type: lying, channels_last: false, ..operand };
        self.transposed(lying, TO_SECOND)
    }

    fn transposed(&mut self, operand: Operand, order: [usize; 4]) -> Result<Traced, ModelError> {
        let mut attributes = Attributes::default();
        attributes
            .push("perm".into(), Attribute::Integers(order.iter().map(|index| *index as i64).collect()));
        let node = Node {
            name: "channels".into(),
            domain: Domain::Onnx,
            operator: "Transpose".into(),
            version: 13,
            inputs: Vec::new(),
            outputs: vec!["channels".into()],
            attributes,
        };
        let outputs = self.compute_as_stated(&node, vec![Some(Traced::Runtime(operand))])?;
        outputs.into_iter().next().ok_or_else(|| crate::error::invalid("a transposition without a result"))
    }

    /// The image as it lies with channels last, under the shape that it has then.
    fn lying_last(&mut self, operand: &Operand) -> Result<Traced, ModelError> {
        let shape = &operand.tensor_type.shape;
        if operand.channels_last || same_either_way(shape) {
            let tensor_type = TensorType::new(operand.tensor_type.element, turned(shape, TO_LAST));
            return Ok(Traced::Runtime(Operand { tensor_type, channels_last: false, ..operand.clone() }));
        }
        self.transposed(operand.clone(), TO_LAST)
    }

    /// Computes a node on images that lie with channels last; so do its results.
    fn follow(
        &mut self,
        node: &Node,
        images: Vec<Operand>,
        rest: Vec<Option<Traced>>,
    ) -> Result<Option<Vec<Traced>>, ModelError> {
        let mut inputs = Vec::new();
        for image in &images {
            inputs.push(Some(self.lying_last(image)?));
        }
        inputs.extend(rest);
        Ok(Some(self.compute_as_stated(node, inputs)?.into_iter().map(stated).collect()))
    }

    /// Turning an image that lies turned already, or that is to lie turned from now on.
    fn turn(&mut self, node: &Node, operand: &Operand) -> Option<Vec<Traced>> {
        let order = node.attributes.integers("perm").ok().flatten()?;
        let is = |known: [usize; 4]| order.iter().map(|index| *index as usize).eq(known);
        let channels_last = match operand.channels_last {
            true if is(TO_LAST) => false,
            false if is(TO_SECOND) => true,
            _ => return None,
        };
        let order = if channels_last { TO_SECOND } else { TO_LAST };
        let tensor_type =
            TensorType::new(operand.tensor_type.element, turned(&operand.tensor_type.shape, order));
        Some(vec![Traced::Runtime(Operand { tensor_type, channels_last, ..operand.clone() })])
    }

    fn pad(
        &mut self,
        node: &Node,
        operand: &Operand,
        inputs: &[Option<Traced>],
    ) -> Result<Option<Vec<Traced>>, ModelError> {
        let widths = match inputs.get(1) {
            Some(widths) => constant(widths).map(|widths| widths.data.i64().to_vec()),
            None => node.attributes.integers("pads")?.map(<[i64]>::to_vec),
        };
        let Some(widths) = widths.filter(|widths| widths.len() == 8 && inputs.len() <= 3) else {
            return Ok(None);
        };
        let widths: Vec<i64> =
            [0, 4].iter().flat_map(|side| TO_LAST.map(|index| widths[side + index])).collect();
        let value = inputs.get(2).cloned().flatten();
        let (node, rest) = match inputs.get(1) {
            Some(_) => {
                let widths = Some(Traced::Constant(Arc::new(Tensor::i64(&[8], widths))));
                (node.clone(), vec![widths, value])
            }
            None => (with(node, "pads", Attribute::Integers(widths)), Vec::new()),
        };
        self.follow(&node, vec![operand.clone()], rest)
    }

    /// A reduction over space.
    fn reduce(
        &mut self,
        node: &Node,
        operand: &Operand,
        inputs: &[Option<Traced>],
    ) -> Result<Option<Vec<Traced>>, ModelError> {
        let axes = match inputs.get(1) {
            Some(axes) => constant(axes).map(|axes| axes.data.i64().to_vec()),
            None => node.attributes.integers("axes")?.map(<[i64]>::to_vec),
        };
        // Axes that an image does not have are refused where all other graphs are.
        let axes = axes.unwrap_or_default();
        let axes: Option<Vec<usize>> = axes.iter().map(|index| axis(*index, 4).ok()).collect();
        if axes.is_none_or(|mut axes| {
            axes.sort_unstable();
            axes != [2, 3]
        }) {
            return Ok(None);
        }
        let keep = node.attributes.flag_or("keepdims", true)?;
        let node = with(node, "axes", Attribute::Integers(vec![1, 2]));
        let image = self.lying_last(operand)?;
        let outputs = self.compute_as_stated(&node, vec![Some(image)])?;
        Ok(Some(if keep { outputs.into_iter().map(stated).collect() } else { outputs }))
    }

    fn join(&mut self, node: &Node, inputs: &[Option<Traced>]) -> Result<Option<Vec<Traced>>, ModelError> {
        let images: Option<Vec<&Operand>> = inputs.iter().map(|input| image(Some(input))).collect();
        let Some(images) = images.filter(|images| images.iter().any(|image| image.channels_last)) else {
            return Ok(None);
        };
        let joined = axis(node.attributes.integer_or("axis", 1)?, 4)?;
        let place = TO_LAST.iter().position(|index| *index == joined).unwrap_or(0);
        let node = with(node, "axis", Attribute::Integer(place as i64));
        self.follow(&node, images.into_iter().cloned().collect(), Vec::new())
    }

    /// Two images, or an image and a constant.
    fn pair(&mut self, node: &Node, inputs: &[Option<Traced>]) -> Result<Option<Vec<Traced>>, ModelError> {
        if !inputs.iter().any(|input| image(Some(input)).is_some_and(|image| image.channels_last)) {
            return Ok(None);
        }
        let mut given = Vec::new();
        for input in inputs {
            given.push(Some(match (image(Some(input)), constant(input)) {
                (Some(image), _) => self.lying_last(image)?,
                (None, Some(tensor)) if tensor.shape.len() <= 4 => {
                    Traced::Constant(Arc::new(constant_last(tensor)))
                }
                _ => return Ok(None),
            }));
        }
        Ok(Some(self.compute_as_stated(node, given)?.into_iter().map(stated).collect()))
    }
}

/// A result that lies with channels last, under the shape that the graph states.
fn stated(value: Traced) -> Traced {
    match value {
        Traced::Runtime(operand) if operand.tensor_type.rank() == 4 => {
            let tensor_type =
                TensorType::new(operand.tensor_type.element, turned(&operand.tensor_type.shape, TO_SECOND));
            Traced::Runtime(Operand { tensor_type, channels_last: true, ..operand })
        }
        value => value,
    }
}

/// A constant that stretches over images, turned as they are.
fn constant_last(tensor: &Tensor) -> Tensor {
    let mut shape = vec![1; 4 - tensor.shape.len()];
    shape.extend(&tensor.shape);
    let strides = row_major(&shape);
    let shape = turned(&shape, TO_LAST);
    let mut data = Data::zeros(tensor.element, tensor.data.len());
    StridedCopy::new(&shape, &TO_LAST.map(|index| strides[index]), 0).run(&tensor.data, &mut data);
    Tensor { element: tensor.element, shape, data }
}
