//! Files in the user's runtime directory by which commands find running viewers.
//!
//! The directory is `spanfall` in `XDG_RUNTIME_DIR` if that exists, else `spanfall-<uid>` in the temporary directory, and belongs to the user alone. A file
//! holds the address of a viewer's query API and a nonce, by which the viewer [proves](query_api::Nonce) that the port is still its own.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use query_api::Nonce;
use serde::{Deserialize, Serialize};

/// Bytes of a file at most.
const FILE_MAX: u64 = 4_096;
/// Files that are looked at, at most.
const FILES_MAX: usize = 256;

/// A running viewer, as its file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Viewer {
    /// Address of its query API.
    pub api: SocketAddr,
    /// Secret with which it proves its identity.
    pub nonce: Nonce,
    /// Start in nanoseconds since the Unix epoch.
    pub started_unix_nano: u64,
    path: PathBuf,
}

impl Viewer {
    /// Removes the file of a viewer that is not running.
    pub fn forget(&self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// The file of this process. Dropping it removes it.
#[derive(Debug)]
pub struct Registration(PathBuf);

impl Drop for Registration {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

#[derive(Serialize, Deserialize)]
struct Content {
    api: SocketAddr,
    nonce: String,
    started_unix_nano: u64,
    version: String,
}

/// Returns the directory of this user.
#[must_use]
pub fn directory() -> PathBuf {
    directory_in(std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from))
}

/// Returns the directory in the user's runtime directory. A shell of another user's session, or a container, may name one that does not exist.
fn directory_in(runtime: Option<PathBuf>) -> PathBuf {
    match runtime.filter(|path| path.is_absolute() && path.is_dir()) {
        Some(path) => path.join("spanfall"),
        None => std::env::temp_dir().join(format!("spanfall-{}", uid())),
    }
}

fn uid() -> u32 {
    rustix::process::getuid().as_raw()
}

/// Writes the file of this process.
///
/// # Errors
/// The directory is not the user's, or cannot be written to.
pub fn register(directory: &Path, api: SocketAddr, nonce: &Nonce) -> io::Result<Registration> {
    match DirBuilder::new().mode(0o700).create(directory) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => check(directory)?,
    }
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let content = Content {
        api,
        nonce: nonce.to_hex(),
        started_unix_nano: u64::try_from(since.as_nanos()).unwrap_or(u64::MAX),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let path = directory.join(format!("{}-{}.json", std::process::id(), api.port()));
    // Left by a process that had the same number.
    let _ = fs::remove_file(&path);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
    let registration = Registration(path);
    file.write_all(serde_json::to_string(&content)?.as_bytes())?;
    Ok(registration)
}

/// Returns the viewers of this user, the last started first. Some of them may have ended.
///
/// # Errors
/// The directory is another user's, or others may write to it.
pub fn viewers(directory: &Path) -> io::Result<Vec<Viewer>> {
    if fs::symlink_metadata(directory).is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
        return Ok(Vec::new());
    }
    check(directory)?;
    let paths = fs::read_dir(directory)?
        .take(FILES_MAX)
        .filter_map(|entry| Some(entry.ok()?.path()));
    let mut viewers: Vec<_> = paths.filter_map(|path| read(&path)).collect();
    viewers.sort_by_key(|viewer| std::cmp::Reverse(viewer.started_unix_nano));
    Ok(viewers)
}

/// Reads a file of this user; `None` for anything else.
fn read(path: &Path) -> Option<Viewer> {
    let metadata = fs::symlink_metadata(path).ok()?;
    let is_own = metadata.is_file() && metadata.uid() == uid() && is_private(&metadata) && metadata.len() <= FILE_MAX;
    let content: Content = serde_json::from_slice(&is_own.then(|| fs::read(path))?.ok()?).ok()?;
    Some(Viewer {
        api: content.api,
        nonce: Nonce::from_hex(&content.nonce)?,
        started_unix_nano: content.started_unix_nano,
        path: path.to_owned(),
    })
}

/// Returns true if only the owner can access a file.
fn is_private(metadata: &fs::Metadata) -> bool {
    metadata.mode() & 0o777 == metadata.mode() & 0o700
}

/// Checks that a directory is this user's alone.
fn check(directory: &Path) -> io::Result<()> {
    let metadata = fs::symlink_metadata(directory)?;
    let problem = if !metadata.is_dir() {
        "not a directory"
    } else if metadata.uid() != uid() {
        "it belongs to another user"
    } else if !is_private(&metadata) {
        "other users may use it (its mode must be 0700)"
    } else {
        return Ok(());
    };
    let path = app::text::clean(&directory.display().to_string()).into_owned();
    Err(io::Error::new(
        io::ErrorKind::PermissionDenied,
        format!("cannot use {path}: {problem}"),
    ))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn nonce() -> Nonce {
        Nonce::generate().unwrap()
    }

    #[test]
    fn directory_is_temporary_without_a_runtime_directory_that_exists() {
        let parent = tempfile::tempdir().unwrap();
        assert_eq!(directory_in(Some(parent.path().into())), parent.path().join("spanfall"));
        let temporary = directory_in(None);
        assert!(temporary.starts_with(std::env::temp_dir()), "{temporary:?}");
        for unusable in [parent.path().join("gone"), "relative".into()] {
            assert_eq!(directory_in(Some(unusable)), temporary);
        }
    }

    #[test]
    fn file_is_the_users_alone_and_removed_at_the_end() {
        let parent = tempfile::tempdir().unwrap();
        let directory = parent.path().join("spanfall");
        assert_eq!(viewers(&directory).unwrap(), []);
        let (first, second) = (nonce(), nonce());
        let one = register(&directory, "127.0.0.1:1".parse().unwrap(), &first).unwrap();
        let two = register(&directory, "127.0.0.1:2".parse().unwrap(), &second).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
        assert_eq!((mode(&directory), mode(&one.0)), (0o700, 0o600));
        let found: Vec<_> = viewers(&directory)
            .unwrap()
            .into_iter()
            .map(|viewer| (viewer.api.port(), viewer.nonce))
            .collect();
        assert_eq!(found, [(2, second), (1, first.clone())], "the last started first");
        drop(two);
        let found = viewers(&directory).unwrap();
        assert_eq!(found.len(), 1);
        found[0].forget();
        drop(one);
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 0);
    }

