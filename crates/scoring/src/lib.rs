//! Scoring in streams: the control reader and installer, the scoring processor, and the three topologies.
//!
//! | file | what it holds |
//! |---|---|
//! | [`persistent`] | the topology with a key/value store and its changelog (DSL) |
//! | [`memory`] | the topology with its state in memory (processor topology) |
//! | [`custom`] | the topology with a store of its own (DSL) |
//! | [`operator`] | [`score`](operator::score): scoring as a step of any topology |
//! | [`parts`] | [`Parts`]: what a topology is made of |
//! | [`names`] | [`Names`]: topics and store of an application |
//! | [`handler`] | [`ModelsHandler`]: folds the control log, installs what is in force, publishes revisions |
//! | [`access`] | [`ControlAccess`]: what the handler asks of the topics besides |
//! | [`control_topic`] | how the control log and the rejections topic are made and checked |
//! | [`markers`] | [`Markers`]: marks around what a model could kill the process with |
//! | [`processor`] | [`ScoringProcessor`]: a batch in; results, dead letters, cut-overs out |
//! | [`records`] | [`RecordCodecs`]: the codecs, as the heart decodes with them |
//! | [`lineage`] | [`ModelLineage`]: which model made a result, and from which record |
//! | [`golden`] | [`JsonGolden`]: golden rows, in JSON |
//! | [`dead_letter`] | dead letters: their headers, and what of a record they keep |
//! | [`sinks`] | where results, dead letters and cut-overs go |
//! | [`statistics_store`] | [`StatisticsStore`]: what the processor asks of its store |
//! | [`model_store`] | [`ModelStore`]: {current, new} × {reference, statistics} in one record |
//! | [`task_view`] | [`TaskView`]: what a task has committed |
//! | [`state`] | [`ServingState`]: what can be asked of this instance |
//! | [`followers`] | [`Scores`], [`ScoreFollower`]: who follows the scores as they are made |
//! | [`event`] | [`ScoringEvent`], [`Observer`]: what scoring lets its surroundings know |
//!
//! The heart is in `scorewheel-serving`; here it meets topics, codecs, stores and the clock.

pub mod access;
pub mod control_topic;
pub mod custom;
pub mod dead_letter;
pub mod error;
pub mod event;
pub mod followers;
pub mod golden;
pub mod handler;
pub mod lineage;
pub mod markers;
pub mod memory;
pub mod model_store;
pub mod names;
pub mod operator;
pub mod parts;
pub mod persistent;
pub mod processor;
pub mod records;
pub mod sinks;
pub mod state;
pub mod statistics_store;
pub mod task_view;

pub use access::{ControlAccess, Message, TopicsAccess};
pub use control_topic::{ControlTopicError, ControlTopicWarning};
pub use error::BuildError;
pub use event::{Observer, ScoringEvent, Unobserved};
pub use followers::{FirstTarget, ScoreFollower, Scores};
pub use golden::JsonGolden;
pub use handler::ModelsHandler;
pub use lineage::ModelLineage;
pub use markers::Markers;
pub use model_store::{ModelStore, ModelStoreView};
pub use names::Names;
pub use parts::{Parts, PartsError};
pub use processor::ScoringProcessor;
pub use records::RecordCodecs;
pub use scorewheel_serving::{ControlView, ModelView};
pub use state::ServingState;
pub use statistics_store::StatisticsStore;
pub use task_view::{TaskView, TaskViewError};
