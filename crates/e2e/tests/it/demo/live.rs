//! Running spans are on the screen.

use e2e::mail::StalledMail;

use crate::demo::session::Session;

#[tokio::test(flavor = "multi_thread")]
async fn running_mail_span_is_on_the_screen() {
    let smtp = StalledMail::start().await.unwrap();
    // A retry would be a row more.
    let session = Session::demo(&[("SMTP_URL", smtp.url()), ("MAIL_RETRY_DELAYS", "1h".to_owned())]);
    tokio::task::spawn_blocking(move || watch_a_slow_mail(session, &smtp))
        .await
        .unwrap();
}

fn watch_a_slow_mail(mut session: Session, smtp: &StalledMail) {
    let ready = |text: &str| text.contains("api ●") && text.contains("mailer ●") && text.contains("press r to send");
    session.screen.wait("the services to be up", ready);
    session.screen.press("r").unwrap();
    let row = |text: &str, name: &str| text.lines().find(|line| line.contains(name)).map(str::to_owned);
    let is_running = |text: &str, name: &str| row(text, name).is_some_and(|row| row.contains("running"));
    let text = session.screen.wait_frame("the mail that is being sent", |text| {
        let running = ["mailer handleSentMailMessage", "mailer send mail"];
        running.iter().all(|name| is_running(text, name)) && text.contains("api EnqueueMessage")
    });
    let column = |line: &str, name: &str| line.find(name).map(|at| line[..at].chars().count());
    let indent = |name: &str| text.lines().find_map(|line| column(line, name)).unwrap();
    assert!(
        indent("api EnqueueMessage") < indent("mailer handleSentMailMessage"),
        "{text}"
    );
    assert!(
        indent("mailer handleSentMailMessage") < indent("mailer send mail"),
        "its own child:\n{text}"
    );
    // Running spans cannot have reached Sentry, and are not expected there.
    assert!(!text.contains("reached Sentry ✗"), "{text}");

    smtp.hang_up();
    let ended = |text: &str| row(text, "mailer handleSentMailMessage").is_some_and(|row| !row.contains("running"));
    session.screen.wait_frame("its end, in the same row", |text| {
        ended(text) && text.matches("handleSentMailMessage").count() == 1
    });
}
