//! Received data, stored data, and rejections with their reasons.

use serde::{Deserialize, Serialize};
use trace_model::Store;

use super::named;

/// Ingest, as the tab of the screen has it. In the JSON of the viewer's own API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ingest {
    /// Counts of the listeners.
    #[serde(flatten)]
    pub listeners: Listeners,
    /// Number of stored traces.
    pub traces: usize,
    /// Number of stored spans.
    pub spans: usize,
    /// Number of stored log records.
    pub logs: usize,
    /// Bytes in use.
    pub bytes: usize,
    /// Bytes of the budget.
    pub budget: usize,
    /// Traces that were evicted because the budget was full.
    pub evicted_traces: u64,
    /// Their spans.
    pub evicted_spans: u64,
    /// Spans dropped because there was no memory for them.
    pub truncated_spans: u64,
    /// Records of spans that were stored already.
    pub repeated_spans: u64,
    /// Spans of exports to the viewer, which are not shown.
    pub hidden_spans: u64,
    /// Arrivals by service.
    pub services: Vec<IngestService>,
}

/// Counts of the listeners.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Listeners {
    /// Each listener.
    pub listeners: Vec<ListenerLine>,
    /// Requests that are not stored yet.
    pub waiting_requests: usize,
    /// Bytes of these.
    pub waiting_bytes: usize,
    /// The last rejections, the newest last.
    pub rejected: Vec<Rejection>,
}

/// Counts of one listener.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListenerLine {
    /// Its name.
    pub name: String,
    /// Address of the listener.
    pub address: String,
    /// Accepted requests.
    pub requests: u64,
    /// Bytes of their bodies.
    pub bytes: u64,
    /// Accepted spans.
    pub spans: u64,
    /// Accepted log records.
    pub logs: u64,
    /// Accepted errors.
    pub errors: u64,
    /// Accepted data points of metrics.
    pub data_points: u64,
    /// Invalid parts that were dropped.
    pub dropped: u64,
    /// Rejected requests.
    pub rejected: u64,
    /// Requests that were denied because of their host or origin.
    pub denied: u64,
    /// Requests whose sender was told to retry.
    pub throttled: u64,
}

/// A rejected request, or a dropped part of one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejection {
    /// Nanoseconds since the Unix epoch.
    pub time_unix_nano: u64,
    /// Name of the listener.
    pub listener: String,
    /// The reason that the sender got.
    pub reason: String,
}

/// Arrivals of one service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IngestService {
    /// `null` without one.
    pub service: Option<String>,
    /// Spans received, stored or not.
    pub spans: u64,
    /// Log records received.
    pub logs: u64,
    /// Time of the last request in nanoseconds since the Unix epoch.
    pub last_seen_unix_nano: u64,
}

impl Ingest {
    pub(crate) fn of(store: &Store, listeners: Listeners) -> Self {
        let totals = store.totals();
        let services = store.services().map(|stats| IngestService {
            service: named(&stats.service),
            spans: stats.spans,
            logs: stats.logs,
            last_seen_unix_nano: stats.last_seen_unix_nano,
        });
        Self {
            listeners,
            traces: totals.traces,
            spans: totals.spans,
            logs: totals.logs,
            bytes: totals.bytes,
            budget: totals.budget,
            evicted_traces: totals.evicted_traces,
            evicted_spans: totals.evicted_spans,
            truncated_spans: totals.truncated_spans,
            repeated_spans: totals.repeated_spans,
            hidden_spans: totals.hidden_spans,
            services: services.collect(),
        }
    }
}
