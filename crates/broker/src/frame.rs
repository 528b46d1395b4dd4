//! Frame decoding and encoding (AMQP 0-9-1, section 2.3): `kind(1) channel(2) size(4) payload 0xCE`.

use amq_protocol::frame::{AMQPFrame, gen_frame, parsing::parse_content_header};
use amq_protocol::protocol::{AMQPClass, AMQPHardError, BasicProperties, constants, parse_class};
use bytes::{Buf as _, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _};

use crate::exception::Exception;
use crate::message::Message;

/// The protocol header that opens every connection.
pub(crate) const PROTOCOL_HEADER: &[u8; 8] = b"AMQP\0\0\x09\x01";

/// The length of kind, channel and size before a payload, in bytes.
const FRAME_HEADER_LEN: usize = 7;
/// [`FRAME_HEADER_LEN`] and the frame-end byte.
const FRAME_OVERHEAD: usize = 8;
/// The minimum buffer space per read, in bytes.
const READ_LEN_MIN: usize = 16 << 10;
/// The maximum nesting of tables and arrays. The codec is recursive, so deeper input could exhaust the stack.
const DEPTH_MAX: usize = 32;

/// A frame received from a client.
#[derive(Debug)]
pub(crate) enum Frame {
    Heartbeat,
    Method(u16, AMQPClass),
    /// A content header: the body size, the decoded properties, and the raw payload.
    Header {
        channel: u16,
        size: u64,
        properties: Box<BasicProperties>,
        raw: Bytes,
    },
    Body(u16, Bytes),
}

impl Frame {
    fn parse(kind: u8, channel: u16, payload: Bytes) -> Result<Self, Exception> {
        let malformed = |what| Exception::connection(&AMQPHardError::SYNTAXERROR, format_args!("malformed {what}"));
        match kind {
            constants::FRAME_HEARTBEAT if channel == 0 && payload.is_empty() => Ok(Self::Heartbeat),
            constants::FRAME_BODY => Ok(Self::Body(channel, payload)),
            _ if is_nested_too_deep(&payload) => Err(malformed("table (nested too deeply)")),
            constants::FRAME_METHOD => match parse_class(&payload[..]) {
                Ok(([], method)) => Ok(Self::Method(channel, method)),
                _ => Err(malformed("method")),
            },
            constants::FRAME_HEADER => match parse_content_header(&payload[..]) {
                Ok(([], header)) if header.class_id == 60 => {
                    let (size, properties) = (header.body_size, Box::new(header.properties));
                    Ok(Self::Header {
                        channel,
                        size,
                        properties,
                        raw: payload,
                    })
                }
                _ => Err(malformed("content header")),
            },
            _ => Err(Exception::connection(&AMQPHardError::FRAMEERROR, "unknown frame type")),
        }
    }
}

/// Returns `true` if tables or arrays may be nested deeper than [`DEPTH_MAX`].
///
/// Each is a type byte, a length and as many bytes, so an inner one is a range within the range of its outer one. Checking
/// every byte that could begin such a range needs no grammar of the methods, has no false negatives and few false positives:
/// in text the byte after an `F` or `A` isn't zero, and lengths always begin with one.
fn is_nested_too_deep(payload: &[u8]) -> bool {
    let mut ends = Vec::new();
    for (at, window) in payload.windows(5).enumerate() {
        while ends.last().is_some_and(|end| *end <= at) {
            ends.pop();
        }
        let [b'F' | b'A', a, b, c, d] = *window else { continue };
        let end = (at + 5).saturating_add(u32::from_be_bytes([a, b, c, d]) as usize);
        if end <= payload.len() {
            ends.push(end);
        }
        if ends.len() > DEPTH_MAX {
            return true;
        }
    }
    false
}

/// The reason a connection ends.
#[derive(Debug)]
pub(crate) enum CloseReason {
    /// The client disconnected or the socket failed: no close can be sent.
    Gone,
    /// The client sent `connection.close`.
    Closed,
    /// Evicted for another client: a close is sent, its answer is not awaited.
    Evicted,
    /// The broker is shutting down.
    Shutdown,
    /// A connection exception, with the class and method that caused it (0 if none).
    Exception(Exception, (u16, u16)),
}

impl From<Exception> for CloseReason {
    fn from(exception: Exception) -> Self {
        Self::Exception(exception, (0, 0))
    }
}

/// Reads frames from a socket.
#[derive(Debug)]
pub(crate) struct FrameReader<R> {
    socket: R,
    buffer: BytesMut,
    /// The maximum accepted frame size, in bytes.
    pub(crate) frame_max: u32,
}

