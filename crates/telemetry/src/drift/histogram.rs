//! Counts of keys that grow coarser instead of larger.

use serde::{Deserialize, Serialize};

/// Keys that are told apart at the same time.
pub const CAPACITY: usize = 512;

/// Counts of 64-bit keys in a fixed space.
///
/// While there are at most [`CAPACITY`] different keys each is counted by itself. When there are more, the lowest bit of
/// all keys is dropped, and again, until they fit: what is counted then are ranges of keys, all of 2^level. The level
/// depends on the keys alone and not on their order, so that merging two histograms gives what counting everything in one
/// would have given, to the last bit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Plain")]
pub struct Histogram {
    /// Bits that are dropped from keys.
    level: u32,
    /// Keys without those bits, ascending.
    keys: Vec<u64>,
    /// One a key.
    counts: Vec<u64>,
}

/// What another process has sent.
#[derive(Deserialize)]
struct Plain {
    level: u32,
    keys: Vec<u64>,
    counts: Vec<u64>,
}

impl TryFrom<Plain> for Histogram {
    type Error = &'static str;

    fn try_from(plain: Plain) -> Result<Self, Self::Error> {
        let Plain { level, keys, counts } = plain;
        if keys.len() > CAPACITY || keys.len() != counts.len() {
            return Err("a histogram has one count a key, and not too many");
        }
        if level >= u64::BITS || !keys.iter().is_sorted_by(|left, right| left < right) {
            return Err("the keys of a histogram are ascending");
        }
        if keys.last().is_some_and(|key| *key > u64::MAX >> level) {
            return Err("the keys of a histogram have no more bits than its level leaves");
        }
        Ok(Self { level, keys, counts })
    }
}

/// A key that stands for this number: keys are in the order of their numbers; NaN has none.
#[must_use]
pub fn number_key(number: f64) -> Option<u64> {
    if number.is_nan() {
        return None;
    }
    // Both zeros are one number.
    let bits = (number + 0.0).to_bits();
    let sign = 1 << 63;
    Some(if bits & sign == 0 { bits | sign } else { !bits })
}

/// The number that a key stands for; for keys that no number has, the nearest infinity.
#[must_use]
pub fn key_number(key: u64) -> f64 {
    let sign = 1 << 63;
    let number = f64::from_bits(if key & sign == 0 { !key } else { key & !sign });
    match number.is_nan() {
        true if key & sign == 0 => f64::NEG_INFINITY,
        true => f64::INFINITY,
        false => number,
    }
}

/// Bytes of a text that its key is made of, besides its length.
const TEXT_BYTES: usize = 256;

