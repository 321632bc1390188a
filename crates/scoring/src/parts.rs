//! What the topologies of one application are made of.

use std::sync::Arc;

use scorewheel_codecs::{DataTypes, ResultFormat};
use scorewheel_model::{DataTypeName, Format, Limits, TypeNumbering};
use scorewheel_serving::{Adopt, Fetcher, Judge, Policies, Selections, Watch};
use scorewheel_topics::{Backend, TopicsError};

use crate::access::{ControlAccess, TopicsAccess};
use crate::event::{Observer, Unobserved};
use crate::followers::Scores;
use crate::golden::JsonGolden;
use crate::markers::Markers;
use crate::names::Names;
use crate::state::ServingState;

/// Makes what fetches models by reference, when the application starts.
pub type FetcherSupplier = dyn Fn() -> Box<dyn Fetcher> + Send + Sync;

type AccessSupplier = dyn Fn() -> Result<Box<dyn ControlAccess>, TopicsError> + Send + Sync;

/// What the topologies of one application are made of; shared by all their parts.
pub struct Parts {
    /// Topics and store.
    pub names: Names,
    /// The data types of the records.
    pub data_types: Arc<DataTypes>,
    /// Judges models.
    pub judge: Judge,
    /// What happens to records that no model can score.
    pub policies: Policies,
    /// Which models of a route are asked, where it is not the latest alone. With several, results carry the lineage
    /// header even if [`Parts::lineage`] is off: it says which model's they are.
    pub selections: Selections,
    /// What the operator has said about a ledger that does not match.
    pub adopt: Adopt,
    /// How values of results are encoded.
    pub result_format: ResultFormat,
    /// Whether results carry the lineage header.
    pub lineage: bool,
    /// Names this process in rejections.
    pub instance: String,
    /// Marks around what a model could kill the process with.
    pub markers: Arc<Markers>,
    /// Takes events.
    pub observer: Arc<dyn Observer>,
    /// Follows the scores, if anything does.
    pub scores: Option<Arc<dyn Scores>>,
    /// Looks at columns and scores as they pass, if anything does.
    pub watch: Option<Arc<dyn Watch>>,
    /// What can be asked.
    pub state: Arc<ServingState>,
    /// Fetches models by reference, if that is allowed.
    pub fetcher: Option<Box<FetcherSupplier>>,
    /// Makes the access to the control topics, when the application starts.
    pub access: Box<AccessSupplier>,
}

impl Parts {
    /// The parts of an application with default names, policies and result format, on the topics of `backend`.
    ///
    /// # Errors
    /// [`PartsError::DataType`] for a data type whose name cannot be a route.
    pub fn new(
        application: &str,
        data_types: Arc<DataTypes>,
        formats: Vec<Arc<dyn Format>>,
        backend: Arc<dyn Backend>,
    ) -> Result<Self, PartsError> {
        let names = Names::of_application(application);
        let judge = judge(&data_types, formats, Limits::default(), TypeNumbering::default())?;
        let (group, access_names) = (application.to_owned(), names.clone());
        let access = move || -> Result<Box<dyn ControlAccess>, TopicsError> {
            Ok(Box::new(TopicsAccess::new(Arc::clone(&backend), &access_names, &group)))
        };
        Ok(Self::with_access(application, names, data_types, judge, access))
    }

    /// The same with topics that are asked in another way.
    #[must_use]
    pub fn with_access(
        application: &str,
        names: Names,
        data_types: Arc<DataTypes>,
        judge: Judge,
        access: impl Fn() -> Result<Box<dyn ControlAccess>, TopicsError> + Send + Sync + 'static,
    ) -> Self {
        Self {
            names,
            data_types,
            judge,
            policies: Policies::default(),
            selections: Selections::new(),
            adopt: Adopt::default(),
            result_format: ResultFormat::default(),
            lineage: true,
            instance: application.to_owned(),
            markers: Arc::new(Markers::none()),
            observer: Arc::new(Unobserved),
            scores: None,
            watch: None,
            state: Arc::new(ServingState::new()),
            fetcher: None,
            access: Box::new(access),
        }
    }
}

/// A judge for the models of these data types.
///
/// # Errors
/// [`PartsError::DataType`] for a data type whose name cannot be a route.
pub fn judge(
    data_types: &Arc<DataTypes>,
    formats: Vec<Arc<dyn Format>>,
    limits: Limits,
    numbering: TypeNumbering,
) -> Result<Judge, PartsError> {
    let mut judge =
        Judge::new(formats, JsonGolden::new(data_types)).with_limits(limits).with_numbering(numbering);
    for data_type in data_types.all() {
        let name = DataTypeName::new(data_type.name()).map_err(PartsError::DataType)?;
        judge = judge.with_data_type(name, Arc::clone(data_type.schema()));
    }
    Ok(judge)
}

/// The configuration is bad: the operator must change it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PartsError {
    /// A data type's name cannot be a route.
    #[error("a data type cannot be named so: {0}")]
    DataType(scorewheel_model::NameError),
}
