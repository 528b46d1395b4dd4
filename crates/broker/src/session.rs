//! One connection, from the accepted socket to its close, and the dispatch of its frames.

mod methods;

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use amq_protocol::protocol::connection::{AMQPMethod as Connection, CloseOk};
use amq_protocol::protocol::{AMQPClass, AMQPHardError, channel};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::timeout;

use crate::config::{CLOSE_TIMEOUT, FRAME_MAX};
use crate::content::Content;
use crate::core::ConnectionId;
use crate::exception::Exception;
use crate::frame::{CloseReason, Frame, FrameReader, put_method};
use crate::handshake::{Limits, handshake};
use crate::outbox::Outbox;
use crate::presence::ConnectionSlot;
use crate::shared::Shared;

type Reader = FrameReader<OwnedReadHalf>;

/// Serves one client until it disconnects or `shutdown` completes.
pub(crate) async fn serve(id: ConnectionId, stream: TcpStream, shared: Arc<Shared>, shutdown: impl Future<Output = ()>) {
    // Without Nagle's algorithm: it would delay a confirm by 40 ms.
    let _ = stream.set_nodelay(true);
    let (read, mut writer) = stream.into_split();
    let mut reader = FrameReader::new(read, FRAME_MAX);
    let config = &shared.config;
    let presence = shared.presences.enter(id, config.max_logins);
    let admit = || {
        let holds_nothing = |id| shared.core().holds_nothing(id);
        shared.presences.admit(&presence, config.max_connections, holds_nothing)
    };
    let logging_in = async {
        tokio::select! {
            logged_in = handshake(&mut reader, &mut writer, admit) => logged_in,
            () = presence.evicted() => Err(CloseReason::Gone),
        }
    };
    let end = match timeout(config.login_timeout, logging_in).await {
        Ok(Ok(limits)) => {
            tracing::info!(connection = id.0, "connection opened");
            let session = Session::new(id, limits, shared.clone(), presence);
            session.run(&mut reader, &mut writer, shutdown).await
        }
        Ok(Err(end)) => end,
        Err(_) => {
            tracing::warn!(connection = id.0, "connection closed: login timed out");
            CloseReason::Gone
        }
    };
    if let CloseReason::Exception(exception, _) = &end {
        tracing::warn!(connection = id.0, reason = %exception, "connection rejected");
    }
    close(&mut reader, &mut writer, end).await;
    tracing::info!(connection = id.0, "connection closed");
}

/// Sends the close and lets the client disconnect first: some clients report a socket that closes before they have read the close as a failure.
async fn close(reader: &mut Reader, writer: &mut OwnedWriteHalf, end: CloseReason) {
    let (method, answered) = match end {
        CloseReason::Gone => return,
        CloseReason::Evicted => {
            let exception = Exception::connection(
                &AMQPHardError::CONNECTIONFORCED,
                "idle connection evicted: connection limit reached",
            );
            let mut bytes = Vec::new();
            put_method(&mut bytes, 0, AMQPClass::Connection(exception.close_connection((0, 0))));
            // Not awaited: evicted connections must not accumulate when new ones arrive faster than they close.
            let _ = writer.try_write(&bytes);
            return;
        }
        CloseReason::Closed => (Connection::CloseOk(CloseOk {}), false),
        CloseReason::Shutdown => {
            let exception = Exception::connection(&AMQPHardError::CONNECTIONFORCED, "the broker is shutting down");
            (exception.close_connection((0, 0)), true)
        }
        CloseReason::Exception(exception, at) => (exception.close_connection(at), true),
    };
    let mut bytes = Vec::new();
    put_method(&mut bytes, 0, AMQPClass::Connection(method));
    let hang_up = async {
        if writer.write_all(&bytes).await.is_err() {
            return;
        }
        loop {
            match reader.next().await {
                Ok(Frame::Method(0, AMQPClass::Connection(Connection::CloseOk(_)))) if answered => return,
                Ok(_) => {}
                Err(CloseReason::Gone) => return,
                // The client does not send AMQP, and unread bytes would reset the connection before it reads the answer.
                Err(_) => return reader.until_gone().await,
            }
        }
    };
    let _ = timeout(CLOSE_TIMEOUT, hang_up).await;
}

