//! Requests from several clients at once, and the accepted mails.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use e2e::DEADLINE;
use testkit::eventually;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Pause between two requests of a client: the mail server is the slowest part.
const PAUSE: Duration = Duration::from_millis(20);

pub(crate) struct Load {
    stop: watch::Sender<bool>,
    accepted: Arc<AtomicU32>,
    clients: JoinSet<Vec<String>>,
}

impl Load {
    pub(crate) fn start(api_url: &str) -> Self {
        let mut load = Self {
            stop: watch::Sender::new(false),
            accepted: Arc::default(),
            clients: JoinSet::new(),
        };
        for client in 0..4 {
            let (url, stop, accepted) = (api_url.to_owned(), load.stop.subscribe(), load.accepted.clone());
            load.clients.spawn(async move {
                let http = http_client::builder().no_proxy().timeout(DEADLINE).build().unwrap();
                let mut promised = Vec::new();
                for number in 0.. {
                    if *stop.borrow() {
                        break;
                    }
                    let email = format!("client{client}.{number}@example.org");
                    let request = http.post(&url).header("content-type", "application/json");
                    let answer = request.body(format!(r#"{{"email":"{email}"}}"#)).send().await;
                    // A killed API does not respond, one without a broker responds with 503: neither accepts a mail.
                    if answer.is_ok_and(|answer| answer.status() == 200) {
                        promised.push(email);
                        accepted.fetch_add(1, Ordering::Relaxed);
                    }
                    tokio::time::sleep(PAUSE).await;
                }
                promised
            });
        }
        load
    }

    /// Waits until this many more requests were accepted.
    pub(crate) async fn accept(&self, more: u32) {
        let goal = self.accepted.load(Ordering::Relaxed) + more;
        let reached = || async { (self.accepted.load(Ordering::Relaxed) >= goal).then_some(()) };
        eventually(DEADLINE, reached).await.expect("the API accepts again");
    }

    /// Stops the load; returns the recipients of accepted mails.
    pub(crate) async fn stop(mut self) -> BTreeSet<String> {
        self.stop.send_replace(true);
        let mut promised = BTreeSet::new();
        while let Some(client) = self.clients.join_next().await {
            promised.extend(client.unwrap());
        }
        promised
    }
}
