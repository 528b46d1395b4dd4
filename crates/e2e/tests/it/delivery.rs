//! Every accepted mail is sent, despite killed processes and cut connections.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use e2e::proxy::Proxy;
use e2e::services::{Services, embedded_broker};
use e2e::{DEADLINE, Error};
use testkit::{Process, RabbitMq, eventually};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// Sends requests from several clients at once until stopped, and collects the recipients of accepted mails.
struct Load {
    services: Arc<Services>,
    stop: tokio::sync::watch::Sender<bool>,
    accepted: Arc<AtomicU32>,
    clients: JoinSet<Vec<String>>,
}

impl Load {
    fn start(services: &Arc<Services>) -> Self {
        let mut load = Self {
            services: services.clone(),
            stop: tokio::sync::watch::Sender::new(false),
            accepted: Arc::default(),
            clients: JoinSet::new(),
        };
        for client in 0..4 {
            let (services, stop, accepted) = (load.services.clone(), load.stop.subscribe(), load.accepted.clone());
            load.clients.spawn(async move {
                let mut promised = Vec::new();
                for number in 0.. {
                    if *stop.borrow() {
                        break;
                    }
                    let email = format!("client{client}.{number}@example.org");
                    let answer = services.request(&email, &[]).await.expect("the API runs all the time");
                    match answer.status().as_u16() {
                        200 => {
                            promised.push(email);
                            accepted.fetch_add(1, Ordering::Relaxed);
                        }
                        503 => assert!(answer.headers().contains_key("retry-after")),
                        other => panic!("{other}"),
                    }
                }
                promised
            });
        }
        load
    }

    /// Waits until this many more requests were accepted.
    async fn accept(&self, more: u32) {
        let goal = self.accepted.load(Ordering::Relaxed) + more;
        let reached = || async { (self.accepted.load(Ordering::Relaxed) >= goal).then_some(()) };
        eventually(DEADLINE, reached).await.unwrap();
    }

    /// Stops the load and waits until all accepted mails are sent.
    async fn all_sent(mut self) {
        self.stop.send_replace(true);
        let mut promised = BTreeSet::new();
        while let Some(client) = self.clients.join_next().await {
            promised.extend(client.unwrap());
        }
        let missing = || -> Result<Vec<String>, Error> {
            let sent: BTreeSet<_> = self.services.recipients()?.into_iter().collect();
            Ok(promised.difference(&sent).cloned().collect())
        };
        let none = || async { missing().unwrap().is_empty().then_some(()) };
        let sent = eventually(DEADLINE, none).await;
        let log = self.services.mailer.stdout().join("\n");
        assert!(
            sent.is_ok(),
            "never sent, of {}: {:?}\n{log}",
            promised.len(),
            missing().unwrap()
        );
    }
}

/// Returns the address of the broker behind a URL.
fn address_of(url: &str) -> SocketAddr {
    let authority = url.split('@').nth(1).unwrap().split('/').next().unwrap();
    authority.parse().unwrap()
}

