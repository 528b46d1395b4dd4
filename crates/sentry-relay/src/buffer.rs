//! What waits for Sentry to be reachable again: a queue that is bounded by number and by bytes.

use std::collections::VecDeque;

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
            gone.extend(self.take());
        }
        gone
    }

    /// Takes the oldest.
    pub(crate) fn take(&mut self) -> Option<Entry<T>> {
        let entry = self.entries.pop_front()?;
        self.bytes -= entry.outgoing.bytes();
        Some(entry)
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
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
        Entry {
            number,
            outgoing,
            categories: Categories::default(),
            tag: (),
        }
    }

    fn numbers(entries: impl IntoIterator<Item = Entry<()>>) -> Vec<u64> {
        entries.into_iter().map(|entry| entry.number).collect()
    }

    #[test]
    fn the_oldest_goes_when_there_are_too_many() {
        let mut buffer = Buffer::new(2, 1 << 20);
        assert!(buffer.keep(entry(1, 1)).is_empty() && buffer.keep(entry(2, 1)).is_empty());
        assert_eq!(numbers(buffer.keep(entry(3, 1))), [1]);
        assert_eq!(numbers(std::iter::from_fn(|| buffer.take())), [2, 3]);
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
        let first = buffer.take().unwrap();
        assert!(buffer.keep(first).is_empty() && buffer.keep(entry(3, 1)).is_empty());
        assert_eq!(numbers(std::iter::from_fn(|| buffer.take())), [1, 2, 3, 4]);
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
            seen.extend(numbers(std::iter::from_fn(|| buffer.take())));
            prop_assert_eq!(seen, (0..sizes.len() as u64).collect::<Vec<_>>());
        }
    }
}
