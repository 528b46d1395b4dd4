//! What has arrived, taken in for a bounded time at once: keys come first.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use collector::{Arrival, Arrivals};
use trace_model::{Batch, Store};

/// How long arrivals are taken in before the next look at the keyboard.
const TURN: Duration = Duration::from_millis(4);
/// How many spans between two looks at the clock: a request may have any number of them.
const SLICE: usize = 1_024;

/// The way from the collector to the store.
#[derive(Debug)]
pub(super) struct Inbox {
    /// `None` where nothing listens.
    arrivals: Option<Arrivals>,
    /// What is to be taken in next.
    next: Option<Arrival>,
    /// What is being taken in: the first up to a part.
    begun: VecDeque<Batch>,
}

impl Inbox {
    pub(super) const fn new(arrivals: Arrivals) -> Self {
        Self {
            arrivals: Some(arrivals),
            next: None,
            begun: VecDeque::new(),
        }
    }

    /// For what does not come from a collector.
    pub(super) const fn without_collector() -> Self {
        Self {
            arrivals: None,
            next: None,
            begun: VecDeque::new(),
        }
    }

    /// Whether there is nothing to take in.
    pub(super) fn is_empty(&self) -> bool {
        self.next.is_none() && self.begun.is_empty()
    }

    /// Adds what came from elsewhere.
    pub(super) fn push(&mut self, batch: Batch) {
        self.begun.push_back(batch);
    }

    /// Waits until there is something to take in; nothing is lost when it is not waited for to the end.
    pub(super) async fn wait(&mut self) {
        if !self.is_empty() {
            // Others have their turn, the clock among them.
            return tokio::task::yield_now().await;
        }
        if let Some(arrivals) = &mut self.arrivals {
            self.next = arrivals.recv().await;
        }
        if self.next.is_none() {
            // The collector has ended, or there is none.
            std::future::pending::<()>().await;
        }
    }

    /// Takes in what there is, for a bounded time.
    pub(super) fn take_in(&mut self, store: &mut Store) {
        let started = Instant::now();
        while self.step(store) && started.elapsed() < TURN {}
    }

    /// Takes in a little; false when there was nothing.
    fn step(&mut self, store: &mut Store) -> bool {
        if let Some(batch) = self.begun.front_mut() {
            if !store.add_part(batch, SLICE) {
                self.begun.pop_front();
            }
            return true;
        }
        let waiting = || self.arrivals.as_mut()?.try_recv().ok();
        match self.next.take().or_else(waiting) {
            Some(Arrival::Batch(batch)) => self.begun.push_back(batch),
            Some(Arrival::Metrics(batch)) => store.add_metrics(&batch),
            Some(Arrival::Sentry(arrival)) => {
                store.add_evidence(arrival.evidence);
                self.begun.extend([arrival.spans, arrival.logs]);
            }
            None => return false,
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use collector::{Collector, Config, Health};
    use futures_util::FutureExt;
    use serde_json::{Value, json};

    use super::*;

    async fn send(port: u16, path: &str, body: &Value) {
        let url = format!("http://127.0.0.1:{port}{path}");
        let answer = reqwest::Client::new().post(url).json(body).send().await.unwrap();
        assert_eq!(answer.status(), 200);
    }

    fn spans(numbers: std::ops::Range<usize>) -> Value {
        let span = |number| json!({ "traceId": format!("{number:032x}"), "spanId": "00f067aa0ba902b7", "name": "work" });
        let spans: Vec<Value> = numbers.map(span).collect();
        json!({ "resourceSpans": [{ "scopeSpans": [{ "spans": spans }] }] })
    }

    /// As the event loop does, until nothing waits.
    async fn drain(inbox: &mut Inbox, store: &mut Store, health: &Health) {
        while health.queue().waiting > 0 || inbox.next.is_some() || !inbox.begun.is_empty() {
            // A key comes in between: what was waited for stays.
            let _ = inbox.wait().now_or_never();
            inbox.wait().await;
            inbox.step(store);
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn all_that_arrives_is_taken_in_piece_by_piece() {
        let any = "127.0.0.1:0".parse().unwrap();
        let config = Config {
            otlp_grpc: any,
            otlp_http: any,
            sentry: any,
        };
        let collector = Collector::bind(config).await.unwrap();
        let (port, sentry) = (collector.addresses().otlp_http.port(), collector.addresses().sentry.port());
        let (arrivals, health, _server) = collector.serve();
        let (mut inbox, mut store) = (Inbox::new(arrivals), Store::new(64 << 20));
        // More than two slices, and then some.
        let many = 2 * SLICE + 10;
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

        inbox.wait().await;
        assert!(inbox.step(&mut store) && inbox.step(&mut store));
        assert_eq!(store.totals().spans, SLICE, "not all of a request at once");
        drain(&mut inbox, &mut store, &health).await;
        let totals = store.totals();
        assert_eq!((totals.spans, totals.logs, store.metrics().series().len()), (many + 3, 2, 1));
    }
}
