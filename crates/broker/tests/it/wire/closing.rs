//! Closing of connections.

use std::time::Duration;

use amq_protocol::frame::AMQPFrame;
use amq_protocol::protocol::AMQPClass;
use amq_protocol::protocol::connection::{AMQPMethod as Connection, Close, CloseOk, Open, TuneOk};
use broker::{Broker, Config};
use tokio::io::AsyncReadExt as _;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::raw::{Closed, Raw, SOON, UNLIMITED, start};

fn close() -> Connection {
    Connection::Close(Close {
        reply_code: 200,
        reply_text: "done".into(),
        class_id: 0,
        method_id: 0,
    })
}

#[tokio::test]
async fn close_lets_the_client_disconnect_first() {
    let address = start(Config::default()).await;
    let mut raw = Raw::open(address).await;
    raw.connection(close()).await;
    assert!(matches!(raw.method().await, AMQPClass::Connection(Connection::CloseOk(_))));
    // The broker must not close the stream first: that is up to the client.
    let silence = timeout(Duration::from_millis(100), raw.socket.read_u8()).await;
    assert!(silence.is_err(), "{silence:?}");
}

#[tokio::test]
async fn rejected_client_is_disconnected_after_close_ok() {
    let address = start(Config::default()).await;
    let mut raw = Raw::open(address).await;
    raw.bytes(&[77; 16]).await;
    assert_eq!(raw.closed().await, Closed::Connection(501));

    let mut raw = Raw::logged_in(address, UNLIMITED).await;
    raw.connection(Connection::Open(Open {
        virtual_host: "elsewhere".into(),
    }))
    .await;
    assert_eq!(raw.closed().await, Closed::Connection(530));
    raw.connection(Connection::CloseOk(CloseOk {})).await;
    raw.gone().await;
}

#[tokio::test]
async fn shutdown_closes_connections() {
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
async fn heartbeats_are_sent_and_required() {
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
    // The client sends no heartbeat, so its connection is closed.
    raw.gone().await;
}
