//! `AnomalyDetectionModel` as typed data.

use crate::document::table::Array;
use crate::document::{ModelDocument, ModelHead};
use crate::elements::ElementDocument;
use crate::fault::Result;
use crate::reader::{Element, Xml};

closed_list! {
    /// How the prediction of the model within becomes a score.
    pub enum AlgorithmType {
        IsolationForest = "iforest",
        OneClassSupportVectors = "ocsvm",
        ClusterMeanDistance = "clusterMeanDist",
        Other = "other",
    }
}

/// `AnomalyDetectionModel`.
#[derive(Clone, Debug)]
pub struct Document<'a> {
    /// Where it stands.
    pub offset: u32,
    /// How the prediction of the model within becomes a score.
    pub algorithm: AlgorithmType,
    /// Number of records that each tree was grown with.
    pub sample_data_size: Option<i64>,
    /// The model within.
    pub model: ModelDocument<'a>,
    /// By cluster: the mean distance of its records.
    pub mean_distances: Option<Vec<f64>>,
}

/// Reads an `AnomalyDetectionModel` to its end.
pub fn read<'a>(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<ModelDocument<'a>> {
    let mut head = ModelHead::read(&mut element)?;
    let algorithm = element.required_choice("algorithmType")?;
    let sample_data_size = element.integer("sampleDataSize")?;
    element.finish()?;
    let (mut model, mut mean_distances) = (None, None);
    while let Some(child) = xml.child()? {
        let Some(child) = head.child(xml, child)? else { continue };
        match child.name {
            "MeanClusterDistances" if mean_distances.is_none() => {
                child.finish()?;
                while let Some(array) = xml.child()? {
                    match array.name {
                        "Array" if mean_distances.is_none() => {
                            mean_distances = Some(Array::read_numbers(xml, array)?);
                        }
                        _ => return Err(array.unexpected("MeanClusterDistances")),
                    }
                }
                if mean_distances.is_none() {
                    return Err(child.lacks("Array"));
                }
            }
            _ if model.is_none() => {
                model = Some(ElementDocument::read(xml, child, "AnomalyDetectionModel")?);
            }
            _ => return Err(child.unexpected("AnomalyDetectionModel")),
        }
    }
    let document = Document {
        offset: element.offset,
        algorithm,
        sample_data_size,
        model: model.ok_or_else(|| element.lacks("MiningModel, ClusteringModel or another model"))?,
        mean_distances,
    };
    head.finish(&element, ElementDocument::AnomalyDetection(document))
}
