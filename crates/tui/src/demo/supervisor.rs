//! Runs the processes: their start in order, restarts, and their end.

use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};

use super::child::{Child, Stopping};
use super::redrive::Redrive;
use super::{API, BROKER, DemoEvent, MAILER, PAGE, Setup};

/// Output lines that the event loop has not received yet; a process that prints faster blocks.
const EVENTS_MAX: usize = 256;

/// The running demo. When it is dropped, its processes are killed; when the whole viewer is killed they end by themselves
/// (see [`lifecycle`]).
#[derive(Debug)]
pub struct Supervisor {
    stop: watch::Sender<bool>,
    processes: JoinSet<()>,
    redrive: Redrive,
    redriving: Option<JoinHandle<()>>,
}

impl Supervisor {
    /// Starts broker, API, mailer and, if it is built, the page; their events arrive over the channel.
    #[must_use]
    pub fn start(setup: &Setup) -> (Self, mpsc::Sender<DemoEvent>, mpsc::Receiver<DemoEvent>) {
        let (events, received) = mpsc::channel(EVENTS_MAX);
        let (stop, stopping) = watch::channel(false);
        let mut processes = JoinSet::new();
        let child = |name| Child::new(name, setup.programs.join(name), events.clone());

        // Values that one process reports and others need: the broker's URL, the API's address.
        let (broker_found, broker_url) = watch::channel(setup.rabbitmq_url.clone());
        let (api_found, api_url) = watch::channel(None);
        if setup.rabbitmq_url.is_none() {
            processes.spawn(run_broker(child(BROKER), broker_found, Stopping::new(&stopping)));
        }
        let redrive = Redrive::new(setup, broker_url.clone(), events.clone());
        for name in [API, MAILER] {
            let mut service = child(name);
            service.environment.clone_from(&setup.environment);
            let found = (name == API).then(|| api_found.clone());
            let needs = Needs {
                variable: "RABBITMQ_URL",
                value: broker_url.clone(),
            };
            processes.spawn(run_service(service, needs, found, Stopping::new(&stopping)));
        }
        if let Some(directory) = &setup.page {
            let mut page = child(PAGE);
            page.environment.clone_from(&setup.page_environment);
            page.environment.push(("PAGE_DIR", directory.display().to_string()));
            let needs = Needs {
                variable: "API_URL",
                value: api_url,
            };
            processes.spawn(run_service(page, needs, None, Stopping::new(&stopping)));
        }
        let supervisor = Self {
            stop,
            processes,
            redrive,
            redriving: None,
        };
        (supervisor, events, received)
    }

    /// Puts the dead letters back into the queue, unless that is in progress; their number is reported as a notice.
    pub fn redrive(&mut self) {
        if self.redriving.as_ref().is_none_or(JoinHandle::is_finished) {
            self.redriving = Some(tokio::spawn(self.redrive.clone().run()));
        }
    }

    /// Ends all processes, in peace if they can: each gets the end of its input and some seconds.
    pub async fn shutdown(mut self) {
        self.stop.send_replace(true);
        if let Some(redriving) = &self.redriving {
            // Its process is killed with it; what it has not confirmed is still a dead letter.
            redriving.abort();
        }
        // Children have a deadline of their own; this one is for a child that cannot be killed.
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

/// A variable whose value is known once another process has started.
struct Needs {
    variable: &'static str,
    value: watch::Receiver<Option<String>>,
}

/// Runs a service again and again as soon as the values it needs are known; reports its address if another service needs it.
async fn run_service(mut service: Child, mut needs: Needs, found: Option<watch::Sender<Option<String>>>, mut stopping: Stopping) {
    let known = tokio::select! {
        known = needs.value.wait_for(Option::is_some) => known.ok().and_then(|value| value.clone()),
        () = stopping.wait() => None,
    };
    let Some(known) = known else { return };
    service.environment.push((needs.variable, known));
    while !stopping.now() {
        service
            .run(&mut stopping, |readiness| {
                if let (Some(found), Some(address)) = (&found, &readiness.address) {
                    found.send_replace(Some(format!("http://{address}")));
                }
            })
            .await;
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
    fn broker_address_is_parsed_from_the_url() {
        assert_eq!(address_of("amqp://guest:guest@127.0.0.1:4567/%2f"), Some("127.0.0.1:4567"));
        assert_eq!(address_of("amqp://127.0.0.1:1"), Some("127.0.0.1:1"));
        assert_eq!(address_of("nonsense"), None);
    }
}
