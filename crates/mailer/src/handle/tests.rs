use lapin::types::FieldTable;

use super::*;
use crate::FileTransport;

fn properties(id: &str) -> BasicProperties {
    BasicProperties::default().with_message_id(id.into())
}

fn mailer(dir: &std::path::Path) -> Mailer {
    Mailer::new(
        Box::new(FileTransport::new(dir.to_owned()).unwrap()),
        "http://here".to_owned(),
        RetrySchedule::default(),
        Journal::open(dir.join("sent.journal")).unwrap(),
    )
}

fn mails(dir: &std::path::Path) -> usize {
    let files = std::fs::read_dir(dir).unwrap().map(|file| file.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|end| end == "eml")).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn valid_message_is_mailed() {
    let dir = tempfile::tempdir().unwrap();
    let outcome = mailer(dir.path())
        .outcome(&properties("m-1"), br#"{"email":"jane@example.org"}"#)
        .await;
    assert_eq!(outcome, Outcome::Sent);
    let mail = std::fs::read_to_string(dir.path().join("m-1.eml")).unwrap();
    assert!(mail.contains("To: jane@example.org"), "{mail}");
}

/// The message holds no token that could expire in the queue: the ninth attempt, an hour after the first, creates a fresh link.
#[tokio::test(flavor = "multi_thread")]
async fn reset_link_is_created_by_the_sending_attempt() {
    let (body, hour) = (br#"{"email":"jane@example.org"}"#, Duration::from_secs(3_600));
    let schedule = RetrySchedule::default();
    let last = (1..99).find(|attempt| schedule.after(*attempt).is_none()).unwrap() - 1;
    let mut links = Vec::new();
    let last = i32::try_from(last).unwrap();
    for (attempts, age) in [(0, Duration::ZERO), (last, hour), (last, hour)] {
        let dir = tempfile::tempdir().unwrap();
        let mut headers = FieldTable::default();
        headers.insert(headers::ATTEMPTS.into(), AMQPValue::LongInt(attempts));
        let published = semconv::published_ms(SystemTime::now() - age);
        headers.insert(semconv::PUBLISHED_MS.into(), AMQPValue::LongLongInt(published));
        let message = properties("m-1").with_headers(headers);
        assert_eq!(mailer(dir.path()).outcome(&message, body).await, Outcome::Sent);
        let mail = std::fs::read_to_string(dir.path().join("m-1.eml")).unwrap();
        let token = mail.split("http://here?token=").nth(1).and_then(|rest| rest.get(..32));
        links.push(token.expect("a link").to_owned());
    }
    links.sort();
    links.dedup();
    assert_eq!(links.len(), 3, "each attempt has its own link");
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_message_is_rejected_without_a_mail() {
    let dir = tempfile::tempdir().unwrap();
    let huge = vec![b' '; mail_queue::BODY_SIZE_MAX + 1];
    for (body, reason) in [
        (&b"nonsense"[..], Malformed::NotJson),
        (b"{}", Malformed::NoEmail),
        (br#"{"email":"jane"}"#, Malformed::InvalidEmail),
        (&huge, Malformed::TooLarge),
    ] {
        let outcome = mailer(dir.path()).outcome(&properties("m"), body).await;
        assert_eq!(outcome, Outcome::Failed(Failure::Malformed(reason)));
    }
    assert_eq!(mails(dir.path()), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn message_id_cannot_escape_the_mail_directory() {
    let dir = tempfile::tempdir().unwrap();
    let long = "x".repeat(MESSAGE_ID_LEN_MAX + 1);
    for id in ["../up", "a/b", "", ".hidden", "a\0b", &long] {
        let outcome = mailer(dir.path())
            .outcome(&properties(id), br#"{"email":"jane@example.org"}"#)
            .await;
        assert_eq!(outcome, Outcome::Failed(Failure::MessageId), "{id}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn message_without_an_id_is_mailed() {
    let dir = tempfile::tempdir().unwrap();
    let outcome = mailer(dir.path())
        .outcome(&BasicProperties::default(), br#"{"email":"jane@example.org"}"#)
        .await;
    assert_eq!(outcome, Outcome::Sent);
    assert_eq!(mails(dir.path()), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn redelivered_message_sends_no_second_mail() {
    let dir = tempfile::tempdir().unwrap();
    let body = br#"{"email":"jane@example.org"}"#;
    assert_eq!(mailer(dir.path()).outcome(&properties("m-1"), body).await, Outcome::Sent);
    std::fs::remove_file(dir.path().join("m-1.eml")).unwrap();
    // A restarted mailer does not send it again either.
    assert_eq!(mailer(dir.path()).outcome(&properties("m-1"), body).await, Outcome::Duplicate);
    assert_eq!(mails(dir.path()), 0);
    // Concurrent duplicates, as the API publishes them after a lost confirm.
    let mailer = mailer(dir.path());
    let message = properties("m-2");
    let both = futures_util::future::join(mailer.outcome(&message, body), mailer.outcome(&message, body)).await;
    assert_eq!(both, (Outcome::Sent, Outcome::Duplicate));
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_mail_is_not_recorded_in_the_journal() {
    let dir = tempfile::tempdir().unwrap();
    let body = br#"{"email":"jane@example.org"}"#;
    let mailer = mailer(dir.path());
    std::fs::create_dir(dir.path().join("m-1.eml")).unwrap();
    let Outcome::Failed(failure) = mailer.outcome(&properties("m-1"), body).await else {
        panic!("sent over a directory")
    };
    assert!(failure.is_transient(), "{failure}");
    std::fs::remove_dir(dir.path().join("m-1.eml")).unwrap();
    assert_eq!(mailer.outcome(&properties("m-1"), body).await, Outcome::Sent);
}
