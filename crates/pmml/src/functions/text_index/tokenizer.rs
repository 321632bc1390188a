//! A text to words: normalised, split, stripped, folded.

use hashbrown::HashMap;
use regex::Regex;

use crate::functions::pattern::Pattern;
use crate::value::Texts;

/// Times that a recursive normalisation is repeated at most.
const REPETITIONS: usize = 100;

/// Bytes to which normalisation may grow a text.
const GROWTH_LIMIT: usize = 1 << 20;

/// How a text becomes words. Equal settings share one.
#[derive(Debug)]
pub struct Tokenizer {
    /// Words are what matches; else what stands between separators.
    pub words: Option<Regex>,
    /// What separates words.
    pub separator: Option<Regex>,
    /// True if words are stripped of punctuation.
    pub strip: bool,
    /// True if case does not matter.
    pub fold: bool,
    /// Changes to the text before, in order.
    pub normalizations: Vec<Normalization>,
}

/// Replacements made in a text.
#[derive(Debug)]
pub struct Normalization {
    /// What is replaced by what, in order.
    pub rules: Vec<(Pattern, String)>,
    /// True if all are repeated until nothing changes.
    pub recursive: bool,
}

/// Words of texts that were split before, by tokenizer and code of the text.
#[derive(Debug, Default)]
pub struct TokenCache {
    words: Vec<u32>,
    ranges: HashMap<(u32, u32), (u32, u32), foldhash::fast::FixedState>,
}

impl TokenCache {
    /// Forgets all: codes of strings mean something else from now on.
    pub fn clear(&mut self) {
        self.words.clear();
        self.ranges.clear();
    }

    /// Where the words of a text lie in [`TokenCache::words`].
    pub fn range(
        &mut self,
        index: u32,
        tokenizer: &Tokenizer,
        text: u32,
        texts: &mut Texts<'_>,
    ) -> (usize, usize) {
        if let Some((start, end)) = self.ranges.get(&(index, text)) {
            return (*start as usize, *end as usize);
        }
        let start = self.words.len();
        let source = tokenizer.normalized(texts.get(text));
        tokenizer.split(&source, |word| self.words.push(texts.intern(word)));
        let end = self.words.len();
        self.ranges.insert((index, text), (start as u32, end as u32));
        (start, end)
    }

    /// Codes of words.
    #[must_use]
    pub fn words(&self) -> &[u32] {
        &self.words
    }
}

impl Tokenizer {
    fn normalized(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for normalization in &self.normalizations {
            for _ in 0..REPETITIONS {
                let before = text.clone();
                for (pattern, replacement) in &normalization.rules {
                    if pattern.matches(&text) {
                        let mut out = String::with_capacity(text.len());
                        pattern.replace_into(&text, replacement, &mut out);
                        text = out;
                    }
                    if text.len() > GROWTH_LIMIT {
                        return text;
                    }
                }
                if !normalization.recursive || text == before {
                    break;
                }
            }
        }
        text
    }

    /// Hands the words of a text, as they are compared, to `take`.
    pub fn split(&self, text: &str, mut take: impl FnMut(&str)) {
        let mut word = |word: &str| {
            let word = if self.strip { word.trim_matches(is_punctuation) } else { word };
            if word.is_empty() {
                return;
            }
            if self.fold { take(&word.to_lowercase()) } else { take(word) }
        };
        match (&self.words, &self.separator) {
            (Some(words), _) => words.find_iter(text).for_each(|found| word(found.as_str())),
            (None, Some(separator)) => separator.split(text).for_each(word),
            (None, None) => text.split_ascii_whitespace().for_each(word),
        }
    }
}

/// What words are stripped of at both ends.
fn is_punctuation(character: char) -> bool {
    character.is_ascii_punctuation()
        || matches!(character, '\u{2010}'..='\u{2027}' | '\u{ab}' | '\u{bb}' | '¡' | '¿')
}
