//! One copy of what repeats in every span: names, and what the spans of a scope share.

use std::hash::{BuildHasher, Hash};
use std::sync::Arc;

use hashbrown::{DefaultHashBuilder, HashTable};

#[derive(Debug)]
struct Entry<T: ?Sized> {
    value: Option<Arc<T>>,
    uses: u32,
    bytes: usize,
}

/// Values by number, each there as long as it is used.
#[derive(Debug)]
pub(super) struct Interner<T: ?Sized> {
    numbers: HashTable<u32>,
    entries: Vec<Entry<T>>,
    free: Vec<u32>,
    hasher: DefaultHashBuilder,
    bytes: usize,
}

impl<T: ?Sized + Hash + Eq> Interner<T> {
    pub(super) fn new() -> Self {
        Self {
            numbers: HashTable::new(),
            entries: Vec::new(),
            free: Vec::new(),
            hasher: DefaultHashBuilder::default(),
            bytes: 0,
        }
    }

    /// Bytes of memory it stands for.
    pub(super) fn bytes(&self) -> usize {
        self.bytes + self.entries.capacity() * size_of::<Entry<T>>() + self.numbers.allocation_size()
    }

    /// The number of a value, which has one more user from now on; `make` copies it if it is new and says how many bytes that takes.
    pub(super) fn number(&mut self, value: &T, make: impl FnOnce(&T) -> (Arc<T>, usize)) -> u32 {
        let hash = self.hasher.hash_one(value);
        let entries = &self.entries;
        let is_value = |number: &u32| entries[*number as usize].value.as_deref() == Some(value);
        if let Some(number) = self.numbers.find(hash, is_value).copied() {
            self.entries[number as usize].uses += 1;
            return number;
        }
        let (copy, bytes) = make(value);
        self.bytes += bytes;
        let entry = Entry {
            value: Some(copy),
            uses: 1,
            bytes,
        };
        let number = if let Some(number) = self.free.pop() {
            self.entries[number as usize] = entry;
            number
        } else {
            self.entries.push(entry);
            u32::try_from(self.entries.len() - 1).unwrap_or(u32::MAX)
        };
        let (entries, hasher) = (&self.entries, &self.hasher);
        self.numbers.insert_unique(hash, number, |number| {
            entries[*number as usize]
                .value
                .as_deref()
                .map_or(0, |value| hasher.hash_one(value))
        });
        number
    }

    /// The value is used once more.
    pub(super) fn again(&mut self, number: u32) {
        self.entries[number as usize].uses += 1;
    }

    /// One user less; the last one takes the value along.
    pub(super) fn release(&mut self, number: u32) {
        let entry = &mut self.entries[number as usize];
        entry.uses -= 1;
        if entry.uses > 0 {
            return;
        }
        let Some(value) = entry.value.take() else { return };
        self.bytes -= entry.bytes;
        self.free.push(number);
        let hash = self.hasher.hash_one(&*value);
        if let Ok(found) = self.numbers.find_entry(hash, |known| *known == number) {
            found.remove();
        }
    }

    /// The value of a number that is in use.
    #[expect(
        clippy::expect_used,
        reason = "a number is used only while its value is there, as with any index"
    )]
    pub(super) fn get(&self, number: u32) -> &Arc<T> {
        self.entries[number as usize]
            .value
            .as_ref()
            .expect("a number in use has a value")
    }

    #[cfg(test)]
    pub(super) fn uses(&self) -> usize {
        self.entries.iter().map(|entry| entry.uses as usize).sum()
    }
}
