//! `AnomalyDetectionModel` compiled: the model within, and what its prediction is divided by.

use crate::compile::{Compiled, ModelContext};
use crate::elements::ElementPlan;
use crate::elements::anomaly_detection::read::{AlgorithmType, Document};
use crate::fault::{Fault, Result};
use crate::plan::{ModelId, Place};

/// A compiled `AnomalyDetectionModel`.
#[derive(Debug)]
pub struct Plan {
    /// The model within.
    pub model: ModelId,
    /// How its prediction becomes a score.
    pub scale: Scale,
    /// Where it stands.
    pub place: Place,
}

/// How the prediction of the model within becomes a score.
#[derive(Debug)]
pub enum Scale {
    /// By the usual length of a path.
    PathLength(f64),
    /// By the mean distance of each cluster's records.
    MeanDistances(Box<[f64]>),
    /// The number as it is.
    Number,
    /// The prediction as it is, with its figures.
    Prediction,
}

/// Compiles an `AnomalyDetectionModel`.
pub fn compile<'d, 'a>(
    document: &'d Document<'a>,
    context: &mut ModelContext<'_, 'd, 'a>,
) -> Result<Compiled> {
    let invalid = |message: String| Fault::invalid(document.offset, message);
    let outer = context.compiler.inherited_kind.take();
    let model = context.nested(&document.model);
    context.compiler.inherited_kind = outer;
    let model = model?;
    let place = context.place("AnomalyDetectionModel");
    let within = context.compiler.model_plan(model);
    let scale = match document.algorithm {
        AlgorithmType::IsolationForest => match document.sample_data_size {
            Some(size) if size >= 2 => Scale::PathLength(usual_path_length(size as f64)),
            Some(size) => return Err(invalid(format!("a sampleDataSize of {size} is below 2"))),
            None => return Err(invalid("iforest needs the attribute sampleDataSize".to_owned())),
        },
        AlgorithmType::OneClassSupportVectors => Scale::Number,
        AlgorithmType::ClusterMeanDistance => {
            let clusters = within.filter(|within| within.element_name == "ClusteringModel");
            let Some(clusters) = clusters.map(|within| within.entities.len()) else {
                return Err(invalid("clusterMeanDist needs a ClusteringModel within".to_owned()));
            };
            match &document.mean_distances {
                Some(means) if means.len() != clusters => {
                    let message = format!("{} MeanClusterDistances for {clusters} clusters", means.len());
                    return Err(invalid(message));
                }
                Some(means) if means.iter().any(|mean| mean.is_nan() || *mean < 0.0) => {
                    return Err(invalid("MeanClusterDistances must not be below 0".to_owned()));
                }
                Some(means) => Scale::MeanDistances(means.clone().into()),
                None => {
                    return Err(invalid("clusterMeanDist needs the element MeanClusterDistances".to_owned()));
                }
            }
        }
        AlgorithmType::Other => Scale::Prediction,
    };
    let figures_of = within.filter(|_| matches!(scale, Scale::Prediction));
    let told =
        figures_of.map(|within| (within.categories().to_vec(), within.entities.clone(), within.figures));
    let (categories, entities, figures) = told.unwrap_or_default();
    let element = ElementPlan::AnomalyDetection(Box::new(Plan { model, scale, place }));
    Ok(Compiled { categories, entities, figures, ..Compiled::new(element) })
}

/// The mean length of a path that finds nothing in a binary search tree of so many records.
fn usual_path_length(size: f64) -> f64 {
    const EULER: f64 = 0.577_215_664_901_532_9;
    if size == 2.0 {
        return 1.0;
    }
    2.0 * (libm::log(size - 1.0) + EULER) - 2.0 * (size - 1.0) / size
}
