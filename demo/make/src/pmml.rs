//! The parts of a PMML document that all models share.

use std::fmt::{Display, Write};

use crate::records::{CLASSES, FEATURES, LOWEST};

/// What the target is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The quality as a number.
    Number,
    /// The quality as one of its categories.
    Category,
}

/// A whole document around the model element `body`.
#[must_use]
pub fn document(target: Target, body: &str) -> String {
    let mut text = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <PMML xmlns=\"http://www.dmg.org/PMML-4_4\" version=\"4.4\">\n\
         <Header description=\"made from a fixed seed\"><Application name=\"scorewheel-demo-make\"/></Header>\n",
    );
    let _ = writeln!(text, "<DataDictionary numberOfFields=\"{}\">", FEATURES.len() + 1);
    match target {
        Target::Number => {
            text.push_str("<DataField name=\"quality\" optype=\"continuous\" dataType=\"double\"/>\n");
        }
        Target::Category => {
            text.push_str("<DataField name=\"quality\" optype=\"categorical\" dataType=\"string\">");
            for class in 0..CLASSES {
                let _ = write!(text, "<Value value=\"{}\"/>", class + LOWEST);
            }
            text.push_str("</DataField>\n");
        }
    }
    for name in FEATURES {
        let _ = writeln!(text, "<DataField name=\"{name}\" optype=\"continuous\" dataType=\"double\"/>");
    }
    text.push_str("</DataDictionary>\n");
    text.push_str(body);
    text.push_str("</PMML>\n");
    text
}

/// The mining schema: all features, and the target unless this is an inner model.
#[must_use]
pub fn mining_schema(with_target: bool) -> String {
    let mut text = String::from("<MiningSchema>");
    if with_target {
        text.push_str("<MiningField name=\"quality\" usageType=\"target\"/>");
    }
    for name in FEATURES {
        let _ = write!(text, "<MiningField name=\"{name}\"/>");
    }
    text.push_str("</MiningSchema>\n");
    text
}

/// An output field for the probability of each quality.
#[must_use]
pub fn probabilities() -> String {
    let mut text = String::from("<Output>");
    for class in 0..CLASSES {
        let quality = class + LOWEST;
        let _ = write!(
            text,
            "<OutputField name=\"probability({quality})\" optype=\"continuous\" dataType=\"double\" \
             feature=\"probability\" value=\"{quality}\"/>"
        );
    }
    text.push_str("</Output>\n");
    text
}

/// Numbers separated by `separator`.
pub fn join<T: Display>(items: impl IntoIterator<Item = T>, separator: &str) -> String {
    let mut text = String::new();
    for (index, item) in items.into_iter().enumerate() {
        let _ = write!(text, "{}{item}", if index == 0 { "" } else { separator });
    }
    text
}
