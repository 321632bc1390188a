//! Sets of ranks.

/// Ranks as ascending intervals that do not touch, both ends within.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RankSet(Vec<(u16, u16)>);

impl RankSet {
    /// The ranks from the first to the last; none if the last is before the first.
    #[must_use]
    pub fn range(first: usize, last: usize) -> Self {
        let rank = |rank: usize| rank.min(usize::from(u16::MAX)) as u16;
        if last < first { Self::default() } else { Self(vec![(rank(first), rank(last))]) }
    }

    /// All ranks below an end.
    #[must_use]
    pub fn below(end: usize) -> Self {
        end.checked_sub(1).map_or_else(Self::default, |last| Self::range(0, last))
    }

    /// These single ranks, which ascend.
    #[must_use]
    pub fn listed(ranks: impl Iterator<Item = usize>) -> Self {
        let mut set = Self::default();
        for rank in ranks {
            set.push((rank as u16, rank as u16));
        }
        set
    }

    /// The intervals.
    #[must_use]
    pub fn intervals(&self) -> &[(u16, u16)] {
        &self.0
    }

    /// True if it holds a rank.
    #[must_use]
    pub fn contains(&self, rank: u16) -> bool {
        let at = self.0.partition_point(|(_, last)| *last < rank);
        self.0.get(at).is_some_and(|(first, _)| *first <= rank)
    }

    /// Adds an interval that does not begin before those that are there.
    fn push(&mut self, (first, last): (u16, u16)) {
        match self.0.last_mut() {
            Some(before) if u32::from(first) <= u32::from(before.1) + 1 => before.1 = before.1.max(last),
            _ => self.0.push((first, last)),
        }
    }

    /// Ranks of one set or the other.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        let mut set = Self::default();
        let (mut left, mut right) = (self.0.iter().peekable(), other.0.iter().peekable());
        loop {
            let next = match (left.peek(), right.peek()) {
                (Some(one), Some(two)) if one.0 <= two.0 => left.next(),
                (_, Some(_)) => right.next(),
                (_, None) => left.next(),
            };
            match next {
                Some(interval) => set.push(*interval),
                None => return set,
            }
        }
    }

    /// Ranks of both sets.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let mut set = Self::default();
        let (mut left, mut right) = (0, 0);
        while let (Some(one), Some(two)) = (self.0.get(left), other.0.get(right)) {
            let (first, last) = (one.0.max(two.0), one.1.min(two.1));
            if first <= last {
                set.push((first, last));
            }
            if one.1 <= two.1 {
                left += 1;
            } else {
                right += 1;
            }
        }
        set
    }

    /// Ranks of this set that are not of the other.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        let mut set = Self::default();
        for (first, last) in &self.0 {
            let mut from = u32::from(*first);
            let start = other.0.partition_point(|(_, end)| end < first);
            for (skip, end) in other.0[start..].iter().take_while(|(skip, _)| skip <= last) {
                if u32::from(*skip) > from {
                    set.push((from as u16, skip - 1));
                }
                from = u32::from(*end) + 1;
            }
            if from <= u32::from(*last) {
                set.push((from as u16, *last));
            }
        }
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_those_of_their_ranks() {
        let mut state = 7_u64;
        let mut next = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state >> 33
        };
        let held = |set: &RankSet| -> Vec<bool> { (0..40).map(|rank| set.contains(rank)).collect() };
        for _ in 0..2_000 {
            let mut make = || {
                let bits = next() & next();
                RankSet::listed((0..31).filter(|at| bits >> at & 1 == 1))
            };
            let (one, two) = (make(), make());
            let together = |test: fn(bool, bool) -> bool| -> Vec<bool> {
                held(&one).into_iter().zip(held(&two)).map(|(a, b)| test(a, b)).collect()
            };
            assert_eq!(held(&one.or(&two)), together(|a, b| a | b));
            assert_eq!(held(&one.and(&two)), together(|a, b| a & b));
            assert_eq!(held(&one.without(&two)), together(|a, b| a & !b));
            for set in [one.or(&two), one.and(&two), one.without(&two)] {
                assert!(set.intervals().windows(2).all(|pair| pair[0].1 + 1 < pair[1].0), "{set:?}");
            }
        }
        assert_eq!(RankSet::below(0), RankSet::default());
        assert_eq!(
            RankSet::range(0, 65_535).without(&RankSet::range(65_535, 65_535)).intervals(),
            [(0, 65_534)]
        );
    }
}