/// An open connection.
struct Session {
    id: ConnectionId,
    limits: Limits,
    shared: Arc<Shared>,
    outbox: Arc<Outbox>,
    presence: Arc<ConnectionSlot>,
    channels: HashMap<u16, Channel>,
    last_consumer: u64,
    /// Memory is full and publishes are rejected; logged once, not per publish.
    full: bool,
}

/// The connection-local state of a channel.
enum Channel {
    Open(OpenChannel),
    /// Closed by the broker; input is ignored until the client sends `close-ok`.
    Closing,
}

#[derive(Default)]
struct OpenChannel {
    /// The message being received.
    content: Option<Content>,
    /// The number of confirmed publishes; `None` outside confirm mode.
    confirmed: Option<u64>,
    /// The prefetch of the next consumer.
    prefetch: u16,
}

impl Session {
    fn new(id: ConnectionId, limits: Limits, shared: Arc<Shared>, presence: Arc<ConnectionSlot>) -> Self {
        let outbox = Arc::new(Outbox::new(shared.config.max_unsent));
        shared.core().connect(id, outbox.clone(), limits.frame_max);
        Self {
            id,
            limits,
            shared,
            outbox,
            presence,
            channels: HashMap::new(),
            last_consumer: 0,
            full: false,
        }
    }

    async fn run(mut self, reader: &mut Reader, writer: &mut OwnedWriteHalf, shutdown: impl Future<Output = ()>) -> CloseReason {
        let (outbox, shared, id) = (self.outbox.clone(), self.shared.clone(), self.id);
        let presence = self.presence.clone();
        let heartbeat = (self.limits.heartbeat > 0).then(|| Duration::from_secs(self.limits.heartbeat.into()));
        let deliver = || shared.core().deliver_to_connection(id);
        let writing = outbox.write(
            writer,
            heartbeat.map(|interval| interval / 2),
            shared.config.write_stall_timeout,
            deliver,
        );
        tokio::pin!(writing);
        let end = tokio::select! {
            end = self.read(reader, heartbeat) => end,
            result = &mut writing => {
                if let Err(error) = result {
                    tracing::warn!(connection = id.0, %error, "connection failed");
                }
                return CloseReason::Gone;
            }
            () = presence.evicted() => CloseReason::Evicted,
            () = shutdown => CloseReason::Shutdown,
        };
        // Its messages are requeued from here on; buffered output is still written.
        drop(self);
        outbox.close();
        match timeout(CLOSE_TIMEOUT, writing).await {
            Ok(Ok(())) => end,
            _ => CloseReason::Gone,
        }
    }

    async fn read(&mut self, reader: &mut Reader, heartbeat: Option<Duration>) -> CloseReason {
        // The protocol allows two missed intervals. Without heartbeats a silent client is fine.
        let silence = heartbeat.map_or(Duration::MAX, |interval| interval * 2);
        loop {
            self.outbox.room().await;
            let left = self.content_deadline().map(|at| at.saturating_duration_since(Instant::now()));
            let Ok(frame) = timeout(left.map_or(silence, |left| left.min(silence)), reader.next()).await else {
                if self.content_deadline().is_some_and(|at| at <= Instant::now()) {
                    let late = Exception::connection(&AMQPHardError::CONNECTIONFORCED, "message not completed in time");
                    return late.into();
                }
                tracing::warn!(connection = self.id.0, "connection closed: missed heartbeats from client");
                return CloseReason::Gone;
            };
            self.presence.heard(matches!(frame, Ok(Frame::Heartbeat)));
            if let Err(end) = frame.and_then(|frame| self.on_frame(frame)) {
                return end;
            }
        }
    }

