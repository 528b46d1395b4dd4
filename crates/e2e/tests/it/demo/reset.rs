//! One key, one distributed trace.

use testkit::RabbitMq;

use crate::demo::seat::Seat;

/// The rows that a password reset must show, each below the one before, and deeper where it is its child.
const ROWS: [(usize, &str); 8] = [
    (0, "spanfall reset password"),
    (1, "api POST /users/reset-password"),
    (2, "api resetPasswordHandler"),
    (3, "api EnqueueMessage"),
    (4, "mailer handleSentMailMessage"),
    (5, "mailer compose mail"),
    (5, "mailer send mail"),
    (5, "mailer ack email_queue"),
];

#[test]
fn a_reset_is_one_trace_of_three_services() {
    person_resets_a_password(Seat::demo(&[]), "broker ●");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_goes_through_a_real_rabbitmq_too() {
    let Some(rabbitmq) = RabbitMq::start_or_skip().await else {
        return;
    };
    let seat = Seat::demo(&[("RABBITMQ_URL", rabbitmq.url())]);
    tokio::task::spawn_blocking(|| {
        seat.screen.wait("the services", |text| text.contains("api ●"));
        assert!(
            !seat.screen.text().contains("broker"),
            "the embedded broker is not started beside the real one"
        );
        person_resets_a_password(seat, "api ●");
    })
    .await
    .unwrap();
}

fn person_resets_a_password(mut seat: Seat, up: &str) {
    let ready = |text: &str| {
        ["api ●", "mailer ●", up, "press r to send"]
            .iter()
            .all(|part| text.contains(part))
    };
    seat.screen.wait("the services to be up", ready);
    let (_, processes) = seat.processes();
    assert!(processes.len() >= 2, "API and mailer are processes of their own");

    seat.screen.press("r").unwrap();
    let text = seat
        .screen
        .wait_frame("the whole trace, here and at the Sentry endpoint", |text| {
            ROWS.iter().all(|(_, row)| text.contains(row)) && text.contains("reached Sentry ✓ 7/7")
        });
    assert_rows(&text);
    assert!(
        text.contains("spanfall→api→mailer") && text.contains("[1 Traces 1]") && text.contains(" 8 spans"),
        "{text}"
    );
    assert_eq!(seat.mails().len(), 1);

    // Into the details of the producer's span.
    seat.screen.press("jjj").unwrap();
    let details = seat
        .screen
        .wait_frame("the details", |text| text.contains("SPAN api EnqueueMessage"));
    assert!(
        details.contains("messaging.destination.name") && details.contains("email_queue"),
        "{details}"
    );

    seat.screen.press("i").unwrap();
    let text = seat.screen.wait_frame("the failed trace", |text| {
        text.contains("400") && text.contains("✗ api resetPasswordHandler")
    });
    assert!(
        text.contains("✗ spanfall reset password") && text.contains("[1 Traces 2]"),
        "{text}"
    );
    assert!(!seat.screen.written().contains('@'), "no email address reaches the screen");

    seat.screen.press("?").unwrap();
    seat.screen.wait("the help", |text| text.contains("Keys and marks"));
    seat.screen.press("?q").unwrap();
    assert!(seat.screen.ended().unwrap().success());
    assert_eq!(seat.file("status").trim(), "0");
    seat.assert_restored();
    assert!(Seat::gone(&processes), "no child is left");
}

/// The rows stand in this order, children two columns further in than their parents.
fn assert_rows(text: &str) {
    let found: Vec<_> = ROWS
        .iter()
        .map(|(depth, row)| {
            let (line, start) = text
                .lines()
                .enumerate()
                .find_map(|(at, line)| line.find(row).map(|start| (at, line[..start].chars().count())))
                .unwrap();
            (line, start, *depth)
        })
        .collect();
    for pair in found.windows(2) {
        let ((above, left, depth), (below, right, deeper)) = (pair[0], pair[1]);
        assert_eq!(below, above + 1, "one row after the other:\n{text}");
        assert_eq!(right - left, 2 * (deeper - depth), "children stand further in:\n{text}");
    }
}
