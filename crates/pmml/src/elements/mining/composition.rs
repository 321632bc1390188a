//! Model composition: `Regression` and `DecisionTree` within a `MiningModel` or a `Node`.
//!
//! In a `MiningModel` they are a sequence: each reads what the `ResultField`s of those before it name, and the last one
//! answers. In a `Node` one of them answers for the node. They have no mining schema: they read the fields of the model
//! around them, as it has prepared them.

use crate::document::output::{Output, OutputField};
use crate::document::predicate::PredicateNode;
use crate::document::{MiningFunction, ModelDocument, ModelHead, Predicate};
use crate::elements::mining::read::{Document, Method, MissingPrediction, SegmentDocument};
use crate::elements::{ElementDocument, regression, tree};
use crate::fault::Result;
use crate::reader::{Element, Xml};

/// Reads a `Regression` or a `DecisionTree` to its end.
pub fn read_embedded<'a>(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<ModelDocument<'a>> {
    let mut head = ModelHead::read(&mut element)?;
    head.is_embedded = true;
    let is_tree = element.name == "DecisionTree";
    let mut tree = tree::read_attributes(&mut element)?;
    let normalization = if is_tree { None } else { element.choice("normalizationMethod")? };
    element.finish()?;
    let mut tables = Vec::new();
    let mut results = Vec::new();
    while let Some(child) = xml.child()? {
        if matches!(child.name, "MiningSchema" | "ModelVerification" | "ModelExplanation") {
            return Err(child.unexpected(element.name));
        }
        let Some(child) = head.child(xml, child)? else { continue };
        match child.name {
            "ResultField" => results.push(OutputField::read_result(xml, child)?),
            "RegressionTable" if !is_tree => tables.push(regression::read_table(xml, child)?),
            "Node" if is_tree && tree.nodes.is_empty() => tree::read_node(xml, child, &mut tree)?,
            _ => return Err(child.unexpected(element.name)),
        }
    }
    if !results.is_empty() {
        head.output.get_or_insert_with(Output::default).fields.extend(results);
    }
    let document = if is_tree {
        if tree.nodes.is_empty() {
            return Err(element.lacks("Node"));
        }
        ElementDocument::Tree(tree)
    } else {
        if tables.is_empty() {
            return Err(element.lacks("RegressionTable"));
        }
        let normalization = normalization.unwrap_or(regression::Normalization::None);
        ElementDocument::Regression(regression::Document { normalization, tables })
    };
    head.finish(&element, document)
}

/// Embedded models, and a segmentation behind them, as a chain whose last model has the target of the whole.
pub fn sequence<'a>(
    head: &ModelHead<'a>,
    embedded: Vec<ModelDocument<'a>>,
    segmentation: Option<Document<'a>>,
) -> Document<'a> {
    let mut models = embedded;
    if let Some(document) = segmentation {
        let head = head.embedded("Segmentation");
        models.push(ModelDocument { head, element: Box::new(ElementDocument::Mining(document)) });
    }
    if let Some(last) = models.last_mut().map(|last| &mut last.head)
        && last.function == head.function
        && matches!(last.function, MiningFunction::Regression | MiningFunction::Classification)
    {
        last.mining_schema.fields.extend(head.mining_schema.targets().cloned());
    }
    let segments = models.into_iter().map(|model| SegmentDocument {
        offset: model.head.offset,
        id: None,
        weight: 1.0,
        weight_field: None,
        predicate: Predicate { offset: model.head.offset, node: PredicateNode::True },
        model,
    });
    Document {
        method: Method::ModelChain,
        missing_prediction: MissingPrediction::SkipSegment,
        missing_threshold: 1.0,
        segments: segments.collect(),
        is_composition: true,
    }
}
