//! Programs from npm: Sentry's and OpenTelemetry's SDKs for Node.js.

use std::path::{Path, PathBuf};

/// With this variable set, missing programs are a failure instead of a reason to skip.
pub const REQUIRE: &str = "SPANFALL_REQUIRE_NODE";

/// Returns the directory of the scripts if their packages are installed there. Otherwise prints that the test is skipped.
///
/// # Panics
/// They are missing and [`REQUIRE`] is set.
#[must_use]
pub fn scripts_or_skip() -> Option<PathBuf> {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("node");
    if scripts.join("node_modules/.package-lock.json").is_file() {
        return Some(scripts);
    }
    let how = "the SDKs from npm are not installed: run crates/e2e/node/setup.sh";
    assert!(std::env::var_os(REQUIRE).is_none(), "{how}");
    eprintln!("SKIPPED: {how}");
    None
}
