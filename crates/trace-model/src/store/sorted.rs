//! Entries sorted by a key, with positions.

use std::collections::VecDeque;
use std::ops::Range;

/// Entries of a block, at most.
const BLOCK: usize = 512;

/// A map sorted by its keys, in blocks: finding the position of a key and going to a position cost as many steps as there are blocks.
///
/// Mostly entries are added at the end and removed at the front, which costs a few steps each.
#[derive(Debug)]
pub(super) struct Sorted<K, V> {
    /// None is empty.
    blocks: Vec<VecDeque<(K, V)>>,
    length: usize,
    /// Entries for which the blocks have memory.
    capacity: usize,
}

impl<K, V> Default for Sorted<K, V> {
    fn default() -> Self {
        Self {
            blocks: Vec::new(),
            length: 0,
            capacity: 0,
        }
    }
}

impl<K: Copy + Ord, V: Copy> Sorted<K, V> {
    pub(super) const fn len(&self) -> usize {
        self.length
    }

    /// Returns the bytes of memory it accounts for.
    pub(super) const fn bytes(&self) -> usize {
        self.capacity * size_of::<(K, V)>() + self.blocks.capacity() * size_of::<VecDeque<(K, V)>>()
    }

    /// Adds an entry, mostly at the end. Returns false, without a change, if there is one with its key.
    pub(super) fn insert(&mut self, key: K, value: V) -> bool {
        let Some(mut at) = self.block_of(key) else {
            self.push_block(0, VecDeque::from([(key, value)]));
            return true;
        };
        let Err(mut position) = self.find_in(at, key) else {
            return false;
        };
        if self.blocks[at].len() == BLOCK {
            if position == BLOCK && at + 1 == self.blocks.len() {
                // Nothing is inserted into it any more, mostly: it stays full.
                self.push_block(at + 1, VecDeque::from([(key, value)]));
                return true;
            }
            let second = self.change(at, |block| block.split_off(BLOCK / 2));
            self.insert_block(at + 1, second);
            if position > BLOCK / 2 {
                (at, position) = (at + 1, position - BLOCK / 2);
            }
        }
        self.change(at, |block| block.insert(position, (key, value)));
        self.length += 1;
        true
    }

    /// Removes an entry; false if there is none with this key.
    pub(super) fn remove(&mut self, key: K) -> bool {
        let Some(at) = self.block_of(key) else { return false };
        let Ok(position) = self.find_in(at, key) else { return false };
        self.blocks[at].remove(position);
        self.length -= 1;
        if self.blocks[at].is_empty() {
            self.capacity -= self.blocks.remove(at).capacity();
        } else {
            self.merge(at);
        }
        true
    }

    /// Returns the value of a key, to be changed.
    pub(super) fn get_mut(&mut self, key: K) -> Option<&mut V> {
        let at = self.block_of(key)?;
        let position = self.find_in(at, key).ok()?;
        self.blocks[at].get_mut(position).map(|(_, value)| value)
    }

    pub(super) fn get(&self, key: K) -> Option<V> {
        let at = self.block_of(key)?;
        Some(self.blocks[at][self.find_in(at, key).ok()?].1)
    }

    /// Returns the number of smaller keys.
    pub(super) fn position(&self, key: K) -> Option<usize> {
        let at = self.block_of(key)?;
        let position = self.find_in(at, key).ok()?;
        Some(self.blocks[..at].iter().map(VecDeque::len).sum::<usize>() + position)
    }

    /// Returns the entries at these positions, counted from the smallest.
    pub(super) fn range(&self, positions: Range<usize>) -> impl DoubleEndedIterator<Item = (K, V)> {
        let (first, last) = (self.place(positions.start), self.place(positions.end));
        let blocks = self.blocks.get(first.0..=last.0.min(self.blocks.len().saturating_sub(1)));
        blocks
            .unwrap_or_default()
            .iter()
            .enumerate()
            .flat_map(move |(number, block)| {
                let from = if number == 0 { first.1.min(block.len()) } else { 0 };
                let to = if first.0 + number == last.0 { last.1 } else { block.len() };
                block.range(from..to.clamp(from, block.len())).copied()
            })
    }

    /// Returns the number of larger keys.
    pub(super) fn position_from_end(&self, key: K) -> Option<usize> {
        let position = self.position(key)?;
        Some(self.length - 1 - position)
    }

    /// Returns the entries at these positions, counted from the largest, that first.
    pub(super) fn range_from_end(&self, positions: Range<usize>) -> impl Iterator<Item = (K, V)> {
        let (start, end) = (
            self.length.saturating_sub(positions.end),
            self.length.saturating_sub(positions.start),
        );
        self.range(start..end).rev()
    }

    /// Returns the entries with smaller keys, the largest first.
    pub(super) fn before(&self, key: K) -> impl Iterator<Item = (K, V)> {
        let end = self.block_of(key).map_or(0, |at| at + 1);
        let blocks = self.blocks[..end].iter().rev();
        let smaller = move |block: &'_ VecDeque<(K, V)>| block.partition_point(|(known, _)| *known < key);
        blocks.flat_map(move |block| block.range(..smaller(block)).rev().copied())
    }

    /// Returns the number of entries with smaller keys, whether the key is there or not.
    pub(super) fn count_before(&self, key: K) -> usize {
        let Some(at) = self.block_of(key) else { return 0 };
        let before: usize = self.blocks[..at].iter().map(VecDeque::len).sum();
        before + self.blocks[at].partition_point(|(known, _)| *known < key)
    }

