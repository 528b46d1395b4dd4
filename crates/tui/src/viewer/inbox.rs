//! Stores arrivals for a bounded time per turn: keys come first.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use collector::{Arrival, Arrivals, Delivery, Share};
use query_api::Feed;
use trace_model::Batch;

use app::{App, Arrival as Taken, Event};

/// Time slice of storing arrivals before the next check for input.
const TURN: Duration = Duration::from_millis(4);
/// Divisor of the store's budget that may be buffered during a pause.
const IN_PAUSE: usize = 4;
/// Divisor of the in-flight account that may be buffered, so that senders still get in.
const IN_FLIGHT: usize = 2;

/// The way from the collector to the store.
#[derive(Debug)]
pub(super) struct Inbox {
    /// `None` where nothing listens.
    arrivals: Option<Arrivals>,
    /// Bytes that may be buffered during a pause, whatever the store's budget is.
    most_waiting: usize,
    /// Arrivals to store next: one, or during a pause all since its begin.
    waiting: VecDeque<Delivery>,
    /// Bytes of these in the in-flight account.
    waiting_bytes: usize,
    /// Arrivals partly stored: the first up to a part. Those of the collector hold their share of the in-flight account until
    /// then.
    begun: VecDeque<(Taken, Option<Arc<Share>>)>,
    /// True if the last turn had no time for all arrivals.
    is_behind: bool,
    /// Gets what is stored.
    feed: Feed,
}

impl Inbox {
    /// `in_flight` is the size of the collector's account, in bytes.
    pub(super) const fn new(arrivals: Arrivals, in_flight: usize, feed: Feed) -> Self {
        Self {
            arrivals: Some(arrivals),
            most_waiting: in_flight / IN_FLIGHT,
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            begun: VecDeque::new(),
            is_behind: false,
            feed,
        }
    }

    /// Creates an inbox without a collector.
    pub(super) const fn without_collector(feed: Feed) -> Self {
        Self {
            arrivals: None,
            most_waiting: 0,
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            begun: VecDeque::new(),
            is_behind: false,
            feed,
        }
    }

