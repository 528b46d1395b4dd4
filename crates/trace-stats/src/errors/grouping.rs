//! Grouping of the errors found so far, in steps.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;
use std::sync::Arc;

use trace_model::work::{self, VISIT};
use trace_model::{ErrorScope, Store, TraceId};

use super::{ErrorGroup, ErrorId, GroupId, INTERVALS, Occurrence, Origin, Texts};
use crate::template::{Grouping, Groups};

/// Lengths of an interval of the histograms, in nanoseconds.
const INTERVAL_LENGTHS: [u64; 18] = {
    const SECOND: u64 = 1_000_000_000;
    const MINUTE: u64 = 60 * SECOND;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    [
        SECOND,
        2 * SECOND,
        5 * SECOND,
        10 * SECOND,
        30 * SECOND,
        MINUTE,
        2 * MINUTE,
        5 * MINUTE,
        10 * MINUTE,
        30 * MINUTE,
        HOUR,
        3 * HOUR,
        6 * HOUR,
        12 * HOUR,
        DAY,
        7 * DAY,
        30 * DAY,
        365 * DAY,
    ]
};
/// Template of messages beyond the limits.
const OTHER_MESSAGES: u32 = u32::MAX;

/// A group that is being counted.
#[derive(Debug)]
struct Counted {
    id: GroupId,
    services: BTreeSet<u32>,
    errors: Vec<ErrorId>,
    traces: usize,
    last_trace: Option<TraceId>,
    is_handled: bool,
}

/// Grouping in steps: templates, then the errors trace by trace, then the groups.
#[derive(Debug)]
pub(super) struct Regrouping {
    templates: Option<Grouping>,
    messages: Groups,
    /// The trace or log record that was counted last.
    at: Option<ErrorScope>,
    is_counted: bool,
    counted: Vec<Counted>,
    by_id: HashMap<GroupId, usize>,
    evicted: Vec<ErrorScope>,
    /// Times of the first and the last error.
    range: Option<(u64, u64)>,
    groups: Vec<ErrorGroup>,
}

impl Regrouping {
    pub(super) fn new(texts: &Texts) -> Self {
        Self {
            templates: Some(Grouping::new(&texts.templates)),
            messages: Groups::default(),
            at: None,
            is_counted: false,
            counted: Vec::new(),
            by_id: HashMap::new(),
            evicted: Vec::new(),
            range: None,
            groups: Vec::new(),
        }
    }

    /// Continues until [`work::done`] is `until`; returns true when all is done.
    pub(super) fn step(
        &mut self,
        store: &Store,
        texts: &Texts,
        found: &BTreeMap<ErrorScope, Box<[Occurrence]>>,
        until: u64,
    ) -> bool {
        if let Some(grouping) = &mut self.templates {
            if grouping.step(&texts.templates, until.saturating_sub(work::done())) {
                return false;
            }
            self.messages = self
                .templates
                .take()
                .map(|grouping| grouping.finish(&texts.templates))
                .unwrap_or_default();
        }
        while !self.is_counted {
            let after = self.at.map_or(Bound::Unbounded, Bound::Excluded);
            let Some((scope, errors)) = found.range((after, Bound::Unbounded)).next() else {
                self.is_counted = true;
                break;
            };
            self.at = Some(*scope);
            work::add(2 * VISIT);
            if store.has_scope(*scope) {
                self.count(*scope, errors);
            } else {
                self.evicted.push(*scope);
            }
            if work::done() >= until {
                return false;
            }
        }
        while let Some(counted) = self.counted.pop() {
            let group = self.group(counted, texts);
            self.groups.push(group);
            if work::done() >= until && !self.counted.is_empty() {
                return false;
            }
        }
        true
    }

    /// Returns the groups, the length of an interval, and what was evicted.
    pub(super) fn finish(mut self: Box<Self>) -> (Vec<ErrorGroup>, u64, Vec<ErrorScope>) {
        work::add(self.groups.len() * VISIT);
        self.groups.sort_by_key(|group| Reverse((group.last_unix_nano(), group.id)));
        let interval_nano = self.interval_nano();
        (self.groups, interval_nano, self.evicted)
    }

