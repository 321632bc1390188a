//! What all model elements have in common.

use std::sync::Arc;

use scorewheel_model::FieldStatistics;

use crate::document::expression::Transformations;
use crate::document::output::Output;
use crate::document::schema::MiningSchema;
use crate::document::statistics;
use crate::document::targets::Targets;
use crate::document::verification::ModelVerification;
use crate::elements::ElementDocument;
use crate::fault::Result;
use crate::reader::{Element, Xml};

closed_list! {
    /// What a model is for.
    pub enum MiningFunction {
        AssociationRules = "associationRules",
        Sequences = "sequences",
        Classification = "classification",
        Regression = "regression",
        Clustering = "clustering",
        TimeSeries = "timeSeries",
        Mixed = "mixed",
    }
}

closed_list! {
    /// The precision in which a model computes.
    pub enum MathContext {
        Float = "float",
        Double = "double",
    }
}

/// How deep the children stand of a model that is itself a child of `PMML`.
const OWN_DEPTH: usize = 3;

/// Attributes and children that every model element has.
#[derive(Clone, Debug)]
pub struct ModelHead<'a> {
    /// Where the model stands.
    pub offset: u32,
    /// Name of the element.
    pub element: &'a str,
    /// Name of the model.
    pub model_name: Option<&'a str>,
    /// What the model is for.
    pub function: MiningFunction,
    /// What made it.
    pub algorithm_name: Option<&'a str>,
    /// False if it is not meant to be scored.
    pub is_scorable: bool,
    /// The precision in which it computes.
    pub math_context: MathContext,
    /// Which fields it reads.
    pub mining_schema: MiningSchema<'a>,
    /// What it tells.
    pub output: Option<Output<'a>>,
    /// What becomes of its raw prediction.
    pub targets: Option<Targets<'a>>,
    /// Fields of its own.
    pub transformations: Transformations<'a>,
    /// Rows that it must reproduce.
    pub verification: Option<ModelVerification<'a>>,
    /// How its fields were distributed in training; not told of a model within another one.
    pub statistics: Arc<[FieldStatistics]>,
    /// True for a `Regression` or `DecisionTree` within another model, which reads the fields of the model around it.
    pub is_embedded: bool,
    has_mining_schema: bool,
}

impl<'a> ModelHead<'a> {
    /// Reads the attributes that every model element has. The element's own are read next, then
    /// [`Element::finish`] is called.
    pub fn read(element: &mut Element<'a>) -> Result<Self> {
        let math_context = match element.choice("x-mathContext")? {
            Some(context) => context,
            None => element.choice("mathContext")?.unwrap_or(MathContext::Double),
        };
        // Written by one producer for models whose answers are square roots: still a regression.
        let function = match element.text("functionName") {
            Some("regression sqrt") => MiningFunction::Regression,
            _ => element.required_choice("functionName")?,
        };
        // Producers' own remarks about a model, outside the schema of PMML 4.4, met in the wild.
        element.ignore(&["taskType"]);
        Ok(Self {
            offset: element.offset,
            element: element.name,
            model_name: element.text("modelName"),
            function,
            algorithm_name: element.text("algorithmName"),
            is_scorable: element.boolean("isScorable")?.unwrap_or(true),
            math_context,
            mining_schema: MiningSchema::default(),
            output: None,
            targets: None,
            transformations: Transformations::default(),
            verification: None,
            statistics: Arc::default(),
            is_embedded: false,
            has_mining_schema: false,
        })
    }

    /// Reads `child` if it is one that every model element has, else gives it back.
    pub fn child(&mut self, xml: &mut Xml<'a>, child: Element<'a>) -> Result<Option<Element<'a>>> {
        match child.name {
            "MiningSchema" => {
                self.mining_schema = MiningSchema::read(xml, child)?;
                self.has_mining_schema = true;
            }
            "Output" => self.output = Some(Output::read(xml, child)?),
            "Targets" => self.targets = Some(Targets::read(xml, child)?),
            "LocalTransformations" => self.transformations = Transformations::read(xml, child)?,
            "ModelVerification" => self.verification = Some(ModelVerification::read(xml, child)?),
            // Tell about training; they have no part in scoring.
            "ModelStats" if xml.depth() == OWN_DEPTH => self.statistics = statistics::read(xml)?.into(),
            "ModelStats" | "ModelExplanation" => xml.skip()?,
            _ => return Ok(Some(child)),
        }
        Ok(None)
    }

    /// The head of a model within this one that has nothing of its own.
    #[must_use]
    pub fn embedded(&self, element: &'a str) -> Self {
        Self {
            element,
            mining_schema: MiningSchema::default(),
            output: None,
            targets: None,
            transformations: Transformations::default(),
            verification: None,
            statistics: Arc::default(),
            is_embedded: true,
            ..self.clone()
        }
    }

    /// Checks that what every model element must have was there.
    pub fn finish(self, element: &Element<'a>, document: ElementDocument<'a>) -> Result<ModelDocument<'a>> {
        if !self.has_mining_schema && !self.is_embedded {
            return Err(element.lacks("MiningSchema"));
        }
        Ok(ModelDocument { head: self, element: Box::new(document) })
    }
}

/// A model element: what all have in common, and what is its own.
#[derive(Clone, Debug)]
pub struct ModelDocument<'a> {
    /// What all have in common.
    pub head: ModelHead<'a>,
    /// What is its own.
    pub element: Box<ElementDocument<'a>>,
}
