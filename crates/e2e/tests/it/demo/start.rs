//! What stands in the way is said on a normal screen, with what to do about it.

use std::net::TcpListener;

use crate::demo::seat::Seat;

fn refused(arguments: &str, environment: &[(&str, String)]) -> String {
    let mut seat = Seat::take(arguments, environment);
    seat.screen.ended().unwrap();
    assert_ne!(seat.file("status").trim(), "0");
    let written = seat.screen.written();
    assert!(!written.contains("\u{1b}[?1049h"), "the screen was taken over: {written:?}");
    seat.assert_restored();
    seat.screen.text()
}

#[test]
fn a_taken_port_is_named_with_the_flag_that_moves_it() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for flag in ["--otlp-grpc", "--otlp-http", "--sentry"] {
        let others = ["--otlp-grpc", "--otlp-http", "--sentry"]
            .into_iter()
            .filter(|other| *other != flag);
        let others: Vec<_> = others.map(|other| format!("{other} 127.0.0.1:0")).collect();
        let said = refused(&format!("{} {flag} {address}", others.join(" ")), &[]);
        assert!(said.contains(&address) && said.contains(flag), "{said}");
    }
}

#[test]
fn other_machines_are_not_served() {
    let said = refused("--otlp-grpc 127.0.0.1:0 --sentry 127.0.0.1:0 --otlp-http 0.0.0.0:0", &[]);
    assert!(said.contains("loopback") && said.contains("--otlp-http"), "{said}");
}

#[test]
fn the_apis_port_is_looked_at_before_the_screen_changes() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let free = "demo --otlp-grpc 127.0.0.1:0 --otlp-http 127.0.0.1:0 --sentry 127.0.0.1:0";
    let said = refused(free, &[("API_ADDR", address.clone())]);
    assert!(said.contains(&address) && said.contains("API_ADDR"), "{said}");
}

#[test]
fn a_size_that_is_none_is_explained() {
    let said = refused("--max-memory lots", &[]);
    assert!(said.contains("--max-memory"), "{said}");
}