    fn count(&mut self, scope: ErrorScope, errors: &[Occurrence]) {
        work::add(errors.len() * 2 * VISIT);
        for (number, error) in errors.iter().enumerate() {
            let id = self.id_of(error);
            let at = *self.by_id.entry(id).or_insert_with(|| {
                self.counted.push(Counted {
                    id,
                    services: BTreeSet::new(),
                    errors: Vec::new(),
                    traces: 0,
                    last_trace: None,
                    is_handled: true,
                });
                self.counted.len() - 1
            });
            let group = &mut self.counted[at];
            group.services.insert(error.service);
            group.errors.push(ErrorId {
                unix_nano: error.unix_nano,
                scope,
                number: u32::try_from(number).unwrap_or(u32::MAX),
            });
            if let Some(trace_id) = scope.trace_id() {
                group.traces += usize::from(group.last_trace.replace(trace_id) != Some(trace_id));
            }
            group.is_handled &= error.is_handled;
            let (first, last) = self.range.unwrap_or((error.unix_nano, error.unix_nano));
            self.range = Some((first.min(error.unix_nano), last.max(error.unix_nano)));
        }
    }

    fn id_of(&self, error: &Occurrence) -> GroupId {
        let template = error.shape.map_or(OTHER_MESSAGES, |shape| {
            // A message that arrived since is of its own until the next grouping.
            let group = self.messages.of(shape).and_then(|group| self.messages.get(group));
            let first = group.map_or(shape, |group| group.first);
            u32::try_from(first.index()).unwrap_or(u32::MAX)
        });
        let has_frame = error.type_name != 0 && error.frame != 0;
        GroupId {
            type_name: error.type_name,
            template,
            origin: if has_frame {
                Origin::Frame(error.frame)
            } else {
                Origin::Service(error.service)
            },
        }
    }

    fn group(&self, mut counted: Counted, texts: &Texts) -> ErrorGroup {
        let id = counted.id;
        work::add(counted.errors.len() * VISIT);
        counted.errors.sort_unstable_by_key(|error| Reverse(*error));
        let mut services: Vec<_> = counted
            .services
            .iter()
            .map(|number| texts.services.get(*number).clone())
            .collect();
        services.sort_unstable();
        ErrorGroup {
            id,
            type_name: texts.types.get(id.type_name).clone(),
            message: self.message(id.template, texts),
            frame: match id.origin {
                Origin::Frame(number) => texts.frames.get(number).clone(),
                Origin::Service(_) => "".into(),
            },
            services,
            traces: counted.traces,
            histogram: self.histogram(&counted.errors),
            errors: counted.errors,
            is_handled: counted.is_handled,
            noticed: 0,
        }
    }

    fn message(&self, template: u32, texts: &Texts) -> Arc<str> {
        let Some(shape) = texts.templates.shape(template as usize) else {
            return "(other messages)".into();
        };
        let group = self.messages.of(shape).and_then(|group| self.messages.get(group));
        group.map_or_else(|| texts.templates.text(shape).clone(), |group| group.text.as_str().into())
    }

    /// Returns the shortest interval with which the histogram reaches back to the first error.
    fn interval_nano(&self) -> u64 {
        let (first, last) = self.range.unwrap_or_default();
        let is_enough = |interval: &u64| (last - first) / interval < INTERVALS as u64;
        INTERVAL_LENGTHS.into_iter().find(is_enough).unwrap_or(u64::MAX)
    }

    fn histogram(&self, errors: &[ErrorId]) -> [u32; INTERVALS] {
        let (interval, last) = (self.interval_nano(), self.range.unwrap_or_default().1);
        let mut histogram = [0; INTERVALS];
        for error in errors {
            let before = usize::try_from((last - error.unix_nano) / interval).unwrap_or(usize::MAX);
            if let Some(count) = INTERVALS.checked_sub(before + 1).and_then(|at| histogram.get_mut(at)) {
                *count += 1;
            }
        }
        histogram
    }
}
