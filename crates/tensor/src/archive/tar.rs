//! Tar: ustar, GNU's long names, and the paths of pax headers.

use std::borrow::Cow;

use scorewheel_model::ModelError;

use crate::archive::Files;
use crate::error::{malformed, unsupported};

const BLOCK: usize = 512;

/// Whether these bytes start with a tar header.
pub(crate) fn is_tar(bytes: &[u8]) -> bool {
    bytes.get(..BLOCK).is_some_and(|header| sum_fits(header) && header[0] != 0)
}

fn sum_fits(header: &[u8]) -> bool {
    let sum: u64 = header
        .iter()
        .enumerate()
        .map(|(at, byte)| u64::from(if (148..156).contains(&at) { b' ' } else { *byte }))
        .sum();
    number(&header[148..156]) == Some(sum)
}

/// A number in octal, or in base 256 where the first bit says so.
fn number(field: &[u8]) -> Option<u64> {
    if field[0] & 0x80 != 0 {
        let first = u64::from(field[0] & 0x7f);
        return field[1..].iter().try_fold(first, |value, byte| {
            value.checked_mul(256).and_then(|value| value.checked_add(u64::from(*byte)))
        });
    }
    let text = std::str::from_utf8(field).ok()?;
    let text = text.trim_matches([' ', '\0']);
    if text.is_empty() { Some(0) } else { u64::from_str_radix(text, 8).ok() }
}

fn text(field: &[u8]) -> Result<&str, ModelError> {
    let end = field.iter().position(|byte| *byte == 0).unwrap_or(field.len());
    std::str::from_utf8(&field[..end]).map_err(|_| malformed("a name in the archive is not UTF-8"))
}

/// Reads all files.
pub(crate) fn read<'a>(bytes: &'a [u8], files: &mut Files<'a>) -> Result<(), ModelError> {
    let mut rest = bytes;
    let mut long_name: Option<String> = None;
    while let Some((header, after)) = rest.split_at_checked(BLOCK) {
        if header.iter().all(|byte| *byte == 0) {
            return Ok(());
        }
        if !sum_fits(header) {
            return Err(malformed("the tar archive is damaged: a header's checksum differs"));
        }
        let size = number(&header[124..136]).and_then(|size| usize::try_from(size).ok());
        let size = size.ok_or_else(|| malformed("the tar archive is damaged: a file without a size"))?;
        let cut = || malformed("the tar archive is cut short");
        let content = after.get(..size).ok_or_else(cut)?;
        let padded = size.checked_next_multiple_of(BLOCK).ok_or_else(cut)?;
        rest = after.get(padded..).unwrap_or_default();
        match header[156] {
            b'0' | 0 | b'7' => {
                let name = match long_name.take() {
                    Some(name) => name,
                    None => header_name(header)?,
                };
                files.add(&name, Cow::Borrowed(content))?;
            }
            b'L' => long_name = Some(text(content)?.to_owned()),
            b'x' => {
                if let Some(path) = pax_path(content)? {
                    long_name = Some(path);
                }
            }
            // Folders, and headers for all.
            b'5' => long_name = None,
            b'g' => {}
            kind => {
                let name = header_name(header)?;
                return Err(unsupported(format!(
                    "the archive holds a link or device {name:?} (kind {:?})",
                    char::from(kind)
                )));
            }
        }
    }
    Err(malformed("the tar archive is cut short: it has no end"))
}

fn header_name(header: &[u8]) -> Result<String, ModelError> {
    let name = text(&header[..100])?;
    let prefix =
        if &header[257..262] == b"ustar" && header[262] == 0 { text(&header[345..500])? } else { "" };
    Ok(if prefix.is_empty() { name.to_owned() } else { format!("{prefix}/{name}") })
}

/// The path among the records of a pax header: `length key=value\n`.
fn pax_path(content: &[u8]) -> Result<Option<String>, ModelError> {
    let damaged = || malformed("the tar archive is damaged: a pax header");
    let mut rest = std::str::from_utf8(content).map_err(|_| damaged())?;
    let mut path = None;
    while !rest.is_empty() {
        let (length, _) = rest.split_once(' ').ok_or_else(damaged)?;
        let length: usize = length.parse().map_err(|_| damaged())?;
        let record = rest.get(..length).ok_or_else(damaged)?;
        let (_, pair) = record.split_once(' ').ok_or_else(damaged)?;
        if let Some(value) = pair.strip_prefix("path=") {
            path = Some(value.trim_end_matches('\n').to_owned());
        }
        rest = &rest[length..];
    }
    Ok(path)
}

/// Packs files, named by paths with slashes, into a tar archive: the form in which a folder is sent as one message.
/// The same files give the same bytes.
#[must_use]
pub fn pack<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, content) in files {
        if name.len() > 100 {
            // A longer name comes first, as the content of an entry of its own.
            append(&mut out, "././@LongLink", b'L', &[name.as_bytes(), b"\0"].concat());
        }
        let end = (0..=name.len().min(100)).rev().find(|end| name.is_char_boundary(*end)).unwrap_or(0);
        append(&mut out, &name[..end], b'0', content);
    }
    out.resize(out.len() + 2 * BLOCK, 0);
    out
}

fn append(out: &mut Vec<u8>, name: &str, kind: u8, content: &[u8]) {
    let mut header = [0u8; BLOCK];
    header[..name.len()].copy_from_slice(name.as_bytes());
    header[100..108].copy_from_slice(b"0000644\0");
    header[108..116].copy_from_slice(b"0000000\0");
    header[116..124].copy_from_slice(b"0000000\0");
    header[124..136].copy_from_slice(format!("{:011o}\0", content.len()).as_bytes());
    header[136..148].copy_from_slice(b"00000000000\0");
    header[148..156].fill(b' ');
    header[156] = kind;
    header[257..265].copy_from_slice(b"ustar\x0000");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    out.extend_from_slice(&header);
    out.extend_from_slice(content);
    out.resize(out.len().next_multiple_of(BLOCK), 0);
}

#[cfg(test)]
mod tests {
    use super::*;
    use scorewheel_model::Limits;

    #[test]
    fn what_is_packed_is_read() {
        let long = format!("{}/b", "a".repeat(120));
        let bytes = pack([("x/y", &b"hello"[..]), (&long, &[7; 600])]);
        assert!(is_tar(&bytes));
        let files = crate::archive::open(&bytes, &Limits::default()).unwrap();
        assert_eq!(files.get("x/y"), Some(&b"hello"[..]));
        assert_eq!(files.get(&long).map(<[u8]>::len), Some(600));
        assert_eq!(files.folder_of("y"), Some("x/"));
        for end in [1, 511, 513, 600, 1025] {
            assert!(crate::archive::open(&bytes[..end], &Limits::default()).is_err(), "{end}");
        }
        let mut damaged = bytes.clone();
        damaged[3] ^= 1;
        assert!(!is_tar(&damaged));
    }
}
