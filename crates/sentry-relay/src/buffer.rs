//! What waits for Sentry to be reachable again: a queue that is bounded by number and by bytes.

use std::collections::VecDeque;

use tokio::time::Instant;

use crate::category::Categories;
use crate::outgoing::Outgoing;

/// An envelope on its way.
#[derive(Debug)]
pub(crate) struct Entry<T> {
    /// The order in which they came.
    pub(crate) number: u64,
    pub(crate) outgoing: Outgoing,
    pub(crate) categories: Categories,
    pub(crate) tag: T,
    /// Tries that failed although there was a connection.
    pub(crate) failures: u32,
    /// Whether the last of them counts once Sentry answers another request.
    pub(crate) is_suspect: bool,
    /// Tries that failed while Sentry answered other requests.
    pub(crate) strikes: u32,
    /// When it may be tried again, unless there is an outage.
    pub(crate) due: Instant,
    /// What stood in the way the last time.
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

    /// Counts the last try against it, if it failed when Sentry could be reached.
    pub(crate) fn hold_against(&mut self) {
        self.strikes += u32::from(std::mem::take(&mut self.is_suspect));
    }
}

#[derive(Debug)]
pub(crate) struct Buffer<T> {
    entries: VecDeque<Entry<T>>,
    bytes: usize,
    most_entries: usize,
    most_bytes: usize,
}

impl<T> Buffer<T> {
    pub(crate) const fn new(most_entries: usize, most_bytes: usize) -> Self {
        Self {
            entries: VecDeque::new(),
            bytes: 0,
            most_entries,
            most_bytes,
        }
    }

    /// Keeps an entry in the order of arrival; one that has been tried comes back before those that came after it. Whatever has no
    /// room any more, the oldest first, comes out again.
    pub(crate) fn keep(&mut self, mut entry: Entry<T>) -> Vec<Entry<T>> {
        // Nothing else shall go for what does not fit anyway.
        if entry.outgoing.bytes() > self.most_bytes || self.most_entries == 0 {
            return vec![entry];
        }
        entry.outgoing.shrink();
        self.bytes += entry.outgoing.bytes();
        let at = self.entries.partition_point(|other| other.number < entry.number);
        self.entries.insert(at, entry);
        let mut gone = Vec::new();
        while self.entries.len() > self.most_entries || self.bytes > self.most_bytes {
            gone.extend(self.remove(0));
        }
        gone
    }

    /// Takes the next to try: of those that are due, or of all, the oldest of those that failed least.
    pub(crate) fn next(&mut self, all: bool, now: Instant) -> Option<Entry<T>> {
        let candidates = self.entries.iter().enumerate();
        let candidates = candidates.filter(|(_, entry)| all || entry.due <= now);
        let (at, _) = candidates.min_by_key(|(_, entry)| (entry.failures, entry.number))?;
        self.remove(at)
    }

    /// When the first is due.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.entries.iter().map(|entry| entry.due).min()
    }

    /// Takes those against which so many tries count.
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
    fn the_oldest_goes_when_there_are_too_many() {
        let mut buffer = Buffer::new(2, 1 << 20);
        assert!(buffer.keep(entry(1, 1)).is_empty() && buffer.keep(entry(2, 1)).is_empty());
        assert_eq!(numbers(buffer.keep(entry(3, 1))), [1]);
        assert_eq!(numbers(all(&mut buffer)), [2, 3]);
        assert_eq!(buffer.bytes(), 0);
    }

    #[test]
    fn what_is_larger_than_all_room_costs_nobody_else_his() {
        let mut buffer = Buffer::new(10, 10_000);
        assert!(buffer.keep(entry(1, 5000)).is_empty());
        assert_eq!(numbers(buffer.keep(entry(2, 10_000))), [2]);
        assert_eq!(buffer.len(), 1);
        assert_eq!(numbers(Buffer::new(0, 10_000).keep(entry(1, 1))), [1]);
    }

    #[test]
    fn what_was_tried_stands_in_its_old_place() {
        let mut buffer = Buffer::new(10, 1 << 20);
        for number in [1, 2, 4] {
            assert!(buffer.keep(entry(number, 1)).is_empty());
        }
        let first = buffer.next(true, Instant::now()).unwrap();
        assert!(buffer.keep(first).is_empty() && buffer.keep(entry(3, 1)).is_empty());
        assert_eq!(numbers(all(&mut buffer)), [1, 2, 3, 4]);
    }

    #[test]
    fn an_entry_that_failed_gives_way_to_the_others() {
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
    fn it_holds_no_more_of_a_body_than_its_bytes() {
        let whole = bytes::Bytes::from(vec![0; 1 << 20]);
        let mut small = entry(1, 0);
        small.outgoing.body = whole.slice(..10);
        let mut buffer = Buffer::new(10, 1 << 20);
        assert!(buffer.keep(small).is_empty());
        assert!(whole.is_unique(), "the rest is free");
    }

    proptest! {
        #[test]
        fn it_keeps_its_bounds_and_loses_nobody(sizes in prop::collection::vec(0usize..3000, 0..60)) {
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
