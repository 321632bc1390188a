//! `NearestNeighborModel` as typed data.

use crate::document::{ModelDocument, ModelHead, TrainingInstances};
use crate::elements::ElementDocument;
use crate::elements::measure::{ComparisonField, ComparisonMeasure, read_field, read_measure};
use crate::fault::Result;
use crate::reader::{Element, Xml};

closed_list! {
    /// How neighbours agree on a number.
    pub enum ContinuousMethod {
        Median = "median",
        Average = "average",
        WeightedAverage = "weightedAverage",
    }
}

closed_list! {
    /// How neighbours agree on a category.
    pub enum CategoricalMethod {
        MajorityVote = "majorityVote",
        WeightedMajorityVote = "weightedMajorityVote",
    }
}

/// `NearestNeighborModel`.
#[derive(Clone, Debug)]
pub struct Document<'a> {
    /// Where it stands.
    pub offset: u32,
    /// How many neighbours agree.
    pub neighbors: usize,
    /// How they agree on a number.
    pub continuous: ContinuousMethod,
    /// How they agree on a category.
    pub categorical: CategoricalMethod,
    /// Added to distances, so that none is nought.
    pub threshold: f64,
    /// The instance field that names instances.
    pub id_variable: Option<&'a str>,
    /// The instances.
    pub training: TrainingInstances<'a>,
    /// How near two instances are.
    pub measure: ComparisonMeasure,
    /// The fields that are compared.
    pub inputs: Vec<ComparisonField<'a>>,
}

/// Reads a `NearestNeighborModel` to its end.
pub fn read<'a>(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<ModelDocument<'a>> {
    let mut head = ModelHead::read(&mut element)?;
    let neighbors = element.integer("numberOfNeighbors")?;
    let neighbors = neighbors.and_then(|count| usize::try_from(count).ok()).filter(|count| *count > 0);
    let continuous = element.choice("continuousScoringMethod")?.unwrap_or(ContinuousMethod::Average);
    let categorical = element.choice("categoricalScoringMethod")?.unwrap_or(CategoricalMethod::MajorityVote);
    let threshold = element.number("threshold")?.unwrap_or(0.001);
    let id_variable = element.text("instanceIdVariable");
    element.finish()?;
    let Some(neighbors) = neighbors else {
        return Err(element.invalid("NearestNeighborModel needs a numberOfNeighbors of 1 or more"));
    };
    let (mut measure, mut training) = (None, None);
    let mut inputs = Vec::new();
    while let Some(child) = xml.child()? {
        let Some(child) = head.child(xml, child)? else { continue };
        match child.name {
            "TrainingInstances" => training = Some(TrainingInstances::read(xml, child)?),
            "ComparisonMeasure" => measure = Some(read_measure(xml, child)?),
            "KNNInputs" => {
                child.finish()?;
                while let Some(input) = xml.child()? {
                    match input.name {
                        "KNNInput" => inputs.push(read_field(xml, input)?),
                        _ => return Err(input.unexpected("KNNInputs")),
                    }
                }
            }
            _ => return Err(child.unexpected("NearestNeighborModel")),
        }
    }
    let training = training.ok_or_else(|| element.lacks("TrainingInstances"))?;
    if inputs.is_empty() {
        return Err(element.lacks("KNNInputs"));
    }
    let document = Document {
        offset: element.offset,
        neighbors,
        continuous,
        categorical,
        threshold,
        id_variable,
        training,
        measure: measure.ok_or_else(|| element.lacks("ComparisonMeasure"))?,
        inputs,
    };
    head.finish(&element, ElementDocument::NearestNeighbor(document))
}
