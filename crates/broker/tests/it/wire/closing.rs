//! How a connection ends.

use std::time::Duration;

use amq_protocol::frame::AMQPFrame;
use amq_protocol::protocol::AMQPClass;
use amq_protocol::protocol::connection::{AMQPMethod as Connection, Close, CloseOk, Open, TuneOk};
use broker::{Broker, Config};
use tokio::io::AsyncReadExt as _;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::raw::{Closed, Raw, SOON, start};

fn close() -> Connection {
    Connection::Close(Close {
        reply_code: 200,
        reply_text: "done".into(),
        class_id: 0,
        method_id: 0,
    })
}

#[tokio::test]
async fn the_client_hangs_up_first() {
    let address = start(Config::default()).await;
    let mut raw = Raw::open(address).await;
    raw.connection(close()).await;
    assert!(matches!(raw.method().await, AMQPClass::Connection(Connection::CloseOk(_))));
    // Nothing comes, above all not the end of the stream: that is the client's to send.
    let silence = timeout(Duration::from_millis(100), raw.socket.read_u8()).await;
    assert!(silence.is_err(), "{silence:?}");
}

#[tokio::test]
async fn a_refused_client_that_agrees_is_hung_up_on() {
    let address = start(Config::default()).await;
    let mut raw = Raw::open(address).await;
    raw.bytes(&[77; 16]).await;
    assert_eq!(raw.closed().await, Closed::Connection(501));

    let mut raw = Raw::logged_in(
        address,
        TuneOk {
            channel_max: 0,
            frame_max: 0,
            heartbeat: 0,
        },
    )
    .await;
    raw.connection(Connection::Open(Open {
        virtual_host: "elsewhere".into(),
    }))
    .await;
    assert_eq!(raw.closed().await, Closed::Connection(530));
    raw.connection(Connection::CloseOk(CloseOk {})).await;
    raw.gone().await;
}

#[tokio::test]
async fn a_broker_that_ends_tells_its_clients() {
    let broker = Broker::bind(Config::default()).await.expect("a free port");
    let address = broker.local_addr();
    let (end, ended) = oneshot::channel::<()>();
    let serving = tokio::spawn(broker.serve(async { drop(ended.await) }));
    let mut raw = Raw::open(address).await;
    end.send(()).expect("it serves");
    assert_eq!(raw.closed().await, Closed::Connection(320));
    raw.connection(Connection::CloseOk(CloseOk {})).await;
    raw.gone().await;
    timeout(SOON, serving).await.expect("it ends").expect("without a panic");
}

#[tokio::test]
async fn heartbeats_are_sent_and_expected() {
    let address = start(Config::default()).await;
    let mut raw = Raw::logged_in(
        address,
        TuneOk {
            channel_max: 0,
            frame_max: 0,
            heartbeat: 1,
        },
    )
    .await;
    raw.connection(Connection::Open(Open {
        virtual_host: "/".into(),
    }))
    .await;
    assert!(matches!(raw.method().await, AMQPClass::Connection(Connection::OpenOk(_))));
    assert_eq!(raw.frame().await, Some(AMQPFrame::Heartbeat));
    // It says nothing itself, so it is taken for dead.
    raw.gone().await;
}
