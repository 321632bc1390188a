//! From bytes to elements: transcoding, streaming, attributes, positions.
//!
//! | file | what it holds |
//! |---|---|
//! | [`encoding`] | bytes of any supported encoding to UTF-8 |
//! | [`scan`] | the tags and texts of the document in order |
//! | [`xml`] | [`Xml`]: the elements of the document in order, one pass, limits kept |
//! | [`element`] | [`Element`]: one start tag and its attributes |
//! | [`choice`] | [`Choice`] and `closed_list!`: enumerations of the schema |
//! | [`locate`] | line, column and element path of a byte offset |

#[macro_use]
pub mod choice;
pub mod element;
pub mod encoding;
pub mod locate;
pub mod scan;
pub mod xml;

pub use choice::Choice;
pub use element::Element;
pub use xml::Xml;
