//! Entries sorted by a key, with positions and sums.

use std::collections::VecDeque;
use std::fmt::Debug;
use std::ops::Range;

use super::record::Slot;
use crate::work::{self, VISIT};

/// Entries of a block, at most.
const BLOCK: usize = 512;

/// A value of which there are sums, so that many entries are counted without a visit to each.
pub(super) trait Summed: Copy {
    type Sum: Copy + Default + Debug + PartialEq;

    fn add_to(self, sum: &mut Self::Sum);
    fn take_from(self, sum: &mut Self::Sum);
    fn add(sum: &mut Self::Sum, other: &Self::Sum);
}

/// A list of traces has no sums.
impl Summed for Slot {
    type Sum = ();

    fn add_to(self, (): &mut ()) {}

    fn take_from(self, (): &mut ()) {}

    fn add((): &mut (), (): &()) {}
}

/// Entries in the order of their keys.
#[derive(Debug)]
struct Block<K, V: Summed> {
    /// Key of the first entry: a search for a key reads no entry of other blocks.
    first: K,
    entries: VecDeque<(K, V)>,
    sum: V::Sum,
}

impl<K: Copy + Ord, V: Summed> Block<K, V> {
    /// Returns `None` without entries.
    fn new(entries: VecDeque<(K, V)>) -> Option<Self> {
        let (first, _) = *entries.front()?;
        let sum = sum(entries.iter());
        Some(Self { first, entries, sum })
    }

    fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns the position of a key, or where it would be.
    fn find(&self, key: K) -> Result<usize, usize> {
        match self.entries.back() {
            Some((last, _)) if *last < key => Err(self.len()),
            _ if key == self.first => Ok(0),
            _ => {
                work::add(BLOCK.ilog2() as usize * VISIT);
                self.entries.binary_search_by_key(&key, |(known, _)| *known)
            }
        }
    }

    /// Returns the number of smaller keys.
    fn before(&self, key: K) -> usize {
        self.find(key).unwrap_or_else(|position| position)
    }

    fn insert(&mut self, position: usize, (key, value): (K, V)) {
        value.add_to(&mut self.sum);
        if position == self.len() {
            self.entries.push_back((key, value));
        } else {
            self.entries.insert(position, (key, value));
            self.first = self.first.min(key);
        }
    }

    fn remove(&mut self, position: usize) {
        let Some((_, value)) = self.entries.remove(position) else {
            return;
        };
        value.take_from(&mut self.sum);
        if let Some((first, _)) = self.entries.front() {
            self.first = *first;
        }
    }
}

fn sum<'a, K: 'a, V: Summed + 'a>(entries: impl Iterator<Item = &'a (K, V)>) -> V::Sum {
    let mut sum = V::Sum::default();
    entries.for_each(|(_, value)| value.add_to(&mut sum));
    sum
}

/// A map sorted by its keys, in blocks: finding the position of a key and going to a position cost as many steps as there are blocks.
///
/// Mostly entries are added at the end and removed at the front, which costs a few steps each.
#[derive(Debug)]
pub(super) struct Sorted<K, V: Summed> {
    /// None is empty.
    blocks: VecDeque<Block<K, V>>,
    length: usize,
    /// Entries for which the blocks have memory.
    capacity: usize,
    /// Block and position of the last insertion, and of the last removal. Neighbors follow each other, and are found without a search.
    inserted: (usize, usize),
    removed: (usize, usize),
    /// Number of changes that were not an insertion at the end.
    edits: u64,
}

impl<K, V: Summed> Default for Sorted<K, V> {
    fn default() -> Self {
        Self {
            blocks: VecDeque::new(),
            length: 0,
            capacity: 0,
            inserted: (0, 0),
            removed: (0, 0),
            edits: 0,
        }
    }
}

impl<K: Copy + Ord, V: Summed> Sorted<K, V> {
    pub(super) const fn len(&self) -> usize {
        self.length
    }

    /// Returns the bytes of memory it accounts for.
    pub(super) fn bytes(&self) -> usize {
        self.capacity * size_of::<(K, V)>() + self.blocks.capacity() * size_of::<Block<K, V>>()
    }

