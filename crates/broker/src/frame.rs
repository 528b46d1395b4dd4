//! Frames, in and out (AMQP 0-9-1, section 2.3): `kind(1) channel(2) size(4) payload 0xCE`.

use amq_protocol::frame::{AMQPFrame, gen_frame, parsing::parse_content_header};
use amq_protocol::protocol::{AMQPClass, AMQPHardError, BasicProperties, constants, parse_class};
use bytes::{Buf as _, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _};

use crate::message::Message;
use crate::refusal::Refusal;

/// What opens every connection.
pub(crate) const PROTOCOL_HEADER: &[u8; 8] = b"AMQP\0\0\x09\x01";

/// Kind, channel and size in front of a payload.
const HEAD: usize = 7;
/// [`HEAD`] and the byte that ends a frame.
const AROUND: usize = 8;
/// How much is read at once, at least, in bytes.
const READ: usize = 16 << 10;
/// How deep tables and arrays may lie in each other. The codec follows them by recursion, so a client could exhaust the stack.
const DEPTH_MAX: usize = 32;

/// One frame of a client.
#[derive(Debug)]
pub(crate) enum Frame {
    Heartbeat,
    Method(u16, AMQPClass),
    /// The header of a content: how long its body is, its properties, and the same as it came off the wire.
    Header {
        channel: u16,
        size: u64,
        properties: Box<BasicProperties>,
        raw: Bytes,
    },
    Body(u16, Bytes),
}

impl Frame {
    fn parse(kind: u8, channel: u16, payload: Bytes) -> Result<Self, Refusal> {
        let malformed = |what| Refusal::connection(&AMQPHardError::SYNTAXERROR, format_args!("malformed {what}"));
        match kind {
            constants::FRAME_HEARTBEAT if channel == 0 && payload.is_empty() => Ok(Self::Heartbeat),
            constants::FRAME_BODY => Ok(Self::Body(channel, payload)),
            _ if is_nested_too_deep(&payload) => Err(malformed("table: nested too deep")),
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
            _ => Err(Refusal::connection(&AMQPHardError::FRAMEERROR, "unknown kind of frame")),
        }
    }
}

/// Whether tables or arrays may lie deeper in each other than [`DEPTH_MAX`].
///
/// Each is a type byte, a length and as many bytes, so an inner one is a range within the range of its outer one. Looking at
/// every byte that could begin such a range needs no grammar of the methods, never misses one and almost never sees too many:
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

/// Why a connection ends.
#[derive(Debug)]
pub(crate) enum End {
    /// The client hung up, or the socket failed: there is nobody to say anything to.
    Gone,
    /// The client asked for it with `connection.close`.
    Closed,
    /// Its place was given to another client: it is told, and not waited for.
    Evicted,
    /// The broker itself ends.
    Shutdown,
    /// The broker refuses to go on: why, and the class and method that it is about (0 where there is none).
    Refused(Refusal, (u16, u16)),
}

impl From<Refusal> for End {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal, (0, 0))
    }
}

/// Reads frames from a socket.
#[derive(Debug)]
pub(crate) struct FrameReader<R> {
    socket: R,
    buffer: BytesMut,
    /// The largest frame that is taken, in bytes.
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

    /// Reads the eight bytes that open a connection; says whether they are those of AMQP 0-9-1.
    pub(crate) async fn protocol_header(&mut self) -> Result<bool, End> {
        while self.buffer.len() < PROTOCOL_HEADER.len() {
            self.read().await?;
        }
        Ok(self.buffer.split_to(PROTOCOL_HEADER.len())[..] == PROTOCOL_HEADER[..])
    }

    /// The next frame. Can be cancelled: what has come of a frame is kept.
    pub(crate) async fn next(&mut self) -> Result<Frame, End> {
        loop {
            if let Some(frame) = self.take()? {
                return Ok(frame);
            }
            self.read().await?;
        }
    }

    /// Reads and drops whatever comes, frames or not, until the client hangs up.
    pub(crate) async fn until_gone(&mut self) {
        loop {
            self.buffer.clear();
            if self.read().await.is_err() {
                return;
            }
        }
    }

    async fn read(&mut self) -> Result<(), End> {
        self.buffer.reserve(READ);
        match self.socket.read_buf(&mut self.buffer).await {
            Ok(read) if read > 0 => Ok(()),
            _ => Err(End::Gone),
        }
    }

    /// A whole frame, if there is one. Its size is judged before it is waited for.
    fn take(&mut self) -> Result<Option<Frame>, Refusal> {
        let [kind, c0, c1, s0, s1, s2, s3, ..] = self.buffer[..] else {
            return Ok(None);
        };
        let frame_error = |reason: String| Refusal::connection(&AMQPHardError::FRAMEERROR, reason);
        let size = u32::from_be_bytes([s0, s1, s2, s3]) as usize;
        if size + AROUND > self.frame_max as usize {
            return Err(frame_error(format!(
                "a frame of {size} bytes is larger than frame_max {}",
                self.frame_max
            )));
        }
        if self.buffer.len() < size + AROUND {
            return Ok(None);
        }
        let mut frame = self.buffer.split_to(size + AROUND).freeze();
        if frame[HEAD + size] != constants::FRAME_END {
            return Err(frame_error("a frame does not end with 0xCE".to_owned()));
        }
        frame.advance(HEAD);
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
        // Cannot be: a vector takes every byte. It would lose all that is in it, so say so where it can be seen.
        Err(error) => tracing::error!(%error, lost = start, "a frame could not be written"),
    }
}

/// Appends a method that carries a message: the method, its header as it was received, its body in frames of `frame_max`.
///
/// As in RabbitMQ the header is always one frame, even where a client asked for less than its publisher had.
pub(crate) fn put_content(buffer: &mut Vec<u8>, channel: u16, method: AMQPClass, message: &Message, frame_max: u32) {
    put_method(buffer, channel, method);
    put_raw(buffer, constants::FRAME_HEADER, channel, &message.header);
    for part in message.body.chunks(frame_max as usize - AROUND) {
        put_raw(buffer, constants::FRAME_BODY, channel, part);
    }
}

fn put_raw(buffer: &mut Vec<u8>, kind: u8, channel: u16, payload: &[u8]) {
    buffer.push(kind);
    buffer.extend_from_slice(&channel.to_be_bytes());
    // Payloads are parts of what came in frames, or a header that grew by a few hundred bytes.
    buffer.extend_from_slice(&u32::try_from(payload.len()).unwrap_or(u32::MAX).to_be_bytes());
    buffer.extend_from_slice(payload);
    buffer.push(constants::FRAME_END);
}
