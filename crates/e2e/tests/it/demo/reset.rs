//! One key, one distributed trace.

use testkit::RabbitMq;

use crate::demo::session::Session;

/// Rows of a password reset, in order, with the depth of each.
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
fn reset_is_one_trace_of_three_services() {
    assert_reset(Session::demo(&[]), "broker ●");
}

#[tokio::test(flavor = "multi_thread")]
async fn reset_works_with_a_real_rabbitmq() {
    let Some(rabbitmq) = RabbitMq::start_or_skip().await else {
        return;
    };
    let session = Session::demo(&[("RABBITMQ_URL", rabbitmq.url())]);
    tokio::task::spawn_blocking(|| {
        session.screen.wait("the services", |text| text.contains("api ●"));
        assert!(
            !session.screen.text().contains("broker"),
            "the embedded broker is not started with a real one"
        );
        assert_reset(session, "api ●");
    })
    .await
    .unwrap();
}

fn assert_reset(mut session: Session, up: &str) {
    let ready = |text: &str| {
        ["api ●", "mailer ●", up, "press r to send"]
            .iter()
            .all(|part| text.contains(part))
    };
    session.screen.wait("the services to be up", ready);
    let (_, processes) = session.processes();
    assert!(processes.len() >= 2, "API and mailer are processes of their own");

    session.screen.press("r").unwrap();
    let text = session
        .screen
        .wait_frame("the whole trace, here and at the Sentry endpoint", |text| {
            ROWS.iter().all(|(_, row)| text.contains(row)) && text.contains("reached Sentry ✓ 7/7")
        });
    assert_rows(&text);
    assert!(
        text.contains("spanfall→api→mailer") && text.contains("[1 Traces 1]") && text.contains(" 8 spans"),
        "{text}"
    );
    assert_eq!(session.mails().len(), 1);

    // Opens the details of the producer's span.
    session.screen.press("jjj").unwrap();
    let details = session
        .screen
        .wait_frame("the details", |text| text.contains("SPAN api EnqueueMessage"));
    assert!(
        details.contains("messaging.destination.name") && details.contains("email_queue"),
        "{details}"
    );

    session.screen.press("i").unwrap();
    session.screen.wait("the failed trace", |text| {
        [
            "400",
            "✗ api resetPasswordHandler",
            "✗ spanfall reset password",
            "[1 Traces 2]",
        ]
        .iter()
        .all(|part| text.contains(part))
    });
    assert!(!session.screen.written().contains('@'), "no email address reaches the screen");

    session.screen.press("?").unwrap();
    session.screen.wait("the help", |text| text.contains("Keys and marks"));
    session.screen.press("?q").unwrap();
    assert!(session.screen.ended().unwrap().success());
    assert_eq!(session.file("status").trim(), "0");
    session.assert_restored();
    assert!(Session::gone(&processes), "no child is left");
}

/// Asserts that the rows are in this order, children two columns further right than their parents.
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
