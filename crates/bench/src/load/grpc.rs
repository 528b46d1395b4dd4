//! OTLP over gRPC, whose framing is five bytes around bytes that exist already: no generated client has to encode them again.
//!
//! Source: [gRPC over HTTP/2](https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md).

use std::net::SocketAddr;

use bytes::{BufMut, Bytes, BytesMut};
use eyre::{Context, Result, bail, eyre};
use h2::RecvStream;
use h2::client::SendRequest;
use http::{HeaderMap, Request};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};

use super::{Connection, DEADLINE, Response};

const METHOD: &str = "opentelemetry.proto.collector.trace.v1.TraceService/Export";
/// Before a message: one byte for "compressed" and four for its length.
const PREFIX: usize = 5;
const OK: &str = "0";
const UNAVAILABLE: &str = "14";

pub(crate) struct Grpc {
    runtime: Runtime,
    requests: SendRequest<Bytes>,
    uri: String,
}

impl Grpc {
    pub(crate) fn connect(address: SocketAddr) -> Result<Self> {
        let runtime = Builder::new_current_thread().enable_io().enable_time().build()?;
        let requests = runtime.block_on(async {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            let (requests, connection) = h2::client::handshake(stream).await?;
            // An error of the connection is one of the request in flight too.
            tokio::spawn(connection);
            Ok::<_, eyre::Report>(requests)
        });
        Ok(Self {
            requests: requests.wrap_err_with(|| format!("cannot open an HTTP/2 connection to {address}"))?,
            runtime,
            uri: format!("http://{address}/{METHOD}"),
        })
    }
}

impl Connection for Grpc {
    fn send(&mut self, body: &[u8]) -> Result<Response> {
        let mut message = BytesMut::with_capacity(PREFIX + body.len());
        message.put_u8(0);
        message.put_u32(u32::try_from(body.len())?);
        message.put_slice(body);
        let exchange = exchange(&self.requests, &self.uri, message.freeze());
        let answered = self
            .runtime
            .block_on(async { tokio::time::timeout(DEADLINE, exchange).await });
        answered.map_err(|_| eyre!("no answer for {DEADLINE:?}"))?
    }
}

async fn exchange(requests: &SendRequest<Bytes>, uri: &str, message: Bytes) -> Result<Response> {
    let head = Request::post(uri)
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(())?;
    let (response, mut stream) = requests.clone().ready().await?.send_request(head, false)?;
    // Bytes beyond the window wait in the connection; it is one request.
    stream.send_data(message, true)?;
    let response = response.await?;
    if response.status() != 200 {
        bail!("answered with {}", response.status());
    }
    // An error may have no message, and its status is then in the headers.
    let (head, mut body) = response.into_parts();
    if head.headers.contains_key("grpc-status") {
        return status(&head.headers, 0);
    }
    let length = drained(&mut body).await?;
    let trailers = body.trailers().await?.ok_or_else(|| eyre!("an answer without grpc-status"))?;
    status(&trailers, length)
}

/// Reads the body to its end and returns its length.
async fn drained(body: &mut RecvStream) -> Result<usize> {
    let mut length = 0;
    while let Some(data) = body.data().await {
        let data = data?;
        length += data.len();
        body.flow_control().release_capacity(data.len())?;
    }
    Ok(length)
}

fn status(headers: &HeaderMap, body: usize) -> Result<Response> {
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match header("grpc-status") {
        // An empty message: no partial success.
        OK if body <= PREFIX => Ok(Response::Accepted),
        OK => bail!("accepted in part"),
        UNAVAILABLE => Ok(Response::Throttled),
        status => bail!("answered with grpc-status {status}: {}", header("grpc-message")),
    }
}
