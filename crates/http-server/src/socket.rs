//! A socket that notes progress, from which its connection's timeouts and its rank for eviction follow. It rejects a first head
//! that is too long before more of it takes memory.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// Bytes of a request that are read after it was denied, so that the client reads the response.
pub(crate) const DISCARDED: usize = 16 * 1024 * 1024;
use crate::pool::Activity;

/// The response to a first head that is too long. hyper sends its own when it has read its whole buffer, which is much larger.
const HEAD_TOO_LONG: &[u8] = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
/// First bytes of HTTP/2, and of no HTTP/1 request.
const HTTP2_PREFACE: &[u8] = b"PRI ";

#[derive(Debug)]
pub(crate) struct Socket {
    stream: TcpStream,
    activity: Arc<Activity>,
    head: Head,
}

/// State of the head of the first request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Head {
    /// Nothing was read yet.
    Unread,
    /// The request has begun.
    Complete,
    Http1,
    /// One poll reads the frames of a request and of its body: the connection checks their length afterwards.
    Http2,
    /// Too long, and answered; further input is discarded. Holds the bytes still to discard.
    Rejected(usize),
}

impl Socket {
    pub(crate) fn new(stream: TcpStream, activity: Arc<Activity>) -> Self {
        // Nagle's algorithm only delays small answers.
        let _ = stream.set_nodelay(true);
        Self {
            stream,
            activity,
            head: Head::Unread,
        }
    }

    /// Answers a first head that is too long.
    fn reject_head(&mut self) -> io::Result<()> {
        self.head = Head::Rejected(DISCARDED);
        self.activity.rejected_head();
        // Nothing was written before, so there is room for it.
        self.stream.try_write(HEAD_TOO_LONG)?;
        Ok(())
    }

    /// Returns true if the next bytes belong to the head of the first request, as far as is known.
    fn is_first_head(&mut self) -> bool {
        let is_head = matches!(self.head, Head::Unread | Head::Http1);
        if is_head && self.activity.has_begun() {
            self.head = Head::Complete;
        }
        matches!(self.head, Head::Unread | Head::Http1)
    }

    /// Reads no more than shows that the head is too long, so that it is rejected here and not by hyper.
    fn read_head(&mut self, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let most = self.activity.head_left().saturating_add(1).min(buffer.remaining());
        let mut part = ReadBuf::new(buffer.initialize_unfilled_to(most));
        let read = Pin::new(&mut self.stream).poll_read(cx, &mut part);
        let bytes = part.filled().len();
        buffer.advance(bytes);
        read
    }

    fn wrote(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match written {
            Poll::Ready(Ok(1..)) => self.activity.wrote(),
            Poll::Pending => self.activity.blocked(),
            Poll::Ready(_) => {}
        }
        written
    }
}

impl AsyncRead for Socket {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        loop {
            let is_head = self.is_first_head();
            if is_head && self.head == Head::Http1 && self.activity.is_too_long() {
                self.reject_head()?;
            }
            let read = if is_head {
                self.read_head(cx, buffer)
            } else {
                Pin::new(&mut self.stream).poll_read(cx, buffer)
            };
            let bytes = buffer.filled().len() - before;
            match &read {
                Poll::Pending => self.activity.waits(),
                Poll::Ready(_) if bytes > 0 => {
                    self.activity.read(bytes);
                    if let Head::Rejected(left) = &mut self.head {
                        // A connection that is closed while its client still writes takes the answer with it.
                        *left = left.checked_sub(bytes).ok_or(io::ErrorKind::InvalidData)?;
                        buffer.set_filled(before);
                        continue;
                    }
                    if self.head == Head::Unread {
                        let is_http2 = buffer.filled()[before..].starts_with(HTTP2_PREFACE);
                        self.head = if is_http2 { Head::Http2 } else { Head::Http1 };
                    }
                }
                Poll::Ready(_) => {}
            }
            return read;
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.wrote(written)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, parts: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, parts);
        self.wrote(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
