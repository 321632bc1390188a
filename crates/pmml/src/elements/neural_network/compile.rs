//! `NeuralNetwork` compiled: neurons by index, connections of all neurons one after another.

use std::collections::HashMap;

use crate::compile::{Compiled, ModelContext};
use crate::document::expression::ExpressionNode;
use crate::document::{DerivedField, Expression, MiningFunction};
use crate::elements::ElementPlan;
use crate::elements::neural_network::activation::Activation;
use crate::elements::neural_network::read::{Document, LayerDocument, LayerNormalization, Settings};
use crate::fault::{Fault, Result};
use crate::plan::model::{Entities, Figures};
use crate::plan::{Slot, TargetPlan};
use crate::value::Datum;

/// A compiled `NeuralNetwork`. Neurons are numbered: inputs first, then layer by layer.
#[derive(Debug)]
pub struct Plan {
    /// The inputs.
    pub inputs: Box<[Slot]>,
    /// The layers, in order.
    pub layers: Box<[Layer]>,
    /// Numbers of the neurons that are read, one entry a connection.
    pub sources: Box<[u32]>,
    /// Weights, one entry a connection.
    pub weights: Box<[f64]>,
    /// What the outputs stand for, one entry a target.
    pub outputs: Box<[OutputGroup]>,
}

/// A compiled layer.
#[derive(Debug)]
pub struct Layer {
    /// What its neurons make of their sums.
    pub activation: Activation,
    /// What becomes of their outputs.
    pub normalization: LayerNormalization,
    /// The neurons, in order.
    pub neurons: Box<[Neuron]>,
    /// The weights once more, neuron beside neuron, if all neurons read the same ones before them in the same order.
    pub dense: Option<Box<[f64]>>,
}

/// Fewest neurons whose sums are worth standing side by side.
const FEWEST_NEURONS: usize = 4;

/// Most connections of a layer whose weights are kept twice: 8 MiB.
const MOST_CONNECTIONS: usize = 1 << 20;

/// The weights of a layer by connection, then by neuron.
fn dense(neurons: &[Neuron], sources: &[u32], weights: &[f64]) -> Option<Box<[f64]>> {
    let own = |neuron: &Neuron| neuron.first as usize..neuron.last as usize;
    let first = neurons.first().filter(|_| neurons.len() >= FEWEST_NEURONS)?;
    let read = &sources[own(first)];
    let alike = |neuron: &Neuron| {
        sources[own(neuron)] == *read && neuron.threshold.to_bits() == first.threshold.to_bits()
    };
    if read.len().saturating_mul(neurons.len()) > MOST_CONNECTIONS || !neurons.iter().all(alike) {
        return None;
    }
    let by_connection =
        (0..read.len()).flat_map(|at| neurons.iter().map(move |neuron| weights[neuron.first as usize + at]));
    Some(by_connection.collect())
}

/// A compiled neuron.
#[derive(Debug)]
pub struct Neuron {
    /// Added to its sum.
    pub bias: f64,
    /// Where a threshold function steps.
    pub threshold: f64,
    /// Width of a radial basis.
    pub width: f64,
    /// Altitude of a radial basis.
    pub altitude: f64,
    /// First of its connections.
    pub first: u32,
    /// One past the last.
    pub last: u32,
}

/// What the outputs of one target stand for.
#[derive(Debug)]
pub enum OutputGroup {
    /// A number: the neuron, and the points of the function whose inverse gives the number.
    Number {
        /// The neuron.
        neuron: u32,
        /// Points (`orig`, `norm`); empty if the neuron's output is the number.
        points: Box<[(f64, f64)]>,
    },
    /// Categories: one neuron each.
    Categories {
        /// The neurons, in the order of the categories.
        neurons: Box<[u32]>,
        /// The entity of the first of them.
        first_entity: u32,
    },
}

/// The outputs of one target, while they are gathered.
struct Group<'a> {
    target: &'a str,
    output: OutputGroup,
    /// Of [`OutputGroup::Categories`], in the order of its neurons.
    categories: Vec<Datum>,
    entities: Vec<u32>,
}

