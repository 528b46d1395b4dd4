//! Unsupported features are rejected with the protocol's reply code.

use amq_protocol::frame::AMQPFrame;
use amq_protocol::protocol::connection::{AMQPMethod as Connection, Open, TuneOk};
use amq_protocol::protocol::{AMQPClass, BasicProperties, basic, channel, exchange, queue, tx};
use amq_protocol::types::{AMQPValue, FieldTable};
use broker::{BindError, Broker, Config};

use super::raw::{self, Closed, HEADER, Raw, bytes_of, header, publish, raw_frame, start, still_serves};

fn declare_with(change: impl FnOnce(&mut queue::Declare)) -> AMQPClass {
    let mut declare = raw::declare("rejected");
    change(&mut declare);
    AMQPClass::Queue(queue::AMQPMethod::Declare(declare))
}

fn declare_argument(key: &str, value: AMQPValue) -> AMQPClass {
    declare_with(|declare| _ = declare.arguments.insert(key.into(), value))
}

fn consume_with(change: impl FnOnce(&mut basic::Consume)) -> AMQPClass {
    let mut consume = raw::consume("queue");
    change(&mut consume);
    AMQPClass::Basic(basic::AMQPMethod::Consume(consume))
}

/// Sends each on its own connection, after declaring the queue `queue`.
async fn all_rejected(cases: impl IntoIterator<Item = (&str, AMQPClass, Closed)>) {
    let address = start(Config::default()).await;
    for (what, method, expected) in cases {
        let mut raw = Raw::open(address).await;
        raw.declare("queue").await;
        raw.send(1, method).await;
        assert_eq!(raw.closed().await, expected, "{what}");
    }
    still_serves(address).await;
}

#[tokio::test]
async fn unsupported_methods_are_rejected() {
    let exchange = exchange::Declare {
        exchange: "mine".into(),
        kind: "direct".into(),
        passive: false,
        durable: true,
        auto_delete: false,
        internal: false,
        nowait: false,
        arguments: FieldTable::default(),
    };
    let bind = queue::Bind {
        queue: "queue".into(),
        exchange: "amq.direct".into(),
        routing_key: "key".into(),
        nowait: false,
        arguments: FieldTable::default(),
    };
    let recover = basic::AMQPMethod::Recover(basic::Recover { requeue: true });
    let qos = basic::AMQPMethod::Qos(basic::Qos {
        prefetch_count: 1,
        global: true,
    });
    let flow = channel::AMQPMethod::Flow(channel::Flow { active: false });
    let cases = [
        (
            "exchange.declare",
            AMQPClass::Exchange(exchange::AMQPMethod::Declare(exchange)),
        ),
        ("queue.bind", AMQPClass::Queue(queue::AMQPMethod::Bind(bind))),
        ("tx.select", AMQPClass::Tx(tx::AMQPMethod::Select(tx::Select {}))),
        ("basic.recover", AMQPClass::Basic(recover)),
        ("basic.qos global", AMQPClass::Basic(qos)),
        ("channel.flow inactive", AMQPClass::Channel(flow)),
    ];
    all_rejected(cases.map(|(what, method)| (what, method, Closed::Connection(540)))).await;
}

#[tokio::test]
async fn unsupported_queue_kinds_are_rejected() {
    let text = |value: &str| AMQPValue::LongString(value.into());
    let kinds = [
        ("exclusive", declare_with(|declare| declare.exclusive = true)),
        ("auto-delete", declare_with(|declare| declare.auto_delete = true)),
        ("without name", declare_with(|declare| declare.queue = "".into())),
    ];
    all_rejected(kinds.map(|(what, method)| (what, method, Closed::Connection(540)))).await;
    let arguments = [
        (
            "at-least-once",
            declare_argument("x-dead-letter-strategy", text("at-least-once")),
        ),
        ("x-expires", declare_argument("x-expires", AMQPValue::LongInt(1))),
        ("unknown", declare_argument("x-no-such-thing", AMQPValue::Boolean(true))),
        ("quorum", declare_argument("x-queue-type", text("quorum"))),
        (
            "dead letters elsewhere",
            declare_argument("x-dead-letter-exchange", text("mine")),
        ),
    ];
    all_rejected(arguments.map(|(what, method)| (what, method, Closed::Channel(406)))).await;
    all_rejected([(
        "reserved",
        declare_with(|declare| declare.queue = "amq.mine".into()),
        Closed::Channel(403),
    )])
    .await;
}

#[tokio::test]
async fn unsupported_consumer_kinds_are_rejected() {
    let priority = |consume: &mut basic::Consume| _ = consume.arguments.insert("x-priority".into(), AMQPValue::LongInt(1));
    let cases = [
        ("exclusive", consume_with(|consume| consume.exclusive = true)),
        ("no-local", consume_with(|consume| consume.no_local = true)),
        ("with arguments", consume_with(priority)),
    ];
    all_rejected(cases.map(|(what, method)| (what, method, Closed::Connection(540)))).await;
}

#[tokio::test]
async fn unsupported_properties_are_rejected() {
    let mut copies = FieldTable::default();
    copies.insert(
        "CC".into(),
        AMQPValue::FieldArray(vec![AMQPValue::LongString("other".into())].into()),
    );
    let address = start(Config::default()).await;
    for properties in [
        BasicProperties::default().with_expiration("1000".into()),
        BasicProperties::default().with_headers(copies),
    ] {
        let mut raw = Raw::open(address).await;
        raw.send(1, publish("queue", false)).await;
        let header = amq_protocol::frame::AMQPContentHeader {
            class_id: 60,
            body_size: 0,
            properties,
        };
        raw.bytes(&bytes_of(&AMQPFrame::Header(1, header))).await;
        assert_eq!(raw.closed().await, Closed::Connection(540));
    }
}