    pub(super) fn last(&self) -> Option<(K, V)> {
        self.blocks.last()?.back().copied()
    }

    /// Returns the block and the place in it of a position; after the last block for one past the end.
    fn place(&self, position: usize) -> (usize, usize) {
        let mut left = position;
        for (at, block) in self.blocks.iter().enumerate() {
            if left < block.len() {
                return (at, left);
            }
            left -= block.len();
        }
        (self.blocks.len(), 0)
    }

    /// Returns the block of a key, stored or not.
    fn block_of(&self, key: K) -> Option<usize> {
        let starts_before = |block: &VecDeque<(K, V)>| block.front().is_some_and(|(first, _)| *first <= key);
        if self.blocks.last().is_some_and(starts_before) {
            return Some(self.blocks.len() - 1);
        }
        let after = self.blocks.partition_point(starts_before);
        (!self.blocks.is_empty()).then(|| after.saturating_sub(1))
    }

    fn find_in(&self, at: usize, key: K) -> Result<usize, usize> {
        let block = &self.blocks[at];
        match block.back() {
            Some((last, _)) if *last < key => Err(block.len()),
            _ => block.binary_search_by_key(&key, |(known, _)| *known),
        }
    }

    fn push_block(&mut self, at: usize, block: VecDeque<(K, V)>) {
        self.length += block.len();
        self.insert_block(at, block);
    }

    fn insert_block(&mut self, at: usize, block: VecDeque<(K, V)>) {
        self.capacity += block.capacity();
        self.blocks.insert(at, block);
    }

    /// Changes a block and accounts for its memory.
    fn change<R>(&mut self, at: usize, change: impl FnOnce(&mut VecDeque<(K, V)>) -> R) -> R {
        let block = &mut self.blocks[at];
        let before = block.capacity();
        let result = change(block);
        self.capacity = self.capacity + block.capacity() - before;
        result
    }

    /// Joins a block with the next one where both are small, so that removals leave no memory for a few entries each.
    fn merge(&mut self, at: usize) {
        let length = |at: usize| self.blocks.get(at).map(VecDeque::len);
        let fits = |at: usize| {
            length(at)
                .zip(length(at + 1))
                .is_some_and(|(one, next)| one + next <= BLOCK / 2)
        };
        let first = if fits(at) {
            Some(at)
        } else {
            at.checked_sub(1).filter(|at| fits(*at))
        };
        let Some(first) = first else { return };
        let next = self.blocks.remove(first + 1);
        self.capacity -= next.capacity();
        self.change(first, |block| block.extend(next));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn sorted_is_a_map_with_positions(
            steps in prop::collection::vec((0..3000_u64, prop::bool::weighted(0.7)), 1..3000), from in 0..3000_usize, many in 0..700_usize,
        ) {
            let (mut list, mut map) = (Sorted::default(), BTreeMap::new());
            for (key, insert) in steps {
                if insert {
                    let is_new = !map.contains_key(&key);
                    prop_assert_eq!(list.insert(key, key + 1), is_new);
                    map.entry(key).or_insert(key + 1);
                } else {
                    prop_assert_eq!(list.remove(key), map.remove(&key).is_some());
                }
            }
            prop_assert_eq!(list.len(), map.len());
            prop_assert_eq!(list.position_from_end(3_001), None);
            let entries: Vec<(u64, u64)> = map.iter().map(|(key, value)| (*key, *value)).collect();
            let expected: Vec<_> = entries.iter().skip(from).take(many).copied().collect();
            prop_assert_eq!(list.range(from..from + many).collect::<Vec<_>>(), expected.clone());
            prop_assert_eq!(list.range(from..from + many).rev().collect::<Vec<_>>(), expected.into_iter().rev().collect::<Vec<_>>());
            let key = from as u64;
            let smaller: Vec<_> = map.range(..key).rev().map(|(key, value)| (*key, *value)).collect();
            prop_assert_eq!(list.count_before(key), smaller.len());
            prop_assert_eq!(list.before(key).collect::<Vec<_>>(), smaller);
            let from_end: Vec<_> = entries.iter().rev().skip(from).take(many).copied().collect();
            prop_assert_eq!(list.range_from_end(from..from + many).collect::<Vec<_>>(), from_end);
            prop_assert_eq!(list.last(), entries.last().copied());
            for (position, (key, value)) in map.iter().enumerate() {
                prop_assert_eq!(list.position(*key), Some(position));
                prop_assert_eq!(list.position_from_end(*key), Some(map.len() - 1 - position));
                prop_assert_eq!(list.get(*key), Some(*value));
            }
            let held: usize = list.blocks.iter().map(VecDeque::capacity).sum();
            prop_assert_eq!(list.capacity, held);
        }
    }

    #[test]
    fn removals_leave_no_block_for_a_few_entries() {
        let mut list = Sorted::default();
        (0..100_000_u32).for_each(|key| assert!(list.insert(key, ())));
        let full = list.bytes();
        (0..100_000_u32)
            .filter(|key| key % 500 != 0)
            .for_each(|key| assert!(list.remove(key)));
        assert_eq!(list.len(), 200);
        assert!(list.bytes() * 20 < full, "{} of {full}", list.bytes());
    }
}
