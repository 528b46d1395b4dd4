//! One copy of values that repeat in every span: names, services, resources, and data shared by the spans of a scope.

use std::sync::Arc;

use crate::gradual_table::GradualTable;
use crate::hash;
use crate::work::{self, VISIT};

#[derive(Debug)]
struct Entry<T: ?Sized> {
    value: Option<Arc<T>>,
    /// Kept, so that a value is hashed once: neither a growing table nor the last user reads it again.
    hash: u64,
    uses: u32,
    bytes: usize,
}

/// Values by number, each there as long as it is used.
#[derive(Debug)]
pub(super) struct Interner<T: ?Sized> {
    numbers: GradualTable<u32>,
    entries: Vec<Entry<T>>,
    free: Vec<u32>,
    bytes: usize,
}

impl<T: ?Sized> Interner<T> {
    pub(super) fn new() -> Self {
        Self {
            numbers: GradualTable::default(),
            entries: Vec::new(),
            free: Vec::new(),
            bytes: 0,
        }
    }

    /// Returns the bytes of memory it accounts for.
    pub(super) fn bytes(&self) -> usize {
        self.bytes + self.entries.capacity() * size_of::<Entry<T>>() + self.numbers.allocation_size()
    }

    /// The number of a value that is here.
    #[inline]
    pub(super) fn find(&self, hash: u64, is_value: impl Fn(&T) -> bool) -> Option<u32> {
        let is_it = |number: &u32| {
            let entry = &self.entries[*number as usize];
            entry.hash == hash && entry.value.as_deref().is_some_and(&is_value)
        };
        self.numbers.find(hash, is_it).copied()
    }

    /// The number of a value, which has one more user from now on; `make` copies it if it is new and returns how many bytes that takes.
    #[inline]
    pub(super) fn intern(&mut self, hash: u64, is_value: impl Fn(&T) -> bool, make: impl FnOnce() -> (Arc<T>, usize)) -> u32 {
        if let Some(number) = self.find(hash, is_value) {
            self.retain(number);
            return number;
        }
        let (copy, bytes) = make();
        self.bytes += bytes;
        let entry = Entry {
            value: Some(copy),
            hash,
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
        let entries = &self.entries;
        self.numbers
            .insert_unique(hash, number, |number| entries[*number as usize].hash);
        number
    }

    /// Adds a reference to the value.
    pub(super) fn retain(&mut self, number: u32) {
        self.entries[number as usize].uses += 1;
    }

    /// Drops a reference; the last one returns the value.
    pub(super) fn release(&mut self, number: u32) -> Option<Arc<T>> {
        let entry = &mut self.entries[number as usize];
        entry.uses -= 1;
        if entry.uses > 0 {
            return None;
        }
        let value = entry.value.take()?;
        self.bytes -= entry.bytes;
        self.free.push(number);
        let (hash, entries) = (entry.hash, &self.entries);
        self.numbers
            .remove(hash, |known| *known == number, |number| entries[*number as usize].hash);
        Some(value)
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
    pub(super) fn len(&self) -> usize {
        self.numbers.len()
    }

    #[cfg(test)]
    pub(super) fn uses(&self) -> usize {
        self.entries.iter().map(|entry| entry.uses as usize).sum()
    }
}

impl Interner<str> {
    /// The number of the empty text, which is always here.
    pub(super) const EMPTY: u32 = 0;

    /// Creates a table with the empty text.
    pub(super) fn of_texts() -> Self {
        let mut texts = Self::new();
        let empty = texts.utf8(b"");
        debug_assert_eq!(empty, Self::EMPTY);
        texts
    }

    /// The number of a text, which has one more user from now on.
    pub(super) fn text(&mut self, text: &str) -> u32 {
        self.utf8(text.as_bytes())
    }

    /// The same for bytes of a message whose walk has found them to be UTF-8: they are checked only where they are copied, which is rare.
    pub(super) fn utf8(&mut self, text: &[u8]) -> u32 {
        work::add(text.len() + VISIT);
        let copy = || (String::from_utf8_lossy(text).into(), text.len() + 2 * size_of::<usize>());
        self.intern(hash::of(text), |known| known.as_bytes() == text, copy)
    }

    /// The number of a text that is here.
    pub(super) fn find_text(&self, text: &str) -> Option<u32> {
        self.find(hash::of(text.as_bytes()), |known| *known == *text)
    }
}
