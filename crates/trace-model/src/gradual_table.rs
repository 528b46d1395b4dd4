//! A hash table that never moves all of its values at once.
//!
//! A table of two million values takes 100 ms and more to grow, since each value is hashed again and most of them are not in the
//! cache. So a large table has [`PARTS`] parts by bits of the hash, which grow on their own. (Incremental growth, as the crate
//! `griddle` has it, would make each lookup search two tables for as long as values move.)

use hashbrown::HashTable;
use hashbrown::hash_table::{Iter, OccupiedEntry};

use crate::work::{self, VISIT};

/// Parts of a large table. With a few million values none of them takes more than some milliseconds to grow.
const PARTS: usize = 256;
/// Values from which on a table has parts: it is full then.
const LARGE: usize = 7 << 10;
/// Capacity up to which a part is not made smaller.
const SMALL: usize = 64;

/// A [`HashTable`] in parts. Values of all of them count as bytes in use.
#[derive(Debug)]
pub(crate) struct GradualTable<T> {
    /// One, or [`PARTS`].
    parts: Vec<HashTable<T>>,
    len: usize,
    bytes: usize,
}

impl<T> Default for GradualTable<T> {
    fn default() -> Self {
        Self {
            parts: vec![HashTable::new()],
            len: 0,
            bytes: 0,
        }
    }
}

impl<T> GradualTable<T> {
    /// Returns the part of a hash, by bits that neither choose a place in the part nor are compared there.
    #[inline]
    fn at(&self, hash: u64) -> usize {
        usize::try_from(hash >> 40).unwrap_or(0) & (self.parts.len() - 1)
    }

    #[inline]
    pub(crate) fn find(&self, hash: u64, is_it: impl FnMut(&T) -> bool) -> Option<&T> {
        self.parts[self.at(hash)].find(hash, is_it)
    }

    #[inline]
    pub(crate) fn find_mut(&mut self, hash: u64, is_it: impl FnMut(&T) -> bool) -> Option<&mut T> {
        let at = self.at(hash);
        self.parts[at].find_mut(hash, is_it)
    }

    /// Adds a value; none that is equal may be there.
    pub(crate) fn insert_unique(&mut self, hash: u64, value: T, hash_of: impl Fn(&T) -> u64) {
        if self.len == LARGE && self.parts.len() == 1 {
            self.split(&hash_of);
        }
        let at = self.at(hash);
        let part = &mut self.parts[at];
        if part.len() == part.capacity() {
            work::add(part.len() * VISIT);
            self.bytes -= part.allocation_size();
            part.reserve(1, &hash_of);
            self.bytes += part.allocation_size();
        }
        part.insert_unique(hash, value, hash_of);
        self.len += 1;
    }

    /// Removes a value.
    pub(crate) fn remove(&mut self, hash: u64, is_it: impl FnMut(&T) -> bool, hash_of: impl Fn(&T) -> u64) -> Option<T> {
        let at = self.at(hash);
        let part = &mut self.parts[at];
        let (value, _) = part.find_entry(hash, is_it).ok().map(OccupiedEntry::remove)?;
        self.len -= 1;
        // Unused capacity counts towards the budget as well.
        if part.capacity() > SMALL && part.len() < part.capacity() / 4 {
            work::add(part.len() * VISIT);
            self.bytes -= part.allocation_size();
            part.shrink_to(part.len() * 2, hash_of);
            self.bytes += part.allocation_size();
        }
        Some(value)
    }

    fn split(&mut self, hash_of: impl Fn(&T) -> u64) {
        work::add(self.len * VISIT);
        let whole = std::mem::take(&mut self.parts);
        self.parts.resize_with(PARTS, || HashTable::with_capacity(2 * LARGE / PARTS));
        for value in whole.into_iter().flatten() {
            let hash = hash_of(&value);
            let at = self.at(hash);
            self.parts[at].insert_unique(hash, value, &hash_of);
        }
        self.bytes = self.parts.iter().map(HashTable::allocation_size).sum();
    }

    #[cfg(test)]
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns the bytes of memory that it takes.
    pub(crate) fn allocation_size(&self) -> usize {
        self.bytes + (self.parts.len() - 1) * size_of::<HashTable<T>>()
    }

    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = &T> {
        Values {
            parts: self.parts.iter(),
            part: None,
            left: self.len,
        }
    }
}

/// All values.
struct Values<'a, T> {
    parts: std::slice::Iter<'a, HashTable<T>>,
    part: Option<Iter<'a, T>>,
    left: usize,
}

impl<'a, T> Iterator for Values<'a, T> {
    type Item = &'a T;

    fn next(&mut self) -> Option<&'a T> {
        loop {
            if let Some(value) = self.part.as_mut().and_then(Iterator::next) {
                self.left -= 1;
                return Some(value);
            }
            self.part = Some(self.parts.next()?.iter());
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<T> ExactSizeIterator for Values<'_, T> {}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;
    use crate::hash;

    fn bytes(table: &GradualTable<u64>) -> usize {
        table.parts.iter().map(HashTable::allocation_size).sum()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn table_has_what_a_set_has(changes in prop::collection::vec((0..20_000_u64, 0..9_u8), 0..40), many in 0..30_000_u64) {
            let (mut table, mut set) = (GradualTable::default(), HashSet::new());
            let mut change = |number: u64, is_added: bool| {
                let hash = hash::of(number);
                if is_added && set.insert(number) {
                    table.insert_unique(hash, number, |number| hash::of(number));
                } else if !is_added {
                    let removed = table.remove(hash, |known| *known == number, |number| hash::of(number));
                    assert_eq!(removed.is_some(), set.remove(&number));
                }
            };
            let removed = (0..many).filter(|number| number % 8 != 0).map(|number| (number, 0));
            let all = (0..many).map(|number| (number, 9)).chain(removed).chain(changes);
            for (number, kind) in all {
                change(number, kind > 2);
            }
            prop_assert_eq!(table.iter().len(), set.len());
            prop_assert_eq!(table.iter().copied().collect::<HashSet<_>>(), set.clone());
            prop_assert!(set.iter().all(|number| table.find(hash::of(number), |known| known == number) == Some(number)));
            prop_assert_eq!(table.bytes, bytes(&table));
        }
    }

    #[test]
    fn insertions_move_at_most_a_part() {
        let mut table = GradualTable::default();
        let mut longest = 0;
        for number in 0..300_000_u64 {
            let insert = || table.insert_unique(hash::of(number), number, |number| hash::of(number));
            longest = longest.max(work::of(insert).1);
        }
        assert!(longest <= (LARGE * VISIT) as u64, "{longest}");
        assert_eq!(table.len(), 300_000);
    }
}
