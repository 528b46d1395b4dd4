//! Envelopes that wait until Sentry is reachable: a queue bounded by number and bytes.

use std::collections::VecDeque;

use tokio::time::Instant;

use crate::category::Categories;
use crate::outgoing::Outgoing;

/// A buffered envelope.
#[derive(Debug)]
pub(crate) struct Entry<T> {
    /// Order of arrival.
    pub(crate) number: u64,
    pub(crate) outgoing: Outgoing,
    pub(crate) categories: Categories,
    pub(crate) tag: T,
    /// Failed tries that had a connection.
    pub(crate) failures: u32,
    /// True if the last failure becomes a strike once Sentry responds to another request.
    pub(crate) is_suspect: bool,
    /// Failed tries while Sentry responded to other requests.
    pub(crate) strikes: u32,
    /// Time of the next try, unless there is an outage.
    pub(crate) due: Instant,
    /// Cause of the last failure.
    pub(crate) problem: Option<Box<str>>,
}

impl<T> Entry<T> {
    pub(crate) fn new(number: u64, outgoing: Outgoing, categories: Categories, tag: T) -> Self {
        Self {
            number,
            outgoing,
            categories,
            tag,
            failures: 0,
            is_suspect: false,
            strikes: 0,
            due: Instant::now(),
            problem: None,
        }
    }

    /// Counts the last failure as a strike if Sentry was reachable at the time.
    pub(crate) fn confirm_strike(&mut self) {
        self.strikes += u32::from(std::mem::take(&mut self.is_suspect));
    }
}

#[derive(Debug)]
pub(crate) struct Buffer<T> {
    entries: VecDeque<Entry<T>>,
    bytes: usize,
    max_entries: usize,
    max_bytes: usize,
}

impl<T> Buffer<T> {
    pub(crate) const fn new(max_entries: usize, max_bytes: usize) -> Self {
        Self {
            entries: VecDeque::new(),
            bytes: 0,
            max_entries,
            max_bytes,
        }
    }

    /// Inserts an entry in order of arrival; a retried entry gets its old position. Returns the entries that exceed the bounds,
    /// oldest first.
    pub(crate) fn keep(&mut self, mut entry: Entry<T>) -> Vec<Entry<T>> {
        // An entry that cannot fit must not evict others.
        if entry.outgoing.bytes() > self.max_bytes || self.max_entries == 0 {
            return vec![entry];
        }
        entry.outgoing.shrink();
        self.bytes += entry.outgoing.bytes();
        let at = self.entries.partition_point(|other| other.number < entry.number);
        self.entries.insert(at, entry);
        let mut gone = Vec::new();
        while self.entries.len() > self.max_entries || self.bytes > self.max_bytes {
            gone.extend(self.remove(0));
        }
        gone
    }

    /// Removes the next entry to try: among those due, or all, the oldest of those with the fewest failures.
    pub(crate) fn next(&mut self, all: bool, now: Instant) -> Option<Entry<T>> {
        let candidates = self.entries.iter().enumerate();
        let candidates = candidates.filter(|(_, entry)| all || entry.due <= now);
        let (at, _) = candidates.min_by_key(|(_, entry)| (entry.failures, entry.number))?;
        self.remove(at)
    }

