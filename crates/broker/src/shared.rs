//! State that all connections share.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::config::Config;
use crate::core::Core;
use crate::memory::Memory;
use crate::presence::ConnectionRegistry;

/// The state shared by all connections.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) memory: Memory,
    pub(crate) presences: ConnectionRegistry,
    core: Mutex<Core>,
}

impl Shared {
    pub(crate) fn new(config: Config) -> Self {
        Self {
            memory: Memory::new(config.max_memory),
            presences: ConnectionRegistry::default(),
            config,
            core: Mutex::default(),
        }
    }

    /// Locks the broker's state. Never held across an await; ignores poisoning, so that one panicked session does not fail the others.
    pub(crate) fn core(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
