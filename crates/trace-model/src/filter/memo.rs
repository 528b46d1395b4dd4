//! Results of tests on messages that many spans share.
//!
//! Thousands of spans may share a resource of megabytes. The result of a test on it is the same for each of them, so it is
//! computed once.

use crate::work;

/// A message that spans share: its number, and one that no other message ever had at this number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shared {
    pub(crate) number: u32,
    pub(crate) serial: u64,
}

/// The result of a test.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Known {
    #[default]
    Unknown,
    No,
    Yes,
}

#[derive(Clone, Debug, Default)]
struct Results {
    serial: u64,
    /// Results by test.
    results: Box<[Known]>,
}

/// Answers of all tests of one filter.
#[derive(Clone, Debug, Default)]
pub(crate) struct Memo {
    /// Results by number.
    resources: Vec<Results>,
    scopes: Vec<Results>,
    bytes: usize,
}

impl Memo {
    /// Returns the bytes of memory it accounts for.
    pub(crate) const fn bytes(&self) -> usize {
        (self.resources.capacity() + self.scopes.capacity()) * size_of::<Results>() + self.bytes
    }
}

/// Source of the shared messages that a test reads.
pub(super) trait Asked {
    fn resource(&mut self, test: usize, resource: &[u8], look: impl FnOnce(&[u8]) -> bool) -> bool;
    fn scope(&mut self, test: usize, scope: &[u8], look: impl FnOnce(&[u8]) -> bool) -> bool;
}

/// Nothing is remembered.
pub(super) struct Forgetful;

impl Asked for Forgetful {
    fn resource(&mut self, _: usize, resource: &[u8], look: impl FnOnce(&[u8]) -> bool) -> bool {
        look(resource)
    }

    fn scope(&mut self, _: usize, scope: &[u8], look: impl FnOnce(&[u8]) -> bool) -> bool {
        look(scope)
    }
}

/// Answers about the resource and the scope of one span.
pub(super) struct Remembered<'a> {
    pub(super) memo: &'a mut Memo,
    pub(super) resource: Shared,
    pub(super) scope: Shared,
    /// Number of the filter's tests.
    pub(super) tests: usize,
}

impl Asked for Remembered<'_> {
    fn resource(&mut self, test: usize, resource: &[u8], look: impl FnOnce(&[u8]) -> bool) -> bool {
        let Memo { resources, bytes, .. } = self.memo;
        answer(resources, bytes, self.resource, (test, self.tests), resource, look)
    }

    fn scope(&mut self, test: usize, scope: &[u8], look: impl FnOnce(&[u8]) -> bool) -> bool {
        let Memo { scopes, bytes, .. } = self.memo;
        answer(scopes, bytes, self.scope, (test, self.tests), scope, look)
    }
}

fn answer(
    known: &mut Vec<Results>,
    bytes: &mut usize,
    shared: Shared,
    (test, tests): (usize, usize),
    message: &[u8],
    look: impl FnOnce(&[u8]) -> bool,
) -> bool {
    let number = shared.number as usize;
    if known.len() <= number {
        known.resize_with(number + 1, Results::default);
    }
    let known = &mut known[number];
    if known.serial != shared.serial {
        *bytes += tests - known.results.len();
        *known = Results {
            serial: shared.serial,
            results: vec![Known::Unknown; tests].into(),
        };
    }
    let answer = &mut known.results[test];
    if *answer == Known::Unknown {
        work::add(message.len());
        *answer = if look(message) { Known::Yes } else { Known::No };
    }
    *answer == Known::Yes
}
