//! Content is delivered unchanged.

use amq_protocol::frame::AMQPFrame;
use amq_protocol::protocol::{AMQPClass, basic, channel, queue};
use broker::Config;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;

use super::raw::{Closed, Raw, SOON, bytes_of, header, publish, raw_frame, start};

/// Properties that a codec would re-encode differently: an integer as `U`, one as `l`, a duplicate key.
const ODD_PROPERTIES: &[u8] = b"\x20\x00\0\0\0\x14\x01aU\0\x01\x01bl\0\0\0\0\0\0\0\x02\x01at\x07";

#[tokio::test]
async fn properties_are_kept_byte_for_byte() {
    let address = start(Config::default()).await;
    let mut raw = Raw::open(address).await;
    raw.declare("queue").await;
    let sent = header(1, ODD_PROPERTIES);
    let bytes = [
        bytes_of(&AMQPFrame::Method(1, publish("queue", false))),
        raw_frame(2, 1, &sent),
        raw_frame(3, 1, b"x"),
    ];
    raw.bytes(&bytes.concat()).await;
    raw.basic(basic::AMQPMethod::Get(basic::Get {
        queue: "queue".into(),
        no_ack: true,
    }))
    .await;

    assert!(matches!(raw.method().await, AMQPClass::Basic(basic::AMQPMethod::GetOk(_))));
    let expected = [raw_frame(2, 1, &sent), raw_frame(3, 1, b"x")].concat();
    assert_eq!(raw.raw_bytes(expected.len()).await, expected);
}

#[tokio::test]
async fn partial_message_is_discarded() {
    let address = start(Config::default()).await;
    let mut raw = Raw::open(address).await;
    raw.declare("queue").await;
    let half = [
        bytes_of(&AMQPFrame::Method(1, publish("queue", false))),
        raw_frame(2, 1, &header(2, &[0, 0])),
        raw_frame(3, 1, b"x"),
    ];
    raw.bytes(&half.concat()).await;
    raw.socket.shutdown().await.expect("disconnects");
    raw.gone().await;
    assert_eq!(Raw::open(address).await.declare("queue").await, 0);
}

#[tokio::test]
async fn frames_may_be_split_anywhere() {
    let address = start(Config::default()).await;
    let mut raw = Raw::open(address).await;
    raw.declare("queue").await;
    for byte in super::raw::publish_bytes("queue", false, b"in pieces") {
        raw.bytes(&[byte]).await;
    }
    raw.consume("queue").await;
    assert_eq!(raw.delivery().await.1, b"in pieces");
}

#[tokio::test]
async fn channel_number_can_be_reused() {
    let address = start(Config::default()).await;
    let mut raw = Raw::open(address).await;
    raw.basic(basic::AMQPMethod::Get(basic::Get {
        queue: "nowhere".into(),
        no_ack: true,
    }))
    .await;
    assert_eq!(raw.closed().await, Closed::Channel(404));
    // Input in flight when the broker closed the channel is ignored, content included.
    raw.publish("nowhere", true, b"late").await;
    raw.send(1, AMQPClass::Channel(channel::AMQPMethod::CloseOk(channel::CloseOk {})))
        .await;
    raw.open_channel(1).await;
    assert_eq!(raw.declare("queue").await, 0);
}

#[tokio::test]
async fn nowait_methods_are_not_answered() {
    let address = start(Config::default()).await;
    let mut raw = Raw::open(address).await;
    let declare = queue::Declare {
        nowait: true,
        ..super::raw::declare("queue")
    };
    raw.send(1, AMQPClass::Queue(queue::AMQPMethod::Declare(declare))).await;
    let consume = basic::Consume {
        nowait: true,
        consumer_tag: "tag".into(),
        ..super::raw::consume("queue")
    };
    raw.basic(basic::AMQPMethod::Consume(consume)).await;
    raw.publish("queue", false, b"x").await;
    assert_eq!(raw.delivery().await, (false, b"x".to_vec()));
    raw.basic(basic::AMQPMethod::Cancel(basic::Cancel {
        consumer_tag: "tag".into(),
        nowait: true,
    }))
    .await;
    raw.publish("queue", false, b"y").await;
    // The first answer belongs to the only request without no-wait.
    assert_eq!(raw.declare("queue").await, 1);
}

impl Raw {
    async fn raw_bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = std::mem::take(&mut self.buffer);
        while bytes.len() < count {
            let read = timeout(SOON, self.socket.read_buf(&mut bytes))
                .await
                .expect("more bytes")
                .expect("an open socket");
            assert!(read > 0, "the broker disconnected");
        }
        self.buffer = bytes.split_off(count);
        bytes
    }
}