#[tokio::test]
async fn malformed_frames_are_rejected() {
    let method = |payload: &[u8]| raw_frame(1, 1, payload);
    let mut without_end = raw_frame(3, 1, b"x");
    *without_end.last_mut().expect("not empty") = 0;
    let cases = [
        ("too large", [&[3, 0, 1][..], &131_065_u32.to_be_bytes()].concat(), 501),
        ("largest size there is", [&[3, 0, 1][..], &[0xFF; 4]].concat(), 501),
        ("without its end", without_end, 501),
        ("of an unknown kind", raw_frame(77, 1, b"x"), 501),
        ("a heartbeat on a channel", raw_frame(8, 1, b""), 501),
        ("a method cut short", method(&[0, 50, 0, 10, 0]), 502),
        ("a method with more behind it", method(&[0, 85, 0, 10, 0, 99]), 502),
        ("an unknown class", method(&[0, 99, 0, 10]), 502),
        (
            "a header of another class",
            raw_frame(2, 1, &[0, 61, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
            502,
        ),
        ("a method for an open connection on a channel", method(&[0, 10, 0, 51]), 503),
    ];
    close_connections(&cases).await;
}

/// Checks that each of the frames closes its connection with the expected code, and no other one.
async fn close_connections(cases: &[(&str, Vec<u8>, u16)]) {
    let address = start(Config::default()).await;
    for (what, bytes, expected) in cases {
        let mut raw = Raw::open(address).await;
        raw.bytes(bytes).await;
        assert_eq!(raw.closed().await, Closed::Connection(*expected), "{what}");
    }
    still_serves(address).await;
}

#[tokio::test]
async fn unexpected_frames_are_rejected() {
    let publish = bytes_of(&AMQPFrame::Method(1, publish("queue", false)));
    let with = |more: &[Vec<u8>]| [std::slice::from_ref(&publish), more].concat().concat();
    let open = |channel| {
        bytes_of(&AMQPFrame::Method(
            channel,
            AMQPClass::Channel(channel::AMQPMethod::Open(channel::Open {})),
        ))
    };
    let one = raw_frame(2, 1, &header(1, &[0, 0]));
    let cases = [
        ("a header without a publish", one.clone(), 505),
        ("a body without a publish", raw_frame(3, 1, b"x"), 505),
        ("a body without a header", with(&[raw_frame(3, 1, b"x")]), 505),
        ("a second header", with(&[one.clone(), one.clone()]), 505),
        ("a body that is too long", with(&[one, raw_frame(3, 1, b"xy")]), 505),
        ("a method instead of content", with(std::slice::from_ref(&publish)), 505),
        ("content on a channel that isn't open", raw_frame(3, 7, b"x"), 504),
        ("a channel twice", open(1), 504),
        ("a channel that is too high", open(256), 504),
    ];
    close_connections(&cases).await;
}

#[tokio::test]
async fn foreign_protocol_gets_the_protocol_header() {
    let address = start(Config::default()).await;
    let mut raw = Raw::connect(address).await;
    raw.bytes(b"GET / HTTP/1.1\r\n\r\n").await;
    let mut answer = [0; 8];
    tokio::io::AsyncReadExt::read_exact(&mut raw.socket, &mut answer)
        .await
        .expect("the protocol header");
    assert_eq!(answer, HEADER);
    raw.gone().await;
}

#[tokio::test]
async fn failed_handshakes_are_rejected() {
    let address = start(Config::default()).await;
    for (mechanism, response) in [
        ("PLAIN", "\0guest\0"),
        ("PLAIN", ""),
        ("AMQPLAIN", "\0guest\0guest"),
        ("PLAIN", "\0\0guest"),
    ] {
        let mut raw = Raw::connect(address).await;
        raw.bytes(HEADER).await;
        raw.connection(raw::start_ok(mechanism, response)).await;
        assert_eq!(raw.closed().await, Closed::Connection(403), "{mechanism} {response:?}");
    }
    for (frame_max, channel_max) in [(4095, 0), (131_073, 0), (0, 256)] {
        let mut raw = Raw::logged_in(
            address,
            TuneOk {
                channel_max,
                frame_max,
                heartbeat: 0,
            },
        )
        .await;
        assert_eq!(
            raw.closed().await,
            Closed::Connection(530),
            "frame_max {frame_max}, channel_max {channel_max}"
        );
    }
    let mut early = Raw::connect(address).await;
    early.bytes(HEADER).await;
    early
        .connection(Connection::Open(Open {
            virtual_host: "/".into(),
        }))
        .await;
    assert_eq!(early.closed().await, Closed::Connection(503));
    still_serves(address).await;
}

#[tokio::test]
async fn non_loopback_addresses_are_rejected() {
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
        let listen = address.parse().expect("an address");
        let rejected = Broker::bind(Config {
            listen,
            ..Config::default()
        })
        .await;
        assert!(
            matches!(rejected, Err(BindError::NotLoopback(said)) if said == listen),
            "{address}"
        );
    }
}

#[tokio::test]
async fn address_in_use_is_reported() {
    let taken = start(Config::default()).await;
    let rejected = Broker::bind(Config {
        listen: taken,
        ..Config::default()
    })
    .await;
    let error = rejected.err().map(|error| error.to_string()).unwrap_or_default();
    assert!(
        error.contains(&taken.to_string()) && error.contains("--listen") && error.contains("BROKER_ADDR"),
        "{error}"
    );
}
