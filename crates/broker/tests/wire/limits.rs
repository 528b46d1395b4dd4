//! Nothing grows without bound, and those who are slow are waited for only so long.

use std::time::Duration;

use amq_protocol::frame::AMQPFrame;
use amq_protocol::protocol::{AMQPClass, basic};
use broker::Config;
use tokio::io::AsyncWriteExt as _;
use tokio::time::timeout;

use crate::raw::{Closed, Raw, SOON, bytes_of, eventually, header, publish, publish_bytes, raw_frame, start, still_serves};

const LONG: Duration = Duration::from_secs(600);
const SHORT: Duration = Duration::from_millis(200);

#[tokio::test]
async fn too_large_a_message_closes_the_channel() {
    let address = start(Config {
        max_message: 10,
        ..Config::default()
    })
    .await;
    let mut raw = Raw::open(address).await;
    raw.declare("queue").await;
    raw.publish("queue", false, &[0; 10]).await;
    assert_eq!(raw.declare("queue").await, 1);
    raw.send(1, publish("queue", false)).await;
    raw.bytes(&raw_frame(2, 1, &header(u64::MAX, &[0, 0]))).await;
    assert_eq!(raw.closed().await, Closed::Channel(406));
}

#[tokio::test]
async fn when_memory_is_full_publishes_are_nacked_until_there_is_room() {
    let address = start(Config {
        max_memory: 10_000,
        ..Config::default()
    })
    .await;
    let mut raw = Raw::open(address).await;
    raw.declare("queue").await;
    raw.select_confirms().await;
    let mut confirms = Vec::new();
    for _ in 0..4 {
        raw.publish("queue", false, &[0; 3000]).await;
        confirms.push(raw.method().await);
    }
    let ack = |delivery_tag| {
        AMQPClass::Basic(basic::AMQPMethod::Ack(basic::Ack {
            delivery_tag,
            multiple: false,
        }))
    };
    let nack = basic::Nack {
        delivery_tag: 4,
        multiple: false,
        requeue: false,
    };
    assert_eq!(
        confirms,
        [ack(1), ack(2), ack(3), AMQPClass::Basic(basic::AMQPMethod::Nack(nack))]
    );
    // Delivered is not gone; acknowledged is.
    raw.basic(basic::AMQPMethod::Get(basic::Get {
        queue: "queue".into(),
        no_ack: false,
    }))
    .await;
    for _ in 0..3 {
        raw.frame().await;
    }
    raw.publish("queue", false, &[0; 3000]).await;
    assert!(matches!(raw.method().await, AMQPClass::Basic(basic::AMQPMethod::Nack(_))));
    raw.basic(basic::AMQPMethod::Ack(basic::Ack {
        delivery_tag: 1,
        multiple: false,
    }))
    .await;
    raw.publish("queue", false, &[0; 3000]).await;
    assert_eq!(raw.method().await, ack(6));
}

#[tokio::test]
async fn when_memory_is_full_and_nothing_is_confirmed_the_channel_is_closed() {
    let address = start(Config {
        max_memory: 5000,
        ..Config::default()
    })
    .await;
    let mut raw = Raw::open(address).await;
    raw.declare("queue").await;
    raw.publish("queue", false, &[0; 3000]).await;
    raw.publish("queue", false, &[0; 3000]).await;
    assert_eq!(raw.closed().await, Closed::Channel(506));
    assert_eq!(Raw::open(address).await.declare("queue").await, 1);
}

/// A consumer that does not read is given what its connection takes, and no more; once it reads it gets the rest, in order.
#[tokio::test]
async fn a_consumer_that_does_not_read_is_not_flooded() {
    const MESSAGES: u32 = 600;
    let address = start(Config {
        max_unsent: 64 << 10,
        read_within: LONG,
        ..Config::default()
    })
    .await;
    let mut slow = Raw::open(address).await;
    slow.declare("queue").await;
    slow.consume("queue").await;

    let mut publisher = Raw::open(address).await;
    for number in 0..MESSAGES {
        let mut body = vec![0; 100_000];
        body[..4].copy_from_slice(&number.to_be_bytes());
        publisher.publish("queue", false, &body).await;
    }
    // 60 MB; the kernel takes a few of them.
    let waiting = publisher.declare("queue").await;
    assert!(waiting > MESSAGES / 2, "{waiting} wait");
    for number in 0..MESSAGES {
        assert_eq!(slow.delivery().await.1[..4], number.to_be_bytes());
    }
    assert_eq!(publisher.declare("queue").await, 0);
}

#[tokio::test]
async fn a_consumer_that_never_reads_is_dropped_and_its_messages_are_others() {
    let address = start(Config {
        max_unsent: 64 << 10,
        read_within: SHORT,
        ..Config::default()
    })
    .await;
    let mut publisher = Raw::open(address).await;
    publisher.declare("queue").await;
    let mut stuck = Raw::open(address).await;
    stuck.consume("queue").await;
    for _ in 0..200 {
        publisher.publish("queue", false, &vec![0; 100_000]).await;
    }
    eventually(async || publisher.declare("queue").await == 200).await;
    publisher.consume("queue").await;
    let (redelivered, _) = publisher.delivery().await;
    assert!(redelivered);
    drop(stuck);
}

/// Returned messages go back to their publisher: one that does not read them is not read from either.
#[tokio::test]
async fn a_publisher_that_does_not_read_is_dropped() {
    let address = start(Config {
        max_unsent: 64 << 10,
        read_within: SHORT,
        ..Config::default()
    })
    .await;
    let mut raw = Raw::open(address).await;
    let bytes = publish_bytes("nowhere", true, &vec![0; 100_000]);
    let flood = async { while raw.socket.write_all(&bytes).await.is_ok() {} };
    timeout(SOON, flood).await.expect("the broker hangs up");
    still_serves(address).await;
}

#[tokio::test]
async fn who_does_not_log_in_is_dropped() {
    let address = start(Config {
        login_within: SHORT,
        ..Config::default()
    })
    .await;
    let mut silent = Raw::connect(address).await;
    let mut slow = Raw::connect(address).await;
    slow.bytes(crate::raw::HEADER).await;
    silent.gone().await;
    slow.gone().await;
}

#[tokio::test]
async fn one_connection_too_many_is_hung_up_on() {
    let address = start(Config {
        max_connections: 2,
        ..Config::default()
    })
    .await;
    let (first, _second) = (Raw::open(address).await, Raw::open(address).await);
    Raw::connect(address).await.gone().await;
    drop(first);
    // Its place is free once the broker has noticed.
    let served = async || {
        let mut raw = Raw::connect(address).await;
        raw.bytes(crate::raw::HEADER).await;
        raw.frame().await.is_some()
    };
    eventually(served).await;
}

#[tokio::test]
async fn queues_are_counted() {
    let address = start(Config::default()).await;
    let mut raw = Raw::open(address).await;
    for number in 0..1024 {
        raw.declare(&format!("queue-{number}")).await;
    }
    let declare = amq_protocol::protocol::queue::AMQPMethod::Declare(crate::raw::declare("one more"));
    raw.bytes(&bytes_of(&AMQPFrame::Method(1, AMQPClass::Queue(declare)))).await;
    assert_eq!(raw.closed().await, Closed::Channel(506));
}
