//! Source of the printed records: a collector of this process, or a running viewer.

use std::pin::Pin;

use collector::{Addresses, Arrival, Collector, Server, Share};
use eyre::{Report, Result, eyre};
use tokio::sync::mpsc;
use trace_model::{Batch, Source};

use super::{Selection, listening, report, say};
use crate::attach::{Attached, Event, Events};

/// Batches between the connection and the printer. When it is slow, the viewer is not read, and drops this reader.
const WAITING_MAX: usize = 4;

/// Source of the records.
#[derive(Debug)]
pub enum RecordSource {
    /// A collector of this process.
    Collector(Box<Collector>),
    /// A running viewer.
    Viewer(Attached),
}

impl From<Collector> for RecordSource {
    fn from(collector: Collector) -> Self {
        Self::Collector(Box::new(collector))
    }
}

impl From<Attached> for RecordSource {
    fn from(viewer: Attached) -> Self {
        Self::Viewer(viewer)
    }
}

/// Records to print.
pub(super) struct Delivered {
    pub(super) batches: Vec<Batch>,
    /// Goes back to the in-flight account once they are printed.
    _share: Option<Share>,
}

/// Returns what is to be printed next, and blocks until then; `None` at the end.
pub(super) type Next = Box<dyn FnMut() -> Option<Delivered> + Send>;

/// The records, and what has to run meanwhile.
pub(super) struct Input {
    pub(super) next: Next,
    /// Ends when no more records will arrive, with the reason. When it is dropped, `next` ends.
    pub(super) running: Pin<Box<dyn Future<Output = Report> + Send>>,
    pub(super) server: Option<Server>,
}

impl RecordSource {
    /// Opens it, and says where.
    pub(super) async fn open(self, selection: &Selection) -> Result<Input> {
        match self {
            Self::Collector(collector) => Ok(collected(*collector)),
            Self::Viewer(viewer) => {
                let filter = selection.filter.to_string();
                let logs = selection.logs.to_string();
                let events = viewer.events("records", &[("filter", &filter), ("logs", &logs)]).await?;
                say(&format!(
                    "attached to the viewer at {} (--no-attach collects here)",
                    viewer.api()
                ));
                Ok(followed(viewer, events))
            }
        }
    }
}

fn collected(collector: Collector) -> Input {
    let addresses: Addresses = collector.addresses();
    say(&listening(addresses));
    let (mut arrivals, health, server) = collector.serve();
    Input {
        next: Box::new(move || {
            let delivery = arrivals.blocking_recv()?;
            let batches = match delivery.arrival {
                Arrival::Batch(batch) => vec![batch],
                Arrival::Sentry(arrival) => vec![arrival.spans, arrival.logs],
                Arrival::Metrics(_) => Vec::new(),
            };
            Some(Delivered {
                batches,
                _share: Some(delivery.share),
            })
        }),
        running: Box::pin(async move {
            report(health).await;
            eyre!("the collector has ended")
        }),
        server: Some(server),
    }
}

fn followed(viewer: Attached, mut events: Events) -> Input {
    let (sender, mut batches) = mpsc::channel(WAITING_MAX);
    Input {
        next: Box::new(move || {
            Some(Delivered {
                batches: vec![batches.blocking_recv()?],
                _share: None,
            })
        }),
        running: Box::pin(async move {
            loop {
                let batch = match events.next().await {
                    Ok(Some(event)) => read(&event),
                    Ok(None) => Err(eyre!("the viewer at {} has ended", viewer.api())),
                    Err(error) => Err(error),
                };
                match batch {
                    Err(error) => return error,
                    Ok(batch) => {
                        if sender.send(batch).await.is_err() {
                            // The printer has ended, and says why itself.
                            return std::future::pending().await;
                        }
                    }
                }
            }
        }),
        server: None,
    }
}

#[derive(serde::Deserialize)]
struct Sourced {
    source: String,
}

/// Reads an event of `/spanfall/v1/records`.
fn read(event: &Event) -> Result<Batch> {
    if event.name == "dropped" {
        return Err(eyre!("output is slow: the viewer has dropped records"));
    }
    let json = event.data.as_bytes();
    let source = serde_json::from_str::<Sourced>(&event.data).ok();
    let source = source.and_then(|sourced| Source::from_name(&sourced.source));
    let batch = match (event.name.as_str(), source) {
        ("spans", Some(source)) => trace_files::read_spans(json, source),
        ("logs", Some(source)) => trace_files::read_logs(json, source),
        _ => None,
    };
    batch.ok_or_else(|| eyre!("the viewer's answer cannot be read"))
}
