//! Models that were fetched, by digest, in the state directory: what a restart finds when the store is down.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use bytes::Bytes;
use scorewheel_model::Digest;

/// Begins the names of files that are being written.
const COMING: &str = "coming-";
/// Begins the names of files that say which digest a message without one was found to have.
const TRUSTED: &str = "trusted-";

/// A folder of models, each under its digest.
#[derive(Debug)]
pub struct Cache {
    folder: PathBuf,
    /// Bytes that it may hold; those that are protected go beyond it.
    limit: u64,
    protected: BTreeSet<Digest>,
    /// Tells files apart that are being written.
    next: u64,
}

impl Cache {
    /// The cache in this folder, which is made if it is missing; what was being written when a process ended is
    /// removed.
    ///
    /// # Errors
    /// If the folder cannot be made or read.
    pub fn open(folder: &Path, limit: u64) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if name_of(&path).is_some_and(|name| name.starts_with(COMING)) {
                fs::remove_file(path)?;
            }
        }
        Ok(Self { folder: folder.to_owned(), limit, protected: BTreeSet::new(), next: 0 })
    }

    /// Says which models are not to be let go, whatever comes.
    pub fn protect(&mut self, digests: impl IntoIterator<Item = Digest>) {
        self.protected = digests.into_iter().collect();
    }

    /// Protects one more.
    pub fn protect_also(&mut self, digest: Digest) {
        self.protected.insert(digest);
    }

    /// The model of a digest. A copy that is not what it was is removed and none.
    ///
    /// # Errors
    /// If a copy is there and cannot be read.
    pub fn read(&self, sha256: Digest) -> io::Result<Option<Bytes>> {
        let path = self.path(sha256);
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut bytes = Vec::with_capacity(usize::try_from(file.metadata()?.len()).unwrap_or(0));
        file.read_to_end(&mut bytes)?;
        if Digest::of(&bytes) != sha256 {
            fs::remove_file(path)?;
            return Ok(None);
        }
        // Only the order in which models are let go hangs on it.
        let _ = file.set_modified(SystemTime::now());
        Ok(Some(bytes.into()))
    }

    /// The size of the copy of a digest, if there is one.
    #[must_use]
    pub fn size(&self, sha256: Digest) -> Option<u64> {
        fs::metadata(self.path(sha256)).ok().map(|found| found.len())
    }

    /// A new file for a model that is coming.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn begin(&mut self) -> io::Result<Coming> {
        self.next += 1;
        let path = self.folder.join(format!("{COMING}{}", self.next));
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        Ok(Coming { path: Some(path), file })
    }

    /// Takes a model in that has come, and lets others go where it does not fit beside them: those first that were not
    /// used for the longest time. It is on the disk for good when this returns, if it was [synced](Coming::sync).
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn put(&mut self, coming: Coming, sha256: Digest) -> io::Result<()> {
        let size = coming.file.metadata()?.len();
        self.make_room(size, sha256)?;
        coming.keep_as(&self.path(sha256))?;
        File::open(&self.folder)?.sync_all()
    }

    /// Lets go of everything that is not protected.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn clear(&mut self) -> io::Result<()> {
        for (_, sha256, _) in self.copies()? {
            if !self.protected.contains(&sha256) {
                fs::remove_file(self.path(sha256))?;
            }
        }
        Ok(())
    }

    fn make_room(&self, size: u64, except: Digest) -> io::Result<()> {
        let mut copies = self.copies()?;
        copies.sort();
        let mut held: u64 = copies.iter().map(|(_, _, size)| size).sum();
        for (_, sha256, of_copy) in copies {
            if held.saturating_add(size) <= self.limit {
                break;
            }
            if sha256 != except && !self.protected.contains(&sha256) {
                fs::remove_file(self.path(sha256))?;
                held -= of_copy;
            }
        }
        Ok(())
    }

    /// When each copy was used last, its digest, its size.
    fn copies(&self) -> io::Result<Vec<(SystemTime, Digest, u64)>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            if let Some(digest) = name_of(&entry.path()).and_then(Digest::from_hex) {
                let metadata = entry.metadata()?;
                found.push((metadata.modified()?, digest, metadata.len()));
            }
        }
        Ok(found)
    }

    /// Bytes of all copies.
    #[cfg(test)]
    fn held(&self) -> io::Result<u64> {
        Ok(self.copies()?.iter().map(|(_, _, size)| size).sum())
    }

    /// The digest that the model of a message without one was found to have when it was first fetched.
    #[must_use]
    pub fn trusted(&self, message: Digest) -> Option<Digest> {
        let text = fs::read_to_string(self.trusted_path(message)).ok()?;
        Digest::from_hex(text.trim_end())
    }

    /// Notes the digest that the model of a message was found to have.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn trust(&mut self, message: Digest, sha256: Digest) -> io::Result<()> {
        let mut coming = self.begin()?;
        io::Write::write_all(&mut coming.file, format!("{sha256}\n").as_bytes())?;
        coming.sync()?;
        coming.keep_as(&self.trusted_path(message))
    }

    fn path(&self, sha256: Digest) -> PathBuf {
        self.folder.join(sha256.to_string())
    }

    fn trusted_path(&self, message: Digest) -> PathBuf {
        self.folder.join(format!("{TRUSTED}{message}"))
    }
}