    /// Returns the number of changes that were not an insertion at the end: while it is the same, all known entries are there, and new ones follow them.
    pub(super) const fn edits(&self) -> u64 {
        self.edits
    }

    /// Adds an entry, mostly at the end. Returns false, without a change, if there is one with its key.
    pub(super) fn insert(&mut self, key: K, value: V) -> bool {
        let entry = (key, value);
        let Err((mut at, mut position)) = self.place_of(key) else {
            return false;
        };
        self.length += 1;
        if self.blocks.is_empty() {
            self.insert_block(0, VecDeque::from([entry]));
            return true;
        }
        let is_at_end = at + 1 == self.blocks.len() && position == self.blocks[at].len();
        self.edits += u64::from(!is_at_end);
        if self.blocks[at].len() == BLOCK {
            if position == BLOCK && at + 1 == self.blocks.len() {
                // Nothing is inserted into the one before any more, mostly: that stays full.
                let mut next = VecDeque::with_capacity(BLOCK);
                next.push_back(entry);
                self.insert_block(at + 1, next);
                self.inserted = (at + 1, 0);
                return true;
            }
            let second = self.change(at, |block| {
                let second = block.entries.split_off(BLOCK / 2);
                block.sum = sum(block.entries.iter());
                second
            });
            self.insert_block(at + 1, second);
            if position > BLOCK / 2 {
                (at, position) = (at + 1, position - BLOCK / 2);
            }
        }
        self.change(at, |block| block.insert(position, entry));
        self.inserted = (at, position);
        true
    }

    /// Returns the block and the position of a key, or those where it would be inserted.
    fn place_of(&self, key: K) -> Result<(usize, usize), (usize, usize)> {
        let (at, position) = self.inserted;
        if let Some(block) = self.blocks.get(at)
            && block.entries.get(position).is_some_and(|(before, _)| *before < key)
            && block.entries.get(position + 1).is_some_and(|(after, _)| key < *after)
        {
            return Err((at, position + 1));
        }
        let Some(at) = self.block_of(key) else {
            return Err((0, 0));
        };
        match self.blocks[at].find(key) {
            Ok(position) => Ok((at, position)),
            Err(position) => Err((at, position)),
        }
    }

    /// Removes an entry; false if there is none with this key.
    pub(super) fn remove(&mut self, key: K) -> bool {
        let (mut at, mut position) = self.removed;
        let next = self.blocks.get(at).and_then(|block| block.entries.get(position));
        if next.is_none_or(|(next, _)| *next != key) {
            let Ok(place) = self.place_of(key) else { return false };
            (at, position) = place;
            self.removed = place;
        }
        self.blocks[at].remove(position);
        self.length -= 1;
        self.edits += 1;
        if self.blocks[at].entries.is_empty() {
            self.remove_block(at);
        } else {
            self.merge(at);
        }
        true
    }

    /// Changes the value of a key, but not what it adds to sums.
    pub(super) fn update(&mut self, key: K, change: impl FnOnce(&mut V)) {
        let Some(at) = self.block_of(key) else { return };
        let block = &mut self.blocks[at];
        if let Ok(position) = block.find(key)
            && let Some((_, value)) = block.entries.get_mut(position)
        {
            change(value);
        }
    }

    pub(super) fn get(&self, key: K) -> Option<V> {
        let block = &self.blocks[self.block_of(key)?];
        Some(block.entries[block.find(key).ok()?].1)
    }

    /// Returns the number of smaller keys.
    pub(super) fn position(&self, key: K) -> Option<usize> {
        let at = self.block_of(key)?;
        let position = self.blocks[at].find(key).ok()?;
        Some(self.count_of(at) + position)
    }

