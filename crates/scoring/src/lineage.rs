//! The lineage of what a model answers about the records of one partition.

use scorewheel_codecs::Lineage;
use scorewheel_serving::{ModelReference, Order};
use scorewheel_topics::{Offset, TopicPartition};

/// The lineage of one model's answers about one partition's records: what is constant is encoded once.
#[derive(Clone, Debug)]
pub struct ModelLineage {
    lineage: Lineage,
    partition: i32,
}

impl ModelLineage {
    /// That of a model's answers about records of `input`.
    #[must_use]
    pub fn new(model: &ModelReference, input: &TopicPartition) -> Self {
        let (name, sha256) = (model.key.name.as_str(), model.sha256.to_string());
        let lineage = Lineage::new(name, &model.version, &sha256, model.offset, input.topic());
        Self { lineage, partition: input.partition() as i32 }
    }

    /// Appends the header's value for the record at `offset`; if it has other results, also which of them this is.
    #[inline]
    pub fn write(&self, offset: Offset, order: Order, header: &mut Vec<u8>) {
        if order.is_shared() {
            self.lineage.write_shared(self.partition, offset, order.place, order.of, header);
        } else {
            self.lineage.write(self.partition, offset, header);
        }
    }

    /// The lineage that the dead letter of the record at `offset` carries for a result that is not there: which of
    /// the record's results is missing. `None` if it has no others.
    #[must_use]
    pub fn of_missing(
        model: &ModelReference,
        input: &TopicPartition,
        offset: Offset,
        order: Order,
    ) -> Option<Vec<u8>> {
        order.is_shared().then(|| {
            let mut header = Vec::new();
            Self::new(model, input).write(offset, order, &mut header);
            header
        })
    }
}
