//! The viewer's own log: to a file, never to the screen.

use std::fs::{DirBuilder, File, OpenOptions, remove_file};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use eyre::{Context, Result};
use printable::LineWriter;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::prelude::*;

use app::text::clean;

/// Sends log records to a file, by default in the user's state directory; without such a directory nowhere.
/// `SPANFALL_LOG` selects them (the syntax of `RUST_LOG`), by default warnings.
///
/// # Errors
///
/// The requested file cannot be created.
pub(super) fn to_file(asked_for: Option<&Path>) -> Result<()> {
    let file = match asked_for {
        Some(path) => {
            let named = || format!("the log file {} cannot be created", clean(&path.display().to_string()));
            open_given(path).wrap_err_with(named)?
        }
        // The default file is optional: a read-only directory must not prevent the start.
        None => match default_path().map(|path| replace(&path)) {
            Some(Ok(file)) => file,
            Some(Err(_)) | None => return Ok(()),
        },
    };
    let file = Arc::new(file);
    let subscriber = tracing_subscriber::fmt()
        .with_writer(move || LineWriter(Arc::clone(&file)))
        .with_ansi(false)
        .with_max_level(LevelFilter::TRACE)
        .finish()
        .with(log_filter::from_env("SPANFALL_LOG", LevelFilter::WARN));
    // An error means that a log is set already, which only a test can do.
    let _ = subscriber.try_init();
    Ok(())
}

/// Returns the path by the XDG base directory specification.
fn default_path() -> Option<PathBuf> {
    let absolute = |variable: &str| {
        std::env::var_os(variable)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let state = absolute("XDG_STATE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".local/state")))?;
    Some(state.join("spanfall/spanfall.log"))
}

/// Opens the file that the user named, wherever the name leads. A new one is readable by its owner only.
fn open_given(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
}

/// Replaces the file of the last run by a new one, readable by its owner only. Neither step follows a symlink: the user did not
/// name this file.
fn replace(path: &Path) -> io::Result<File> {
    if let Some(directory) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    }
    match remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn default_log_follows_no_symlink_and_a_given_one_does() {
        let directory = tempfile::tempdir().unwrap();
        let (elsewhere, link) = (
            directory.path().join("elsewhere"),
            directory.path().join("state/spanfall.log"),
        );
        std::fs::create_dir(directory.path().join("state")).unwrap();
        std::fs::write(&elsewhere, "mine").unwrap();
        symlink(&elsewhere, &link).unwrap();
        replace(&link).unwrap().write_all(b"log").unwrap();
        let read = |path: &Path| std::fs::read_to_string(path).unwrap();
        assert_eq!((read(&elsewhere), read(&link)), ("mine".to_owned(), "log".to_owned()));
        std::fs::remove_file(&link).unwrap();
        symlink(&elsewhere, &link).unwrap();
        open_given(&link).unwrap().write_all(b"log").unwrap();
        assert_eq!(read(&elsewhere), "log");
    }

    #[test]
    fn logs_are_for_their_owner_alone() {
        let directory = tempfile::tempdir().unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let (default, given) = (directory.path().join("new/spanfall.log"), directory.path().join("given.log"));
        for _ in 0..2 {
            replace(&default).unwrap();
            assert_eq!(mode(&default), 0o600);
        }
        assert_eq!(mode(default.parent().unwrap()), 0o700);
        open_given(&given).unwrap();
        assert_eq!(mode(&given), 0o600);
    }
}
