//! Strings by code, and lists.

use scorewheel_columns::Dictionary;

use crate::value::Datum;

/// All strings that a row can meet: those of the plan first, then those of the batch at hand.
///
/// Equal strings have equal codes, so that strings are compared by code.
pub struct Texts<'a> {
    fixed: &'a Dictionary,
    own: &'a mut Dictionary,
    buffer: String,
}

impl<'a> Texts<'a> {
    /// The strings of a plan, and those made while scoring.
    pub fn new(fixed: &'a Dictionary, own: &'a mut Dictionary) -> Self {
        Self { fixed, own, buffer: String::new() }
    }

    /// The string of a code.
    #[must_use]
    pub fn get(&self, code: u32) -> &str {
        match (code as usize).checked_sub(self.fixed.len()) {
            None => self.fixed.get(code),
            Some(own) => self.own.get(own as u32),
        }
    }

    /// The code of a string, new or not.
    pub fn intern(&mut self, text: &str) -> u32 {
        match self.fixed.find(text) {
            Some(code) => code,
            None => self.fixed.len() as u32 + self.own.intern(text),
        }
    }

    /// A buffer to build a string in; to be given back.
    pub fn take_buffer(&mut self) -> String {
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.clear();
        buffer
    }

    /// Gives the buffer back.
    pub fn give_buffer(&mut self, buffer: String) {
        self.buffer = buffer;
    }
}

/// Lists of a batch: a list is known by its number.
#[derive(Clone, Debug, Default)]
pub struct Lists {
    items: Vec<Option<Datum>>,
    ends: Vec<u32>,
}

impl Lists {
    /// Forgets all lists and keeps the memory.
    pub fn clear(&mut self) {
        self.items.clear();
        self.ends.clear();
    }

    /// Adds a list, whose items may be missing, and gives its number.
    pub fn push(&mut self, items: impl IntoIterator<Item = Option<Datum>>) -> u32 {
        self.items.extend(items);
        self.ends.push(self.items.len() as u32);
        self.ends.len() as u32 - 1
    }

    /// The items of a list.
    #[must_use]
    pub fn get(&self, list: u32) -> &[Option<Datum>] {
        let list = list as usize;
        let Some(&end) = self.ends.get(list) else { return &[] };
        let start = if list == 0 { 0 } else { self.ends[list - 1] };
        &self.items[start as usize..end as usize]
    }
}
