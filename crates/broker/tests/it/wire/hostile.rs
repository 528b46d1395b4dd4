//! Arbitrary input on one connection does not affect the others.

use std::net::SocketAddr;

use amq_protocol::frame::AMQPFrame;
use amq_protocol::protocol::AMQPClass;
use amq_protocol::protocol::queue::AMQPMethod as Queues;
use broker::Config;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use tokio::io::AsyncWriteExt as _;

use super::raw::{Closed, Raw, bytes_of, consume, declare, header, publish_bytes, raw_frame, start, still_serves};

/// Tables nested 18,000 deep: a recursive parser would overflow the stack.
fn deep_table() -> Vec<u8> {
    let mut table = Vec::new();
    for _ in 0..18_000 {
        // From the inside out, written backwards: key `a`, type, length.
        let length = u32::try_from(table.len()).expect("small");
        table.extend(length.to_le_bytes());
        table.extend(b"Fa\x01");
    }
    let length = u32::try_from(table.len()).expect("small");
    table.extend(length.to_le_bytes());
    table.reverse();
    table
}

#[tokio::test]
async fn nested_tables_cannot_exhaust_the_stack() {
    let address = start(Config::default()).await;
    for (kind, payload) in [
        // queue.declare with the table as its arguments, and a content header with the table as its headers.
        (1, [&[0, 50, 0, 10, 0, 0, 1, b'q', 0][..], &deep_table()].concat()),
        (2, header(0, &[&[0x20, 0][..], &deep_table()].concat())),
    ] {
        assert!(payload.len() < 131_064);
        let mut raw = Raw::open(address).await;
        raw.bytes(&raw_frame(kind, 1, &payload)).await;
        assert_eq!(raw.closed().await, Closed::Connection(502));
    }
    still_serves(address).await;
}

/// A valid conversation, which the tests below mutate.
fn conversation() -> Vec<u8> {
    let consume = amq_protocol::protocol::basic::AMQPMethod::Consume(consume("hostile"));
    [
        bytes_of(&AMQPFrame::Method(1, AMQPClass::Queue(Queues::Declare(declare("hostile"))))),
        publish_bytes("hostile", true, b"body"),
        bytes_of(&AMQPFrame::Method(1, AMQPClass::Basic(consume))),
        publish_bytes("nowhere", true, b"another body"),
    ]
    .concat()
}

#[derive(Clone, Debug)]
enum Attack {
    /// Random bytes from the start.
    Anything(Vec<u8>),
    /// Random payloads in well-formed frames, on an open channel.
    Frames(Vec<(u8, u16, Vec<u8>)>),
    /// The valid conversation with changed bytes, truncated.
    Bent { changes: Vec<(usize, u8)>, cut: usize },
}

fn attack() -> impl Strategy<Value = Attack> {
    let bytes = || prop::collection::vec(any::<u8>(), 0..200);
    let payload = prop_oneof![
        bytes(),
        // A known class and method, then random bytes.
        (prop::sample::select(vec![10_u8, 20, 40, 50, 60, 85, 90]), 0_u8..125, bytes()).prop_map(|(class, method, rest)| [
            &[0, class, 0, method][..],
            &rest
        ]
        .concat()),
    ];
    let frame = (0_u8..10, 0_u16..3, payload);
    let length = conversation().len();
    prop_oneof![
        bytes().prop_map(Attack::Anything),
        prop::collection::vec(frame, 1..8).prop_map(Attack::Frames),
        (prop::collection::vec((0..length, any::<u8>()), 0..8), 0..=length)
            .prop_map(|(changes, cut)| Attack::Bent { changes, cut }),
    ]
}

async fn carry_out(address: SocketAddr, attack: Attack) {
    let (mut raw, bytes) = match attack {
        Attack::Anything(bytes) => (Raw::connect(address).await, bytes),
        Attack::Frames(frames) => {
            let frames = frames
                .iter()
                .flat_map(|(kind, channel, payload)| raw_frame(*kind, *channel, payload));
            (Raw::open(address).await, frames.collect())
        }
        Attack::Bent { changes, cut } => {
            let mut bytes = conversation();
            for (at, byte) in changes {
                bytes[at] = byte;
            }
            bytes.truncate(cut);
            (Raw::open(address).await, bytes)
        }
    };
    raw.bytes(&bytes).await;
    // End of input; the broker's output is read to the end of the stream.
    let _ = raw.socket.shutdown().await;
    raw.gone().await;
}

#[test]
fn arbitrary_input_does_not_affect_others() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let address = runtime.block_on(start(Config::default()));
    let mut runner = TestRunner::new(ProptestConfig {
        cases: 400,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let result = runner.run(&attack(), |attack| {
        runtime.block_on(async {
            carry_out(address, attack).await;
            still_serves(address).await;
        });
        Ok(())
    });
    result.expect("it still serves");
}
