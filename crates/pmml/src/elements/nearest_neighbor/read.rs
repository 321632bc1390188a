//! `NearestNeighborModel` as typed data.

use crate::document::table::{InlineTable, written_column};
use crate::document::{ModelDocument, ModelHead};
use crate::elements::ElementDocument;
use crate::elements::measure::{ComparisonField, ComparisonMeasure, read_field, read_measure};
use crate::fault::{Fault, Result};
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
    /// True if the instances hold the derived fields that are compared.
    pub is_transformed: bool,
    /// Fields of the instances with their columns.
    pub instance_fields: Vec<(&'a str, &'a str)>,
    /// The instances.
    pub instances: InlineTable<'a>,
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
            "TrainingInstances" => training = Some(read_training(xml, child)?),
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
    let (is_transformed, instance_fields, instances) =
        training.ok_or_else(|| element.lacks("TrainingInstances"))?;
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
        is_transformed,
        instance_fields,
        instances,
        measure: measure.ok_or_else(|| element.lacks("ComparisonMeasure"))?,
        inputs,
    };
    head.finish(&element, ElementDocument::NearestNeighbor(document))
}

type Training<'a> = (bool, Vec<(&'a str, &'a str)>, InlineTable<'a>);

fn read_training<'a>(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<Training<'a>> {
    let is_transformed = element.boolean("isTransformed")?.unwrap_or(false);
    // Counts of what follows; they decide nothing.
    element.ignore(&["recordCount", "fieldCount"]);
    element.finish()?;
    let mut fields = Vec::new();
    let mut instances = None;
    while let Some(child) = xml.child()? {
        match child.name {
            "InstanceFields" => {
                child.finish()?;
                while let Some(mut field) = xml.child()? {
                    if field.name != "InstanceField" {
                        return Err(field.unexpected("InstanceFields"));
                    }
                    let name = field.required("field")?;
                    let column = field.text("column").unwrap_or(name);
                    fields.push((name, written_column(xml, column)));
                    field.finish()?;
                    xml.end(&field)?;
                }
            }
            "InlineTable" => instances = Some(InlineTable::read(xml, child)?),
            "TableLocator" => {
                let message = "TableLocator is not supported; supported is InlineTable";
                return Err(Fault::unsupported(child.offset, message));
            }
            _ => return Err(child.unexpected("TrainingInstances")),
        }
    }
    let instances = instances.ok_or_else(|| element.lacks("InlineTable"))?;
    if instances.is_empty() {
        return Err(element.invalid("TrainingInstances holds no instance"));
    }
    Ok((is_transformed, fields, instances))
}
