//! Texts by number.

use std::collections::HashMap;
use std::sync::Arc;

/// Maximum number of texts; further ones are one.
const NAMES_MAX: usize = 10_000;
/// Maximum bytes of a text.
const NAME_BYTES_MAX: usize = 256;
/// Name of all texts beyond the limit.
const OTHERS: &str = "(others)";

/// Texts, each once. Number 0 is the empty one.
#[derive(Debug)]
pub(super) struct Names {
    names: Vec<Arc<str>>,
    by_name: HashMap<Arc<str>, u32>,
}

impl Default for Names {
    fn default() -> Self {
        let mut names = Self {
            names: Vec::new(),
            by_name: HashMap::new(),
        };
        names.add("");
        names.add(OTHERS);
        names
    }
}

impl Names {
    /// Returns the number of a text.
    pub(super) fn intern(&mut self, name: &str) -> u32 {
        let limit = NAME_BYTES_MAX.min(name.len());
        let end = (0..=limit).rev().find(|end| name.is_char_boundary(*end)).unwrap_or(0);
        let name = &name[..end];
        match self.by_name.get(name) {
            Some(number) => *number,
            None if self.is_full() => 1,
            None => self.add(name),
        }
    }

    /// Returns a text by its number.
    pub(super) fn get(&self, number: u32) -> &Arc<str> {
        &self.names[number as usize]
    }

    /// Returns true if further texts are not told apart.
    pub(super) const fn is_full(&self) -> bool {
        self.names.len() >= NAMES_MAX
    }

    fn add(&mut self, name: &str) -> u32 {
        let (name, number) = (Arc::<str>::from(name), u32::try_from(self.names.len()).unwrap_or(u32::MAX));
        self.names.push(name.clone());
        self.by_name.insert(name, number);
        number
    }
}
