//! Hashes of what senders write.

use std::hash::{BuildHasher, Hash};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};

use foldhash::fast::{FoldHasher, SeedableRandomState};

/// The hasher of the process: the walk hashes in the request's task what the store looks up later.
static BUILDER: LazyLock<State> = LazyLock::new(State::default);

/// Set by [`fix`].
static IS_FIXED: AtomicBool = AtomicBool::new(false);

/// The state of hash tables: random, so that no sender can choose what collides.
#[derive(Clone, Debug)]
pub(crate) struct State(SeedableRandomState);

impl Default for State {
    fn default() -> Self {
        Self(if IS_FIXED.load(Ordering::Relaxed) {
            SeedableRandomState::fixed()
        } else {
            SeedableRandomState::random()
        })
    }
}

impl BuildHasher for State {
    type Hasher = FoldHasher<'static>;

    #[inline]
    fn build_hasher(&self) -> FoldHasher<'static> {
        self.0.build_hasher()
    }
}

/// Gives hash tables the same state in each run of the program. When a table grows depends on its state, and with it which trace is evicted
/// when: tests that compare work call this first, before anything else of this crate.
pub fn fix() {
    IS_FIXED.store(true, Ordering::Relaxed);
}

/// Hashes with a key that no sender knows. The caller counts the work.
#[inline]
pub(crate) fn of(value: impl Hash) -> u64 {
    BUILDER.hash_one(value)
}

/// Hashes with no key, so that the order of what is sorted by it is the same in each run of the program.
pub(crate) fn fixed(bytes: &[u8], seed: u64) -> u64 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let mix = |hash: u64, word: u64| {
        let product = u128::from(hash ^ word) * u128::from(FACTOR);
        #[expect(clippy::cast_possible_truncation, reason = "both halves are used")]
        let (low, high) = (product as u64, (product >> 64) as u64);
        (low ^ high).wrapping_add(FACTOR)
    };
    let (words, rest) = bytes.as_chunks::<8>();
    let hash = words
        .iter()
        .fold(mix(0, seed), |hash, word| mix(hash, u64::from_le_bytes(*word)));
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    mix(mix(hash, u64::from_le_bytes(last)), bytes.len() as u64)
}
