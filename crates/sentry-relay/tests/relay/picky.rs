//! A server whose behavior depends on the body: it answers, hangs up, or never answers. It reads at a given rate.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::sentry::DEADLINE;

/// Reaction to a request that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    Answer,
    HangUp,
    Hang,
}

type Rule = dyn Fn(&str) -> Act + Send + Sync;

#[derive(Clone)]
struct Behavior {
    rule: Arc<Rule>,
    /// Pause after each 64 KiB read.
    pause: Duration,
    /// Complete bodies in order of arrival.
    seen: Arc<Mutex<Vec<String>>>,
}

pub(crate) struct Picky {
    pub(crate) address: SocketAddr,
    behavior: Behavior,
    server: JoinHandle<()>,
}

impl Picky {
    pub(crate) async fn start(pause: Duration, rule: impl Fn(&str) -> Act + Send + Sync + 'static) -> Self {
        Self::start_on(TcpListener::bind("127.0.0.1:0").await.unwrap(), pause, rule)
    }

    pub(crate) fn start_on(listener: TcpListener, pause: Duration, rule: impl Fn(&str) -> Act + Send + Sync + 'static) -> Self {
        let address = listener.local_addr().unwrap();
        let behavior = Behavior {
            rule: Arc::new(rule),
            pause,
            seen: Arc::default(),
        };
        let server = tokio::spawn({
            let behavior = behavior.clone();
            async move {
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(serve(stream, behavior.clone()));
                }
            }
        });
        Self {
            address,
            behavior,
            server,
        }
    }

    /// Returns the number of complete bodies with this text.
    pub(crate) fn count(&self, text: &str) -> usize {
        let seen = self.behavior.seen.lock().unwrap();
        seen.iter().filter(|body| body.contains(text)).count()
    }

    /// Waits until this many bodies with the text are complete.
    pub(crate) async fn saw(&self, text: &str, number: usize) {
        let look = || async { (self.count(text) >= number).then_some(()) };
        testkit::eventually(DEADLINE, look).await.unwrap();
    }
}

impl Drop for Picky {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Serves one request per connection.
async fn serve(mut stream: TcpStream, behavior: Behavior) {
    let mut request = Vec::new();
    let mut part = vec![0; 64 * 1024];
    let body = loop {
        let Ok(length @ 1..) = stream.read(&mut part).await else {
            return;
        };
        request.extend_from_slice(&part[..length]);
        if let Some(body) = whole_body(&request) {
            break body;
        }
        tokio::time::sleep(behavior.pause).await;
    };
    let act = (behavior.rule)(&body);
    behavior.seen.lock().unwrap().push(body);
    match act {
        Act::Answer => {
            let answer = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}";
            let _ = stream.write_all(answer).await;
        }
        Act::HangUp => {}
        Act::Hang => std::future::pending().await,
    }
}

fn whole_body(request: &[u8]) -> Option<String> {
    let end = request.windows(4).take(8 * 1024).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&request[..end]).unwrap().to_ascii_lowercase();
    let (_, length) = head.split_once("content-length: ")?;
    let length: usize = length.lines().next().unwrap().parse().unwrap();
    let body = &request[end + 4..];
    (body.len() == length).then(|| String::from_utf8(body.to_vec()).unwrap())
}