    /// Returns the entries at these positions, counted from the smallest.
    pub(super) fn range(&self, positions: Range<usize>) -> impl DoubleEndedIterator<Item = (K, V)> {
        let (first, last) = (self.place(positions.start), self.place(positions.end));
        let end = (last.0 + 1).min(self.blocks.len());
        let blocks = self.blocks.range(first.0.min(end)..end);
        blocks.enumerate().flat_map(move |(number, block)| {
            let from = if number == 0 { first.1.min(block.len()) } else { 0 };
            let to = if first.0 + number == last.0 { last.1 } else { block.len() };
            block.entries.range(from..to.clamp(from, block.len())).copied()
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
        let blocks = self.blocks.range(..end).rev();
        blocks.flat_map(move |block| block.entries.range(..block.before(key)).rev().copied())
    }

    /// Returns the number of entries with smaller keys, whether the key is there or not.
    pub(super) fn count_before(&self, key: K) -> usize {
        let Some(at) = self.block_of(key) else { return 0 };
        self.count_of(at) + self.blocks[at].before(key)
    }

    /// Returns the number of entries in the first blocks, so many of them.
    fn count_of(&self, blocks: usize) -> usize {
        work::add(blocks * VISIT);
        self.blocks.range(..blocks).map(Block::len).sum()
    }

    /// Returns the sum of the values with smaller keys for each of these keys, which must be in order. All of them together visit each block
    /// once, and of the blocks in which there are keys each entry at most once.
    pub(super) fn sums_before(&self, keys: impl Iterator<Item = K>) -> impl Iterator<Item = V::Sum> {
        let mut blocks = self.blocks.iter().peekable();
        // The sum of the blocks before the last one with smaller keys, and that block.
        let (mut whole, mut last) = (V::Sum::default(), None::<&Block<K, V>>);
        // The number of entries of that block that were visited, and their sum.
        let (mut visited, mut part) = (0, V::Sum::default());
        keys.map(move |key| {
            work::add(VISIT);
            while let Some(block) = blocks.next_if(|block| block.first < key) {
                work::add(VISIT);
                if let Some(before) = last.replace(block) {
                    V::add(&mut whole, &before.sum);
                }
                (visited, part) = (0, V::Sum::default());
            }
            let mut sums = whole;
            let Some(block) = last else { return sums };
            if block.entries.back().is_some_and(|(end, _)| *end < key) {
                V::add(&mut sums, &block.sum);
                return sums;
            }
            let before = visited;
            while let Some((_, value)) = block.entries.get(visited).filter(|(known, _)| *known < key) {
                value.add_to(&mut part);
                visited += 1;
            }
            work::add((visited - before) * VISIT);
            V::add(&mut sums, &part);
            sums
        })
    }

    pub(super) fn last(&self) -> Option<(K, V)> {
        self.blocks.back()?.entries.back().copied()
    }

    /// Returns the block and the place in it of a position; after the last block for one past the end.
    fn place(&self, position: usize) -> (usize, usize) {
        let mut left = position;
        for (at, block) in self.blocks.iter().enumerate() {
            if left < block.len() {
                work::add(at * VISIT);
                return (at, left);
            }
            left -= block.len();
        }
        work::add(self.blocks.len() * VISIT);
        (self.blocks.len(), 0)
    }

    /// Returns the block of a key, stored or not. Of the last blocks and of the first one it is found in a few steps.
    fn block_of(&self, key: K) -> Option<usize> {
        if self.blocks.get(1).is_none_or(|second| key < second.first) {
            return (!self.blocks.is_empty()).then_some(0);
        }
        let (mut from, mut to, mut step) = (self.blocks.len() - 1, self.blocks.len(), 1);
        while key < self.blocks[from].first {
            work::add(VISIT);
            to = from;
            from = from.saturating_sub(step).max(1);
            step *= 2;
        }
        while to - from > 1 {
            let middle = usize::midpoint(from, to);
            work::add(VISIT);
            if key < self.blocks[middle].first {
                to = middle;
            } else {
                from = middle;
            }
        }
        Some(from)
    }

    fn insert_block(&mut self, at: usize, entries: VecDeque<(K, V)>) {
        self.capacity += entries.capacity();
        if let Some(block) = Block::new(entries) {
            self.blocks.insert(at, block);
        }
    }

    fn remove_block(&mut self, at: usize) -> VecDeque<(K, V)> {
        let entries = self.blocks.remove(at).map(|block| block.entries).unwrap_or_default();
        self.capacity -= entries.capacity();
        entries
    }

    /// Changes a block and accounts for its memory.
    fn change<R>(&mut self, at: usize, change: impl FnOnce(&mut Block<K, V>) -> R) -> R {
        let block = &mut self.blocks[at];
        let before = block.entries.capacity();
        let result = change(block);
        self.capacity = self.capacity + block.entries.capacity() - before;
        result
    }

    /// Joins a block with the next one where both are small, so that removals leave no memory for a few entries each.
    fn merge(&mut self, at: usize) {
        let length = |at: usize| self.blocks.get(at).map(Block::len);
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
        let next = self.remove_block(first + 1);
        self.change(first, |block| {
            let more = sum(next.iter());
            V::add(&mut block.sum, &more);
            block.entries.extend(next);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    /// Values add up to themselves.
    impl Summed for u32 {
        type Sum = u64;

        fn add_to(self, sum: &mut u64) {
            *sum += u64::from(self);
        }

        fn take_from(self, sum: &mut u64) {
            *sum -= u64::from(self);
        }

        fn add(sum: &mut u64, other: &u64) {
            *sum += other;
        }
    }

    proptest! {
        #[test]
        fn sorted_is_a_map_with_positions(
            steps in prop::collection::vec((0..3000_u32, prop::bool::weighted(0.7)), 1..3000), from in 0..3000_usize, many in 0..700_usize,
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
            let entries: Vec<(u32, u32)> = map.iter().map(|(key, value)| (*key, *value)).collect();
            let expected: Vec<_> = entries.iter().skip(from).take(many).copied().collect();
            prop_assert_eq!(list.range(from..from + many).collect::<Vec<_>>(), expected.clone());
            prop_assert_eq!(list.range(from..from + many).rev().collect::<Vec<_>>(), expected.into_iter().rev().collect::<Vec<_>>());
            let key = u32::try_from(from).expect("small");
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
            let keys = (0..=3_000).step_by(37);
            let sums: Vec<u64> = keys.clone().map(|key| map.range(..key).map(|(_, value)| u64::from(*value)).sum()).collect();
            prop_assert_eq!(list.sums_before(keys).collect::<Vec<_>>(), sums);
            for block in &list.blocks {
                prop_assert_eq!(block.sum, sum(block.entries.iter()));
                prop_assert_eq!(Some(block.first), block.entries.front().map(|(key, _)| *key));
            }
            let held: usize = list.blocks.iter().map(|block| block.entries.capacity()).sum();
            prop_assert_eq!(list.capacity, held);
        }
    }

    #[test]
    fn sums_of_many_keys_in_a_block_visit_each_entry_once() {
        let mut list = Sorted::default();
        (0..2_000_u32).for_each(|number| assert!(list.insert(2 * number, 1)));
        let (sums, counted) = work::of(|| list.sums_before(300..900).collect::<Vec<_>>());
        assert_eq!(sums, (300..900_u64).map(|key| key.div_ceil(2)).collect::<Vec<_>>());
        let (keys, blocks, entries) = (600, 1, 450);
        assert_eq!(counted, ((keys + blocks + entries) * VISIT) as u64);
    }

    #[test]
    fn neighbors_are_inserted_and_removed_without_a_search_for_each() {
        let mut list = Sorted::default();
        (0..100_000_u32).for_each(|number| assert!(list.insert(1_000 * number, 1)));
        let neighbors = 50_000_001..50_000_400;
        let (_, search) = work::of(|| list.get(neighbors.start));
        assert!(search > 0, "a search is counted");
        // A block is divided meanwhile, and removal goes from one block to the next.
        let ((), inserting) = work::of(|| neighbors.clone().for_each(|key| assert!(list.insert(key, 1))));
        assert!(inserting <= 3 * search, "{inserting} in searches of {search}");
        let ((), removing) = work::of(|| neighbors.clone().for_each(|key| assert!(list.remove(key))));
        assert!(removing <= 3 * search, "{removing} in searches of {search}");
        assert_eq!(list.len(), 100_000);
    }

    #[test]
    fn removals_leave_no_block_for_a_few_entries() {
        let mut list = Sorted::default();
        (0..100_000_u32).for_each(|key| assert!(list.insert(key, key)));
        let full = list.bytes();
        (0..100_000_u32)
            .filter(|key| key % 500 != 0)
            .for_each(|key| assert!(list.remove(key)));
        assert_eq!(list.len(), 200);
        assert!(list.bytes() * 20 < full, "{} of {full}", list.bytes());
    }
}
