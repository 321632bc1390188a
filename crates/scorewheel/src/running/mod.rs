//! An instance at work: topics, scoring topology, run time, HTTP, telemetry, joined.
//!
//! | file | what it holds |
//! |---|---|
//! | [`instance`] | [`Instance`]: all of it, started and stopped |
//! | [`place`] | [`RunningPlace`]: where topics live, opened to be worked on |
//! | [`parts`] | configuration → what a scoring topology is made of |
//! | [`settings`] | configuration → how the run time works |
//! | [`own_topics`] | topics that `run` creates, and a look at the models topic |
//! | [`events`] | [`Events`]: what scoring and the run time tell, as telemetry |
//! | [`view`] | [`InstanceView`]: the last committed state, for queries and metrics |
//! | [`results_feed`] | [`ResultsTail`]: committed results as they come |
//! | [`cluster`] | [`ClusterThread`]: announces this instance and listens who else is there |
//! | [`drift`] | [`DriftFeed`]: inputs and scores under watch |
//! | [`influx`] | [`InfluxFeed`]: scores on their way to InfluxDB |
//! | [`live`] | what the page shows besides the committed state |
//! | [`grafana`] | sets Grafana up at start |
//! | [`traces`] | [`TracesFeed`]: traces on their way to a collector |
//! | [`references`] | [`References`]: what fetches models by reference |
//! | [`http_thread`] | [`HttpThread`]: the server and its run time |
//! | [`failure`] | errors of the run time as exit codes |
//! | [`stage`] | `run --engine stage`: the stage between topics |
//! | [`stop_signal`] | SIGTERM and SIGINT |

pub mod cluster;
pub mod drift;
pub mod events;
pub mod failure;
pub mod grafana;
pub mod http_thread;
pub mod influx;
pub mod instance;
pub mod live;
pub mod own_topics;
pub mod parts;
pub mod place;
pub mod references;
pub mod results_feed;
pub mod settings;
pub mod stage;
pub mod stop_signal;
pub mod traces;
pub mod view;

pub use cluster::ClusterThread;
pub use drift::DriftFeed;
pub use events::Events;
pub use http_thread::HttpThread;
pub use influx::InfluxFeed;
pub use instance::{Instance, InstanceOptions};
pub use place::{RunningPlace, open_for_running};
pub use references::References;
pub use results_feed::ResultsTail;
pub use stop_signal::StopSignal;
pub use traces::TracesFeed;
pub use view::InstanceView;
