//! The connection handshake: protocol header, login, limits, virtual host.

use amq_protocol::protocol::connection::{AMQPMethod as Connection, Open, OpenOk, Start, StartOk, Tune, TuneOk};
use amq_protocol::protocol::{AMQPClass, AMQPHardError};
use amq_protocol::types::{AMQPValue, FieldTable};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};

use crate::config::{CHANNEL_MAX, FRAME_MAX, FRAME_MIN, HEARTBEAT_SECS, PASSWORD, USER, VHOST};
use crate::exception::Exception;
use crate::frame::{CloseReason, Frame, FrameReader, PROTOCOL_HEADER, put_method};

/// The negotiated limits of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// In bytes, with framing.
    pub(crate) frame_max: u32,
    pub(crate) channel_max: u16,
    /// In seconds; 0 means no heartbeat.
    pub(crate) heartbeat: u16,
}

/// Performs the handshake with a client; `admit` decides at its end whether the connection limit allows it. The caller sets the
/// deadline.
pub(crate) async fn handshake<R, W>(
    reader: &mut FrameReader<R>,
    writer: &mut W,
    admit: impl FnOnce() -> bool,
) -> Result<Limits, CloseReason>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    if !reader.protocol_header().await? {
        // The specified answer to an unsupported version: the supported protocol header.
        let _ = writer.write_all(PROTOCOL_HEADER).await;
        return Err(CloseReason::Gone);
    }
    send(writer, Connection::Start(start())).await?;
    let Connection::StartOk(login) = receive(reader).await? else {
        return Err(out_of_order());
    };
    log_in(&login)?;

    let tune = Tune {
        channel_max: CHANNEL_MAX,
        frame_max: FRAME_MAX,
        heartbeat: HEARTBEAT_SECS,
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
        return Err(Exception::connection(
            &AMQPHardError::NOTALLOWED,
            "connection limit reached and no connection is idle",
        )
        .into());
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

fn log_in(login: &StartOk) -> Result<(), Exception> {
    // RFC 4616: [authorization identity] NUL user NUL password.
    let expected = format!("\0{USER}\0{PASSWORD}");
    if login.mechanism.as_str() == "PLAIN" && login.response.as_bytes() == expected.as_bytes() {
        return Ok(());
    }
    // The rejected credentials may be real ones: they are neither quoted nor logged.
    Err(Exception::login("the embedded broker accepts only PLAIN as guest"))
}

fn agree(asked: &TuneOk) -> Result<Limits, Exception> {
    let frame_max = if asked.frame_max == 0 { FRAME_MAX } else { asked.frame_max };
    let channel_max = if asked.channel_max == 0 {
        CHANNEL_MAX
    } else {
        asked.channel_max
    };
    if !(FRAME_MIN..=FRAME_MAX).contains(&frame_max) || channel_max > CHANNEL_MAX {
        let reason = format!("frame_max must be {FRAME_MIN} to {FRAME_MAX}, channel_max at most {CHANNEL_MAX}");
        return Err(Exception::connection(&AMQPHardError::NOTALLOWED, reason));
    }
    Ok(Limits {
        frame_max,
        channel_max,
        heartbeat: asked.heartbeat,
    })
}

fn check_vhost(open: &Open) -> Result<(), Exception> {
    if open.virtual_host.as_str() == VHOST {
        return Ok(());
    }
    let reason = format!("vhost {} not found", open.virtual_host);
    Err(Exception::connection(&AMQPHardError::NOTALLOWED, reason))
}

async fn send(writer: &mut (impl AsyncWrite + Unpin), method: Connection) -> Result<(), CloseReason> {
    let mut bytes = Vec::new();
    put_method(&mut bytes, 0, AMQPClass::Connection(method));
    writer.write_all(&bytes).await.map_err(|_| CloseReason::Gone)
}

async fn receive(reader: &mut FrameReader<impl AsyncRead + Unpin>) -> Result<Connection, CloseReason> {
    loop {
        match reader.next().await? {
            Frame::Heartbeat => {}
            Frame::Method(0, AMQPClass::Connection(Connection::Close(_))) => return Err(CloseReason::Closed),
            Frame::Method(0, AMQPClass::Connection(method)) => return Ok(method),
            _ => return Err(out_of_order()),
        }
    }
}

fn out_of_order() -> CloseReason {
    Exception::connection(&AMQPHardError::COMMANDINVALID, "unexpected method before connection.open").into()
}
