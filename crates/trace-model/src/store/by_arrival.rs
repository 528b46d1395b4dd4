//! Traces in the order of their arrival, by position.

use std::ops::Range;

use super::record::Slot;

/// Blocks are split when they are longer.
const BLOCK: usize = 512;

/// Sorted by arrival, in blocks: finding a position and going to one cost as many steps as there are blocks.
#[derive(Debug, Default)]
pub(super) struct ByArrival {
    blocks: Vec<Vec<(u64, Slot)>>,
    length: usize,
}

impl ByArrival {
    pub(super) const fn len(&self) -> usize {
        self.length
    }

    /// Returns the approximate bytes of memory it accounts for.
    pub(super) const fn bytes(&self) -> usize {
        self.length * size_of::<(u64, Slot)>()
    }

    /// Adds a trace, mostly at the end.
    pub(super) fn insert(&mut self, arrival: u64, slot: Slot) {
        self.length += 1;
        let Some(at) = self.block_of(arrival) else {
            self.blocks.push(vec![(arrival, slot)]);
            return;
        };
        let block = &mut self.blocks[at];
        let position = block.partition_point(|(known, _)| *known < arrival);
        block.insert(position, (arrival, slot));
        if block.len() > BLOCK {
            // At the end nothing will be inserted into the first part any more: it stays full.
            let middle = if position == BLOCK { BLOCK } else { BLOCK / 2 };
            let second = block.split_off(middle);
            self.blocks.insert(at + 1, second);
        }
    }

    pub(super) fn remove(&mut self, arrival: u64) -> bool {
        let Some(at) = self.block_of(arrival) else { return false };
        let block = &mut self.blocks[at];
        let Ok(position) = block.binary_search_by_key(&arrival, |(known, _)| *known) else {
            return false;
        };
        block.remove(position);
        self.length -= 1;
        if block.is_empty() {
            self.blocks.remove(at);
        }
        true
    }

    /// Returns the number of newer ones.
    pub(super) fn position(&self, arrival: u64) -> Option<usize> {
        let at = self.block_of(arrival)?;
        let block = &self.blocks[at];
        let position = block.binary_search_by_key(&arrival, |(known, _)| *known).ok()?;
        let newer: usize = self.blocks[at + 1..].iter().map(Vec::len).sum();
        Some(newer + block.len() - 1 - position)
    }

    /// Returns those at these positions, counted from the newest.
    pub(super) fn newest(&self, positions: Range<usize>) -> Vec<Slot> {
        let mut slots = Vec::new();
        let mut skip = positions.start;
        for block in self.blocks.iter().rev() {
            if skip >= block.len() {
                skip -= block.len();
                continue;
            }
            let wanted = positions.len() - slots.len();
            slots.extend(block.iter().rev().skip(skip).take(wanted).map(|(_, slot)| *slot));
            skip = 0;
            if slots.len() == positions.len() {
                break;
            }
        }
        slots
    }

    /// The newest of those that are older than `arrival`, newest first; at most `limit`.
    pub(super) fn before(&self, arrival: u64, limit: usize) -> Vec<(u64, Slot)> {
        let Some(at) = self.block_of(arrival) else { return Vec::new() };
        let older = self.blocks[..=at].iter().rev().flat_map(|block| block.iter().rev());
        older.filter(|(known, _)| *known < arrival).take(limit).copied().collect()
    }

    /// Returns the block of an arrival, stored or not.
    fn block_of(&self, arrival: u64) -> Option<usize> {
        let after = self
            .blocks
            .partition_point(|block| block.first().is_some_and(|(first, _)| *first <= arrival));
        if self.blocks.is_empty() {
            None
        } else {
            Some(after.saturating_sub(1))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn by_arrival_is_a_sorted_map_with_positions(
            steps in prop::collection::vec((0..3000_u64, prop::bool::weighted(0.7)), 1..3000), from in 0..3000_usize, many in 0..50_usize,
        ) {
            let (mut list, mut map) = (ByArrival::default(), BTreeMap::new());
            for (arrival, insert) in steps {
                let slot = Slot(u32::try_from(arrival).expect("small"));
                if insert && !map.contains_key(&arrival) {
                    list.insert(arrival, slot);
                    map.insert(arrival, slot);
                } else {
                    prop_assert_eq!(list.remove(arrival), map.remove(&arrival).is_some());
                }
            }
            prop_assert_eq!(list.len(), map.len());
            let expected: Vec<_> = map.values().rev().skip(from).take(many).copied().collect();
            prop_assert_eq!(list.newest(from..from + many), expected);
            let arrival = from as u64;
            let older: Vec<_> = map.range(..arrival).rev().take(many).map(|(arrival, slot)| (*arrival, *slot)).collect();
            prop_assert_eq!(list.before(arrival, many), older);
            for (position, arrival) in map.keys().rev().enumerate() {
                prop_assert_eq!(list.position(*arrival), Some(position));
            }
        }
    }
}
