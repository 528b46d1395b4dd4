//! A client that sends arbitrary frames, valid or not.

use std::net::SocketAddr;
use std::time::Duration;

use amq_protocol::frame::{AMQPFrame, gen_frame, parse_frame};
use amq_protocol::protocol::connection::{AMQPMethod as Connection, Open, StartOk, TuneOk};
use amq_protocol::protocol::{AMQPClass, basic, channel, confirm, queue};
use amq_protocol::types::{FieldTable, ShortString};
use broker::{Broker, Config};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

pub(crate) const SOON: Duration = Duration::from_secs(20);
pub(crate) const HEADER: &[u8] = b"AMQP\0\0\x09\x01";

/// Starts an embedded broker that serves until the test ends.
pub(crate) async fn start(config: Config) -> SocketAddr {
    let broker = Broker::bind(config).await.expect("a free loopback port");
    let address = broker.local_addr();
    tokio::spawn(broker.serve(std::future::pending()));
    address
}

pub(crate) struct Raw {
    pub(crate) socket: TcpStream,
    pub(crate) buffer: Vec<u8>,
}

/// The reply code of a close, by its scope.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Closed {
    Connection(u16),
    Channel(u16),
}

/// A client that leaves all limits to the broker.
pub(crate) const UNLIMITED: TuneOk = TuneOk {
    channel_max: 0,
    frame_max: 0,
    heartbeat: 0,
};

impl Raw {
    /// Connects without sending anything. The receive buffer is small, so that unread data soon fills the sender's buffer.
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(32 << 10).expect("a small buffer");
        let socket = socket.connect(address).await.expect("connects");
        socket.set_nodelay(true).expect("no delay");
        Self {
            socket,
            buffer: Vec::new(),
        }
    }

    /// Connects, logs in and opens channel 1.
    pub(crate) async fn open(address: SocketAddr) -> Self {
        let mut raw = Self::logged_in(address, UNLIMITED).await;
        raw.connection(Connection::Open(Open {
            virtual_host: "/".into(),
        }))
        .await;
        assert!(matches!(raw.method().await, AMQPClass::Connection(Connection::OpenOk(_))));
        raw.open_channel(1).await;
        raw
    }

    /// Connects and performs the handshake up to `tune-ok`.
    pub(crate) async fn logged_in(address: SocketAddr, tune: TuneOk) -> Self {
        let mut raw = Self::connect(address).await;
        raw.bytes(HEADER).await;
        assert!(matches!(raw.method().await, AMQPClass::Connection(Connection::Start(_))));
        raw.connection(start_ok("PLAIN", "\0guest\0guest")).await;
        assert!(matches!(raw.method().await, AMQPClass::Connection(Connection::Tune(_))));
        raw.connection(Connection::TuneOk(tune)).await;
        raw
    }

    pub(crate) async fn open_channel(&mut self, number: u16) {
        self.send(number, AMQPClass::Channel(channel::AMQPMethod::Open(channel::Open {})))
            .await;
        assert!(matches!(
            self.method().await,
            AMQPClass::Channel(channel::AMQPMethod::OpenOk(_))
        ));
    }

    pub(crate) async fn select_confirms(&mut self) {
        self.send(
            1,
            AMQPClass::Confirm(confirm::AMQPMethod::Select(confirm::Select { nowait: false })),
        )
        .await;
        assert!(matches!(
            self.method().await,
            AMQPClass::Confirm(confirm::AMQPMethod::SelectOk(_))
        ));
    }

    /// Declares a durable queue; returns its number of ready messages.
    pub(crate) async fn declare(&mut self, queue: &str) -> u32 {
        self.send(1, AMQPClass::Queue(queue::AMQPMethod::Declare(declare(queue))))
            .await;
        let AMQPClass::Queue(queue::AMQPMethod::DeclareOk(ok)) = self.method().await else {
            panic!("not declared")
        };
        ok.message_count
    }

    pub(crate) async fn consume(&mut self, queue: &str) {
        self.basic(basic::AMQPMethod::Consume(consume(queue))).await;
        assert!(matches!(
            self.method().await,
            AMQPClass::Basic(basic::AMQPMethod::ConsumeOk(_))
        ));
    }

    /// Publishes with a content header without properties, and a body in one frame.
    pub(crate) async fn publish(&mut self, queue: &str, mandatory: bool, body: &[u8]) {
        self.bytes(&publish_bytes(queue, mandatory, body)).await;
    }

    pub(crate) async fn basic(&mut self, method: basic::AMQPMethod) {
        self.send(1, AMQPClass::Basic(method)).await;
    }

    pub(crate) async fn connection(&mut self, method: Connection) {
        self.send(0, AMQPClass::Connection(method)).await;
    }

    pub(crate) async fn send(&mut self, channel: u16, method: AMQPClass) {
        self.bytes(&bytes_of(&AMQPFrame::Method(channel, method))).await;
    }

    /// Sends raw bytes. The broker may have disconnected; tests read what it sent before that.
    pub(crate) async fn bytes(&mut self, bytes: &[u8]) {
        let _ = timeout(SOON, self.socket.write_all(bytes))
            .await
            .expect("the broker accepts it");
    }

    /// Reads the next frame; returns `None` when the broker has disconnected.
    pub(crate) async fn frame(&mut self) -> Option<AMQPFrame> {
        loop {
            if let Ok((rest, frame)) = parse_frame(&self.buffer[..]) {
                let used = self.buffer.len() - rest.len();
                self.buffer.drain(..used);
                return Some(frame);
            }
            let read = timeout(SOON, self.socket.read_buf(&mut self.buffer))
                .await
                .expect("the broker sends a frame");
            if !read.is_ok_and(|read| read > 0) {
                return None;
            }
        }
    }

    pub(crate) async fn method(&mut self) -> AMQPClass {
        match self.frame().await {
            Some(AMQPFrame::Method(_, method)) => method,
            other => panic!("not a method: {other:?}"),
        }
    }

    /// Reads until a close; other frames are discarded.
    pub(crate) async fn closed(&mut self) -> Closed {
        loop {
            match self.frame().await.expect("a close before the hang-up") {
                AMQPFrame::Method(_, AMQPClass::Connection(Connection::Close(close))) => {
                    return Closed::Connection(close.reply_code);
                }
                AMQPFrame::Method(_, AMQPClass::Channel(channel::AMQPMethod::Close(close))) => {
                    return Closed::Channel(close.reply_code);
                }
                _ => {}
            }
        }
    }

    /// Reads until the broker disconnects.
    pub(crate) async fn gone(&mut self) {
        while self.frame().await.is_some() {}
    }

    /// Reads the next delivery: its `redelivered` flag and its body.
    pub(crate) async fn delivery(&mut self) -> (bool, Vec<u8>) {
        let AMQPClass::Basic(basic::AMQPMethod::Deliver(deliver)) = self.method().await else {
            panic!("not a delivery")
        };
        let Some(AMQPFrame::Header(_, header)) = self.frame().await else {
            panic!("not a header")
        };
        let mut body = Vec::new();
        while (body.len() as u64) < header.body_size {
            let Some(AMQPFrame::Body(_, part)) = self.frame().await else {
                panic!("not a body")
            };
            body.extend(part);
        }
        (deliver.redelivered, body)
    }
}

