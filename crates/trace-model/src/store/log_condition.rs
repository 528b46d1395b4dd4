//! A condition of a list of log records that the filter language cannot express.

use std::fmt;
use std::sync::Arc;

use super::stored::StoredLog;

type Test = dyn Fn(&StoredLog<'_>) -> bool + Send + Sync;

/// A condition of a list of log records, with a name for titles. Clones are equal, others are not.
#[derive(Clone)]
pub struct LogCondition {
    name: Arc<str>,
    bytes: usize,
    test: Arc<Test>,
}

impl LogCondition {
    /// Returns a condition whose test holds about so many bytes. The work of the test is bounded, and it counts it.
    #[must_use]
    pub fn new(name: &str, bytes: usize, test: impl Fn(&StoredLog<'_>) -> bool + Send + Sync + 'static) -> Self {
        Self {
            name: name.into(),
            bytes: bytes + name.len(),
            test: Arc::new(test),
        }
    }

    /// Returns its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn holds(&self, log: &StoredLog<'_>) -> bool {
        (self.test)(log)
    }
}

impl PartialEq for LogCondition {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.test, &other.test)
    }
}

impl fmt::Debug for LogCondition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LogCondition").field(&self.name).finish()
    }
}
