//! All model elements by name.

use scorewheel_columns::RowError;

use crate::compile::{Compiled, ModelContext};
use crate::document::ModelDocument;
use crate::elements::Element as Scored;
use crate::fault::Result;
use crate::plan::model::{RuleOutput, Uncertainty};
use crate::plan::{ModelId, ModelPlan};
use crate::reader::{Element, Xml};
use crate::score::columnar::{Answers, Frame, Wanted, Work};
use crate::score::row::Evaluated;
use crate::score::{Prediction, Row};
use crate::value::Datum;

/// Declares the elements: name in PMML, name here, module.
macro_rules! elements {
    ($($word:literal => $variant:ident in $module:ident,)+) => {
        /// A model element as typed data.
        #[derive(Clone, Debug)]
        pub enum ElementDocument<'a> {
            $(#[doc = concat!("`", $word, "`")] $variant(crate::elements::$module::Document<'a>),)+
        }

        /// A compiled model element.
        #[derive(Debug)]
        pub enum ElementPlan {
            $(#[doc = concat!("`", $word, "`")] $variant(Box<crate::elements::$module::Plan>),)+
        }

        impl<'a> ElementDocument<'a> {
            /// Names of all elements.
            pub const NAMES: &'static [&'static str] = &[$($word,)+];

            /// Name of the element.
            #[must_use]
            pub fn name(&self) -> &'static str {
                match self { $(Self::$variant(_) => $word,)+ }
            }

            /// Reads a model element to its end. `parent` names the element that holds it.
            pub fn read(xml: &mut Xml<'a>, element: Element<'a>, parent: &str) -> Result<ModelDocument<'a>> {
                match element.name {
                    $($word => crate::elements::$module::read(xml, element),)+
                    _ => Err(element.unexpected(parent)),
                }
            }
        }

        /// Compiles a model element.
        pub fn compile<'d, 'a>(
            document: &'d ElementDocument<'a>,
            context: &mut ModelContext<'_, 'd, 'a>,
        ) -> Result<Compiled> {
            match document { $(ElementDocument::$variant(document) => crate::elements::$module::compile(document, context),)+ }
        }

        impl ElementPlan {
            fn element(&self) -> &dyn Scored {
                match self { $(Self::$variant(plan) => &**plan,)+ }
            }

            /// See [`Scored::score`].
            ///
            /// # Errors
            /// Those of the row.
            pub fn score(
                &self,
                model: &ModelPlan,
                row: &mut Row<'_>,
                prediction: &mut Prediction,
            ) -> std::result::Result<(), RowError> {
                match self { $(Self::$variant(plan) => plan.score(model, row, prediction),)+ }
            }
        }
    };
}

elements! {
    "AnomalyDetectionModel" => AnomalyDetection in anomaly_detection,
    "AssociationModel" => Association in association,
    "BaselineModel" => Baseline in baseline,
    "BayesianNetworkModel" => BayesianNetwork in bayesian_network,
    "ClusteringModel" => Clustering in clustering,
    "GaussianProcessModel" => GaussianProcess in gaussian_process,
    "GeneralRegressionModel" => GeneralRegression in general_regression,
    "MiningModel" => Mining in mining,
    "NaiveBayesModel" => NaiveBayes in naive_bayes,
    "NearestNeighborModel" => NearestNeighbor in nearest_neighbor,
    "NeuralNetwork" => NeuralNetwork in neural_network,
    "RegressionModel" => Regression in regression,
    "RuleSetModel" => RuleSet in rule_set,
    "Scorecard" => Scorecard in scorecard,
    "SequenceModel" => Sequence in sequence,
    "SupportVectorMachineModel" => SupportVectorMachine in support_vector_machine,
    "TextModel" => Text in text,
    "TimeSeriesModel" => TimeSeries in time_series,
    "TreeModel" => Tree in tree,
}

impl ElementPlan {
    /// See [`Scored::columns`].
    pub fn columns(&self, model: &ModelPlan, wanted: &mut Vec<Wanted>) -> Option<()> {
        self.element().columns(model, wanted)
    }

    /// See [`Scored::score_columns`].
    pub fn score_columns(
        &self,
        model: &ModelPlan,
        frame: &Frame<'_>,
        work: &mut Work,
        answers: &mut Answers,
    ) {
        self.element().score_columns(model, frame, work, answers);
    }

    /// See [`Scored::found_per_row`].
    #[must_use]
    pub fn found_per_row(&self) -> usize {
        self.element().found_per_row()
    }

    /// See [`Scored::winners`].
    #[must_use]
    pub fn winners<'m>(&'m self, model: &'m ModelPlan) -> &'m [Datum] {
        self.element().winners(model)
    }

    /// See [`Scored::delegates`].
    #[must_use]
    pub fn delegates(&self) -> Option<&[ModelId]> {
        self.element().delegates()
    }

    /// See [`Scored::is_chain`].
    #[must_use]
    pub fn is_chain(&self) -> bool {
        self.element().is_chain()
    }

    /// See [`Scored::answers_with_lists`].
    #[must_use]
    pub fn answers_with_lists(&self) -> bool {
        self.element().answers_with_lists()
    }

    /// See [`Scored::segment`].
    #[must_use]
    pub fn segment(&self, id: u32) -> Option<ModelId> {
        self.element().segment(id)
    }

    /// See [`Scored::tells_uncertainty`].
    #[must_use]
    pub fn tells_uncertainty(&self) -> bool {
        self.element().tells_uncertainty()
    }

    /// See [`Scored::uncertainty`].
    ///
    /// # Errors
    /// Those of the row.
    pub fn uncertainty(&self, model: &ModelPlan, row: &mut Row<'_>, wanted: Uncertainty) -> Evaluated {
        self.element().uncertainty(model, row, wanted)
    }

    /// See [`Scored::rule_output`].
    ///
    /// # Errors
    /// Those of the row.
    pub fn rule_output(
        &self,
        model: &ModelPlan,
        row: &mut Row<'_>,
        prediction: &Prediction,
        output: &RuleOutput,
    ) -> Evaluated {
        self.element().rule_output(model, row, prediction, output)
    }
}
