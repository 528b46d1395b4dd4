//! Errors in groups, as the Errors tab has them.

use trace_model::Store;
use trace_stats::{ErrorGroup, Errors};

use super::{Shown, ShownError, cut, named};
use crate::{RecordFilter, Search};

/// The time of each step: nothing waits for a later one.
const NOW: u64 = u64::MAX;

/// Groups of the errors with a matching record: a span with exception events, or a log record, in a trace or outside.
#[derive(Debug)]
pub(crate) struct ErrorsPass {
    search: Box<Search>,
    filter: RecordFilter,
    errors: Errors,
}

impl ErrorsPass {
    pub(crate) fn new(search: Box<Search>) -> Self {
        Self {
            filter: RecordFilter::new(search.filter.clone()),
            search,
            errors: Errors::default(),
        }
    }

    pub(crate) fn step(&mut self, store: &Store, work: u64) -> Option<Shown> {
        let Self { search, filter, errors } = self;
        let is_left = errors.step_where(store, NOW, work, |record| {
            search.start.contains(&record.unix_nano()) && filter.matches_error(record)
        });
        (!is_left).then(|| {
            Shown::Errors(
                errors
                    .groups()
                    .iter()
                    .take(search.limit)
                    .map(|group| shown(errors, group))
                    .collect(),
            )
        })
    }
}

fn shown(errors: &Errors, group: &ErrorGroup) -> ShownError {
    let newest = group.errors.first().and_then(|id| errors.place(*id));
    let newest = newest.as_ref();
    let services = group.services.iter().filter_map(|service| named(service));
    ShownError {
        type_name: named(&cut(&group.type_name)),
        message: cut(&group.message),
        frame: named(&cut(&group.frame)),
        services: services.collect(),
        events: group.errors.len(),
        traces: group.traces,
        first_unix_nano: group.first_unix_nano(),
        last_unix_nano: group.last_unix_nano(),
        handled: group.is_handled,
        trace_id: newest.and_then(|place| place.scope.trace_id()).map(|id| id.to_string()),
        span_id: newest.and_then(|place| place.key.as_ref()).map(|key| key.span_id.to_string()),
    }
}
