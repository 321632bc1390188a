//! Names that are safe as keys, labels and header text. A name is never used as a path.

use std::fmt;
use std::sync::Arc;

/// Longest name, in bytes.
pub const NAME_LIMIT: usize = 128;

/// Why a text is not a name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing there.
    #[error("the {0} is empty")]
    Empty(&'static str),
    /// More than [`NAME_LIMIT`] bytes.
    #[error("the {what} has {length} bytes, more than {NAME_LIMIT}")]
    TooLong {
        /// Which name.
        what: &'static str,
        /// Its length in bytes.
        length: usize,
    },
    /// A character outside `A-Z a-z 0-9 . _ -`.
    #[error("the {what} {text:?} holds a character outside A-Z a-z 0-9 . _ -")]
    BadCharacter {
        /// Which name.
        what: &'static str,
        /// The whole text.
        text: String,
    },
    /// A key that is not `dataType/name`.
    #[error("the key {0:?} is not of the form dataType/name")]
    NotAKey(String),
}

fn check(what: &'static str, text: &str) -> Result<(), NameError> {
    if text.is_empty() {
        return Err(NameError::Empty(what));
    }
    if text.len() > NAME_LIMIT {
        return Err(NameError::TooLong { what, length: text.len() });
    }
    if text.bytes().all(is_name_byte) {
        Ok(())
    } else {
        Err(NameError::BadCharacter { what, text: text.to_owned() })
    }
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-')
}

/// `text` with every other character turned into `-`, and cut to the longest name.
#[must_use]
pub fn to_name(text: &str) -> String {
    let safe = |c: char| if c.is_ascii() && is_name_byte(c as u8) { c } else { '-' };
    text.chars().take(NAME_LIMIT).map(safe).collect()
}

macro_rules! name {
    ($(#[$docs:meta])* $name:ident, $what:literal) => {
        $(#[$docs])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The name `text`.
            ///
            /// # Errors
            /// [`NameError`] unless it matches `[A-Za-z0-9._-]{1,128}`.
            pub fn new(text: &str) -> Result<Self, NameError> {
                check($what, text).map(|()| Self(text.into()))
            }

            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &*self.0)
            }
        }
    };
}

name! {
    /// Name of a data type, and so of a route.
    DataTypeName, "data type"
}
name! {
    /// Name of a model within its route.
    ModelName, "model name"
}

/// Identity of a model on the control log: `dataType/name`, the key of its messages.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModelKey {
    /// The route.
    pub data_type: DataTypeName,
    /// The model within it.
    pub name: ModelName,
}

impl ModelKey {
    /// Reads `dataType/name`.
    ///
    /// # Errors
    /// [`NameError`] if there is not exactly one `/`, or a part is no name.
    pub fn parse(key: &str) -> Result<Self, NameError> {
        match key.split_once('/') {
            Some((data_type, name)) if !name.contains('/') => {
                Ok(Self { data_type: DataTypeName::new(data_type)?, name: ModelName::new(name)? })
            }
            _ => Err(NameError::NotAKey(key.to_owned())),
        }
    }
}

impl fmt::Display for ModelKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.data_type, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_two_names() {
        let key = ModelKey::parse("wine/forest.v2").unwrap();
        assert_eq!((key.data_type.as_str(), key.name.as_str()), ("wine", "forest.v2"));
        assert_eq!(key.to_string(), "wine/forest.v2");
        for bad in ["wine", "wine/", "/x", "a/b/c", "wine/../etc", "wine/a b", ""] {
            assert!(ModelKey::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn other_characters_become_dashes() {
        assert_eq!(to_name("data/optimized_WineQuality"), "data-optimized_WineQuality");
        assert_eq!(to_name(&"é".repeat(200)).len(), NAME_LIMIT);
        assert!(ModelName::new(&"n".repeat(NAME_LIMIT + 1)).is_err());
    }
}
