//! Spans that share an id: which of them is a child's parent.
//!
//! Children are below the record that contains them in time. Of several that do, or if none does, it is one of the child's own service, or
//! else the side of the call that was called; of these the one that began last before the child.

use std::cmp::Reverse;

use hashbrown::HashMap;

use crate::work::{Visits, sort_by, strides, visited};
use crate::{SpanId, SpanNode as Span};

/// Spans by id: of most ids there is one, the others are linked to it.
pub(super) struct ById<'a> {
    first: HashMap<SpanId, usize>,
    next: Vec<Option<usize>>,
    shared: HashMap<SpanId, Shared<'a>>,
}

impl<'a> ById<'a> {
    pub(super) async fn new(spans: &'a [Span]) -> Self {
        let mut by_id = Self {
            first: HashMap::with_capacity(spans.len()),
            next: Vec::with_capacity(spans.len()),
            shared: HashMap::new(),
        };
        for range in strides(spans.len()) {
            visited(range.len()).await;
            for at in range {
                by_id.next.push(by_id.first.insert(spans[at].key.span_id, at));
            }
        }
        // The ids of most traces are all different.
        if by_id.first.len() < spans.len() {
            let mut visits = Visits::default();
            for (id, last) in &by_id.first {
                visits.one().await;
                if by_id.next[*last].is_some() {
                    let mut members = Vec::new();
                    let mut next = Some(*last);
                    while let Some(at) = next {
                        members.push(at);
                        next = by_id.next[at];
                        visits.one().await;
                    }
                    // In order of arrival, which mostly is that of starts.
                    members.reverse();
                    by_id.shared.insert(*id, Shared::new(spans, members).await);
                }
            }
        }
        by_id
    }

    pub(super) fn contains(&self, id: SpanId) -> bool {
        self.first.contains_key(&id)
    }

    /// The spans that share an id without being the two sides of one call.
    pub(super) fn duplicates(&self) -> impl Iterator<Item = usize> {
        let duplicates = self.shared.values().filter(|shared| !shared.is_one_call);
        duplicates.flat_map(|shared| shared.members.iter().copied())
    }

    /// The span with this id that is the parent of another one.
    pub(super) fn parent(&self, id: SpanId, child: &Span) -> Option<usize> {
        match self.shared.get(&id) {
            Some(shared) => shared.parent(child),
            None => self.first.get(&id).copied(),
        }
    }

    /// Returns the calling side of a span's call. In Zipkin's model both sides of a call report the same id: then the calling
    /// side is the parent of the called one.
    pub(super) fn calling_side(&self, span: &Span) -> Option<usize> {
        let shared = self.shared.get(&span.key.span_id).filter(|_| span.kind.receives())?;
        let calling = shared.lists.get(&List::Calling)?;
        calling.around(span).or_else(|| calling.near(span))
    }
}

/// A selection of the spans with one id.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum List<'a> {
    All,
    Called,
    Calling,
    Service(&'a str),
    ServiceCalled(&'a str),
}

struct Shared<'a> {
    members: Vec<usize>,
    is_one_call: bool,
    lists: HashMap<List<'a>, Timeline>,
}

impl<'a> Shared<'a> {
    async fn new(spans: &'a [Span], mut members: Vec<usize>) -> Self {
        let rank = |at: usize| {
            let span = &spans[at];
            (span.start_unix_nano, Reverse(end(span)), &span.key)
        };
        sort_by(&mut members, |one, other| rank(*one).cmp(&rank(*other))).await;
        let mut lists: HashMap<List<'a>, Vec<usize>> = HashMap::new();
        let mut visits = Visits::default();
        for at in &members {
            let span = &spans[*at];
            let mut add = |list, is_in: bool| {
                if is_in {
                    lists.entry(list).or_default().push(*at);
                }
            };
            add(List::All, true);
            add(List::Called, span.kind.receives());
            add(List::Calling, span.kind.sends());
            add(List::Service(&span.key.service), true);
            add(List::ServiceCalled(&span.key.service), span.kind.receives());
            visits.many(4).await;
        }
        let count = |list| lists.get(&list).map_or(0, Vec::len);
        let is_one_call = (members.len(), count(List::Called), count(List::Calling)) == (2, 1, 1);
        let mut timelines = HashMap::with_capacity(lists.len());
        for (list, members) in lists {
            visits.many(1 + members.len().min(4)).await;
            timelines.insert(list, Timeline::new(spans, members).await);
        }
        Self {
            is_one_call,
            lists: timelines,
            members,
        }
    }

    fn parent<'s>(&'s self, child: &'s Span) -> Option<usize> {
        let service = &*child.key.service;
        let list = |list: List<'s>| -> Option<&'s Timeline> { self.lists.get(&list) };
        let around = [List::ServiceCalled(service), List::Service(service), List::Called, List::All];
        let near = [List::Service(service), List::Called, List::All];
        let around = around.into_iter().filter_map(list).find_map(|list| list.around(child));
        around.or_else(|| near.into_iter().filter_map(list).find_map(|list| list.near(child)))
    }
}

/// Spans by start, with the latest end of each stretch of them.
struct Timeline {
    members: Vec<usize>,
    starts: Vec<u64>,
    /// A segment tree: the latest end below `at` is the later one of those below `2 * at` and `2 * at + 1`; the second half are the
    /// members.
    ends: Vec<u64>,
}

impl Timeline {
    async fn new(spans: &[Span], members: Vec<usize>) -> Self {
        let size = members.len().next_power_of_two();
        let mut timeline = Self {
            starts: Vec::with_capacity(members.len()),
            ends: vec![0; 2 * size],
            members,
        };
        let mut visits = Visits::default();
        for (place, at) in timeline.members.iter().enumerate() {
            timeline.starts.push(spans[*at].start_unix_nano);
            timeline.ends[size + place] = end(&spans[*at]);
            visits.one().await;
        }
        let ends = &mut timeline.ends;
        for at in (1..size).rev() {
            ends[at] = ends[2 * at].max(ends[2 * at + 1]);
        }
        timeline
    }

    /// Returns the number of spans that have begun when a span does.
    fn begun(&self, span: &Span) -> usize {
        // A child without a start is where its end is.
        let start = if span.start_unix_nano == 0 {
            span.end_unix_nano.unwrap_or(0)
        } else {
            span.start_unix_nano
        };
        self.starts.partition_point(|known| *known <= start)
    }

    /// Returns, of the spans that contain a span in time, the one that began last.
    fn around(&self, span: &Span) -> Option<usize> {
        let (size, ends) = (self.ends.len() / 2, span.end_unix_nano.unwrap_or(span.start_unix_nano));
        let mut at = size + self.begun(span).checked_sub(1)?;
        while self.ends[at] < ends {
            // To the rest of all visited ones.
            while at.is_multiple_of(2) {
                at /= 2;
            }
            if at == 1 {
                return None;
            }
            at -= 1;
        }
        while at < size {
            at = if self.ends[2 * at + 1] >= ends { 2 * at + 1 } else { 2 * at };
        }
        self.members.get(at - size).copied()
    }

    /// The one that began last before a span, or else the first one. Of those that began at once the one that ended first.
    fn near(&self, span: &Span) -> Option<usize> {
        self.members.get(self.begun(span).saturating_sub(1)).copied()
    }
}

/// Returns a span's end; one in flight ends last.
fn end(span: &Span) -> u64 {
    span.end_unix_nano.map_or(u64::MAX, |end| end.max(span.start_unix_nano))
}