impl<R: AsyncRead + Unpin> FrameReader<R> {
    pub(crate) fn new(socket: R, frame_max: u32) -> Self {
        Self {
            socket,
            buffer: BytesMut::new(),
            frame_max,
        }
    }

    /// Reads the protocol header; returns `true` if it is that of AMQP 0-9-1.
    pub(crate) async fn protocol_header(&mut self) -> Result<bool, CloseReason> {
        while self.buffer.len() < PROTOCOL_HEADER.len() {
            self.read().await?;
        }
        Ok(self.buffer.split_to(PROTOCOL_HEADER.len())[..] == PROTOCOL_HEADER[..])
    }

    /// Reads the next frame. Cancel safe: a partial frame stays buffered.
    pub(crate) async fn next(&mut self) -> Result<Frame, CloseReason> {
        loop {
            if let Some(frame) = self.take()? {
                return Ok(frame);
            }
            self.read().await?;
        }
    }

    /// Reads and discards all input until the client disconnects.
    pub(crate) async fn until_gone(&mut self) {
        loop {
            self.buffer.clear();
            if self.read().await.is_err() {
                return;
            }
        }
    }

    async fn read(&mut self) -> Result<(), CloseReason> {
        self.buffer.reserve(READ_LEN_MIN);
        match self.socket.read_buf(&mut self.buffer).await {
            Ok(read) if read > 0 => Ok(()),
            _ => Err(CloseReason::Gone),
        }
    }

    /// Takes a complete frame from the buffer, if any. The size is checked as soon as its header is there.
    fn take(&mut self) -> Result<Option<Frame>, Exception> {
        let [kind, c0, c1, s0, s1, s2, s3, ..] = self.buffer[..] else {
            return Ok(None);
        };
        let frame_error = |reason: String| Exception::connection(&AMQPHardError::FRAMEERROR, reason);
        let size = u32::from_be_bytes([s0, s1, s2, s3]) as usize;
        if size + FRAME_OVERHEAD > self.frame_max as usize {
            return Err(frame_error(format!(
                "frame of {size} bytes exceeds frame_max {}",
                self.frame_max
            )));
        }
        if self.buffer.len() < size + FRAME_OVERHEAD {
            return Ok(None);
        }
        let mut frame = self.buffer.split_to(size + FRAME_OVERHEAD).freeze();
        if frame[FRAME_HEADER_LEN + size] != constants::FRAME_END {
            return Err(frame_error("frame does not end with 0xCE".to_owned()));
        }
        frame.advance(FRAME_HEADER_LEN);
        frame.truncate(size);
        Frame::parse(kind, u16::from_be_bytes([c0, c1]), frame).map(Some)
    }
}

/// Appends one method frame.
pub(crate) fn put_method(buffer: &mut Vec<u8>, channel: u16, method: AMQPClass) {
    put(buffer, &AMQPFrame::Method(channel, method));
}

/// Appends a heartbeat.
pub(crate) fn put_heartbeat(buffer: &mut Vec<u8>) {
    put(buffer, &AMQPFrame::Heartbeat);
}

fn put(buffer: &mut Vec<u8>, frame: &AMQPFrame) {
    let start = buffer.len();
    match gen_frame(frame)(std::mem::take(buffer).into()) {
        Ok(written) => (*buffer, _) = written.into_inner(),
        // Unreachable, since a vector accepts every byte; logged because the buffered bytes would be lost.
        Err(error) => tracing::error!(%error, lost = start, "cannot encode frame"),
    }
}

/// Appends a method with content: the method, the header as it was received, and the body in frames of `frame_max`.
///
/// As in RabbitMQ the header is always one frame, even if the consumer's `frame_max` is smaller than the publisher's.
pub(crate) fn put_content(buffer: &mut Vec<u8>, channel: u16, method: AMQPClass, message: &Message, frame_max: u32) {
    put_method(buffer, channel, method);
    put_raw(buffer, constants::FRAME_HEADER, channel, &message.header);
    for part in message.body.chunks(frame_max as usize - FRAME_OVERHEAD) {
        put_raw(buffer, constants::FRAME_BODY, channel, part);
    }
}

fn put_raw(buffer: &mut Vec<u8>, kind: u8, channel: u16, payload: &[u8]) {
    buffer.push(kind);
    buffer.extend_from_slice(&channel.to_be_bytes());
    // Payloads come from received frames, or are a header that grew by a few hundred bytes.
    buffer.extend_from_slice(&u32::try_from(payload.len()).unwrap_or(u32::MAX).to_be_bytes());
    buffer.extend_from_slice(payload);
    buffer.push(constants::FRAME_END);
}
