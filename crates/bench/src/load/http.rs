//! OTLP over HTTP/1.1 with keep-alive: what an exporter's client does, and nothing more.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};

use eyre::{Context, Result, bail};

use super::{Connection, DEADLINE, Response};

/// Bytes of an unwanted response that are read.
const ANSWER: u64 = 64 * 1024;

#[derive(Debug)]
pub(crate) struct Http {
    stream: BufReader<TcpStream>,
    address: SocketAddr,
    /// Path of the requests that a load sends.
    path: &'static str,
    /// Head and body together: one write, as any exporter does.
    request: Vec<u8>,
}

impl Http {
    /// Connects for spans.
    pub(crate) fn connect(address: SocketAddr) -> Result<Self> {
        Self::of(address, "/v1/traces")
    }

    /// Connects for log records.
    pub(crate) fn of_logs(address: SocketAddr) -> Result<Self> {
        Self::of(address, "/v1/logs")
    }

    fn of(address: SocketAddr, path: &'static str) -> Result<Self> {
        let stream = TcpStream::connect(address).wrap_err_with(|| format!("cannot connect to {address}"))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(DEADLINE))?;
        stream.set_write_timeout(Some(DEADLINE))?;
        Ok(Self {
            stream: BufReader::new(stream),
            address,
            path,
            request: Vec::new(),
        })
    }

    /// Sends a request and returns the status and body of its response.
    pub(crate) fn post(&mut self, path: &str, content_type: &str, body: &[u8]) -> Result<(u16, Vec<u8>)> {
        self.post_encoded(path, content_type, "identity", body)
    }

    /// The same with a body that is compressed.
    pub(crate) fn post_encoded(&mut self, path: &str, content_type: &str, encoding: &str, body: &[u8]) -> Result<(u16, Vec<u8>)> {
        self.request.clear();
        let (address, length) = (self.address, body.len());
        write!(
            self.request,
            "POST {path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: {content_type}\r\ncontent-encoding: {encoding}\r\ncontent-length: {length}\r\n\r\n"
        )?;
        self.request.extend_from_slice(body);
        self.stream.get_mut().write_all(&self.request)?;
        self.answer()
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        self.stream.by_ref().take(ANSWER).read_line(&mut line)?;
        if !line.ends_with("\r\n") {
            bail!("an answer is cut off");
        }
        line.truncate(line.len() - 2);
        Ok(line)
    }

    /// Status and body.
    fn answer(&mut self) -> Result<(u16, Vec<u8>)> {
        let line = self.line()?;
        let status = line.split(' ').nth(1).and_then(|status| status.parse().ok());
        let Some(status) = status else { bail!("no HTTP: {line}") };
        let mut length = None;
        loop {
            let line = self.line()?;
            let Some((name, value)) = line.split_once(':') else { break };
            if name.eq_ignore_ascii_case("content-length") {
                length = Some(value.trim().parse::<u64>()?);
            }
        }
        let Some(length) = length.filter(|length| *length <= ANSWER) else {
            bail!("a response ({status}) has no length, or is long");
        };
        let mut body = Vec::new();
        self.stream.by_ref().take(length).read_to_end(&mut body)?;
        Ok((status, body))
    }
}

impl Connection for Http {
    fn send(&mut self, body: &[u8]) -> Result<Response> {
        match self.post(self.path, "application/x-protobuf", body)? {
            // An empty message: no partial success.
            (200, body) if body.is_empty() => Ok(Response::Accepted),
            (200, body) => bail!("accepted in part: {}", String::from_utf8_lossy(&body)),
            (503, _) => Ok(Response::Throttled),
            (status, body) => bail!("answered with {status}: {}", String::from_utf8_lossy(&body)),
        }
    }
}