/// A key for this text, the same in every process: FNV-1a of its first bytes and its length, mixed so that any of its bits
/// may be dropped.
#[must_use]
pub fn text_key(text: &str) -> u64 {
    let bytes = &text.as_bytes()[..text.len().min(TEXT_BYTES)];
    let mut hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    hash ^= text.len() as u64;
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

impl Histogram {
    /// Counts a key so many times.
    pub fn add(&mut self, key: u64, count: u64) {
        let key = key >> self.level;
        match self.keys.binary_search(&key) {
            Ok(place) => self.counts[place] = self.counts[place].saturating_add(count),
            Err(place) => {
                if self.keys.len() == self.keys.capacity() {
                    // One more than fits is there for a moment; a vector that doubles would keep twice as many.
                    let more = self.keys.len().max(15).min(CAPACITY + 1 - self.keys.len());
                    self.keys.reserve_exact(more);
                    self.counts.reserve_exact(more);
                }
                self.keys.insert(place, key);
                self.counts.insert(place, count);
                if self.keys.len() > CAPACITY {
                    self.coarsen(self.fitting());
                }
            }
        }
    }

    /// Adds what another has counted.
    pub fn merge(&mut self, other: &Self) {
        self.coarsen(self.level.max(other.level));
        let shift = self.level - other.level;
        let mut keys = Vec::with_capacity(self.keys.len() + other.keys.len());
        let mut counts = Vec::with_capacity(keys.capacity());
        let mut push = |key: u64, count: u64| match counts.last_mut() {
            Some(last) if keys.last() == Some(&key) => *last = u64::saturating_add(*last, count),
            _ => {
                keys.push(key);
                counts.push(count);
            }
        };
        let mut own = self.keys.iter().copied().zip(self.counts.iter().copied()).peekable();
        let mut others =
            other.keys.iter().map(|key| key >> shift).zip(other.counts.iter().copied()).peekable();
        loop {
            let next = match (own.peek(), others.peek()) {
                (Some(left), Some(right)) if left.0 <= right.0 => own.next(),
                (_, Some(_)) => others.next(),
                (Some(_), None) => own.next(),
                (None, None) => break,
            };
            if let Some((key, count)) = next {
                push(key, count);
            }
        }
        (self.keys, self.counts) = (keys, counts);
        if self.keys.len() > CAPACITY {
            self.coarsen(self.fitting());
        }
    }

    /// Forgets everything and keeps the memory.
    pub fn clear(&mut self) {
        self.level = 0;
        self.keys.clear();
        self.counts.clear();
    }

    /// The lowest level at which the keys fit.
    fn fitting(&self) -> u32 {
        // Two neighbours are one key as soon as the highest bit in which they differ is dropped.
        let mut by_bits = [0_usize; 65];
        for pair in self.keys.windows(2) {
            by_bits[(u64::BITS - (pair[0] ^ pair[1]).leading_zeros()) as usize] += 1;
        }
        let mut keys = self.keys.len();
        let mut drop = 0;
        while keys > CAPACITY && drop < 63 {
            drop += 1;
            keys -= by_bits[drop];
        }
        self.level + drop as u32
    }

    /// Drops bits until the level is this one at least.
    pub fn coarsen(&mut self, level: u32) {
        let level = level.min(63);
        if level <= self.level {
            return;
        }
        let shift = level - self.level;
        self.level = level;
        let mut kept = 0;
        for place in 0..self.keys.len() {
            let (key, count) = (self.keys[place] >> shift, self.counts[place]);
            if kept > 0 && self.keys[kept - 1] == key {
                self.counts[kept - 1] = self.counts[kept - 1].saturating_add(count);
            } else {
                (self.keys[kept], self.counts[kept]) = (key, count);
                kept += 1;
            }
        }
        self.keys.truncate(kept);
        self.counts.truncate(kept);
    }

    /// Bits that are dropped from keys.
    #[must_use]
    pub fn level(&self) -> u32 {
        self.level
    }

    /// Everything counted.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.iter().fold(0, |total, count| total.saturating_add(*count))
    }

    /// The first key of each range, its last, and its count; ascending.
    pub fn ranges(&self) -> impl ExactSizeIterator<Item = (u64, u64, u64)> {
        let (level, rest) = (self.level, (1_u64 << self.level) - 1);
        self.keys
            .iter()
            .zip(&self.counts)
            .map(move |(key, count)| (key << level, (key << level) | rest, *count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(keys: &[u64]) -> Histogram {
        let mut histogram = Histogram::default();
        keys.iter().for_each(|key| histogram.add(*key, 1));
        histogram
    }

    #[test]
    fn keys_are_in_the_order_of_their_numbers() {
        let numbers =
            [f64::NEG_INFINITY, f64::MIN, -1.0, -1e-300, 0.0, 5e-324, 1.0, 1.5, f64::MAX, f64::INFINITY];
        let keys: Vec<u64> = numbers.iter().filter_map(|number| number_key(*number)).collect();
        assert!(keys.is_sorted_by(|left, right| left < right), "{keys:?}");
        assert_eq!(number_key(-0.0), number_key(0.0));
        assert_eq!(number_key(f64::NAN), None);
        for (number, key) in numbers.iter().zip(keys) {
            assert_eq!(key_number(key), *number);
        }
        assert_eq!((key_number(0), key_number(u64::MAX)), (f64::NEG_INFINITY, f64::INFINITY));
    }

    #[test]
    fn few_keys_are_counted_each() {
        let histogram = of(&[7, 3, 7]);
        assert_eq!(histogram.ranges().collect::<Vec<_>>(), [(3, 3, 1), (7, 7, 2)]);
        let mut more = of(&(0..CAPACITY as u64).collect::<Vec<_>>());
        assert_eq!(more.level(), 0);
        more.add(u64::MAX, 4);
        // The last one needs a place: neighbours share theirs.
        assert_eq!(
            (more.level(), more.ranges().len(), more.total()),
            (1, CAPACITY / 2 + 1, CAPACITY as u64 + 4)
        );
        assert_eq!(more.ranges().last(), Some((u64::MAX - 1, u64::MAX, 4)));
    }

    /// A copy, and what is merged, have no room left.
    #[test]
    fn counting_goes_on_after_copying_and_merging() {
        for keys in [0, 1, 490, 500, 511, CAPACITY as u64] {
            let full = of(&(0..keys).collect::<Vec<_>>());
            let mut merged = Histogram::default();
            merged.merge(&full);
            for mut histogram in [full.clone(), merged] {
                (0..40).for_each(|more| histogram.add(u64::MAX - more, 1));
                assert_eq!(histogram.total(), keys + 40);
                assert!(histogram.ranges().len() <= CAPACITY);
            }
        }
    }

    #[test]
    fn what_others_send_is_looked_at() {
        let read = |text: &str| serde_json::from_str::<Histogram>(text);
        let sound = of(&[1, 2, u64::MAX]);
        assert_eq!(read(&serde_json::to_string(&sound).unwrap()).unwrap(), sound);
        for broken in [
            r#"{"level":0,"keys":[1],"counts":[]}"#,
            r#"{"level":0,"keys":[2,1],"counts":[1,1]}"#,
            r#"{"level":64,"keys":[],"counts":[]}"#,
            r#"{"level":1,"keys":[18446744073709551615],"counts":[1]}"#,
            r#"{"level":0,"keys":[-1],"counts":[1]}"#,
        ] {
            assert!(read(broken).is_err(), "{broken}");
        }
        let many: Vec<u64> = (0..=CAPACITY as u64).collect();
        assert!(read(&format!(r#"{{"level":0,"keys":{many:?},"counts":{many:?}}}"#)).is_err());
    }

    /// Keys of numbers that are near each other, far from each other, and anything.
    fn keys() -> impl Strategy<Value = Vec<u64>> {
        let near = (0_u64..2_000).prop_map(|key| key.wrapping_mul(3) + (1 << 40));
        let number = any::<f64>().prop_filter_map("a number", number_key);
        prop::collection::vec(prop_oneof![near, number, any::<u64>()], 0..1500)
    }

    proptest! {
        #[test]
        fn merging_is_counting_together(left in keys(), right in keys()) {
            let mut merged = of(&left);
            merged.merge(&of(&right));
            let mut turned = of(&right);
            turned.merge(&of(&left));
            let together = of(&[left, right].concat());
            prop_assert_eq!(&merged, &together);
            prop_assert_eq!(&turned, &together);
            prop_assert!(together.ranges().len() <= CAPACITY);
        }

        #[test]
        fn the_order_does_not_matter(mut keys in keys()) {
            let forwards = of(&keys);
            keys.reverse();
            prop_assert_eq!(forwards, of(&keys));
        }
    }
}
