//! Startup errors are shown on the normal screen, with a remedy.

use std::net::TcpListener;

use crate::demo::session::Session;

fn rejected(arguments: &str, environment: &[(&str, String)]) -> String {
    let mut session = Session::take(arguments, environment);
    session.screen.ended().unwrap();
    assert_ne!(session.file("status").trim(), "0");
    let written = session.screen.written();
    assert!(!written.contains("\u{1b}[?1049h"), "the screen was taken over: {written:?}");
    session.assert_restored();
    session.screen.text()
}

#[test]
fn occupied_port_is_named_with_its_flag() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for flag in ["--otlp-grpc", "--otlp-http", "--sentry"] {
        let others = ["--otlp-grpc", "--otlp-http", "--sentry"]
            .into_iter()
            .filter(|other| *other != flag);
        let others: Vec<_> = others.map(|other| format!("{other} 127.0.0.1:0")).collect();
        let said = rejected(&format!("{} {flag} {address}", others.join(" ")), &[]);
        assert!(said.contains(&address) && said.contains(flag), "{said}");
    }
}

#[test]
fn non_loopback_address_is_rejected() {
    let said = rejected("--otlp-grpc 127.0.0.1:0 --sentry 127.0.0.1:0 --otlp-http 0.0.0.0:0", &[]);
    assert!(said.contains("loopback") && said.contains("--otlp-http"), "{said}");
}

#[test]
fn occupied_api_port_is_reported_before_the_screen_changes() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let free = "demo --otlp-grpc 127.0.0.1:0 --otlp-http 127.0.0.1:0 --sentry 127.0.0.1:0 --api off";
    let said = rejected(free, &[("API_ADDR", address.clone())]);
    assert!(said.contains(&address) && said.contains("API_ADDR"), "{said}");
}

#[test]
fn invalid_size_is_explained() {
    let said = rejected("--max-memory lots", &[]);
    assert!(said.contains("--max-memory"), "{said}");
}
