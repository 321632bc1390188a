//! `ComparisonMeasure`: distances and similarities, as `ClusteringModel` and `NearestNeighborModel` use them.

mod columns;
mod compute;
mod digits;
mod figures;
mod network;
mod points;
mod rank;
mod read;

pub use compute::{FieldPlan, Measure, Point, compile_field};
pub use digits::Keys;
pub use points::Points;
pub use rank::{limit_rankings, order};
pub use read::{
    CompareFunction, ComparisonField, ComparisonMeasure, MeasureFunction, read_field, read_measure,
};