    /// Returns true if it is empty.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.begun.is_empty()
    }

    /// Returns true if the last turn had no time for all arrivals.
    pub(super) const fn is_behind(&self) -> bool {
        self.is_behind
    }

    /// Adds a batch that did not arrive at the collector.
    pub(super) fn push(&mut self, batch: Batch) {
        self.begun.push_back((Taken::Batch(batch), None));
    }

    /// Waits until there is something to store, in a pause until something arrives. Cancel safe.
    pub(super) async fn wait(&mut self, paused: bool) {
        if !paused && !self.is_empty() {
            // Others have their turn, the clock among them.
            return tokio::task::yield_now().await;
        }
        let delivery = match &mut self.arrivals {
            Some(arrivals) => arrivals.recv().await,
            None => None,
        };
        let Some(delivery) = delivery else {
            // The collector has ended, or was not started.
            return std::future::pending::<()>().await;
        };
        self.waiting_bytes += delivery.arrival.bytes();
        self.waiting.push_back(delivery);
    }

    /// Handles the arrival that [`Self::wait`] returned for: stores it, or in a pause counts and buffers it while there is room.
    pub(super) fn arrived(&mut self, app: &mut App) {
        if app.pause().is_none() {
            return self.ingest(app);
        }
        let spans = self.waiting.back().map_or(0, |delivery| delivery.arrival.span_count());
        app.apply(Event::Held { spans });
        if self.waiting_bytes > self.most_waiting.min(app.store.totals().budget / IN_PAUSE) {
            app.apply(Event::PauseFull {
                bytes: self.waiting_bytes,
            });
        }
    }

    /// Stores arrivals for a bounded time.
    fn ingest(&mut self, app: &mut App) {
        let started = Instant::now();
        self.is_behind = true;
        while self.is_behind && started.elapsed() < TURN {
            self.is_behind = self.step(app);
        }
        self.feed.changed(app.store.revision());
    }

    /// Stores a part; returns false when there was nothing.
    fn step(&mut self, app: &mut App) -> bool {
        if let Some((begun, _)) = self.begun.front_mut() {
            if !app.ingest(begun)
                && let Some((Taken::Batch(batch), _)) = self.begun.pop_front()
            {
                self.feed.stored(batch);
            }
            return true;
        }
        let waited = self.waiting.pop_front();
        self.waiting_bytes -= waited.as_ref().map_or(0, |delivery| delivery.arrival.bytes());
        let Some(Delivery { arrival, share }) = waited.or_else(|| self.arrivals.as_mut()?.try_recv().ok()) else {
            return false;
        };
        let share = Arc::new(share);
        let mut begin = |begun| self.begun.push_back((begun, Some(share.clone())));
        match arrival {
            Arrival::Batch(batch) => begin(Taken::Batch(batch)),
            Arrival::Metrics(batch) => begin(Taken::Metrics(batch)),
            Arrival::Sentry(arrival) => {
                begin(Taken::Evidence(arrival.evidence.into()));
                begin(Taken::Batch(arrival.spans));
                begin(Taken::Batch(arrival.logs));
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use collector::{Addresses, Collector, Config, Health, Listener};
    use futures_util::FutureExt;
    use serde_json::{Value, json};

    use super::*;
    use app::keymap::Key;
    use app::{ARRIVAL_WORK, Mode};
    use trace_model::Store;

    async fn send(port: u16, path: &str, body: &Value) {
        let url = format!("http://127.0.0.1:{port}{path}");
        let answer = http_client::builder()
            .build()
            .unwrap()
            .post(url)
            .json(body)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 200);
    }

    fn spans(numbers: std::ops::Range<usize>) -> Value {
        let span = |number| json!({ "traceId": format!("{number:032x}"), "spanId": "00f067aa0ba902b7", "name": "work" });
        let spans: Vec<Value> = numbers.map(span).collect();
        json!({ "resourceSpans": [{ "scopeSpans": [{ "spans": spans }] }] })
    }

    /// Stores everything, as the event loop does.
    async fn drain(inbox: &mut Inbox, app: &mut App, health: &Health) {
        while health.queue().waiting > 0 || !inbox.is_empty() {
            // A key arrives in between: the arrival is kept.
            let _ = inbox.wait(false).now_or_never();
            inbox.wait(false).await;
            inbox.step(app);
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn arrivals_are_stored_in_steps() {
        let any = "127.0.0.1:0".parse().unwrap();
        let config = Config {
            addresses: Addresses::from_fn(|_| any),
            ..Config::default()
        };
        let collector = Collector::bind(config).await.unwrap();
        let addresses = collector.addresses();
        let (port, sentry) = (addresses[Listener::OtlpHttp].port(), addresses[Listener::Sentry].port());
        let (arrivals, health, _server) = collector.serve();
        let mut inbox = Inbox::new(arrivals, usize::MAX, Feed::default());
        let mut app = App::new(Store::new(64 << 20), Mode::Viewer, addresses, fastrand::Rng::with_seed(1));
        // More than two slices: a span costs its visit and its bytes.
        let many = 2 * ARRIVAL_WORK / trace_model::work::VISIT + 10;
        send(port, "/v1/traces", &spans(1..many + 1)).await;
        let log = json!({ "traceId": format!("{:032x}", 1), "body": { "stringValue": "hello" } });
        let logs = json!({ "resourceLogs": [{ "scopeLogs": [{ "logRecords": [log] }] }] });
        send(port, "/v1/logs", &logs).await;
        let point = json!({ "timeUnixNano": "1", "asInt": "1" });
        let metrics = json!({ "resourceMetrics": [{ "scopeMetrics": [{ "metrics": [{ "name": "m", "gauge": { "dataPoints": [point] } }] }] }] });
        send(port, "/v1/metrics", &metrics).await;
        send(port, "/v1/traces", &spans(many + 1..many + 3)).await;
        let trace = json!({ "trace": { "trace_id": format!("{:032x}", many + 3), "span_id": "00f067aa0ba902b7" } });
        send(sentry, "/api/1/store/", &json!({ "type": "transaction", "contexts": trace })).await;
        send(sentry, "/api/1/store/", &json!({ "message": "hello", "contexts": trace })).await;

        inbox.wait(false).await;
        assert!(inbox.step(&mut app) && inbox.step(&mut app));
        let taken = app.store.totals().spans;
        assert!(taken > 0 && taken < many, "{taken}: a part of the request at once");
        drain(&mut inbox, &mut app, &health).await;
        let totals = app.store.totals();
        assert_eq!(
            (totals.spans, totals.logs, app.store.metrics().series().len()),
            (many + 3, 2, 1)
        );
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn pause_buffers_and_counts_arrivals_until_the_buffer_is_full() {
        let any = "127.0.0.1:0".parse().unwrap();
        let config = Config {
            addresses: Addresses::from_fn(|_| any),
            ..Config::default()
        };
        let collector = Collector::bind(config).await.unwrap();
        let addresses = collector.addresses();
        let (arrivals, _health, _server) = collector.serve();
        let mut inbox = Inbox::new(arrivals, usize::MAX, Feed::default());
        let mut app = App::new(Store::new(4 << 20), Mode::Viewer, addresses, fastrand::Rng::with_seed(1));
        let port = addresses[Listener::OtlpHttp].port();
        app.apply(Event::Key(Key::Char('P')));
        send(port, "/v1/traces", &spans(1..4)).await;
        inbox.wait(true).await;
        inbox.arrived(&mut app);
        assert_eq!((app.pause().map(|pause| pause.spans), app.store.totals().spans), (Some(3), 0));
        // It sleeps instead of asking again and again.
        assert_eq!(inbox.wait(true).now_or_never(), None);

        let budget = app.store.totals().budget;
        let mut from = 4;
        while app.pause().is_some() {
            send(port, "/v1/traces", &spans(from..from + 1_000)).await;
            from += 1_000;
            inbox.wait(true).await;
            inbox.arrived(&mut app);
        }
        assert!(inbox.waiting_bytes < budget / 2, "it is bounded");
        assert!(app.notice.as_ref().is_some_and(|notice| notice.text.contains("pause ended")));
        while !inbox.is_empty() {
            inbox.arrived(&mut app);
        }
        let totals = app.store.totals();
        assert_eq!(totals.spans as u64 + totals.evicted_spans, from as u64 - 1, "none is lost");
        assert_eq!(inbox.waiting_bytes, 0);
    }
}