    /// Returns the deadline of the oldest partial message: partial messages hold memory of the shared budget.
    fn content_deadline(&self) -> Option<Instant> {
        let begun = self.channels.values().filter_map(|channel| match channel {
            Channel::Open(channel) => channel.content.as_ref().map(Content::started),
            Channel::Closing => None,
        });
        begun.min().map(|begun| begun + self.shared.config.message_timeout)
    }

    fn on_frame(&mut self, frame: Frame) -> Result<(), CloseReason> {
        // The class and method of `basic.publish`, to which content belongs.
        const PUBLISH: (u16, u16) = (60, 40);
        match frame {
            Frame::Heartbeat => Ok(()),
            Frame::Method(0, method) => on_connection_method(&method),
            Frame::Method(number, method) => {
                let about = (method.get_amqp_class_id(), method.get_amqp_method_id());
                let done = self.on_method(number, method);
                self.close_on_exception(number, about, done)
            }
            Frame::Header {
                channel,
                size,
                properties,
                raw,
            } => {
                let limits = (&self.shared.memory.clone(), self.shared.config.max_message);
                let done = self.on_content(channel, |content| content.header(size, &properties, &raw, limits));
                self.close_on_exception(channel, PUBLISH, done)
            }
            Frame::Body(channel, part) => {
                let done = self.on_content(channel, |content| content.body(&part));
                self.close_on_exception(channel, PUBLISH, done)
            }
        }
    }

    /// Adds a frame to the partial message of a channel, and publishes it once complete.
    fn on_content(&mut self, number: u16, add: impl FnOnce(&mut Content) -> Result<(), Exception>) -> Result<(), Exception> {
        let channel = match self.channels.get_mut(&number) {
            Some(Channel::Open(channel)) => channel,
            Some(Channel::Closing) => return Ok(()),
            None => return Err(not_open(number)),
        };
        let Some(mut content) = channel.content.take() else {
            return Err(Exception::unexpected("content without basic.publish"));
        };
        add(&mut content)?;
        if content.is_complete() {
            return self.on_published(number, content.finish());
        }
        channel.content = Some(content);
        Ok(())
    }

    /// Returns connection exceptions; handles channel exceptions by closing the channel.
    fn close_on_exception(&mut self, number: u16, about: (u16, u16), done: Result<(), Exception>) -> Result<(), CloseReason> {
        match done {
            Ok(()) => Ok(()),
            Err(exception) if exception.fatal => Err(CloseReason::Exception(exception, about)),
            Err(exception) => {
                if exception.is_probe {
                    tracing::info!(connection = self.id.0, channel = number, reason = %exception, "channel closed");
                } else {
                    tracing::warn!(connection = self.id.0, channel = number, reason = %exception, "channel closed");
                }
                self.shared.core().close_channel((self.id, number));
                self.channels.insert(number, Channel::Closing);
                self.outbox.method(number, AMQPClass::Channel(exception.close_channel(about)));
                Ok(())
            }
        }
    }

    fn send_channel(&self, number: u16, method: channel::AMQPMethod) {
        self.outbox.method(number, AMQPClass::Channel(method));
    }
}

impl Drop for Session {
    /// Requeues the session's unsettled messages, however it ends.
    fn drop(&mut self) {
        self.shared.core().disconnect(self.id);
    }
}

fn on_connection_method(method: &AMQPClass) -> Result<(), CloseReason> {
    let about = (method.get_amqp_class_id(), method.get_amqp_method_id());
    match method {
        AMQPClass::Connection(Connection::Close(_)) => Err(CloseReason::Closed),
        AMQPClass::Connection(Connection::UpdateSecret(_)) => Err(CloseReason::Exception(
            Exception::not_implemented("connection.update-secret"),
            about,
        )),
        _ => {
            let exception = Exception::connection(
                &AMQPHardError::COMMANDINVALID,
                "method not allowed on channel 0 of an open connection",
            );
            Err(CloseReason::Exception(exception, about))
        }
    }
}

fn not_open(number: u16) -> Exception {
    Exception::connection(&AMQPHardError::CHANNELERROR, format_args!("channel {number} is not open"))
}
