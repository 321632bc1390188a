//! Distinct strings of a batch, each with a code.

use std::hash::BuildHasher;

use hashbrown::HashTable;

/// Strings by code, in the order in which they were first seen; every string is stored once.
///
/// A text column holds codes into one of these, so that a model looks a category up once per distinct string
/// of a batch and not once per row.
#[derive(Clone, Debug, Default)]
pub struct Dictionary {
    bytes: String,
    ends: Vec<u32>,
    codes: HashTable<u32>,
    hasher: foldhash::fast::FixedState,
}

impl Dictionary {
    /// An empty dictionary.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Number of distinct strings; codes are `0..len`.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// True if no string was added yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Forgets all strings and keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
        self.codes.clear();
    }

    /// The string of `code`; empty for a code that was never given out.
    #[inline]
    #[must_use]
    pub fn get(&self, code: u32) -> &str {
        text(&self.bytes, &self.ends, code)
    }

    /// The code of `value`, added if it is new; quick if it is the string of `guess`.
    #[inline]
    pub fn intern_near(&mut self, guess: u32, value: &str) -> u32 {
        if self.get(guess) == value && (guess as usize) < self.ends.len() {
            guess
        } else {
            self.intern(value)
        }
    }

    /// The code of `value`, added if it is new.
    pub fn intern(&mut self, value: &str) -> u32 {
        let hash = self.hasher.hash_one(value);
        let (bytes, ends) = (&self.bytes, &self.ends);
        if let Some(&code) = self.codes.find(hash, |&code| text(bytes, ends, code) == value) {
            return code;
        }
        let code = self.ends.len() as u32;
        self.bytes.push_str(value);
        self.ends.push(self.bytes.len() as u32);
        let (bytes, ends, hasher) = (&self.bytes, &self.ends, &self.hasher);
        self.codes.insert_unique(hash, code, |&code| hasher.hash_one(text(bytes, ends, code)));
        code
    }

    /// The code of `value`, if it is there.
    #[must_use]
    pub fn find(&self, value: &str) -> Option<u32> {
        let hash = self.hasher.hash_one(value);
        self.codes.find(hash, |&code| self.get(code) == value).copied()
    }

    /// All strings in the order of their codes.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        (0..self.ends.len()).map(|code| self.get(code as u32))
    }
}

#[inline]
fn text<'a>(bytes: &'a str, ends: &[u32], code: u32) -> &'a str {
    let code = code as usize;
    let Some(&end) = ends.get(code) else { return "" };
    let start = if code == 0 { 0 } else { ends[code - 1] };
    &bytes[start as usize..end as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_keeps_its_code() {
        let mut dictionary = Dictionary::new();
        let codes: Vec<u32> = ["red", "", "white", "red", ""].iter().map(|s| dictionary.intern(s)).collect();
        assert_eq!(codes, [0, 1, 2, 0, 1]);
        assert_eq!(dictionary.iter().collect::<Vec<_>>(), ["red", "", "white"]);
        assert_eq!(dictionary.find("white"), Some(2));
        assert_eq!(dictionary.find("rosé"), None);
        assert_eq!((dictionary.intern_near(2, "white"), dictionary.intern_near(2, "red")), (2, 0));
        dictionary.clear();
        assert_eq!(dictionary.intern_near(7, "white"), 0);
        assert_eq!(dictionary.intern("white"), 0);
    }
}
