//! The charged overhead of messages matches their real memory. A binary of its own: other tests in the process would be measured too.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use broker::{Broker, Config};
use lapin::options::{BasicPublishOptions, QueueDeclareOptions};
use lapin::types::{FieldTable, ShortString};
use lapin::{BasicProperties, Connection, ConnectionProperties};

const MEMORY: u64 = 64 << 20;

/// Returns the resident set size of this process, in bytes.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.split_whitespace().next().unwrap().parse::<u64>().unwrap() << 10
}

#[tokio::test(flavor = "multi_thread")]
async fn empty_messages_cost_what_they_are_charged() {
    let broker = Broker::bind(Config {
        max_memory: MEMORY,
        ..Config::default()
    })
    .await
    .unwrap();
    let url = broker.url();
    tokio::spawn(broker.serve(std::future::pending()));
    let connection = Connection::connect(&url, ConnectionProperties::default()).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    // Each message holds the queue name as its routing key.
    let queue: ShortString = "q".repeat(250).as_str().into();
    channel
        .queue_declare(queue.clone(), QueueDeclareOptions::durable(), FieldTable::default())
        .await
        .unwrap();
    let before = resident();
    let mut published = 0;
    // Without confirms a full broker closes the channel.
    while channel.status().connected() && published < 1_000_000 {
        let options = BasicPublishOptions::default();
        let sent = channel
            .basic_publish(
                ShortString::default(),
                queue.clone(),
                options,
                b"",
                BasicProperties::default(),
            )
            .await;
        if sent.is_err() {
            break;
        }
        published += 1;
        if published % 1000 == 0 {
            tokio::task::yield_now().await;
        }
    }
    assert!(published > 10_000, "{published} fit");
    let grown = resident().saturating_sub(before);
    assert!(grown < MEMORY + (24 << 20), "{published} empty messages take {grown} bytes");
    println!("{published} empty messages take {grown} bytes, {MEMORY} allowed");
}
