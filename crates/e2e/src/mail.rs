//! An SMTP server that says nothing for as long as a test wants.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::Error;

/// The server. When it is dropped, too, it hangs up.
#[derive(Debug)]
pub struct StalledMail {
    address: SocketAddr,
    hang_up: watch::Sender<bool>,
}

impl StalledMail {
    /// Listens on a free port, for as long as the runtime runs.
    ///
    /// # Errors
    /// It cannot listen.
    pub async fn start() -> Result<Self, Error> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (hang_up, end) = watch::channel(false);
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let mut end = end.clone();
                tokio::spawn(async move {
                    let _ = end.wait_for(|end| *end).await;
                    drop(connection);
                });
            }
        });
        Ok(Self { address, hang_up })
    }

    /// For `SMTP_URL`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }

    /// Ends all that it was connected with, and from now on each connection at once.
    pub fn hang_up(&self) {
        self.hang_up.send_replace(true);
    }
}
