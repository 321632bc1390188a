//! `NearestNeighborModel` as typed data.

use crate::document::table::InlineTable;
use crate::document::{ModelDocument, ModelHead};
use crate::elements::ElementDocument;
use crate::elements::measure::{ComparisonField, ComparisonMeasure, read_field, read_measure};
use crate::fault::Result;
use crate::reader::{Element, Xml};

closed_list! {
    /// How the numbers of the neighbours become one.
    pub enum ContinuousMethod {
        Median = "median",
        Average = "average",
        WeightedAverage = "weightedAverage",
    }
}

closed_list! {
    /// How the categories of the neighbours become one.
    pub enum CategoricalMethod {
        MajorityVote = "majorityVote",
        WeightedMajorityVote = "weightedMajorityVote",
    }
}

/// `NearestNeighborModel`.
#[derive(Clone, Debug)]
pub struct Document<'a> {
    /// How many instances answer.
    pub neighbors: i64,
    /// How numbers become one.
    pub continuous: ContinuousMethod,
    /// How categories become one.
    pub categorical: CategoricalMethod,
    /// The field that names instances.
    pub instance_id: Option<&'a str>,
    /// Added to distances, so that their reciprocals are finite.
    pub threshold: f64,
    /// How near two points are.
    pub measure: ComparisonMeasure,
    /// The fields that are compared.
    pub inputs: Vec<ComparisonField<'a>>,
    /// Fields of the instances with their columns.
    pub columns: Vec<(&'a str, &'a str)>,
    /// The instances.
    pub table: InlineTable<'a>,
}

/// Reads a `NearestNeighborModel` to its end.
pub fn read<'a>(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<ModelDocument<'a>> {
    let mut head = ModelHead::read(&mut element)?;
    let neighbors = element.integer("numberOfNeighbors")?;
    let continuous = element.choice("continuousScoringMethod")?.unwrap_or(ContinuousMethod::Average);
    let categorical = element.choice("categoricalScoringMethod")?.unwrap_or(CategoricalMethod::MajorityVote);
    let instance_id = element.text("instanceIdVariable");
    let threshold = element.number("threshold")?.unwrap_or(0.001);
    element.finish()?;
    let (mut measure, mut instances, mut inputs) = (None, None, Vec::new());
    while let Some(child) = xml.child()? {
        let Some(child) = head.child(xml, child)? else { continue };
        match child.name {
            "ComparisonMeasure" => measure = Some(read_measure(xml, child)?),
            "KNNInputs" => {
                child.finish()?;
                while let Some(field) = xml.child()? {
                    match field.name {
                        "KNNInput" => inputs.push(read_field(xml, field)?),
                        _ => return Err(field.unexpected("KNNInputs")),
                    }
                }
            }
            "TrainingInstances" => instances = Some(read_instances(xml, child)?),
            _ => return Err(child.unexpected("NearestNeighborModel")),
        }
    }
    let neighbors = neighbors.ok_or_else(|| element.invalid("the attribute numberOfNeighbors is missing"))?;
    if neighbors < 1 {
        return Err(element.invalid(format!("numberOfNeighbors={neighbors} is not at least 1")));
    }
    let measure = measure.ok_or_else(|| element.lacks("ComparisonMeasure"))?;
    let (columns, table) = instances.ok_or_else(|| element.lacks("TrainingInstances"))?;
    if inputs.is_empty() {
        return Err(element.lacks("KNNInputs"));
    }
    let document = Document {
        neighbors,
        continuous,
        categorical,
        instance_id,
        threshold,
        measure,
        inputs,
        columns,
        table,
    };
    head.finish(&element, ElementDocument::NearestNeighbor(document))
}

type Instances<'a> = (Vec<(&'a str, &'a str)>, InlineTable<'a>);

fn read_instances<'a>(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<Instances<'a>> {
    // Whether they are transformed is told by which fields have columns.
    element.ignore(&["isTransformed", "recordCount", "fieldCount"]);
    element.finish()?;
    let (mut columns, mut table) = (Vec::new(), None);
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
                    field.finish()?;
                    xml.end(&field)?;
                    // A prefix does not matter, as in the table.
                    columns.push((name, column.rsplit_once(':').map_or(column, |(_, column)| column)));
                }
            }
            "InlineTable" if table.is_none() => table = Some(InlineTable::read(xml, child)?),
            "TableLocator" => {
                return Err(child.invalid("TableLocator is not supported; supported is InlineTable"));
            }
            _ => return Err(child.unexpected("TrainingInstances")),
        }
    }
    if columns.is_empty() {
        return Err(element.lacks("InstanceFields"));
    }
    Ok((columns, table.ok_or_else(|| element.lacks("InlineTable"))?))
}
