//! `NeuralNetwork` as typed data.

use crate::document::{DerivedField, ModelDocument, ModelHead};
use crate::elements::ElementDocument;
use crate::elements::neural_network::activation::Activation;
use crate::fault::Result;
use crate::reader::{Element, Xml};

closed_list! {
    /// What becomes of the outputs of a layer.
    pub enum LayerNormalization {
        None = "none",
        Simplemax = "simplemax",
        Softmax = "softmax",
    }
}

/// Settings that a network, a layer and a neuron may state; the nearest one counts.
#[derive(Clone, Copy, Debug, Default)]
pub struct Settings {
    /// Where a threshold function steps.
    pub threshold: Option<f64>,
    /// Width of a radial basis.
    pub width: Option<f64>,
    /// Altitude of a radial basis.
    pub altitude: Option<f64>,
}

/// `NeuralNetwork`.
#[derive(Clone, Debug)]
pub struct Document<'a> {
    /// What neurons make of their sums.
    pub activation: Activation,
    /// What becomes of the outputs of layers.
    pub normalization: Option<LayerNormalization>,
    /// Settings of the whole.
    pub settings: Settings,
    /// Ids and fields of the inputs.
    pub inputs: Vec<(&'a str, DerivedField<'a>)>,
    /// The layers, in order.
    pub layers: Vec<LayerDocument<'a>>,
    /// Ids of output neurons and what they stand for.
    pub outputs: Vec<(&'a str, DerivedField<'a>)>,
}

/// `NeuralLayer`.
#[derive(Clone, Debug)]
pub struct LayerDocument<'a> {
    /// What its neurons make of their sums.
    pub activation: Option<Activation>,
    /// What becomes of their outputs.
    pub normalization: Option<LayerNormalization>,
    /// Settings of the layer.
    pub settings: Settings,
    /// The neurons, in order.
    pub neurons: Vec<NeuronDocument<'a>>,
}

/// `Neuron`.
#[derive(Clone, Debug)]
pub struct NeuronDocument<'a> {
    /// Where it stands.
    pub offset: u32,
    /// Its id.
    pub id: &'a str,
    /// Added to its sum.
    pub bias: f64,
    /// Its settings.
    pub settings: Settings,
    /// Ids and weights of the neurons that it reads.
    pub connections: Vec<(&'a str, f64)>,
}

/// Reads a `NeuralNetwork` to its end.
pub fn read<'a>(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<ModelDocument<'a>> {
    let mut head = ModelHead::read(&mut element)?;
    let mut document = Document {
        activation: element.required_choice("activationFunction")?,
        normalization: element.choice("normalizationMethod")?,
        settings: read_settings(&mut element)?,
        inputs: Vec::new(),
        layers: Vec::new(),
        outputs: Vec::new(),
    };
    element.ignore(&["numberOfLayers"]);
    element.finish()?;
    while let Some(mut child) = xml.child()? {
        match child.name {
            "NeuralInputs" => {
                child.ignore(&["numberOfInputs"]);
                child.finish()?;
                while let Some(input) = xml.child()? {
                    if input.name != "NeuralInput" {
                        return Err(input.unexpected("NeuralInputs"));
                    }
                    document.inputs.push(read_field(xml, input, "id")?);
                }
            }
            "NeuralLayer" => document.layers.push(read_layer(xml, child)?),
            "NeuralOutputs" => {
                child.ignore(&["numberOfOutputs"]);
                child.finish()?;
                while let Some(output) = xml.child()? {
                    if output.name != "NeuralOutput" {
                        return Err(output.unexpected("NeuralOutputs"));
                    }
                    document.outputs.push(read_field(xml, output, "outputNeuron")?);
                }
            }
            _ => {
                if let Some(child) = head.child(xml, child)? {
                    return Err(child.unexpected("NeuralNetwork"));
                }
            }
        }
    }
    for (list, name) in
        [(document.inputs.is_empty(), "NeuralInputs"), (document.layers.is_empty(), "NeuralLayer")]
    {
        if list {
            return Err(element.lacks(name));
        }
    }
    head.finish(&element, ElementDocument::NeuralNetwork(document))
}

fn read_settings(element: &mut Element<'_>) -> Result<Settings> {
    Ok(Settings {
        threshold: element.number("threshold")?,
        width: element.number("width")?,
        altitude: element.number("altitude")?,
    })
}

fn read_field<'a>(
    xml: &mut Xml<'a>,
    mut element: Element<'a>,
    id: &str,
) -> Result<(&'a str, DerivedField<'a>)> {
    let id = element.required(id)?;
    element.finish()?;
    let mut field = None;
    while let Some(child) = xml.child()? {
        match child.name {
            "DerivedField" => field = Some(DerivedField::read(xml, child)?),
            _ => return Err(child.unexpected(element.name)),
        }
    }
    Ok((id, field.ok_or_else(|| element.lacks("DerivedField"))?))
}

fn read_layer<'a>(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<LayerDocument<'a>> {
    let mut layer = LayerDocument {
        activation: element.choice("activationFunction")?,
        normalization: element.choice("normalizationMethod")?,
        settings: read_settings(&mut element)?,
        neurons: Vec::new(),
    };
    element.ignore(&["numberOfNeurons"]);
    element.finish()?;
    while let Some(mut child) = xml.child()? {
        if child.name != "Neuron" {
            return Err(child.unexpected("NeuralLayer"));
        }
        let mut neuron = NeuronDocument {
            offset: child.offset,
            id: child.required("id")?,
            bias: child.number("bias")?.unwrap_or(0.0),
            settings: read_settings(&mut child)?,
            connections: Vec::new(),
        };
        child.finish()?;
        while let Some(mut connection) = xml.child()? {
            if connection.name != "Con" {
                return Err(connection.unexpected("Neuron"));
            }
            neuron.connections.push((connection.required("from")?, connection.required_number("weight")?));
            connection.finish()?;
            xml.end(&connection)?;
        }
        layer.neurons.push(neuron);
    }
    if layer.neurons.is_empty() {
        return Err(element.lacks("Neuron"));
    }
    Ok(layer)
}
