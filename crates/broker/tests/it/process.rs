//! The broker as a process: output, flags, shutdown.

use std::process::Command;
use std::time::Duration;

use lapin::options::{BasicConsumeOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Connection, ConnectionProperties};
use testkit::{Process, eventually};

const SOON: Duration = Duration::from_secs(20);

fn broker(arguments: &[&str]) -> Process {
    let mut command = Command::new(env!("CARGO_BIN_EXE_broker"));
    command
        .args(arguments)
        .env_remove("RUST_LOG")
        .env_remove("BROKER_ADDR")
        .env_remove(lifecycle::SUPERVISED);
    Process::spawn(command).expect("starts")
}

async fn url(broker: &Process) -> String {
    broker.ready(SOON).await.expect("ready").expect("an address")
}

#[tokio::test]
async fn broker_closes_its_connections_on_a_signal() {
    let broker = broker(&[]);
    let url = url(&broker).await;
    assert!(
        url.starts_with("amqp://guest:guest@127.0.0.1:") && url.ends_with("/%2f"),
        "{url}"
    );
    let client = Connection::connect(&url, ConnectionProperties::default())
        .await
        .expect("connects");
    broker.terminate();
    assert!(broker.exited(SOON).await.expect("ends").success());
    let closed = || async { (!client.status().connected()).then_some(()) };
    eventually(SOON, closed).await.expect("the client notices");
    let ended = |line: &serde_json::Value| line["message"] == "stopped" && line["ready"] == false;
    broker.line(SOON, ended).await.expect("it reports ready=false");
}

#[tokio::test]
async fn broker_ends_with_its_supervisor() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_broker"));
    command.env(lifecycle::SUPERVISED, "1").env_remove("BROKER_ADDR");
    let broker = Process::spawn(command).expect("starts");
    url(&broker).await;
    broker.close_stdin();
    assert!(broker.exited(SOON).await.expect("ends").success());
}

#[tokio::test]
async fn bind_error_names_address_and_flag() {
    let first = broker(&[]);
    let url = url(&first).await;
    let taken = url.trim_start_matches("amqp://guest:guest@").trim_end_matches("/%2f");
    for address in [taken, "0.0.0.0:0"] {
        let second = broker(&["--listen", address]);
        assert_eq!(second.exited(SOON).await.expect("ends").code(), Some(1));
        let said = || async { second.stderr().join("\n").contains("--listen").then_some(()) };
        eventually(SOON, said).await.expect("it names the flag");
        assert!(second.stderr().join("\n").contains(address));
    }
}

#[tokio::test]
async fn rejections_are_logged_without_credentials() {
    let broker = broker(&[]);
    let url = url(&broker).await;
    let wrong = url.replace("guest:guest", "alice:hunter2");
    assert!(Connection::connect(&wrong, ConnectionProperties::default()).await.is_err());
    let client = Connection::connect(&url, ConnectionProperties::default())
        .await
        .expect("connects");
    let channel = client.create_channel().await.expect("a channel");
    let options = BasicConsumeOptions::default();
    assert!(
        channel
            .basic_consume("nowhere".into(), "tag".into(), options, FieldTable::default())
            .await
            .is_err()
    );
    // The mailer declares its queues like this first, and differently if the broker does not support it.
    let channel = client.create_channel().await.expect("a channel");
    let mut quorum = FieldTable::default();
    quorum.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
    assert!(
        channel
            .queue_declare("probed".into(), QueueDeclareOptions::durable(), quorum)
            .await
            .is_err()
    );
    let exclusive = QueueDeclareOptions {
        exclusive: true,
        ..QueueDeclareOptions::default()
    };
    let channel = client.create_channel().await.expect("a channel");
    assert!(
        channel
            .queue_declare("queue".into(), exclusive, FieldTable::default())
            .await
            .is_err()
    );

    for (message, code, level) in [
        ("connection rejected", "403 ", "WARN"),
        ("channel closed", "404 ", "WARN"),
        ("connection rejected", "540 ", "WARN"),
        ("channel closed", "406 ", "INFO"),
    ] {
        let reason = |line: &serde_json::Value| line["reason"].as_str().is_some_and(|reason| reason.starts_with(code));
        let line = broker
            .line(SOON, |line| line["message"] == message && reason(line))
            .await
            .expect("logged");
        assert_eq!(line["level"], level);
    }
    let output = broker.stdout().join("\n");
    assert!(!output.contains("hunter2") && !output.contains("alice"), "{output}");
}
