//! Clients that open connections and do not go on.

use std::io;
use std::net::SocketAddr;

use rustix::process::{Resource, getrlimit, setrlimit};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

/// File descriptors of the test that are not the flood's.
const RESERVED: u64 = 700;

/// Opens `count` connections, fewer when the process may not have so many files, and sends `beginning` on each. Raises the limit of
/// open files before, as far as the system lets it.
///
/// # Errors
/// A connection cannot be opened. That one is closed while it is written to is no error.
pub async fn half_open(address: SocketAddr, count: usize, beginning: &[u8]) -> io::Result<Vec<TcpStream>> {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    let _ = setrlimit(Resource::Nofile, limit);
    let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let count = count.min(usize::try_from(files.saturating_sub(RESERVED)).unwrap_or(usize::MAX));
    let mut streams = Vec::with_capacity(count);
    for _ in 0..count {
        let mut stream = TcpStream::connect(address).await?;
        let _ = stream.write_all(beginning).await;
        streams.push(stream);
    }
    Ok(streams)
}
