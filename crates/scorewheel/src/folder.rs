//! A model that is a folder, packed as the one message that it is sent as.

use std::io;
use std::path::Path;

/// Folders within one another.
const DEPTH: usize = 32;

/// Packs the files under `folder`, at most `limit` bytes of them. The same files give the same bytes.
///
/// # Errors
/// If a file cannot be read, is no plain file, or all are larger than the limit.
pub fn pack_folder(folder: &Path, limit: usize) -> io::Result<Vec<u8>> {
    let mut files = Vec::new();
    let mut room = limit;
    collect(folder, "", &mut files, &mut room, 0)?;
    Ok(scorewheel_tensor::pack(files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice()))))
}

fn collect(
    folder: &Path,
    prefix: &str,
    files: &mut Vec<(String, Vec<u8>)>,
    room: &mut usize,
    depth: usize,
) -> io::Result<()> {
    if depth > DEPTH {
        return Err(io::Error::other(format!("folders are nested more than {DEPTH} deep")));
    }
    let mut entries = std::fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name();
        let name = name.to_str().ok_or_else(|| io::Error::other(format!("{name:?} is not UTF-8")))?;
        let path = format!("{prefix}{name}");
        // A link may lead to a file: some ways of mounting models make every file one.
        let metadata = std::fs::metadata(entry.path())?;
        if metadata.is_dir() {
            collect(&entry.path(), &format!("{path}/"), files, room, depth + 1)?;
        } else {
            let too_large = || io::Error::other("its files are larger than a model may be");
            let size = usize::try_from(metadata.len()).map_err(|_| too_large())?;
            *room = room.checked_sub(size).ok_or_else(too_large)?;
            files.push((path, std::fs::read(entry.path())?));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_becomes_one_archive() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("variables")).unwrap();
        std::fs::write(folder.path().join("variables/a"), "1").unwrap();
        std::fs::write(folder.path().join("saved_model.pb"), "22").unwrap();
        let bytes = pack_folder(folder.path(), 3).unwrap();
        assert_eq!(&bytes[..14], b"saved_model.pb");
        assert_eq!(bytes.len(), 512 * 6);
        assert!(pack_folder(folder.path(), 2).is_err());
    }
}
