//! `ClusteringModel` as typed data.

use crate::document::table::{Array, read_sparse_array};
use crate::document::{DerivedField, ModelDocument, ModelHead};
use crate::elements::ElementDocument;
use crate::elements::measure::{ComparisonField, ComparisonMeasure, read_field, read_measure};
use crate::fault::Result;
use crate::reader::{Element, Xml};

closed_list! {
    /// What clusters are.
    pub enum ModelClass {
        CenterBased = "centerBased",
        DistributionBased = "distributionBased",
    }
}

/// `ClusteringModel`.
#[derive(Clone, Debug)]
pub struct Document<'a> {
    /// What clusters are.
    pub model_class: ModelClass,
    /// How near two points are.
    pub measure: ComparisonMeasure,
    /// The fields that are compared.
    pub fields: Vec<ComparisonField<'a>>,
    /// Derived fields of old versions, whose names the clustering fields may use.
    pub center_fields: Vec<DerivedField<'a>>,
    /// By field: what it counts for if others are missing.
    pub missing_weights: Option<Vec<f64>>,
    /// The clusters.
    pub clusters: Vec<Cluster<'a>>,
}

/// `Cluster`.
#[derive(Clone, Debug)]
pub struct Cluster<'a> {
    /// Where it stands.
    pub offset: u32,
    /// Its id.
    pub id: Option<&'a str>,
    /// How it is shown.
    pub name: Option<&'a str>,
    /// Its centre, one entry a centre field.
    pub center: Option<Array<'a>>,
}

/// Reads a `ClusteringModel` to its end.
pub fn read<'a>(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<ModelDocument<'a>> {
    let mut head = ModelHead::read(&mut element)?;
    let model_class = element.required_choice("modelClass")?;
    let count = element.integer("numberOfClusters")?;
    element.finish()?;
    let mut measure = None;
    let (mut fields, mut center_fields, mut clusters) = (Vec::new(), Vec::new(), Vec::new());
    let mut missing_weights = None;
    while let Some(child) = xml.child()? {
        let Some(child) = head.child(xml, child)? else { continue };
        match child.name {
            "ComparisonMeasure" => measure = Some(read_measure(xml, child)?),
            "ClusteringField" => fields.push(read_field(xml, child)?),
            "CenterFields" => {
                child.finish()?;
                while let Some(field) = xml.child()? {
                    match field.name {
                        "DerivedField" => center_fields.push(DerivedField::read(xml, field)?),
                        _ => return Err(field.unexpected("CenterFields")),
                    }
                }
            }
            "MissingValueWeights" => {
                child.finish()?;
                while let Some(array) = xml.child()? {
                    missing_weights = Some(match array.name {
                        "Array" => Array::read_numbers(xml, array)?,
                        "REAL-SparseArray" | "INT-SparseArray" => read_sparse_array(xml, array)?,
                        _ => return Err(array.unexpected("MissingValueWeights")),
                    });
                }
            }
            "Cluster" => clusters.push(read_cluster(xml, child)?),
            _ => return Err(child.unexpected("ClusteringModel")),
        }
    }
    if clusters.is_empty() {
        return Err(element.lacks("Cluster"));
    }
    if count.is_some_and(|count| usize::try_from(count) != Ok(clusters.len())) {
        let message = format!("{} clusters are not numberOfClusters={}", clusters.len(), count.unwrap_or(0));
        return Err(element.invalid(message));
    }
    let measure = measure.ok_or_else(|| element.lacks("ComparisonMeasure"))?;
    let document = Document { model_class, measure, fields, center_fields, missing_weights, clusters };
    head.finish(&element, ElementDocument::Clustering(document))
}

fn read_cluster<'a>(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<Cluster<'a>> {
    let mut cluster =
        Cluster { offset: element.offset, id: element.text("id"), name: element.text("name"), center: None };
    element.ignore(&["size"]);
    element.finish()?;
    while let Some(child) = xml.child()? {
        match child.name {
            "Array" if cluster.center.is_none() => cluster.center = Some(Array::read(xml, child)?),
            // Tell about training; they have no part in scoring.
            "KohonenMap" | "Partition" | "Covariances" => xml.skip()?,
            _ => return Err(child.unexpected("Cluster")),
        }
    }
    Ok(cluster)
}
