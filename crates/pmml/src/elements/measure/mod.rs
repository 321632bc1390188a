//! `ComparisonMeasure`: distances and similarities, as `ClusteringModel` and `NearestNeighborModel` use them.

mod compute;
mod rank;
mod read;

pub use compute::{FieldPlan, Measure, Point, compile_field, is_missing};
pub use rank::{limit_rankings, order};
pub use read::{
    CompareFunction, ComparisonField, ComparisonMeasure, MeasureFunction, read_field, read_measure,
};
