//! Limits on memory, connections and slow clients.

use std::time::Duration;

use amq_protocol::frame::AMQPFrame;
use amq_protocol::protocol::{AMQPClass, basic, connection};
use broker::Config;
use tokio::io::AsyncWriteExt as _;
use tokio::time::timeout;

use super::raw::{Closed, Raw, SOON, bytes_of, eventually, header, publish, publish_bytes, raw_frame, start, still_serves};

const LONG: Duration = Duration::from_secs(600);
const SHORT: Duration = Duration::from_millis(200);

#[tokio::test]
async fn oversized_message_closes_the_channel() {
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
async fn publishes_are_nacked_while_memory_is_full() {
    let address = start(Config {
        max_memory: 13_000,
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
    // Memory is released by the acknowledgement, not by the delivery.
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
async fn full_memory_closes_a_channel_without_confirms() {
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

/// A consumer that does not read gets only as much as its connection buffers; once it reads it gets the rest, in order.
#[tokio::test]
async fn slow_consumer_is_not_flooded() {
    const MESSAGES: u32 = 600;
    let address = start(Config {
        max_unsent: 64 << 10,
        write_stall_timeout: LONG,
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
    // 60 MB, of which the kernel buffers a few.
    let waiting = publisher.declare("queue").await;
    assert!(waiting > MESSAGES / 2, "{waiting} wait");
    for number in 0..MESSAGES {
        assert_eq!(slow.delivery().await.1[..4], number.to_be_bytes());
    }
    assert_eq!(publisher.declare("queue").await, 0);
}

#[tokio::test]
async fn stalled_consumer_is_disconnected_and_its_messages_requeued() {
    let address = start(Config {
        max_unsent: 64 << 10,
        write_stall_timeout: SHORT,
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

/// A publisher that does not read its returned messages is not read from either.
#[tokio::test]
async fn stalled_publisher_is_disconnected() {
    let address = start(Config {
        max_unsent: 64 << 10,
        write_stall_timeout: SHORT,
        ..Config::default()
    })
    .await;
    let mut raw = Raw::open(address).await;
    let bytes = publish_bytes("nowhere", true, &vec![0; 100_000]);
    let flood = async { while raw.socket.write_all(&bytes).await.is_ok() {} };
    timeout(SOON, flood).await.expect("the broker disconnects");
    still_serves(address).await;
}

#[tokio::test]
async fn login_timeout_closes_the_connection() {
    let address = start(Config {
        login_timeout: SHORT,
        ..Config::default()
    })
    .await;
    let mut silent = Raw::connect(address).await;
    let mut slow = Raw::connect(address).await;
    slow.bytes(super::raw::HEADER).await;
    silent.gone().await;
    slow.gone().await;
}

/// 3,000 silent sockets, and idle logged-in clients up to the connection limit.
#[tokio::test]
async fn silent_and_idle_connections_do_not_block_new_ones() {
    let address = start(Config {
        login_timeout: LONG,
        ..Config::default()
    })
    .await;
    let mut silent = Vec::new();
    for _ in 0..3000 {
        silent.push(Raw::connect(address).await);
    }
    still_serves(address).await;
    let mut idle = Vec::new();
    for _ in 0..100 {
        idle.push(Raw::open(address).await);
    }
    still_serves(address).await;
    // The connection idle for longest gets a close with the reason.
    assert_eq!(idle[0].closed().await, Closed::Connection(320));
}

#[tokio::test]
async fn consuming_connection_is_not_idle() {
    let address = start(Config {
        max_connections: 2,
        ..Config::default()
    })
    .await;
    let mut consumer = Raw::open(address).await;
    consumer.declare("queue").await;
    consumer.consume("queue").await;
    let mut idle = Raw::open(address).await;
    let mut publisher = Raw::open(address).await;
    assert_eq!(idle.closed().await, Closed::Connection(320));
    publisher.publish("queue", false, b"x").await;
    assert_eq!(consumer.delivery().await.1, b"x");
}

#[tokio::test]
async fn announced_body_does_not_reserve_memory() {
    let address = start(Config {
        max_memory: 32 << 20,
        message_timeout: SHORT,
        ..Config::default()
    })
    .await;
    let mut liar = Raw::open(address).await;
    // The first message times out soon after it has begun, so all of them begin at once.
    for channel in 2..100 {
        liar.open_channel(channel).await;
    }
    for channel in 2..100 {
        liar.send(channel, publish("queue", false)).await;
        liar.bytes(&raw_frame(2, channel, &header(16 << 20, &[0, 0]))).await;
    }
    still_serves(address).await;
    // And the partial message times out.
    assert_eq!(liar.closed().await, Closed::Connection(320));
}

#[tokio::test]
async fn connection_beyond_the_limit_is_rejected() {
    let address = start(Config {
        max_connections: 2,
        ..Config::default()
    })
    .await;
    let (mut first, mut second) = (Raw::open(address).await, Raw::open(address).await);
    first.declare("queue").await;
    for busy in [&mut first, &mut second] {
        busy.consume("queue").await;
    }
    let tune = || connection::TuneOk {
        channel_max: 0,
        frame_max: 0,
        heartbeat: 0,
    };
    let open = || {
        connection::AMQPMethod::Open(connection::Open {
            virtual_host: "/".into(),
        })
    };
    let mut third = Raw::logged_in(address, tune()).await;
    third.connection(open()).await;
    assert_eq!(third.closed().await, Closed::Connection(530));
    drop(first);
    // Its slot is free once the broker has noticed the disconnect.
    let served = async || {
        let mut raw = Raw::logged_in(address, tune()).await;
        raw.connection(open()).await;
        matches!(raw.method().await, AMQPClass::Connection(connection::AMQPMethod::OpenOk(_)))
    };
    eventually(served).await;
}

#[tokio::test]
async fn queue_limit_is_enforced() {
    let address = start(Config::default()).await;
    let mut raw = Raw::open(address).await;
    for number in 0..1024 {
        raw.declare(&format!("queue-{number}")).await;
    }
    let declare = amq_protocol::protocol::queue::AMQPMethod::Declare(super::raw::declare("one more"));
    raw.bytes(&bytes_of(&AMQPFrame::Method(1, AMQPClass::Queue(declare)))).await;
    assert_eq!(raw.closed().await, Closed::Channel(506));
}
