//! Bytes that a client of HTTP would not send.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Sends bytes over a connection of their own, and returns what is answered until it is closed.
///
/// # Errors
/// The connection fails, or is still open after `deadline`.
pub async fn exchange(address: SocketAddr, bytes: impl AsRef<[u8]>, deadline: Duration) -> io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(bytes.as_ref()).await?;
    let mut answer = Vec::new();
    tokio::time::timeout(deadline, stream.read_to_end(&mut answer)).await??;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
