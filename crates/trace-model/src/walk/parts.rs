//! Messages that come in parts.

/// A message in several parts: protobuf merges them, which concatenating their bytes does.
#[derive(Default)]
pub(crate) struct Parts<'a> {
    first: &'a [u8],
    all: Vec<u8>,
}

impl<'a> Parts<'a> {
    pub(crate) fn add(&mut self, part: &'a [u8]) {
        if self.first.is_empty() {
            self.first = part;
        } else {
            if self.all.is_empty() {
                self.all.extend_from_slice(self.first);
            }
            self.all.extend_from_slice(part);
        }
    }

    pub(crate) const fn is_joined(&self) -> bool {
        !self.all.is_empty()
    }

    /// Bytes of memory that joining and keeping it takes.
    pub(super) const fn bytes(&self) -> usize {
        if self.all.is_empty() {
            self.first.len()
        } else {
            2 * self.all.len()
        }
    }

    pub(crate) fn joined(&self) -> &[u8] {
        if self.all.is_empty() { self.first } else { &self.all }
    }
}
