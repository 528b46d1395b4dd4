//! Work, counted: how many bytes were hashed, copied or compared, and how many records were visited.
//!
//! Tests hold ingest and search to work that is linear in the bytes of a request by this count, since time differs between machines. The
//! count is one addition to a variable of the thread, so it is always on: slices of work are bounded by it, too.

mod steps;

use std::cell::Cell;

pub use crate::hash::fix as fix_hashes;
pub use steps::{Pause, STRIDE, Steps, Visits, at_once, drop_in_steps, sort_by, strides, visited};

/// Work of visiting a record, an entry of a table or a point: one cache line.
pub const VISIT: usize = 64;

thread_local! {
    static DONE: Cell<u64> = const { Cell::new(0) };
}

/// Counts so many bytes as work done by this thread. A loop adds once for its whole length.
#[inline]
pub fn add(bytes: usize) {
    DONE.with(|done| done.set(done.get().wrapping_add(bytes as u64)));
}

/// Returns what this thread has counted since it began.
#[must_use]
#[inline]
pub fn done() -> u64 {
    DONE.with(Cell::get)
}

/// Runs a function and returns its result with the amount of work it counted.
///
/// ```
/// use trace_model::work;
///
/// let ((), counted) = work::of(|| work::add(3 * work::VISIT));
/// assert_eq!(counted, 192);
/// ```
pub fn of<T>(run: impl FnOnce() -> T) -> (T, u64) {
    let before = done();
    let result = run();
    (result, done().wrapping_sub(before))
}
