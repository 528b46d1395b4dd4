//! However it ends, the terminal is as it was and nothing is left running.

use std::process::Command;

use crate::demo::seat::Seat;

fn started() -> (Seat, u32, Vec<u32>) {
    let seat = Seat::demo(&[]);
    seat.screen
        .wait("the services to be up", |text| text.contains("press r to send"));
    let (viewer, processes) = seat.processes();
    assert_eq!(processes.len(), 3, "broker, API and mailer");
    (seat, viewer, processes)
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
fn sigterm_ends_it_in_order() {
    let (mut seat, viewer, processes) = started();
    signal("-TERM", viewer);
    seat.screen.ended().unwrap();
    assert_eq!(seat.file("status").trim(), "0");
    seat.assert_restored();
    assert!(Seat::gone(&processes));
}

#[test]
fn its_processes_end_even_when_it_is_killed() {
    let (mut seat, viewer, processes) = started();
    signal("-KILL", viewer);
    assert!(Seat::gone(&processes), "the end of their input ends them");
    seat.screen.ended().unwrap();
}

#[test]
fn a_service_that_dies_is_started_again() {
    let (mut seat, _, processes) = started();
    let mailer = processes
        .iter()
        .copied()
        .find(|pid| std::fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.trim() == "mailer"));
    let mailer = mailer.expect("the mailer runs");
    signal("-KILL", mailer);
    let restarted = |text: &str| text.contains("mailer ●");
    assert!(Seat::gone(&[mailer]));
    seat.screen.wait("the mailer to be up again", restarted);
    seat.screen.press("r").unwrap();
    seat.screen
        .wait("a mail sent by the new one", |text| text.contains("mailer send mail"));
    seat.screen.press("q").unwrap();
    seat.screen.ended().unwrap();
    seat.assert_restored();
    assert_eq!(seat.mails().len(), 1);
}
