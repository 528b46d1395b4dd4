//! Which processes there are, in which order they start, and how all of them end.

use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::child::{Child, Stopping};
use super::{API, BROKER, DemoEvent, MAILER, Setup};

/// Lines that may wait for the event loop; a process that prints faster waits.
const WAITING: usize = 256;

/// The running demo. When it is dropped, its processes are killed; when the whole viewer is killed they end by themselves
/// (see [`lifecycle`]).
#[derive(Debug)]
pub struct Supervisor {
    stop: watch::Sender<bool>,
    processes: JoinSet<()>,
}

impl Supervisor {
    /// Starts broker, mailer and API; what happens to them comes over the channel.
    #[must_use]
    pub fn start(setup: &Setup) -> (Self, mpsc::Sender<DemoEvent>, mpsc::Receiver<DemoEvent>) {
        let (events, received) = mpsc::channel(WAITING);
        let (stop, stopping) = watch::channel(false);
        // The broker's URL, once it is known.
        let (found, url) = watch::channel(setup.rabbitmq_url.clone());
        let mut processes = JoinSet::new();
        if setup.rabbitmq_url.is_none() {
            let broker = Child::new(BROKER, setup.programs.join(BROKER), events.clone());
            processes.spawn(run_broker(broker, found, Stopping::new(&stopping)));
        }
        for name in [MAILER, API] {
            let mut child = Child::new(name, setup.programs.join(name), events.clone());
            child.environment.clone_from(&setup.environment);
            processes.spawn(run_service(child, url.clone(), Stopping::new(&stopping)));
        }
        (Self { stop, processes }, events, received)
    }

    /// Ends all processes, in peace if they can: each gets the end of its input and some seconds.
    pub async fn shutdown(mut self) {
        self.stop.send_replace(true);
        // Children have a deadline of their own; this one is for the unforeseen.
        let ended = async { while self.processes.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(Duration::from_secs(10), ended).await;
    }
}

/// Runs the broker again and again, always at the address that it got the first time: the others know it by that.
async fn run_broker(mut broker: Child, found: watch::Sender<Option<String>>, mut stopping: Stopping) {
    while !stopping.now() {
        broker
            .run(&mut stopping, |readiness| {
                if let Some(url) = &readiness.address {
                    found.send_replace(Some(url.clone()));
                }
            })
            .await;
        if let Some(address) = found.borrow().as_deref().and_then(address_of) {
            broker.arguments = vec!["--listen".to_owned(), address.to_owned()];
        }
        broker.pause(&mut stopping).await;
    }
}

async fn run_service(mut service: Child, mut url: watch::Receiver<Option<String>>, mut stopping: Stopping) {
    let known = tokio::select! {
        known = url.wait_for(Option::is_some) => known.ok().and_then(|url| url.clone()),
        () = stopping.wait() => None,
    };
    let Some(known) = known else { return };
    service.environment.push(("RABBITMQ_URL", known));
    while !stopping.now() {
        service.run(&mut stopping, |_| {}).await;
        service.pause(&mut stopping).await;
    }
}

/// `host:port` of `amqp://user:password@host:port/vhost`.
fn address_of(url: &str) -> Option<&str> {
    let rest = url.split_once("://")?.1;
    let authority = rest.split('/').next()?;
    Some(authority.rsplit('@').next().unwrap_or(authority))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_found_in_the_url() {
        assert_eq!(address_of("amqp://guest:guest@127.0.0.1:4567/%2f"), Some("127.0.0.1:4567"));
        assert_eq!(address_of("amqp://127.0.0.1:1"), Some("127.0.0.1:1"));
        assert_eq!(address_of("nonsense"), None);
    }
}
