//! Programs from Python's package index: SDKs of another language, and a real SMTP server.

use std::path::{Path, PathBuf};

/// With this variable set, missing programs are a failure instead of a reason to skip.
pub const REQUIRE: &str = "SPANFALL_REQUIRE_PYTHON";

/// Returns the interpreter with the packages, in the target directory of this test's build. Otherwise prints that the test is
/// skipped.
///
/// # Panics
/// It is missing and [`REQUIRE`] is set.
#[must_use]
pub fn interpreter_or_skip() -> Option<PathBuf> {
    let test = std::env::current_exe().unwrap_or_default();
    let venvs = test.ancestors().map(|folder| folder.join("python-sdks"));
    let found = venvs.into_iter().find(|venv| venv.join("installed.txt").is_file());
    if found.is_none() {
        let how = "the programs from PyPI are not installed: run crates/e2e/python/setup.sh";
        assert!(std::env::var_os(REQUIRE).is_none(), "{how}");
        eprintln!("SKIPPED: {how}");
    }
    found.map(|venv| venv.join("bin/python"))
}

/// Returns the directory of the tests' Python scripts.
#[must_use]
pub fn scripts() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/python"))
}
