//! The mailer as a program: its configuration, and mail over SMTP.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::Command;
use std::time::Duration;

use lapin::BasicProperties;
use mail_queue::RetrySchedule;
use mailer::{Journal, Mailer, Outcome, SmtpTransport};
use testkit::{Process, eventually, unused_address};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

const DEADLINE: Duration = Duration::from_secs(30);

fn program(env: &[(&str, &str)]) -> Process {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mailer"));
    command
        .env_clear()
        .env("OTEL_TRACES_EXPORTER", "none")
        .envs(env.iter().copied());
    Process::spawn(command).unwrap()
}

#[tokio::test]
async fn bad_configuration_is_named_without_its_secrets() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let below_a_file = file.path().join("mail");
    for (variable, value, code) in [
        ("RABBITMQ_URL", "amqp:secret", 64),
        ("SMTP_URL", "smtp://me:secret@localhost", 64),
        ("MAIL_RETRY_DELAYS", "10s,soon", 64),
        ("MAIL_DIR", below_a_file.to_str().unwrap(), 1),
        ("MAIL_JOURNAL", below_a_file.to_str().unwrap(), 1),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let mailer = program(&[("MAIL_DIR", dir.path().to_str().unwrap()), (variable, value)]);
        assert_eq!(mailer.exited(DEADLINE).await.unwrap().code(), Some(code), "{variable}");
        let named = || async { mailer.stderr().join("\n").contains(variable).then_some(()) };
        eventually(DEADLINE, named).await.unwrap();
        assert!(!mailer.stderr().join("\n").contains("secret"), "{variable}");
    }
}

#[tokio::test]
async fn mail_directory_may_be_a_symlink_only_if_configured() {
    let (here, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::os::unix::fs::symlink(elsewhere.path(), here.path().join("out")).unwrap();
    let start = |env: &[(&str, &str)]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mailer"));
        command
            .env_clear()
            .current_dir(here.path())
            .env("OTEL_TRACES_EXPORTER", "none");
        // A port without a listener.
        command.env("RABBITMQ_URL", "amqp://guest:guest@127.0.0.1:1/%2f");
        command.envs(env.iter().copied());
        Process::spawn(command).unwrap()
    };
    let chosen = start(&[]);
    assert_eq!(chosen.exited(DEADLINE).await.unwrap().code(), Some(1));
    let named = || async { chosen.stderr().join("\n").contains("out is a symlink").then_some(()) };
    eventually(DEADLINE, named).await.unwrap();
    assert_eq!(std::fs::read_dir(elsewhere.path()).unwrap().count(), 0);
    let given = start(&[("MAIL_DIR", "out/mail")]);
    given.line(DEADLINE, |line| line["ready"] == false).await.unwrap();
    assert!(elsewhere.path().join("mail").is_dir());
}

#[tokio::test]
async fn unready_state_is_logged_once_without_a_broker() {
    let nowhere = unused_address().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let url = format!("amqp://guest:guest@{nowhere}/%2f");
    let mailer = program(&[("MAIL_DIR", dir.path().to_str().unwrap()), ("RABBITMQ_URL", &url)]);
    mailer.line(DEADLINE, |line| line["ready"] == false).await.unwrap();
    mailer.interrupt();
    assert!(mailer.exited(DEADLINE).await.unwrap().success());
    let said = mailer.json().into_iter().filter(|line| line.get("ready").is_some()).count();
    assert_eq!(said, 1);
}

/// Starts a mail server for one mail, which answers the recipient with `rcpt`.
async fn mail_server(rcpt: &'static str) -> (String, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://{}", listener.local_addr().unwrap());
    let (heard, lines) = mpsc::channel(1000);
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            let _ = serve(connection, rcpt, &heard).await;
        }
    });
    (url, lines)
}

async fn serve(connection: TcpStream, rcpt: &str, heard: &mpsc::Sender<String>) -> std::io::Result<()> {
    let (read, mut write) = connection.into_split();
    let mut lines = BufReader::new(read).lines();
    write.write_all(b"220 here\r\n").await?;
    let mut in_mail = false;
    while let Some(line) = lines.next_line().await? {
        let answer = match line.split(' ').next() {
            _ if in_mail && line != "." => "",
            Some("RCPT") => rcpt,
            Some("DATA") => "354 continue",
            Some("QUIT") => "221 bye",
            _ => "250 ok",
        };
        in_mail = line == "DATA" || (in_mail && line != ".");
        let _ = heard.send(line).await;
        if !answer.is_empty() {
            write.write_all(format!("{answer}\r\n").as_bytes()).await?;
        }
    }
    Ok(())
}

async fn outcome(url: &str) -> Outcome {
    let transport = Box::new(SmtpTransport::new(url, None).unwrap());
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::open(dir.path().join("sent.journal")).unwrap();
    let mailer = Mailer::new(transport, "http://here".to_owned(), RetrySchedule::default(), journal);
    let properties = BasicProperties::default().with_message_id("m-1".into());
    mailer.outcome(&properties, br#"{"email":"jane@example.org"}"#).await
}

/// Returns the lines the server has received so far.
fn heard(lines: &mut mpsc::Receiver<String>) -> Vec<String> {
    std::iter::from_fn(|| lines.try_recv().ok()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_is_sent_over_smtp() {
    let (url, mut lines) = mail_server("250 ok").await;
    assert_eq!(outcome(&url).await, Outcome::Sent);
    let lines = heard(&mut lines);
    for line in [
        "RCPT TO:<jane@example.org>",
        "To: jane@example.org",
        "Message-ID: <m-1@spanfall.invalid>",
    ] {
        assert!(lines.iter().any(|said| said == line), "{line} in {lines:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rejected_recipient_reports_the_code_without_the_address() {
    for (reply, code, transient) in [
        ("550 no such person as jane@example.org", 550, false),
        ("451 jane@example.org: later", 451, true),
    ] {
        let (url, mut lines) = mail_server(reply).await;
        let Outcome::Failed(failure) = outcome(&url).await else {
            panic!("sent");
        };
        assert_eq!((failure.smtp_code(), failure.is_transient()), (Some(code), transient));
        let text = failure.to_string();
        assert!(text.contains(&code.to_string()) && !text.contains("jane"), "{text}");
        assert_eq!(heard(&mut lines).iter().filter(|line| line.starts_with("RCPT")).count(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unreachable_mail_server_is_a_temporary_failure() {
    let nowhere = unused_address().unwrap();
    let Outcome::Failed(failure) = outcome(&format!("smtp://{nowhere}")).await else {
        panic!("sent");
    };
    assert_eq!((failure.smtp_code(), failure.is_transient()), (None, true));
    let text = failure.to_string();
    assert!(
        text.contains("no connection to the SMTP server: connection refused"),
        "{text}"
    );
}
