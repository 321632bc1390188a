//! The points of a task's transaction.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::point::{Point, Series};
use super::queue::Queue;
use super::rate::{SECOND, Thinning};

/// Gathers the scores of one task; they go to the queue when their transaction is committed.
#[derive(Debug)]
pub struct Collector {
    queue: Arc<Queue>,
    partition: u32,
    /// The series of the last score: the next one is mostly of the same model.
    series: Option<Arc<Series>>,
    points: Vec<Point>,
    /// Of the transaction, by series.
    sums: BTreeMap<Arc<Series>, Sum>,
    /// Committed sums of the second under way.
    committed: BTreeMap<Arc<Series>, Sum>,
    second: i64,
    scores: u64,
    skipped: u32,
    last: i64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    numbers: u64,
    calculated: f64,
    duration: u64,
    count: u64,
}

/// Most points of one transaction that are kept: what is more would not fit into the queue either.
const MOST_POINTS: usize = 50_000;

impl Collector {
    /// The collector of the task of this partition.
    #[must_use]
    pub fn new(queue: Arc<Queue>, partition: u32) -> Self {
        Self {
            queue,
            partition,
            series: None,
            points: Vec::new(),
            sums: BTreeMap::new(),
            committed: BTreeMap::new(),
            second: 0,
            scores: 0,
            skipped: 0,
            last: 0,
        }
    }

    /// Takes a score: the model that made it, the score as a number if it is one, its scoring time in nanoseconds.
    pub fn score(&mut self, model: &str, version: &str, calculated: Option<f64>, duration: u64) {
        self.scores += 1;
        let aggregates = match self.queue.thinning {
            Thinning::Every => false,
            Thinning::Aggregate => true,
            Thinning::Automatic => self.queue.rate.aggregates(),
            Thinning::OneIn(n) => {
                self.skipped += 1;
                if self.skipped < n {
                    return;
                }
                self.skipped = 0;
                false
            }
        };
        let series = self.series(model, version);
        if aggregates {
            self.sums.entry(series).or_default().add(calculated, duration);
        } else if self.points.len() < MOST_POINTS {
            // The time is that of the commit, as only then the score counts.
            self.points.push(Point { series, timestamp: 0, calculated, duration, count: 1 });
        } else {
            self.queue.drop_one();
        }
    }

    fn series(&mut self, model: &str, version: &str) -> Arc<Series> {
        if let Some(series) = &self.series
            && *series.model == *model
            && *series.version == *version
        {
            return Arc::clone(series);
        }
        let series = Arc::new(Series {
            model: model.into(),
            version: version.into(),
            partition: self.partition,
            outcome: "result",
        });
        self.series = Some(Arc::clone(&series));
        series
    }

    /// The transaction is committed, at this time in nanoseconds since the epoch.
    pub fn committed(&mut self, now: i64) {
        if let Some(aggregates) = self.queue.rate.count(std::mem::take(&mut self.scores), now)
            && self.queue.thinning == Thinning::Automatic
        {
            self.queue.change_mode(aggregates);
        }
        for point in &mut self.points {
            self.last = now.max(self.last + 1);
            point.timestamp = self.last;
        }
        let second = now.div_euclid(SECOND);
        if second != self.second && !self.committed.is_empty() {
            let timestamp = (self.second + 1) * SECOND - 1;
            let sums = std::mem::take(&mut self.committed);
            self.points.extend(sums.into_iter().map(|(series, sum)| sum.point(series, timestamp)));
        }
        self.second = second;
        for (series, sum) in std::mem::take(&mut self.sums) {
            self.committed.entry(series).or_default().merge(sum);
        }
        self.queue.offer(&mut self.points);
    }

    /// The transaction is rolled back: its scores are made again.
    pub fn rolled_back(&mut self) {
        self.points.clear();
        self.sums.clear();
        self.scores = 0;
    }
}

impl Drop for Collector {
    /// The second under way is sent as far as it came.
    fn drop(&mut self) {
        self.rolled_back();
        let timestamp = (self.second + 1) * SECOND - 1;
        let sums = std::mem::take(&mut self.committed);
        let mut points = sums.into_iter().map(|(series, sum)| sum.point(series, timestamp)).collect();
        self.queue.offer(&mut points);
    }
}

impl Sum {
    fn add(&mut self, calculated: Option<f64>, duration: u64) {
        self.merge(Self {
            numbers: u64::from(calculated.is_some()),
            calculated: calculated.unwrap_or(0.0),
            duration,
            count: 1,
        });
    }

    fn merge(&mut self, other: Self) {
        self.numbers += other.numbers;
        self.calculated += other.calculated;
        self.duration += other.duration;
        self.count += other.count;
    }

    fn point(self, series: Arc<Series>, timestamp: i64) -> Point {
        Point {
            series,
            timestamp,
            calculated: (self.numbers > 0).then(|| self.calculated / self.numbers as f64),
            duration: self.duration / self.count.max(1),
            count: self.count,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn taken(queue: &Queue) -> Vec<Point> {
        queue.close();
        let mut batch = Vec::new();
        queue.take(usize::MAX, Duration::ZERO, &mut batch);
        batch
    }

    #[test]
    fn only_committed_scores_become_points_each_with_a_time_of_its_own() {
        let queue = Arc::new(Queue::new(100, Thinning::Every));
        let mut collector = Collector::new(Arc::clone(&queue), 3);
        collector.score("m", "1", Some(5.0), 900);
        collector.rolled_back();
        collector.score("m", "1", Some(6.0), 900);
        collector.score("m", "1", None, 800);
        collector.committed(1_000);
        let points = taken(&queue);
        let told: Vec<_> = points.iter().map(|point| (point.timestamp, point.calculated)).collect();
        assert_eq!(told, [(1_000, Some(6.0)), (1_001, None)]);
        assert_eq!(points[0].series.partition, 3);
    }

    #[test]
    fn one_in_three() {
        let queue = Arc::new(Queue::new(100, Thinning::OneIn(3)));
        let mut collector = Collector::new(Arc::clone(&queue), 0);
        for score in 1..=7 {
            collector.score("m", "1", Some(f64::from(score)), 1);
        }
        collector.committed(1);
        assert_eq!(taken(&queue).iter().filter_map(|point| point.calculated).collect::<Vec<_>>(), [3.0, 6.0]);
    }

    #[test]
    fn a_second_is_one_point_a_model() {
        let queue = Arc::new(Queue::new(100, Thinning::Aggregate));
        let mut collector = Collector::new(Arc::clone(&queue), 0);
        for (model, score) in [("a", 1.0), ("a", 3.0), ("b", 7.0)] {
            collector.score(model, "1", Some(score), 10);
        }
        collector.committed(5 * SECOND);
        collector.score("a", "1", Some(5.0), 40);
        collector.committed(5 * SECOND + 1);
        collector.score("a", "1", Some(100.0), 40);
        collector.committed(6 * SECOND);
        drop(collector);
        let told: Vec<_> = taken(&queue)
            .iter()
            .map(|point| {
                let seconds = point.timestamp / SECOND;
                (point.series.model.to_string(), seconds, point.calculated, point.duration, point.count)
            })
            .collect();
        let expected = [
            ("a".to_owned(), 5, Some(3.0), 20, 3),
            ("b".to_owned(), 5, Some(7.0), 10, 1),
            ("a".to_owned(), 6, Some(100.0), 40, 1),
        ];
        assert_eq!(told, expected);
    }
}
