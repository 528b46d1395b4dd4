//! Mail servers: a real one, and one that never replies.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;

use testkit::{Process, eventually};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::{DEADLINE, Error, python};

/// A real SMTP server (aiosmtpd) in its own process.
#[derive(Debug)]
pub struct SmtpServer {
    /// The process, to kill or stop it.
    pub process: Process,
    address: SocketAddr,
}

/// Treatment of mail by the server.
#[derive(Clone, Copy, Debug)]
pub enum Receives<'a> {
    /// Stores it in this maildir before replying.
    Into(&'a Path),
    /// Rejects each recipient with this reply.
    Never(&'a str),
}

impl SmtpServer {
    /// Starts a server at `address` with additional arguments of aiosmtpd, and waits until it accepts connections.
    ///
    /// # Errors
    /// It does not start or accept connections.
    pub async fn start(python: &Path, address: SocketAddr, mail: Receives<'_>, arguments: &[&str]) -> Result<Self, Error> {
        let mut server = Command::new(python);
        server
            .args(["-m", "aiosmtpd", "-n", "-l", &address.to_string()])
            .args(arguments)
            .arg("-c");
        match mail {
            Receives::Into(maildir) => server.arg("aiosmtpd.handlers.Mailbox").arg(maildir),
            Receives::Never(reply) => server
                .arg("smtp_replies.Replies")
                .env("PYTHONPATH", python::scripts())
                .env("SMTP_REPLY", reply),
        };
        let process = Process::spawn(server)?;
        let connected = || async { tokio::net::TcpStream::connect(address).await.ok() };
        match eventually(DEADLINE, connected).await {
            Ok(_) => Ok(Self { process, address }),
            Err(_) => Err(format!("aiosmtpd: {:?}", process.stderr()).into()),
        }
    }

    /// Returns the value of `SMTP_URL`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }
}

/// Returns the mails in a maildir: the recipients of each `Message-ID`, one per mail with it.
///
/// # Errors
/// The maildir cannot be read.
pub fn delivered(maildir: &Path) -> Result<BTreeMap<String, Vec<String>>, Error> {
    let mut mails: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let Ok(files) = std::fs::read_dir(maildir.join("new")) else {
        return Ok(mails);
    };
    for file in files {
        let path: PathBuf = file?.path();
        let mail = std::fs::read_to_string(&path)?;
        let header = |name: &str| mail.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
        let id = header("Message-ID: ").ok_or("a mail without an id")?;
        mails
            .entry(id)
            .or_default()
            .push(header("To: ").ok_or("a mail without a recipient")?);
    }
    Ok(mails)
}

/// A server that never replies. When dropped, it closes its connections.
#[derive(Debug)]
pub struct StalledMail {
    address: SocketAddr,
    hang_up: watch::Sender<bool>,
}
impl StalledMail {
    /// Listens on a free port as long as the runtime runs.
    ///
    /// # Errors
    /// The port cannot be bound.
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

    /// Returns the value of `SMTP_URL`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }

    /// Closes all connections, and each new one immediately.
    pub fn hang_up(&self) {
        self.hang_up.send_replace(true);
    }
}
