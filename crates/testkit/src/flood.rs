//! Clients that open connections and then stall.

use std::io;
use std::net::SocketAddr;

use rustix::process::{Resource, getrlimit, setrlimit};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

/// The file descriptors reserved for the rest of the test.
const RESERVED_FILES: u64 = 700;

/// Opens `count` connections, fewer if the file limit is too low, and sends `beginning` on each. Raises the limit of
/// open files first, as far as the system allows.
///
/// # Errors
/// A connection cannot be opened. A connection closed during the write is not an error.
pub async fn half_open(address: SocketAddr, count: usize, beginning: &[u8]) -> io::Result<Vec<TcpStream>> {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    let _ = setrlimit(Resource::Nofile, limit);
    let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let count = count.min(usize::try_from(files.saturating_sub(RESERVED_FILES)).unwrap_or(usize::MAX));
    let mut streams = Vec::with_capacity(count);
    for _ in 0..count {
        let mut stream = TcpStream::connect(address).await?;
        let _ = stream.write_all(beginning).await;
        streams.push(stream);
    }
    Ok(streams)
}
