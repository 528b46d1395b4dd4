//! A slow mail server, so that pictures show running spans.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{self, AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// The server, which runs as long as the runtime.
#[derive(Clone)]
pub(super) struct SlowMail {
    /// Value of `SMTP_URL`.
    pub(super) url: String,
    /// Delay before a mail is accepted, in milliseconds.
    delay: Arc<AtomicU64>,
}

impl SlowMail {
    /// Listens on a free port.
    pub(super) async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("smtp://{}", listener.local_addr()?);
        let delay = Arc::new(AtomicU64::new(0));
        let shared = delay.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, shared.clone()));
            }
        });
        Ok(Self { url, delay })
    }

    /// Sets the delay of each mail.
    pub(super) fn set_delay_ms(&self, delay: u64) {
        self.delay.store(delay, Ordering::Relaxed);
    }
}

async fn serve(mut stream: TcpStream, delay: Arc<AtomicU64>) -> io::Result<()> {
    let (reader, mut writer) = stream.split();
    let mut lines = BufReader::new(reader).lines();
    writer.write_all(b"220 slow\r\n").await?;
    let mut is_data = false;
    while let Some(line) = lines.next_line().await? {
        let reply: &[u8] = match (is_data, line.as_str()) {
            (true, ".") => {
                is_data = false;
                tokio::time::sleep(Duration::from_millis(delay.load(Ordering::Relaxed))).await;
                b"250 accepted\r\n"
            }
            (true, _) => continue,
            (false, "DATA") => {
                is_data = true;
                b"354 send it\r\n"
            }
            (false, "QUIT") => b"221 bye\r\n",
            (false, _) => b"250 ok\r\n",
        };
        writer.write_all(reply).await?;
    }
    Ok(())
}