    /// Returns the time when the first entry is due.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.entries.iter().map(|entry| entry.due).min()
    }

    /// Removes the entries with at least this many strikes.
    pub(crate) fn take_failed(&mut self, tries: u32) -> Vec<Entry<T>> {
        let mut failed = Vec::new();
        while let Some(at) = self.entries.iter().position(|entry| entry.strikes >= tries) {
            failed.extend(self.remove(at));
        }
        failed
    }

    pub(crate) fn entries_mut(&mut self) -> impl Iterator<Item = &mut Entry<T>> {
        self.entries.iter_mut()
    }

    fn remove(&mut self, at: usize) -> Option<Entry<T>> {
        let entry = self.entries.remove(at)?;
        self.bytes -= entry.outgoing.bytes();
        Some(entry)
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use proptest::prelude::*;

    use super::*;

    fn entry(number: u64, body: usize) -> Entry<()> {
        let outgoing = Outgoing {
            url: "http://host/".parse().unwrap(),
            headers: HeaderMap::new(),
            body: vec![0; body].into(),
        };
        Entry::new(number, outgoing, Categories::default(), ())
    }

    fn numbers(entries: impl IntoIterator<Item = Entry<()>>) -> Vec<u64> {
        entries.into_iter().map(|entry| entry.number).collect()
    }

    fn all(buffer: &mut Buffer<()>) -> Vec<Entry<()>> {
        let now = Instant::now();
        std::iter::from_fn(|| buffer.next(true, now)).collect()
    }

    #[test]
    fn overflow_evicts_the_oldest() {
        let mut buffer = Buffer::new(2, 1 << 20);
        assert!(buffer.keep(entry(1, 1)).is_empty() && buffer.keep(entry(2, 1)).is_empty());
        assert_eq!(numbers(buffer.keep(entry(3, 1))), [1]);
        assert_eq!(numbers(all(&mut buffer)), [2, 3]);
        assert_eq!(buffer.bytes(), 0);
    }

    #[test]
    fn oversized_entry_evicts_no_other() {
        let mut buffer = Buffer::new(10, 10_000);
        assert!(buffer.keep(entry(1, 5000)).is_empty());
        assert_eq!(numbers(buffer.keep(entry(2, 10_000))), [2]);
        assert_eq!(buffer.len(), 1);
        assert_eq!(numbers(Buffer::new(0, 10_000).keep(entry(1, 1))), [1]);
    }

    #[test]
    fn retried_entry_keeps_its_position() {
        let mut buffer = Buffer::new(10, 1 << 20);
        for number in [1, 2, 4] {
            assert!(buffer.keep(entry(number, 1)).is_empty());
        }
        let first = buffer.next(true, Instant::now()).unwrap();
        assert!(buffer.keep(first).is_empty() && buffer.keep(entry(3, 1)).is_empty());
        assert_eq!(numbers(all(&mut buffer)), [1, 2, 3, 4]);
    }

    #[test]
    fn failed_entry_is_tried_after_the_others() {
        let mut buffer = Buffer::new(10, 1 << 20);
        let now = Instant::now();
        let later = now + std::time::Duration::from_secs(1);
        for (number, failures, due) in [(1, 2, now), (2, 1, later), (3, 0, now), (4, 0, now)] {
            let entry = Entry {
                failures,
                due,
                ..entry(number, 1)
            };
            assert!(buffer.keep(entry).is_empty());
        }
        assert_eq!(buffer.next(false, now).unwrap().number, 3);
        assert_eq!(numbers(std::iter::from_fn(|| buffer.next(false, now))), [4, 1]);
        assert_eq!(buffer.due(), Some(later));
        assert_eq!(numbers(std::iter::from_fn(|| buffer.next(true, now))), [2]);
    }

    #[test]
    fn buffered_body_releases_the_rest_of_its_allocation() {
        let whole = bytes::Bytes::from(vec![0; 1 << 20]);
        let mut small = entry(1, 0);
        small.outgoing.body = whole.slice(..10);
        let mut buffer = Buffer::new(10, 1 << 20);
        assert!(buffer.keep(small).is_empty());
        assert!(whole.is_unique(), "the rest is released");
    }

    proptest! {
        #[test]
        fn buffer_keeps_its_bounds_and_loses_no_entry(sizes in prop::collection::vec(0usize..3000, 0..60)) {
            let mut buffer = Buffer::new(7, 8000);
            let mut seen = Vec::new();
            for (number, size) in (0..).zip(&sizes) {
                seen.extend(numbers(buffer.keep(entry(number, *size))));
                prop_assert!(buffer.len() <= 7 && buffer.bytes() <= 8000);
            }
            seen.extend(numbers(all(&mut buffer)));
            prop_assert_eq!(seen, (0..sizes.len() as u64).collect::<Vec<_>>());
        }
    }
}
