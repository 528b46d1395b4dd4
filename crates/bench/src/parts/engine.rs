//! Cost of walk and store without sockets and screen, and of the filter over the stored spans: in this process, on one thread.
//!
//! Compared with the figures of the whole program this shows where the time is spent.

use std::path::Path;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use eyre::{Result, ensure};
use trace_model::{Batch, Filter, Source, Store};

use crate::process::this_thread;
use crate::report::{Count, Figure};
use crate::samples::Ms;
use crate::spans::{SPANS, Template};

/// The program's own.
const BUDGET: usize = 256 << 20;
const STEADY_SPANS: usize = 4_000_000;
/// Requests that are made before each measured stretch: few, so that they are as near in the caches as those just received from a
/// socket.
const STRETCH: usize = 16;

const SEARCHED: usize = 1_000_000;
const SEARCHED_BUDGET: usize = 1 << 30;
/// Records of one search step.
const TURN: usize = 10_000;
/// Filters: name, text, and whether it matches.
const FILTERS: [(&str, &str, bool); 3] = [
    ("fields", "status:error duration:>50ms http.response.status_code:>=500", true),
    ("service and text", "service:api users", true),
    ("text that is nowhere", "absent-everywhere", false),
];

pub(super) fn measure(_: &Path) -> Result<Vec<Figure>> {
    let mut figures = filling()?;
    figures.extend(searching()?);
    Ok(figures)
}

fn filling() -> Result<Vec<Figure>> {
    let mut source = Requests::new();
    let mut store = Store::new(BUDGET);
    let (mut spans, mut cpu) = (0, Duration::ZERO);
    while store.totals().evicted_spans == 0 {
        ensure!(spans < 10 * BUDGET, "the budget never fills");
        cpu += source.ingest(&mut store)?;
        spans += STRETCH * SPANS;
    }
    let filling = rate(spans, cpu);
    (spans, cpu) = (0, Duration::ZERO);
    while spans < STEADY_SPANS {
        cpu += source.ingest(&mut store)?;
        spans += STRETCH * SPANS;
    }
    let note = format!(
        "per second of one thread; {} while the budget fills for the first time",
        Count(filling)
    );
    Ok(vec![
        Figure::plain(
            "walk and store alone, one thread, budget full, spans per second",
            Count(rate(spans, cpu)),
        )
        .note(note),
    ])
}

fn searching() -> Result<Vec<Figure>> {
    let mut source = Requests::new();
    let mut store = Store::new(SEARCHED_BUDGET);
    while store.totals().spans < SEARCHED {
        source.ingest(&mut store)?;
    }
    let mut note = Vec::new();
    let (mut first, mut whole) = (Duration::ZERO, Duration::ZERO);
    for (kind, text, there) in FILTERS {
        let found = search(&mut store, text)?;
        ensure!(found.first.is_some() == there, "{text} found {} spans", found.spans);
        first = first.max(found.first.unwrap_or_default());
        whole = whole.max(found.whole);
        note.push(format!("{kind} {}", Ms(found.whole)));
    }
    let times = format!("{} / {}", Ms(first), Ms(whole));
    Ok(vec![
        Figure::plain("filter alone over 1 M spans, one thread: first result / whole", times).note(note.join(", ")),
    ])
}

struct Found {
    first: Option<Duration>,
    whole: Duration,
    spans: usize,
}

fn search(store: &mut Store, text: &str) -> Result<Found> {
    let filter = Filter::parse(text)?;
    let begun = this_thread()?;
    store.set_filter(Some(filter));
    let mut first = None;
    let mut more = true;
    while more {
        more = store.search(TURN);
        if first.is_none() && store.search_progress().is_some_and(|progress| progress.found > 0) {
            first = Some(this_thread()?.saturating_sub(begun));
        }
    }
    let whole = this_thread()?.saturating_sub(begun);
    let spans = store.search_progress().map_or(0, |progress| progress.found);
    Ok(Found { first, whole, spans })
}

/// Requests as received from a socket, each in memory of its own.
struct Requests {
    template: Template,
    next: u64,
}

impl Requests {
    fn new() -> Self {
        Self {
            template: Template::new(),
            next: 0,
        }
    }

    /// The processor time that some requests take, from their bytes into the store.
    fn ingest(&mut self, store: &mut Store) -> Result<Duration> {
        let requests: Vec<Bytes> = (0..STRETCH).map(|_| self.request()).collect();
        let begun = this_thread()?;
        for request in requests {
            let (batch, _) = Batch::traces(request, Source::OtlpHttp)?;
            store.add(batch);
        }
        Ok(this_thread()?.saturating_sub(begun))
    }

    fn request(&mut self) -> Bytes {
        let mut body = Vec::new();
        self.template.request(self.next, SystemTime::now(), &mut body);
        self.next += 1;
        body.into()
    }
}

#[expect(clippy::cast_precision_loss, reason = "far less than 2^53")]
fn rate(spans: usize, cpu: Duration) -> f64 {
    spans as f64 / cpu.as_secs_f64()
}