fn name_of(path: &Path) -> Option<&str> {
    path.file_name()?.to_str()
}

/// A file that is being written; gone when it is dropped before it is kept.
#[derive(Debug)]
pub struct Coming {
    path: Option<PathBuf>,
    file: File,
}

impl Coming {
    /// The file, to be written from its beginning to its end.
    pub fn file(&mut self) -> &mut File {
        &mut self.file
    }

    /// Waits until what was written is on the disk.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn sync(&self) -> io::Result<()> {
        self.file.sync_all()
    }

    fn keep_as(mut self, path: &Path) -> io::Result<()> {
        if let Some(coming) = &self.path {
            fs::rename(coming, path)?;
        }
        self.path = None;
        Ok(())
    }
}

impl Drop for Coming {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            // What stays is removed at the next start.
            let _ = fs::remove_file(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::time::Duration;

    fn put(cache: &mut Cache, bytes: &[u8]) -> Digest {
        let mut coming = cache.begin().unwrap();
        coming.file().write_all(bytes).unwrap();
        let sha256 = Digest::of(bytes);
        cache.put(coming, sha256).unwrap();
        sha256
    }

    fn used_at(folder: &Path, sha256: Digest, seconds: u64) {
        let file = File::options().write(true).open(folder.join(sha256.to_string())).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)).unwrap();
    }

    #[test]
    fn a_model_is_found_again_and_a_damaged_one_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let mut cache = Cache::open(folder.path(), 1000).unwrap();
        let sha256 = put(&mut cache, b"model");
        let cache = Cache::open(folder.path(), 1000).unwrap();
        assert_eq!(cache.read(sha256).unwrap().unwrap(), &b"model"[..]);
        assert_eq!((cache.size(sha256), cache.held().unwrap()), (Some(5), 5));
        fs::write(folder.path().join(sha256.to_string()), b"m0del").unwrap();
        assert_eq!(cache.read(sha256).unwrap(), None);
        assert_eq!(cache.size(sha256), None, "it is removed");
    }

    #[test]
    fn what_was_not_used_longest_goes_first_and_what_is_protected_never() {
        let folder = tempfile::tempdir().unwrap();
        let mut cache = Cache::open(folder.path(), 30).unwrap();
        let models: Vec<Digest> = (0..3_u64)
            .map(|index| {
                let sha256 = put(&mut cache, format!("model    {index}").as_bytes());
                used_at(folder.path(), sha256, index);
                sha256
            })
            .collect();
        cache.protect([models[0]]);
        let fourth = put(&mut cache, b"ten bytes!");
        let held = |cache: &Cache, sha256| cache.size(sha256).is_some();
        assert_eq!([0, 1, 2].map(|index| held(&cache, models[index])), [true, false, true]);
        // One that does not fit beside the protected ones is taken in all the same.
        cache.protect([models[0], models[2], fourth]);
        let large = put(&mut cache, &[7; 40]);
        assert!([models[0], models[2], fourth, large].iter().all(|model| held(&cache, *model)));
        cache.clear().unwrap();
        assert!(!held(&cache, large) && held(&cache, fourth));
    }

    #[test]
    fn what_did_not_come_to_its_end_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut cache = Cache::open(folder.path(), 30).unwrap();
        drop(cache.begin().unwrap());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        // A process that ended in the middle.
        fs::write(folder.path().join("coming-7"), b"mod").unwrap();
        Cache::open(folder.path(), 30).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_digest_once_found_is_remembered() {
        let folder = tempfile::tempdir().unwrap();
        let (message, sha256) = (Digest::of(b"message"), Digest::of(b"model"));
        Cache::open(folder.path(), 30).unwrap().trust(message, sha256).unwrap();
        let cache = Cache::open(folder.path(), 30).unwrap();
        assert_eq!((cache.trusted(message), cache.trusted(sha256)), (Some(sha256), None));
        assert_eq!(cache.held().unwrap(), 0);
    }
}
