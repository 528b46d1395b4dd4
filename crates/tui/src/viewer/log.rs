//! The viewer's own log: to a file, never to the screen.

use std::fs::{File, create_dir_all};
use std::path::{Path, PathBuf};

use color_eyre::eyre::{Context, Result};
use tracing_subscriber::EnvFilter;

/// Sends log records to a file, by default in the user's state directory; without such a directory there is no log. Which ones
/// is said by `SPANFALL_LOG` (the syntax of `RUST_LOG`), by default warnings.
///
/// # Errors
/// A file that was asked for cannot be created.
pub(super) fn to_file(asked_for: Option<&Path>) -> Result<()> {
    let file = match asked_for {
        Some(path) => File::create(path).wrap_err_with(|| format!("the log file {} cannot be created", path.display()))?,
        // Nobody asked: a directory that cannot be written is no reason not to start.
        None => match default_path().map(open) {
            Some(Ok(file)) => file,
            Some(Err(_)) | None => return Ok(()),
        },
    };
    let filter = EnvFilter::try_from_env("SPANFALL_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    let subscriber = tracing_subscriber::fmt()
        .with_writer(file)
        .with_ansi(false)
        .with_env_filter(filter);
    // An error means that a log is set already, which only a test can do.
    let _ = subscriber.try_init();
    Ok(())
}

/// As the XDG base directory specification says.
fn default_path() -> Option<PathBuf> {
    let absolute = |variable: &str| {
        std::env::var_os(variable)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let state = absolute("XDG_STATE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".local/state")))?;
    Some(state.join("spanfall/spanfall.log"))
}

fn open(path: PathBuf) -> std::io::Result<File> {
    if let Some(directory) = path.parent() {
        create_dir_all(directory)?;
    }
    File::create(path)
}
