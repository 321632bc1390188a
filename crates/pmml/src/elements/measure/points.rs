//! The points of a model, side by side.

use crate::elements::measure::network::Network;

/// Points that are compared side by side.
pub const LANES: usize = 8;

/// Points of one value a field: eight at a time, field by field.
#[derive(Debug)]
pub struct Points {
    /// The values of eight points for the first field, then for the next; behind the last point stand noughts.
    groups: Box<[[f64; LANES]]>,
    fields: usize,
    count: usize,
    network: Network,
}

impl Points {
    /// Points whose values stand point by point.
    #[must_use]
    pub fn new(values: &[f64], fields: usize) -> Self {
        let count = values.len().checked_div(fields).unwrap_or(0);
        let groups = vec![[0.0; LANES]; count.div_ceil(LANES) * fields].into();
        let mut points = Self { groups, fields, count, network: Network::new(count) };
        for (point, values) in values.chunks_exact(fields.max(1)).enumerate() {
            for (field, value) in values.iter().enumerate() {
                points.set(point, field, *value);
            }
        }
        points
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// What puts them in order for many rows at once.
    #[must_use]
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Sets one value.
    pub fn set(&mut self, point: usize, field: usize, value: f64) {
        self.groups[point / LANES * self.fields + field][point % LANES] = value;
    }

    /// Groups of points, each with its number of points and its values by field.
    pub fn groups(&self) -> impl Iterator<Item = (usize, &[[f64; LANES]])> {
        let size = |group: usize| LANES.min(self.count - group * LANES);
        self.groups.chunks_exact(self.fields.max(1)).enumerate().map(move |(at, group)| (size(at), group))
    }
}
