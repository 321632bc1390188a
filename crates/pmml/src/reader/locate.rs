//! Line, column and element path of a byte offset, found only when an error is shown.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

/// Where an offset lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// Element names from the root, with the attribute that tells siblings apart.
    pub path: String,
    /// From 1.
    pub line: u32,
    /// From 1, in characters.
    pub column: u32,
}

/// Finds where `offset` lies in `source`.
#[must_use]
pub fn locate(source: &str, offset: usize) -> Location {
    let mut end = offset.min(source.len());
    while !source.is_char_boundary(end) {
        end -= 1;
    }
    let before = &source[..end];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    Location {
        path: path(source, end),
        line: 1 + before.matches('\n').count() as u32,
        column: 1 + before[line_start..].chars().count() as u32,
    }
}

fn path(source: &str, offset: usize) -> String {
    let mut reader = Reader::from_str(source);
    reader.config_mut().check_end_names = false;
    reader.config_mut().allow_unmatched_ends = true;
    let mut steps: Vec<String> = Vec::new();
    loop {
        let start = reader.buffer_position() as usize;
        if start > offset {
            break;
        }
        match reader.read_event() {
            Ok(Event::Start(tag)) => steps.push(step(&tag)),
            Ok(Event::Empty(tag)) => {
                if reader.buffer_position() as usize > offset {
                    steps.push(step(&tag));
                    break;
                }
            }
            Ok(Event::End(_)) => {
                if reader.buffer_position() as usize > offset {
                    break;
                }
                steps.pop();
            }
            Ok(Event::Eof) | Err(_) => break,
            Ok(_) => {}
        }
    }
    steps.join("/")
}

fn step(tag: &BytesStart<'_>) -> String {
    let name = tag.local_name();
    let name: &str = name.as_ref();
    for key in ["name", "modelName", "field", "id", "function", "targetCategory"] {
        if let Ok(Some(attribute)) = tag.try_get_attribute(key) {
            return format!("{name}[{}]", attribute.value);
        }
    }
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_line_column_and_path() {
        let source = "<PMML>\n <DataDictionary>\n  <DataField name=\"é\"/><DataField name=\"x\"/>\n";
        let offset = source.find("<DataField name=\"x\"").unwrap();
        let expected = Location { path: "PMML/DataDictionary/DataField[x]".to_owned(), line: 3, column: 24 };
        assert_eq!(locate(source, offset), expected);
        assert_eq!(locate(source, 0).path, "PMML");
        assert_eq!(locate(source, 10_000).line, 4);
    }
}
