//! Dead letters are put back by a key.

use e2e::mail::free_address;

use crate::demo::seat::Seat;

#[test]
fn dead_letters_are_put_back_by_a_key() {
    // Nobody listens there, so each attempt fails.
    let nowhere = free_address().unwrap();
    let mut seat = Seat::demo(&[
        ("SMTP_URL", format!("smtp://{nowhere}")),
        ("MAIL_RETRY_DELAYS", "50ms".to_owned()),
    ]);
    seat.screen
        .wait("the services to be up", |text| text.contains("press r to send"));
    seat.screen.press("r").unwrap();
    seat.screen
        // The middle of a long name is left out.
        .wait("the dead letter", |text| text.contains("ail_queue.dead"));
    seat.screen.press("B").unwrap();
    seat.screen
        .wait("how many were put back", |text| text.contains("dead letters put back: 1"));
    seat.screen.press("q").unwrap();
    assert!(seat.screen.ended().unwrap().success());
    seat.assert_restored();
}