    #[test]
    fn directory_and_files_of_others_are_rejected() {
        let parent = tempfile::tempdir().unwrap();
        let directory = parent.path().join("spanfall");
        let address = "127.0.0.1:1".parse().unwrap();
        let registration = register(&directory, address, &nonce()).unwrap();
        for (name, content) in [("junk.json", "{"), ("large.json", &*"x".repeat(10_000))] {
            fs::write(directory.join(name), content).unwrap();
        }
        std::os::unix::fs::symlink(&registration.0, directory.join("link.json")).unwrap();
        assert_eq!(viewers(&directory).unwrap().len(), 1, "neither junk nor links");
        fs::set_permissions(&registration.0, fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(viewers(&directory).unwrap(), []);
        fs::set_permissions(&directory, fs::Permissions::from_mode(0o755)).unwrap();
        for error in [
            viewers(&directory).unwrap_err(),
            register(&directory, address, &nonce()).unwrap_err(),
        ] {
            assert!(error.to_string().contains("0700"), "{error}");
        }
        let link = parent.path().join("link");
        std::os::unix::fs::symlink(&directory, &link).unwrap();
        assert!(viewers(&link).unwrap_err().to_string().contains("not a directory"));
        // Only root can make a directory of another user.
        if uid() == 0 {
            fs::set_permissions(&directory, fs::Permissions::from_mode(0o700)).unwrap();
            std::os::unix::fs::chown(&directory, Some(12_345), None).unwrap();
            assert!(viewers(&directory).unwrap_err().to_string().contains("another user"));
        }
    }
}
