//! From the first byte to an open connection: protocol header, login, limits, virtual host.

use amq_protocol::protocol::connection::{AMQPMethod as Connection, Open, OpenOk, Start, StartOk, Tune, TuneOk};
use amq_protocol::protocol::{AMQPClass, AMQPHardError};
use amq_protocol::types::{AMQPValue, FieldTable};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};

use crate::config::{CHANNEL_MAX, FRAME_MAX, FRAME_MIN, HEARTBEAT, PASSWORD, USER, VHOST};
use crate::frame::{End, Frame, FrameReader, PROTOCOL_HEADER, put_method};
use crate::refusal::Refusal;

/// The limits of a connection, as broker and client agreed on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Bytes, with framing.
    pub(crate) frame_max: u32,
    pub(crate) channel_max: u16,
    /// Seconds; 0 is no heartbeat.
    pub(crate) heartbeat: u16,
}

/// Takes a client through the opening of a connection; `admit` says at its end whether there is a place. The caller gives it a
/// deadline.
pub(crate) async fn handshake<R, W>(
    reader: &mut FrameReader<R>,
    writer: &mut W,
    admit: impl FnOnce() -> bool,
) -> Result<Limits, End>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    if !reader.protocol_header().await? {
        // The protocol's answer to another protocol: the header of the one that is spoken here.
        let _ = writer.write_all(PROTOCOL_HEADER).await;
        return Err(End::Gone);
    }
    send(writer, Connection::Start(start())).await?;
    let Connection::StartOk(login) = receive(reader).await? else {
        return Err(out_of_order());
    };
    log_in(&login)?;

    let tune = Tune {
        channel_max: CHANNEL_MAX,
        frame_max: FRAME_MAX,
        heartbeat: HEARTBEAT,
    };
    send(writer, Connection::Tune(tune)).await?;
    let Connection::TuneOk(asked) = receive(reader).await? else {
        return Err(out_of_order());
    };
    let limits = agree(&asked)?;

    let Connection::Open(open) = receive(reader).await? else {
        return Err(out_of_order());
    };
    check_vhost(&open)?;
    if !admit() {
        return Err(Refusal::connection(&AMQPHardError::NOTALLOWED, "too many connections, none of them idle").into());
    }
    send(writer, Connection::OpenOk(OpenOk {})).await?;
    reader.frame_max = limits.frame_max;
    Ok(limits)
}

fn start() -> Start {
    let mut capabilities = FieldTable::default();
    for name in [
        "publisher_confirms",
        "basic.nack",
        "consumer_cancel_notify",
        "per_consumer_qos",
        "authentication_failure_close",
    ] {
        capabilities.insert(name.into(), AMQPValue::Boolean(true));
    }
    let mut server_properties = FieldTable::default();
    server_properties.insert("capabilities".into(), AMQPValue::FieldTable(capabilities));
    for (name, value) in [
        ("product", "spanfall embedded broker"),
        ("version", env!("CARGO_PKG_VERSION")),
        ("platform", "Rust"),
    ] {
        server_properties.insert(name.into(), AMQPValue::LongString(value.into()));
    }
    Start {
        version_major: 0,
        version_minor: 9,
        server_properties,
        mechanisms: "PLAIN".into(),
        locales: "en_US".into(),
    }
}

fn log_in(login: &StartOk) -> Result<(), Refusal> {
    // RFC 4616: [authorization identity] NUL user NUL password.
    let expected = format!("\0{USER}\0{PASSWORD}");
    if login.mechanism.as_str() == "PLAIN" && login.response.as_bytes() == expected.as_bytes() {
        return Ok(());
    }
    // What was tried instead is a credential of somebody: it is neither quoted nor logged.
    Err(Refusal::login("the embedded broker knows PLAIN as guest only"))
}

fn agree(asked: &TuneOk) -> Result<Limits, Refusal> {
    let frame_max = if asked.frame_max == 0 { FRAME_MAX } else { asked.frame_max };
    let channel_max = if asked.channel_max == 0 {
        CHANNEL_MAX
    } else {
        asked.channel_max
    };
    if !(FRAME_MIN..=FRAME_MAX).contains(&frame_max) || channel_max > CHANNEL_MAX {
        let reason = format!("frame_max must be {FRAME_MIN} to {FRAME_MAX}, channel_max at most {CHANNEL_MAX}");
        return Err(Refusal::connection(&AMQPHardError::NOTALLOWED, reason));
    }
    Ok(Limits {
        frame_max,
        channel_max,
        heartbeat: asked.heartbeat,
    })
}

fn check_vhost(open: &Open) -> Result<(), Refusal> {
    if open.virtual_host.as_str() == VHOST {
        return Ok(());
    }
    let reason = format!("vhost {} not found", open.virtual_host);
    Err(Refusal::connection(&AMQPHardError::NOTALLOWED, reason))
}

async fn send(writer: &mut (impl AsyncWrite + Unpin), method: Connection) -> Result<(), End> {
    let mut bytes = Vec::new();
    put_method(&mut bytes, 0, AMQPClass::Connection(method));
    writer.write_all(&bytes).await.map_err(|_| End::Gone)
}

async fn receive(reader: &mut FrameReader<impl AsyncRead + Unpin>) -> Result<Connection, End> {
    loop {
        match reader.next().await? {
            Frame::Heartbeat => {}
            Frame::Method(0, AMQPClass::Connection(Connection::Close(_))) => return Err(End::Closed),
            Frame::Method(0, AMQPClass::Connection(method)) => return Ok(method),
            _ => return Err(out_of_order()),
        }
    }
}

fn out_of_order() -> End {
    Refusal::connection(&AMQPHardError::COMMANDINVALID, "out of order: the connection is not open yet").into()
}
