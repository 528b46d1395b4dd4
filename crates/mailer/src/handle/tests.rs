use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};

use super::*;
use crate::FileTransport;

fn properties(id: &str) -> BasicProperties {
    BasicProperties::default().with_message_id(id.into())
}

fn mailer(dir: &std::path::Path) -> Mailer {
    Mailer::new(
        Box::new(FileTransport::new(dir.to_owned()).unwrap()),
        "http://here".to_owned(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_message_becomes_a_mail() {
    let dir = tempfile::tempdir().unwrap();
    let outcome = mailer(dir.path())
        .outcome(&properties("m-1"), br#"{"email":"jane@example.org"}"#)
        .await;
    assert_eq!(outcome, Outcome::Sent);
    let mail = std::fs::read_to_string(dir.path().join("m-1.eml")).unwrap();
    assert!(mail.contains("To: jane@example.org"), "{mail}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_message_is_refused_and_makes_no_mail() {
    let dir = tempfile::tempdir().unwrap();
    let huge = vec![b' '; mail_queue::MAX_BODY + 1];
    for (body, reason) in [
        (&b"nonsense"[..], Malformed::NotJson),
        (b"{}", Malformed::NoEmail),
        (br#"{"email":"nobody"}"#, Malformed::InvalidEmail),
        (&huge, Malformed::TooLarge),
    ] {
        let outcome = mailer(dir.path()).outcome(&properties("m"), body).await;
        assert_eq!(outcome, Outcome::Refused(Refusal::Malformed(reason)));
    }
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_id_cannot_name_a_file_elsewhere() {
    let dir = tempfile::tempdir().unwrap();
    let long = "x".repeat(MAX_ID + 1);
    for id in ["../up", "a/b", "", ".hidden", "a\0b", &long] {
        let outcome = mailer(dir.path())
            .outcome(&properties(id), br#"{"email":"jane@example.org"}"#)
            .await;
        assert_eq!(outcome, Outcome::Refused(Refusal::MessageId), "{id}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_without_an_id_is_still_sent() {
    let dir = tempfile::tempdir().unwrap();
    let outcome = mailer(dir.path())
        .outcome(&BasicProperties::default(), br#"{"email":"jane@example.org"}"#)
        .await;
    assert_eq!(outcome, Outcome::Sent);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
}

/// A transport that is out of order for a number of attempts, which no real one can be told to be.
struct Failing {
    attempts: AtomicU32,
    times: u32,
    transient: bool,
}

impl MailTransport for Failing {
    fn name(&self) -> &'static str {
        "failing"
    }

    fn send<'a>(&'a self, _: &'a Composed) -> Pin<Box<dyn Future<Output = Result<(), SendError>> + Send + 'a>> {
        let attempt = self.attempts.fetch_add(1, Ordering::Relaxed);
        Box::pin(async move {
            if attempt < self.times {
                return Err(SendError {
                    reason: "out of order".to_owned(),
                    transient: self.transient,
                });
            }
            Ok(())
        })
    }
}

#[tokio::test]
async fn a_transport_is_tried_again_only_where_that_can_help_and_not_for_ever() {
    for (times, transient, sent) in [(2, true, true), (3, true, false), (1, false, false)] {
        let failing = Failing {
            attempts: AtomicU32::new(0),
            times,
            transient,
        };
        let mailer = Mailer::new(Box::new(failing), String::new());
        let outcome = mailer.outcome(&properties("m"), br#"{"email":"jane@example.org"}"#).await;
        assert_eq!(outcome == Outcome::Sent, sent, "{times} failures, transient: {transient}");
    }
}
