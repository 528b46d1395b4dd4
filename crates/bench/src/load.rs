//! The load generator: unique spans or log records over real connections, every answer checked.

mod grpc;
mod http;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime};

use eyre::{Result, eyre};

use crate::logs::LogTemplate;
use crate::spans::{SPANS, Template};
use crate::viewer::Viewer;
pub(crate) use grpc::Grpc;
pub(crate) use http::Http;

/// Connections that send at once, one request at a time each.
const CONNECTIONS: usize = 4;
/// Pause after a throttled request. The time in the response is meant for exporters, and would leave the receiver idle here; a
/// much shorter one would make it reject the same spans over and over.
const THROTTLED_PAUSE: Duration = Duration::from_millis(10);
/// Time limit of a response.
const DEADLINE: Duration = Duration::from_secs(30);

/// The next request's number: one for all that this process sends, so that no viewer ever sees a record twice.
static NUMBERS: AtomicU64 = AtomicU64::new(0);

/// Response of a receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Response {
    /// All of the request was accepted.
    Accepted,
    /// The request was throttled.
    Throttled,
}

/// A connection that sends one request after the other.
pub(crate) trait Connection {
    /// Sends an OTLP export request and waits for the response. Any other is an error: rejected, partly dropped, cut
    /// off.
    fn send(&mut self, body: &[u8]) -> Result<Response>;

    /// The same, as often as it takes.
    fn deliver(&mut self, body: &[u8], load: &Counts) -> Result<()> {
        while self.send(body)? == Response::Throttled {
            load.throttled.fetch_add(1, Ordering::Relaxed);
            thread::sleep(THROTTLED_PAUSE);
        }
        Ok(())
    }
}

/// Protocol of a load, and what is sent by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Http,
    Grpc,
    /// Log records over HTTP; the others are for spans.
    HttpLogs,
}

/// Writes a request by its number and time into an empty body.
type Requests = Box<dyn Fn(u64, SystemTime, &mut Vec<u8>) + Send + Sync>;

impl Protocol {
    fn connect(self, address: SocketAddr) -> Result<Box<dyn Connection>> {
        Ok(match self {
            Self::Http => Box::new(Http::connect(address)?),
            Self::Grpc => Box::new(Grpc::connect(address)?),
            Self::HttpLogs => Box::new(Http::of_logs(address)?),
        })
    }

    /// Returns what makes its requests, each of [`SPANS`] new records.
    fn requests(self) -> Requests {
        match self {
            Self::Http | Self::Grpc => {
                let template = Template::new();
                Box::new(move |number, now, body| template.request(number, now, body))
            }
            Self::HttpLogs => {
                let template = LogTemplate::new();
                Box::new(move |number, now, body| template.request(number, now, body))
            }
        }
    }

    /// Returns the viewer's address for it.
    pub(crate) fn address(self, viewer: &Viewer) -> Result<SocketAddr> {
        match self {
            Self::Http | Self::HttpLogs => viewer.otlp_http(),
            Self::Grpc => viewer.otlp_grpc(),
        }
    }

    /// Returns the number of its records that the viewer's screen shows as stored.
    pub(crate) fn held(self, viewer: &Viewer) -> Result<u64> {
        match self {
            Self::Http | Self::Grpc => viewer.spans(),
            Self::HttpLogs => viewer.records(),
        }
    }
}

/// Progress of a load.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    accepted: AtomicU64,
    throttled: AtomicU64,
    stop: AtomicBool,
}

/// A load that is being sent, until it is stopped or has reached its end.
#[derive(Debug)]
pub(crate) struct Load {
    counts: Arc<Counts>,
    senders: Vec<JoinHandle<Result<()>>>,
}

/// Amount and rate of a load.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LoadPlan {
    /// Stops after so many records, rounded up to whole requests.
    pub(crate) records: u64,
    /// Records per second; as fast as it goes without.
    pub(crate) pace: Option<u64>,
}

impl LoadPlan {
    /// As fast as possible, until it is stopped.
    pub(crate) const ENDLESS: Self = Self {
        records: u64::MAX,
        pace: None,
    };
}

impl Load {
    pub(crate) fn start(protocol: Protocol, address: SocketAddr, plan: LoadPlan) -> Self {
        let counts = Arc::new(Counts::default());
        let requests = Arc::new(protocol.requests());
        let turns = Arc::new(Turns::new(plan));
        let senders = (0..CONNECTIONS).map(|_| {
            let (counts, requests, turns) = (counts.clone(), requests.clone(), turns.clone());
            thread::spawn(move || {
                let sent = protocol
                    .connect(address)
                    .and_then(|mut connection| send(connection.as_mut(), &requests, &turns, &counts));
                if sent.is_err() {
                    // One that fails ends all: what is measured would not be what was meant.
                    counts.stop.store(true, Ordering::Relaxed);
                }
                sent
            })
        });
        Self {
            senders: senders.collect(),
            counts,
        }
    }

    /// Returns the number of accepted records.
    pub(crate) fn accepted(&self) -> u64 {
        self.counts.accepted.load(Ordering::Relaxed)
    }

    /// Returns the number of throttled requests.
    pub(crate) fn throttled(&self) -> u64 {
        self.counts.throttled.load(Ordering::Relaxed)
    }

    /// Returns true once nothing more is sent.
    pub(crate) fn ended(&self) -> bool {
        self.senders.iter().all(JoinHandle::is_finished)
    }

    /// Stops the load and returns the number of accepted records.
    pub(crate) fn stop(mut self) -> Result<u64> {
        self.counts.stop.store(true, Ordering::Relaxed);
        self.join()
    }

    /// Waits for the end of its plan and returns the number of accepted records.
    pub(crate) fn finish(mut self) -> Result<u64> {
        self.join()
    }

    fn join(&mut self) -> Result<u64> {
        for sender in self.senders.drain(..) {
            sender.join().map_err(|_| eyre!("a sender panicked"))??;
        }
        Ok(self.accepted())
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.counts.stop.store(true, Ordering::Relaxed);
    }
}

fn send(connection: &mut dyn Connection, requests: &Requests, turns: &Turns, counts: &Counts) -> Result<()> {
    let mut body = Vec::new();
    while !counts.stop.load(Ordering::Relaxed) && turns.wait() {
        requests(NUMBERS.fetch_add(1, Ordering::Relaxed), SystemTime::now(), &mut body);
        connection.deliver(&body, counts)?;
        counts.accepted.fetch_add(SPANS as u64, Ordering::Relaxed);
    }
    Ok(())
}

/// Schedule of all connections.
#[derive(Debug)]
struct Turns {
    started: Instant,
    next: AtomicU64,
    requests: u64,
    /// Between two requests.
    interval: Option<Duration>,
}

impl Turns {
    fn new(plan: LoadPlan) -> Self {
        let interval = plan
            .pace
            .map(|pace| Duration::from_secs(SPANS as u64) / u32::try_from(pace).unwrap_or(u32::MAX));
        Self {
            started: Instant::now(),
            next: AtomicU64::new(0),
            requests: plan.records.div_ceil(SPANS as u64),
            interval,
        }
    }

    /// Takes a turn and waits for its time; returns false after the last.
    fn wait(&self) -> bool {
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        if let Some(interval) = self.interval {
            let due = self.started + interval * u32::try_from(turn).unwrap_or(u32::MAX);
            thread::sleep(due.saturating_duration_since(Instant::now()));
        }
        turn < self.requests
    }
}

#[cfg(test)]
mod tests;