/// What one output neuron stands for.
enum Meaning<'d, 'a> {
    Number { field: &'a str, points: &'d [(f64, f64)] },
    Category { field: &'a str, value: &'a str },
}

/// Compiles a `NeuralNetwork`.
pub fn compile<'d, 'a>(
    document: &'d Document<'a>,
    context: &mut ModelContext<'_, 'd, 'a>,
) -> Result<Compiled> {
    let mut numbers: HashMap<&'a str, u32> = HashMap::new();
    let mut inputs = Vec::with_capacity(document.inputs.len());
    for (id, field) in &document.inputs {
        name(&mut numbers, id, field.offset)?;
        inputs.push(context.derived(field)?);
    }
    let (mut layers, mut sources, mut weights) = (Vec::new(), Vec::new(), Vec::new());
    for layer in &document.layers {
        layers.push(compile_layer(document, layer, &numbers, &mut sources, &mut weights)?);
        for neuron in &layer.neurons {
            name(&mut numbers, neuron.id, neuron.offset)?;
        }
    }
    let mut groups: Vec<Group<'a>> = Vec::new();
    for (id, field) in &document.outputs {
        let Some(&neuron) = numbers.get(id) else {
            return Err(Fault::invalid(field.offset, format!("there is no neuron {id:?}")));
        };
        match meaning(context, field, &field.expression, 0)? {
            Meaning::Number { field: target, points } => {
                let output = OutputGroup::Number { neuron, points: points.into() };
                groups.push(Group { target, output, categories: Vec::new(), entities: Vec::new() });
            }
            Meaning::Category { field: target, value } => {
                let category = context.category(value, field.offset)?;
                let entity = context.text(id);
                match groups.iter_mut().find(|group| group.target == target) {
                    Some(Group {
                        output: OutputGroup::Categories { neurons, .. },
                        categories,
                        entities,
                        ..
                    }) => {
                        if categories.contains(&category) {
                            let message =
                                format!("two neurons stand for the category {value:?} of {target:?}");
                            return Err(Fault::invalid(field.offset, message));
                        }
                        *neurons = neurons.iter().copied().chain([neuron]).collect();
                        categories.push(category);
                        entities.push(entity);
                    }
                    _ => {
                        let output = OutputGroup::Categories { neurons: Box::new([neuron]), first_entity: 0 };
                        let (categories, entities) = (vec![category], vec![entity]);
                        groups.push(Group { target, output, categories, entities });
                    }
                }
            }
        }
    }
    let mut entities = Vec::new();
    for group in &mut groups {
        if let OutputGroup::Categories { first_entity, .. } = &mut group.output {
            *first_entity = entities.len() as u32;
        }
        entities.append(&mut group.entities);
    }
    let is_classification = match context.head.function {
        MiningFunction::Classification => true,
        MiningFunction::Regression => false,
        _ => {
            let message = "a NeuralNetwork is for regression or classification";
            return Err(Fault::invalid(context.head.offset, message));
        }
    };
    if groups.is_empty() {
        return Err(Fault::invalid(context.head.offset, "NeuralNetwork needs the element NeuralOutputs"));
    }
    for group in &groups {
        if matches!(group.output, OutputGroup::Categories { .. }) != is_classification {
            let message = "the neural outputs do not fit the mining function";
            return Err(Fault::invalid(context.head.offset, message));
        }
    }
    let targets = targets(context, &groups);
    let categories = if groups.len() == 1 { std::mem::take(&mut groups[0].categories) } else { Vec::new() };
    let figures = Figures { probability: is_classification, entity: is_classification, ..Figures::default() };
    let plan = Plan {
        inputs: inputs.into(),
        layers: layers.into(),
        sources: sources.into(),
        weights: weights.into(),
        outputs: groups.into_iter().map(|group| group.output).collect(),
    };
    Ok(Compiled {
        categories,
        entities: if is_classification { Entities::Named(entities.into()) } else { Entities::None },
        figures,
        targets,
        ..Compiled::new(ElementPlan::NeuralNetwork(Box::new(plan)))
    })
}