async fn cut_under_load(url: &str) {
    let proxy = Proxy::to(address_of(url)).await.unwrap();
    let through_proxy = format!("amqp://guest:guest@{}/%2f", proxy.address());
    let services = Arc::new(Services::start(&through_proxy).await.unwrap());
    let load = Load::start(&services);
    for _ in 0..5 {
        load.accept(20).await;
        proxy.cut();
    }
    load.accept(20).await;
    load.all_sent().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cut_connections_lose_no_mail_with_the_embedded_broker() {
    let (_broker, url) = embedded_broker().await.unwrap();
    cut_under_load(&url).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cut_connections_lose_no_mail_with_a_real_rabbitmq() {
    if let Some(broker) = RabbitMq::start_or_skip().await {
        cut_under_load(&broker.url()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn repeatedly_killed_mailer_loses_no_mail() {
    let (_broker, url) = embedded_broker().await.unwrap();
    let services = Arc::new(Services::start(&url).await.unwrap());
    services.mailer.kill();
    let load = Load::start(&services);
    let mut mailer = services.start_mailer(&[]).await.unwrap();
    for _ in 0..3 {
        load.accept(20).await;
        mailer.kill();
        mailer.exited(DEADLINE).await.unwrap();
        mailer = services.start_mailer(&[]).await.unwrap();
    }
    load.all_sent().await;
}

async fn killed_in_the_middle_of_a_message(url: &str) {
    let services = Services::start(url).await.unwrap();
    services.mailer.terminate();
    services.mailer.exited(DEADLINE).await.unwrap();
    // A mail server that accepts the connection and never replies: its mailer stays in the middle of the message.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let smtp_url = format!("smtp://{}", silent.local_addr().unwrap());
    let stuck: Process = services.start_mailer(&[("SMTP_URL", &smtp_url)]).await.unwrap();
    let answer = services.request("jane@example.org", &[]).await.unwrap();
    assert_eq!(answer.status(), 200);
    let call = tokio::time::timeout(DEADLINE, silent.accept()).await;
    let _call = call.expect("the mailer calls in time").unwrap();
    stuck.kill();
    stuck.exited(DEADLINE).await.unwrap();
    assert!(services.recipients().unwrap().is_empty());

    let _next = services.start_mailer(&[]).await.unwrap();
    let sent = || async { (services.recipients().unwrap() == ["jane@example.org"]).then_some(()) };
    eventually(DEADLINE, sent).await.unwrap();
    // The trace shows that this was not the first try.
    let again = |spans: &[e2e::spans::Span]| {
        let redelivered = |span: &&e2e::spans::Span| {
            span.attributes
                .get("messaging.rabbitmq.redelivered")
                .is_some_and(|again| again == "true")
        };
        spans.iter().find(redelivered).map(|span| span.name.clone())
    };
    assert_eq!(services.spans.wait(again).await.unwrap(), "handleSentMailMessage");
}

#[tokio::test(flavor = "multi_thread")]
async fn message_of_a_killed_mailer_is_redelivered_with_the_embedded_broker() {
    let (_broker, url) = embedded_broker().await.unwrap();
    killed_in_the_middle_of_a_message(&url).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn message_of_a_killed_mailer_is_redelivered_with_a_real_rabbitmq() {
    if let Some(broker) = RabbitMq::start_or_skip().await {
        killed_in_the_middle_of_a_message(&broker.url()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn shutdown_exports_the_last_spans() {
    let (_broker, url) = embedded_broker().await.unwrap();
    let services = Services::start(&url).await.unwrap();
    // So long that nothing is exported by itself during this test.
    let lazy = [("OTEL_BSP_SCHEDULE_DELAY", "600000")];
    services.mailer.terminate();
    services.mailer.exited(DEADLINE).await.unwrap();
    for by_input in [false, true] {
        let supervised: &[_] = if by_input {
            &[lazy[0], ("SPANFALL_SUPERVISED", "1")]
        } else {
            &lazy
        };
        let mailer = services.start_mailer(supervised).await.unwrap();
        let before = services.recipients().unwrap().len();
        services.request("jane@example.org", &[]).await.unwrap();
        let sent = || async { (services.recipients().unwrap().len() > before).then_some(()) };
        eventually(DEADLINE, sent).await.unwrap();
        let of_mailer = |spans: &[e2e::spans::Span]| spans.iter().filter(|span| span.service == "mailer").count();
        let exported = of_mailer(&services.spans.all());
        if by_input {
            mailer.close_stdin();
        } else {
            mailer.terminate();
        }
        assert!(mailer.exited(DEADLINE).await.unwrap().success());
        // Nothing to wait for: the process is gone, so everything it sent has been received.
        assert_eq!(of_mailer(&services.spans.all()), exported + 4, "consumer, compose, send, ack");
    }
    // The envelopes as well: the API's, and the mailer's last ones.
    let both = |items: &e2e::envelopes::Items| (items.transactions.len() >= 4).then_some(());
    services.envelopes.wait(both).await.unwrap();
}
