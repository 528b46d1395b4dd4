//! `scripts/need`, the first step of `make demo` and `make test`.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Command;

#[test]
fn need_prints_the_install_command_for_an_ordinary_user() {
    let directory = tempfile::tempdir().unwrap();
    // Programs for a user without a compiler, whose sudo needs no password.
    let program = |name: &str, script: &str| {
        let path = directory.path().join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    };
    let called = directory.path().join("called");
    program("id", "echo 1000");
    program("rustc", "echo rustc 99.0.0");
    for installer in ["sudo", "apt-get"] {
        program(installer, &format!("echo {installer} >> {}", called.display()));
    }
    for tool in ["bash", "sed", "cut", "sort", "head", "dirname", "env", "tee", "chmod", "rm"] {
        let place = ["/usr/bin", "/bin"].map(|place| Path::new(place).join(tool));
        let tool_path = place.iter().find(|path| path.exists()).unwrap();
        symlink(tool_path, directory.path().join(tool)).unwrap();
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/need");
    let output = Command::new(script)
        .arg("demo")
        .env_clear()
        .env("PATH", directory.path())
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("sudo apt-get install --no-install-recommends build-essential"),
        "{said}"
    );
    assert!(!called.exists(), "{}", fs::read_to_string(called).unwrap());
}
