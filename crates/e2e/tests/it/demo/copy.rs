//! Copied text is sent through the terminal, and works elsewhere.

use std::process::Command;

use base64::prelude::{BASE64_STANDARD, Engine as _};

use crate::demo::session::Session;

#[test]
fn copied_curl_repeats_the_request_in_a_new_trace() {
    let mut session = Session::demo(&[]);
    let ready = |text: &str| text.contains("api ●") && text.contains("mailer ●") && text.contains("press r to send");
    session.screen.wait("the services to be up", ready);
    session.screen.press("r").unwrap();
    session.screen.wait_frame("the trace", |text| {
        text.contains("[1 Traces 1]") && text.contains("api resetPasswordHandler") && text.contains("mailer send mail")
    });
    session.screen.press("yc").unwrap();
    session.screen.wait("what was copied", |text| {
        text.contains("copied, where the terminal allows it: curl")
    });
    // OSC 52.
    let written = session.screen.written();
    let (_, copied) = written.rsplit_once("\u{1b}]52;c;").unwrap();
    let encoded: String = copied
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || "+/=".contains(*c))
        .collect();
    let command = String::from_utf8(BASE64_STANDARD.decode(encoded).unwrap()).unwrap();
    if Command::new("curl").arg("--version").output().is_err() {
        eprintln!("SKIPPED: curl not found");
        return;
    }
    let answer = Command::new("sh")
        .arg("-c")
        .arg(&command)
        .env("no_proxy", "*")
        .output()
        .unwrap();
    let answer = String::from_utf8_lossy(&answer.stdout).into_owned();
    assert!(answer.starts_with("HTTP/1.1 200"), "{command}\n{answer}");
    session
        .screen
        .wait_frame("its own trace", |text| text.contains("[1 Traces 2]"));
    session.wait_mails(2);
}
