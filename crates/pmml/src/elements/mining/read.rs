//! `MiningModel` as typed data.

use crate::document::{MiningFunction, ModelDocument, ModelHead, Predicate};
use crate::elements::ElementDocument;
use crate::elements::mining::composition::{read_embedded, sequence};
use crate::fault::Result;
use crate::reader::{Element, Xml};

closed_list! {
    /// What becomes of the results of several segments.
    pub enum Method {
        MajorityVote = "majorityVote",
        WeightedMajorityVote = "weightedMajorityVote",
        Average = "average",
        WeightedAverage = "weightedAverage",
        Median = "median",
        WeightedMedian = "weightedMedian",
        XWeightedMedian = "x-weightedMedian",
        Max = "max",
        Sum = "sum",
        WeightedSum = "weightedSum",
        XWeightedSum = "x-weightedSum",
        SelectFirst = "selectFirst",
        SelectAll = "selectAll",
        ModelChain = "modelChain",
        MultiModelChain = "multiModelChain",
        XMultiModelChain = "x-multiModelChain",
    }
}

impl Method {
    /// True if it makes one result of those of models for this mining function.
    #[must_use]
    pub fn fits(self, function: MiningFunction) -> bool {
        match self {
            Self::SelectFirst
            | Self::SelectAll
            | Self::ModelChain
            | Self::MultiModelChain
            | Self::XMultiModelChain => true,
            Self::MajorityVote | Self::WeightedMajorityVote => {
                matches!(function, MiningFunction::Classification | MiningFunction::Clustering)
            }
            Self::Average | Self::WeightedAverage | Self::Median => {
                matches!(function, MiningFunction::Regression | MiningFunction::Classification)
            }
            Self::Max => function == MiningFunction::Classification,
            Self::WeightedMedian
            | Self::XWeightedMedian
            | Self::Sum
            | Self::WeightedSum
            | Self::XWeightedSum => function == MiningFunction::Regression,
        }
    }
}

closed_list! {
    /// What a segment without a result does to the whole.
    pub enum MissingPrediction {
        ReturnMissing = "returnMissing",
        SkipSegment = "skipSegment",
        Continue = "continue",
    }
}

/// `MiningModel`.
#[derive(Clone, Debug)]
pub struct Document<'a> {
    /// What becomes of the results of several segments.
    pub method: Method,
    /// What a segment without a result does to the whole.
    pub missing_prediction: MissingPrediction,
    /// Largest share of segments that may be skipped.
    pub missing_threshold: f64,
    /// The segments, in order.
    pub segments: Vec<SegmentDocument<'a>>,
    /// True for embedded models in a sequence: what one of them does not find is missing to those after it.
    pub is_composition: bool,
}

/// `Segment`.
#[derive(Clone, Debug)]
pub struct SegmentDocument<'a> {
    /// Where it stands.
    pub offset: u32,
    /// Its id.
    pub id: Option<&'a str>,
    /// Its weight.
    pub weight: f64,
    /// The field that holds its weight instead.
    pub weight_field: Option<&'a str>,
    /// When it takes part.
    pub predicate: Predicate<'a>,
    /// Its model.
    pub model: ModelDocument<'a>,
}

/// Reads a `MiningModel` to its end.
pub fn read<'a>(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<ModelDocument<'a>> {
    let mut head = ModelHead::read(&mut element)?;
    element.finish()?;
    let mut document = None;
    let mut embedded = Vec::new();
    while let Some(child) = xml.child()? {
        let Some(child) = head.child(xml, child)? else { continue };
        match child.name {
            "Segmentation" => document = Some(read_segmentation(xml, child)?),
            "Regression" | "DecisionTree" => embedded.push(read_embedded(xml, child)?),
            _ => return Err(child.unexpected("MiningModel")),
        }
    }
    let document = match (document, embedded.is_empty()) {
        (Some(document), true) => document,
        (None, true) => return Err(element.lacks("Segmentation, Regression or DecisionTree")),
        (document, false) => sequence(&head, embedded, document),
    };
    head.finish(&element, ElementDocument::Mining(document))
}

fn read_segmentation<'a>(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<Document<'a>> {
    let missing_prediction = match element.choice("missingPredictionTreatment")? {
        Some(treatment) => Some(treatment),
        None => element.choice("x-missingPredictionTreatment")?,
    };
    let missing_threshold = match element.number("missingThreshold")? {
        Some(threshold) => Some(threshold),
        None => element.number("x-missingThreshold")?,
    };
    let mut document = Document {
        method: element.required_choice("multipleModelMethod")?,
        missing_prediction: missing_prediction.unwrap_or(MissingPrediction::Continue),
        missing_threshold: missing_threshold.unwrap_or(1.0),
        segments: Vec::new(),
        is_composition: false,
    };
    element.finish()?;
    while let Some(child) = xml.child()? {
        match child.name {
            "Segment" => document.segments.push(read_segment(xml, child)?),
            // Written in the place of the extension by some producers.
            "LocalTransformations" => return Err(child.unexpected("Segmentation")),
            _ => return Err(child.unexpected("Segmentation")),
        }
    }
    if document.segments.is_empty() {
        return Err(element.lacks("Segment"));
    }
    Ok(document)
}

fn read_segment<'a>(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<SegmentDocument<'a>> {
    let id = element.text("id");
    let weight = element.number("weight")?.unwrap_or(1.0);
    element.finish()?;
    let (mut predicate, mut model, mut weight_field) = (None, None, None);
    while let Some(mut child) = xml.child()? {
        match child.name {
            name if Predicate::is_one(name) => predicate = Some(Predicate::read(xml, child, "Segment")?),
            "VariableWeight" => {
                weight_field = Some(child.required("field")?);
                child.finish()?;
                xml.end(&child)?;
            }
            _ => model = Some(ElementDocument::read(xml, child, "Segment")?),
        }
    }
    Ok(SegmentDocument {
        offset: element.offset,
        id,
        weight,
        weight_field,
        predicate: predicate.ok_or_else(|| element.lacks("True, SimplePredicate or another predicate"))?,
        model: model.ok_or_else(|| element.lacks("TreeModel, RegressionModel or another model"))?,
    })
}
