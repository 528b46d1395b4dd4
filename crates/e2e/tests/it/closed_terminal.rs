//! A closed terminal ends the program and its child processes, without a failure.

use std::path::Path;

use e2e::screen::Screen;
use tempfile::TempDir;

use crate::demo::session::{Session, children};

const ADDRESSES: &str = "--otlp-grpc 127.0.0.1:0 --otlp-http 127.0.0.1:0 --sentry 127.0.0.1:0 --api off";

/// Starts the program in place of its shell.
fn start(directory: &Path, arguments: &str, controls: bool) -> Screen {
    let spanfall = testkit::bin("spanfall").unwrap();
    let state = directory.display();
    let environment = [
        ("API_ADDR", "127.0.0.1:0".to_owned()),
        ("PAGE_DIR", state.to_string()),
        ("MAIL_DIR", directory.join("mail").display().to_string()),
        ("XDG_STATE_HOME", state.to_string()),
    ];
    let script = format!("cd {state}; exec {} {arguments}", spanfall.display());
    Screen::start_in(&script, environment, 120, 40, controls).unwrap()
}

/// Closes the terminal of the program: with SIGHUP if it controls the program, without any signal otherwise.
fn assert_ends_when_closed(arguments: &str, is_ready: fn(&str) -> bool, processes: usize) {
    for controls in [true, false] {
        let directory = TempDir::new().unwrap();
        let trace =
            r#"[{"traceId":"0af7651916cd43dd","id":"01","name":"a voyage","timestamp":1700000000000000,"duration":5000}]"#;
        std::fs::write(directory.path().join("voyage.json"), trace).unwrap();
        let screen = start(directory.path(), arguments, controls);
        screen.wait("the program to be ready", is_ready);
        let started = children(screen.pid().unwrap());
        assert_eq!(started.len(), processes, "{arguments}");
        let status = screen.close("?").unwrap().ended().unwrap();
        assert_eq!(
            (status.exit_code(), status.signal()),
            (0, None),
            "{arguments}, controls: {controls}"
        );
        assert!(Session::gone(&started), "{arguments}, controls: {controls}");
    }
}

#[test]
fn closed_terminal_ends_the_viewer() {
    assert_ends_when_closed(ADDRESSES, |text| text.contains("OTLP/HTTP :"), 0);
}

#[test]
fn closed_terminal_ends_files() {
    assert_ends_when_closed("open voyage.json", |text| text.contains("a voyage"), 0);
}

#[test]
fn closed_terminal_ends_the_demo_with_its_services() {
    assert_ends_when_closed(&format!("demo {ADDRESSES}"), |text| text.contains("press r to send"), 3);
}
