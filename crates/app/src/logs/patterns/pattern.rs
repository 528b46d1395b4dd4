//! Records with one template, and what is counted of them.

use std::sync::Arc;

use trace_model::{Severity, StoredLog};

use super::division::{BARS, Division, PARTS};

/// Key of the records beyond the limits of templates.
pub(super) const OTHERS: u32 = u32::MAX;

/// Records with one template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    /// The template; empty for records without a text.
    pub(super) text: String,
    /// The shape that came first, as identity.
    pub(super) key: u32,
    pub(super) counts: Counts,
}

impl Pattern {
    /// Returns its template as it is shown.
    pub(super) fn name(&self) -> &str {
        if self.text.is_empty() { "(no text)" } else { &self.text }
    }
}

/// Counts of some records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) records: u64,
    pub(super) first: u64,
    pub(super) last: u64,
    pub(super) worst: Severity,
    service: Arc<str>,
    has_other_services: bool,
    parts: [u64; PARTS],
}

impl Counts {
    /// Returns the counts of one record.
    pub(super) fn of(log: &StoredLog<'_>, division: &Division) -> Self {
        let time = log.id().time_unix_nano();
        let mut parts = [0; PARTS];
        if let Some(part) = parts.get_mut(division.part(time)) {
            *part = 1;
        }
        Self {
            records: 1,
            first: time,
            last: time,
            worst: log.severity(),
            service: log.service().clone(),
            has_other_services: false,
            parts,
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.records += other.records;
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.worst = self.worst.max(other.worst);
        self.has_other_services |= other.has_other_services || self.service != other.service;
        for (part, more) in self.parts.iter_mut().zip(other.parts) {
            *part += more;
        }
    }

    /// Returns the service of its records; `None` if they have several.
    pub(super) fn service(&self) -> Option<&str> {
        (!self.has_other_services).then_some(&*self.service)
    }

    /// Makes each part twice as long.
    pub(super) fn halve(&mut self) {
        for at in 0..PARTS {
            let pair = self.parts.get(2 * at..2 * at + 2);
            self.parts[at] = pair.map_or(0, |pair| pair.iter().sum());
        }
    }

    /// Returns the bars of so many parts.
    pub(super) fn bars(&self, parts: usize) -> [u64; BARS] {
        let mut bars = [0; BARS];
        for (bar, parts) in bars.iter_mut().zip(self.parts.chunks(parts.div_ceil(BARS).max(1))) {
            *bar = parts.iter().sum();
        }
        bars
    }
}
