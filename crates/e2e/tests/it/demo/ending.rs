//! Every way of ending restores the terminal and leaves no process.

use std::process::Command;

use crate::demo::session::Session;

fn started() -> (Session, u32, Vec<u32>) {
    let session = Session::demo(&[]);
    session
        .screen
        .wait("the services to be up", |text| text.contains("press r to send"));
    let (viewer, processes) = session.processes();
    assert_eq!(processes.len(), 3, "broker, API and mailer");
    (session, viewer, processes)
}

fn signal(name: &str, process: u32) {
    assert!(
        Command::new("kill")
            .args([name, &process.to_string()])
            .status()
            .unwrap()
            .success()
    );
}

#[test]
fn sigterm_shuts_the_demo_down() {
    let (mut session, viewer, processes) = started();
    signal("-TERM", viewer);
    session.screen.ended().unwrap();
    assert_eq!(session.file("status").trim(), "0");
    session.assert_restored();
    assert!(Session::gone(&processes));
}

#[test]
fn services_end_when_the_demo_is_killed() {
    let (mut session, viewer, processes) = started();
    signal("-KILL", viewer);
    assert!(Session::gone(&processes), "the end of their input ends them");
    session.screen.ended().unwrap();
}

#[test]
fn dead_service_is_restarted() {
    let (mut session, _, processes) = started();
    let mailer = processes
        .iter()
        .copied()
        .find(|pid| std::fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.trim() == "mailer"));
    let mailer = mailer.expect("the mailer runs");
    signal("-KILL", mailer);
    let restarted = |text: &str| text.contains("mailer ●");
    assert!(Session::gone(&[mailer]));
    session.screen.wait("the mailer to be up again", restarted);
    session.screen.press("r").unwrap();
    session
        .screen
        .wait("a mail sent by the new one", |text| text.contains("mailer send mail"));
    session.screen.press("q").unwrap();
    session.screen.ended().unwrap();
    session.assert_restored();
    assert_eq!(session.mails().len(), 1);
}
