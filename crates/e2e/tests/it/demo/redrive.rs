//! Redriving dead letters by key.

use crate::demo::session::Session;
use testkit::unused_address;

#[test]
fn dead_letters_are_redriven_by_key() {
    // Nothing listens there, so each attempt fails.
    let nowhere = unused_address().unwrap();
    let mut session = Session::demo(&[
        ("SMTP_URL", format!("smtp://{nowhere}")),
        ("MAIL_RETRY_DELAYS", "50ms".to_owned()),
    ]);
    session
        .screen
        .wait("the services to be up", |text| text.contains("press r to send"));
    session.screen.press("r").unwrap();
    session
        .screen
        // The middle of a long name is elided.
        .wait("the dead letter", |text| text.contains("ail_queue.dead"));
    session.screen.press("B").unwrap();
    session
        .screen
        .wait("how many were put back", |text| text.contains("dead letters put back: 1"));
    session.screen.press("q").unwrap();
    assert!(session.screen.ended().unwrap().success());
    session.assert_restored();
}
