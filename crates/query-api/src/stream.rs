//! Server-sent events: records as they arrive, and revisions of the store.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::stream::{self, Stream};
use http::HeaderMap;
use query::{ArrivalReader, RecordFilter, Records, Selection};
use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use trace_model::Clock;

use crate::feed::{BacklogPosition, Followers, Found, Reader};
use crate::jaeger::now_unix_nano;
use crate::own::{Problem, values};

/// Streams of records at once: each one costs work with every arrival.
const RECORD_STREAMS_MAX: usize = 32;
/// Streams of revisions at once.
const REVISION_STREAMS_MAX: usize = 64;
/// Time after which a stream without events sends a comment, so that both ends notice a lost connection.
const KEEP_ALIVE: Duration = Duration::from_secs(10);
/// Time between two revisions.
const REVISION_INTERVAL: Duration = Duration::from_millis(50);
/// An event longer than this holds one of [`LONG_EVENTS`] until the client has read it.
const LONG_EVENT: usize = 1 << 20;
const LONG_EVENTS: usize = 4;

#[derive(Clone)]
struct Streams {
    followers: Followers,
    of_records: Arc<Semaphore>,
    of_revisions: Arc<Semaphore>,
    long_events: Arc<Semaphore>,
}

pub(crate) fn routes(followers: Followers) -> Router {
    Router::new()
        .route("/spanfall/v1/records", get(records))
        .route("/spanfall/v1/revisions", get(revisions))
        .with_state(Streams {
            followers,
            of_records: Arc::new(Semaphore::new(RECORD_STREAMS_MAX)),
            of_revisions: Arc::new(Semaphore::new(REVISION_STREAMS_MAX)),
            long_events: Arc::new(Semaphore::new(LONG_EVENTS)),
        })
}

fn permit(streams: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, Problem> {
    streams.clone().try_acquire_owned().map_err(|_| Problem::Busy)
}

async fn revisions(State(streams): State<Streams>) -> Result<Response, Problem> {
    let permit = permit(&streams.of_revisions)?;
    let mut revisions = streams.followers.revisions();
    // The first one comes at once.
    revisions.mark_changed();
    let state = (permit, revisions, false);
    Ok(events(stream::unfold(state, async |(permit, mut revisions, is_later)| {
        if is_later {
            tokio::time::sleep(REVISION_INTERVAL).await;
        }
        let revision = changed(&mut revisions).await?;
        let event = Event::default().event("revision").data(revision.to_string());
        Some((Ok(event), (permit, revisions, true)))
    })))
}

async fn changed(revisions: &mut watch::Receiver<u64>) -> Option<u64> {
    revisions.changed().await.ok()?;
    Some(*revisions.borrow_and_update())
}

async fn records(State(streams): State<Streams>, headers: HeaderMap, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let first = |name| values(query.as_deref(), name).next().filter(|value| !value.is_empty());
    let clock = Clock::in_local_zone(now_unix_nano());
    let filter = RecordFilter::parse(&first("filter").unwrap_or_default(), &clock);
    let selection = Selection {
        filter: filter.map_err(|error| Problem::Invalid(format!("filter: {error}")))?,
        logs: first("logs").is_some_and(|value| value == "true"),
    };
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let from = match last.map(str::to_owned).or(first("from")) {
        Some(id) => Some(place(&id).ok_or_else(|| Problem::Invalid("from: not the id of an event".to_owned()))?),
        None => None,
    };
    let follower = Follower {
        _permit: permit(&streams.of_records)?,
        reader: streams.followers.reader(from),
        reading: ArrivalReader::new(selection),
        long_events: streams.long_events,
        long_event: None,
        is_over: false,
    };
    Ok(events(stream::unfold(follower, async |mut follower| {
        Some((Ok(follower.next().await?), follower))
    })))
}

fn events(events: impl Stream<Item = Result<Event, Infallible>> + Send + 'static) -> Response {
    Sse::new(events)
        .keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
        .into_response()
}

/// Parses the id of an event.
fn place(id: &str) -> Option<BacklogPosition> {
    let (batch, record) = id.split_once('.')?;
    Some(BacklogPosition {
        batch: batch.parse().ok()?,
        record: record.parse().ok()?,
    })
}

#[derive(Serialize)]
struct Dropped {
    error: &'static str,
}

/// One stream of records.
struct Follower {
    _permit: OwnedSemaphorePermit,
    reader: Reader,
    reading: ArrivalReader,
    long_events: Arc<Semaphore>,
    /// Held while the client reads a long event.
    long_event: Option<OwnedSemaphorePermit>,
    is_over: bool,
}

impl Follower {
    /// Returns the next event; `None` when the owner of the store ends, and after the reader was dropped.
    async fn next(&mut self) -> Option<Event> {
        self.long_event = None;
        while !self.is_over {
            let records = match self.reader.find() {
                Found::Nothing => {
                    if !self.reader.arrived().await {
                        return None;
                    }
                    continue;
                }
                Found::Dropped => {
                    self.is_over = true;
                    let dropped = Dropped {
                        error: "the reader is too slow: records were dropped",
                    };
                    let data = query::json(&dropped);
                    return Some(Event::default().event("dropped").data(text(&data)));
                }
                Found::Batch(batch) => {
                    let mut at = Some(self.reader.place.record);
                    let records = self.reading.step(&batch, &mut at);
                    self.reader.place = match at {
                        Some(record) => BacklogPosition {
                            record,
                            ..self.reader.place
                        },
                        None => BacklogPosition {
                            batch: self.reader.place.batch + 1,
                            record: 0,
                        },
                    };
                    records
                }
            };
            match records {
                Some(records) => {
                    if records.json.len() > LONG_EVENT {
                        self.long_event = self.long_events.clone().acquire_owned().await.ok();
                    }
                    return Some(event(&records, self.reader.place));
                }
                // Nothing of this part is wanted; others have their turn.
                None => tokio::task::yield_now().await,
            }
        }
        None
    }
}

/// The OTLP/JSON of the records with their source as another member, which readers of OTLP ignore.
fn event(records: &Records, place: BacklogPosition) -> Event {
    let rest = text(&records.json).strip_prefix('{').unwrap_or("}");
    Event::default()
        .event(if records.is_logs { "logs" } else { "spans" })
        .id(format!("{}.{}", place.batch, place.record))
        .data(format!("{{\"source\":\"{}\",{rest}", records.source.name()))
}

fn text(json: &[u8]) -> &str {
    std::str::from_utf8(json).unwrap_or_default()
}
