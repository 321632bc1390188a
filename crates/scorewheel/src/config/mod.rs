//! Configuration: one file, the environment, the command line.
//!
//! A value is taken from the first of: a flag, our environment (`SCOREWHEEL__SECTION__NAME`), the original's environment
//! (`KAFKA_BROKERS_LIST` and its like), the file, the default.
//!
//! | file | what it holds |
//! |---|---|
//! | [`settings`] | [`Config`]: every section and setting, with its documentation and default |
//! | [`section`] | [`Setting`], and the macro that declares sections |
//! | [`value`] | [`SettingValue`]: the types of settings |
//! | [`address`] | texts that can be addresses |
//! | [`choices`] | settings that are one of a few words |
//! | [`points`] | [`Points`]: how many points a score makes |
//! | [`data_type`] | [`DataTypeConfig`]: an entry of `[[data_types]]` |
//! | [`references`] | [`ReferenceConfig`]: an entry of `[[references]]` |
//! | `reference_place` | the place that such an entry describes |
//! | [`layers`] | [`Layers`], [`Source`]: who said what, and who wins |
//! | [`mod@file`] | the TOML file |
//! | [`environment`] | the environment |
//! | [`suggest`] | "did you mean" |
//! | [`problem`] | [`Problem`]: what is wrong, where, and what to do |
//! | [`mod@load`] | [`Request`], [`Loaded`]: all of it together |
//! | [`place`] | [`Place`]: where topics live |
//! | [`reference`](mod@reference) | the reference page, generated |
//! | [`show`] | the effective values with their sources, secrets hidden |

pub mod address;
pub mod choices;
pub mod data_type;
pub mod environment;
pub mod file;
pub mod layers;
pub mod load;
pub mod place;
pub mod points;
pub mod problem;
pub mod reference;
mod reference_place;
pub mod references;
pub mod section;
pub mod settings;
pub mod show;
pub mod suggest;
pub mod value;

pub use choices::{
    Create, DriftInputs, Encryption, Engine, Guarantee, InfluxVersion, LogFormat, NoModel, Numbering,
    OnFailure, ResultFormat, Start, Store, SyncChoice,
};
pub use data_type::{CodecChoice, DataTypeConfig, ScoreChoice};
pub use layers::{Layers, Source};
pub use load::{Loaded, Request, load};
pub use place::Place;
pub use points::Points;
pub use problem::{Problem, Problems};
pub use references::ReferenceConfig;
pub use section::Setting;
pub use settings::Config;
pub use value::{Bytes, Period, Secret, SettingValue};