/// Several targets in the order of the outputs; one is that of the mining schema, whatever the output calls it.
fn targets(context: &ModelContext<'_, '_, '_>, groups: &[Group<'_>]) -> Option<Vec<TargetPlan>> {
    if groups.len() < 2 {
        return None;
    }
    let target = |group: &Group<'_>| TargetPlan {
        name: Some(group.target.into()),
        kind: context
            .compiler
            .data_field(group.target)
            .map_or(context.target_kind, |field| crate::value::Kind::of(field.data_type)),
        categories: group.categories.clone(),
        rules: None,
        displays: Vec::new(),
    };
    Some(groups.iter().map(target).collect())
}

fn name<'a>(numbers: &mut HashMap<&'a str, u32>, id: &'a str, offset: u32) -> Result<()> {
    let number = numbers.len() as u32;
    match numbers.insert(id, number) {
        None => Ok(()),
        Some(_) => Err(Fault::invalid(offset, format!("two neurons have the id {id:?}"))),
    }
}

fn compile_layer<'a>(
    document: &Document<'a>,
    layer: &LayerDocument<'a>,
    numbers: &HashMap<&'a str, u32>,
    sources: &mut Vec<u32>,
    weights: &mut Vec<f64>,
) -> Result<Layer> {
    let activation = layer.activation.unwrap_or(document.activation);
    let mut neurons = Vec::with_capacity(layer.neurons.len());
    for neuron in &layer.neurons {
        let setting = |pick: fn(&Settings) -> Option<f64>| {
            pick(&neuron.settings).or(pick(&layer.settings)).or(pick(&document.settings))
        };
        let first = sources.len() as u32;
        for (from, weight) in &neuron.connections {
            let Some(&source) = numbers.get(from) else {
                let message = format!("neuron {:?} reads {from:?}, which does not come before it", neuron.id);
                return Err(Fault::invalid(neuron.offset, message));
            };
            sources.push(source);
            weights.push(*weight);
        }
        let width = setting(|settings| settings.width);
        if activation == Activation::RadialBasis && width.is_none() {
            return Err(Fault::invalid(neuron.offset, "a radial basis needs the attribute width"));
        }
        neurons.push(Neuron {
            bias: neuron.bias,
            threshold: setting(|settings| settings.threshold).unwrap_or(0.0),
            width: width.unwrap_or(1.0),
            altitude: setting(|settings| settings.altitude).unwrap_or(1.0),
            first,
            last: sources.len() as u32,
        });
    }
    // What is said of the whole network is about its last layer as much as about the others.
    let normalization = layer.normalization.or(document.normalization).unwrap_or(LayerNormalization::None);
    let dense = dense(&neurons, sources, weights);
    Ok(Layer { activation, normalization, neurons: neurons.into(), dense })
}

/// What an output neuron stands for; through derived fields to the target itself.
fn meaning<'d, 'a>(
    context: &ModelContext<'_, 'd, 'a>,
    field: &'d DerivedField<'a>,
    expression: &'d Expression<'a>,
    depth: usize,
) -> Result<Meaning<'d, 'a>> {
    match &expression.node {
        ExpressionNode::FieldRef { field: name, .. } => {
            let locals = &context.head.transformations.fields;
            let globals = &context.compiler.document.transformations.fields;
            let derived = locals.iter().chain(globals).find(|derived| derived.name == Some(*name));
            match derived {
                Some(derived) if depth < 16 => meaning(context, derived, &derived.expression, depth + 1),
                _ => Ok(Meaning::Number { field: name, points: &[] }),
            }
        }
        ExpressionNode::NormContinuous(norm) => {
            Ok(Meaning::Number { field: norm.field, points: &norm.points })
        }
        ExpressionNode::NormDiscrete(norm) => Ok(Meaning::Category { field: norm.field, value: norm.value }),
        _ => Err(Fault::unsupported(
            field.offset,
            "the field of a NeuralOutput is a FieldRef, NormContinuous or NormDiscrete",
        )),
    }
}