/// Asserts that a well-behaved client is served.
pub(crate) async fn still_serves(address: SocketAddr) {
    let mut good = Raw::open(address).await;
    good.select_confirms().await;
    good.declare("good").await;
    good.publish("good", true, b"fine").await;
    assert!(matches!(good.method().await, AMQPClass::Basic(basic::AMQPMethod::Ack(_))));
    good.consume("good").await;
    assert_eq!(good.delivery().await.1, b"fine");
    let ack = basic::Ack {
        delivery_tag: 0,
        multiple: true,
    };
    good.basic(basic::AMQPMethod::Ack(ack)).await;
    // Its answer shows that the acknowledgement before it was processed.
    good.declare("good").await;
}

/// Like [`testkit::eventually`], for a probe that borrows its client mutably.
pub(crate) async fn eventually(mut look: impl AsyncFnMut() -> bool) {
    let looking = async {
        while !look().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(SOON, looking).await.expect("it becomes true");
}

pub(crate) fn start_ok(mechanism: &str, response: &str) -> Connection {
    let (client_properties, locale) = (FieldTable::default(), "en_US".into());
    Connection::StartOk(StartOk {
        client_properties,
        mechanism: mechanism.into(),
        response: response.into(),
        locale,
    })
}

pub(crate) fn declare(queue: &str) -> queue::Declare {
    queue::Declare {
        queue: queue.into(),
        passive: false,
        durable: true,
        exclusive: false,
        auto_delete: false,
        nowait: false,
        arguments: FieldTable::default(),
    }
}

pub(crate) fn consume(queue: &str) -> basic::Consume {
    basic::Consume {
        queue: queue.into(),
        consumer_tag: ShortString::default(),
        no_local: false,
        no_ack: false,
        exclusive: false,
        nowait: false,
        arguments: FieldTable::default(),
    }
}

pub(crate) fn publish(queue: &str, mandatory: bool) -> AMQPClass {
    let (exchange, routing_key, immediate) = (ShortString::default(), queue.into(), false);
    AMQPClass::Basic(basic::AMQPMethod::Publish(basic::Publish {
        exchange,
        routing_key,
        mandatory,
        immediate,
    }))
}

pub(crate) fn publish_bytes(queue: &str, mandatory: bool, body: &[u8]) -> Vec<u8> {
    let mut bytes = bytes_of(&AMQPFrame::Method(1, publish(queue, mandatory)));
    bytes.extend(raw_frame(2, 1, &header(body.len() as u64, &[0, 0])));
    if !body.is_empty() {
        bytes.extend(raw_frame(3, 1, body));
    }
    bytes
}

/// Builds the payload of a content header; `properties` are the flags and the property list.
pub(crate) fn header(size: u64, properties: &[u8]) -> Vec<u8> {
    [&[0, 60, 0, 0][..], &size.to_be_bytes(), properties].concat()
}

pub(crate) fn raw_frame(kind: u8, channel: u16, payload: &[u8]) -> Vec<u8> {
    let size = u32::try_from(payload.len()).expect("a small payload");
    [&[kind][..], &channel.to_be_bytes(), &size.to_be_bytes(), payload, &[0xCE]].concat()
}

pub(crate) fn bytes_of(frame: &AMQPFrame) -> Vec<u8> {
    gen_frame(frame)(Vec::new().into()).expect("can be written").into_inner().0
}
