//! Long computations in steps.
//!
//! A pass over a large trace must not delay the event loop. Such a pass is an `async` function that awaits [`visited`] in its
//! loops, and [`Steps`] runs it until it has done as much work as requested. Nothing blocks here and no executor is needed: the
//! compiler's state machine replaces a cursor written by hand for each pass, and the same code runs [at once](at_once) where
//! nothing else has to run meanwhile.

use std::cell::Cell;
use std::cmp::Ordering;
use std::ops::Range;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use super::{VISIT, add, done};

/// Records that a loop visits between two pauses.
pub const STRIDE: usize = 512;

thread_local! {
    /// Count of work at which computations pause.
    static UNTIL: Cell<u64> = const { Cell::new(u64::MAX) };
}

/// A computation that runs in steps. It owns what it reads, so what it was made of may change meanwhile.
///
/// ```
/// use trace_model::work::{STRIDE, Steps, VISIT, strides, visited};
///
/// let mut sum = Steps::new(async {
///     let mut sum = 0;
///     for range in strides(10 * STRIDE) {
///         sum += range.clone().sum::<usize>();
///         visited(range.len()).await;
///     }
///     sum
/// });
/// assert_eq!(sum.run((STRIDE * VISIT) as u64), None, "there is more to do");
/// assert!(sum.run(u64::MAX).is_some());
/// ```
pub struct Steps<T>(Option<Pin<Box<dyn Future<Output = T> + Send>>>);

impl<T> Steps<T> {
    /// A computation of which nothing is done yet.
    pub fn new(computation: impl Future<Output = T> + Send + 'static) -> Self {
        Self(Some(Box::pin(computation)))
    }

    /// No computation: it has no result.
    #[must_use]
    pub const fn nothing() -> Self {
        Self(None)
    }

    /// Runs until about so much work is done, at least to the next pause. Returns the result once, when it is complete.
    pub fn run(&mut self, work: u64) -> Option<T> {
        let result = poll(self.0.as_mut()?.as_mut(), done().saturating_add(work));
        if result.is_some() {
            self.0 = None;
        }
        result
    }
}

/// Runs as a part of another computation.
impl<T> Future for Steps<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        match &mut self.0 {
            Some(computation) => computation.as_mut().poll(context),
            None => Poll::Pending,
        }
    }
}

impl<T> std::fmt::Debug for Steps<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Steps").finish_non_exhaustive()
    }
}

/// Runs a computation without pauses.
pub fn at_once<T>(computation: impl Future<Output = T>) -> T {
    let mut computation = pin!(computation);
    loop {
        if let Some(result) = poll(computation.as_mut(), u64::MAX) {
            return result;
        }
    }
}

fn poll<T>(computation: Pin<&mut (impl Future<Output = T> + ?Sized)>, until: u64) -> Option<T> {
    struct Restore(u64);
    impl Drop for Restore {
        fn drop(&mut self) {
            UNTIL.set(self.0);
        }
    }
    let _restore = Restore(UNTIL.replace(until));
    match computation.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => Some(result),
        Poll::Pending => None,
    }
}

/// Counts so many records as visited, and pauses if the step has done its work.
pub fn visited(records: usize) -> Pause {
    add(records * VISIT);
    Pause { is_over: false }
}

/// A place at which a computation may pause.
#[derive(Debug)]
#[must_use = "a pause is awaited"]
pub struct Pause {
    is_over: bool,
}

impl Future for Pause {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if self.is_over || done() < UNTIL.get() {
            return Poll::Ready(());
        }
        self.is_over = true;
        Poll::Pending
    }
}

/// Visits of a loop that has no known length: it pauses as a loop over [`strides`] does.
#[derive(Debug, Default)]
pub struct Visits(usize);

impl Visits {
    /// Counts one record.
    #[inline]
    pub fn one(&mut self) -> Pause {
        self.many(1)
    }

    /// Counts so many records, of which none was worth a pause.
    #[inline]
    pub fn many(&mut self, records: usize) -> Pause {
        self.0 += records;
        if self.0 >= STRIDE {
            visited(std::mem::take(&mut self.0))
        } else {
            Pause { is_over: true }
        }
    }
}

impl Drop for Visits {
    fn drop(&mut self) {
        add(self.0 * VISIT);
    }
}

/// The numbers below `count` in ranges of [`STRIDE`], between which a loop pauses.
pub fn strides(count: usize) -> impl Iterator<Item = Range<usize>> {
    (0..count).step_by(STRIDE).map(move |from| from..count.min(from + STRIDE))
}

/// Sorts as [`slice::sort_unstable_by`] does, in steps: short runs first, which are then merged.
pub async fn sort_by<T: Copy>(items: &mut Vec<T>, order: impl Fn(&T, &T) -> Ordering) {
    for range in strides(items.len()) {
        let run = &mut items[range];
        run.sort_unstable_by(&order);
        visited(run.len()).await;
    }
    let mut merged = Vec::with_capacity(items.len());
    let mut width = STRIDE;
    while width < items.len() {
        for pair in items.chunks(2 * width) {
            let (mut left, mut right) = pair.split_at(width.min(pair.len()));
            while !merge(&mut left, &mut right, &mut merged, &order) {
                // Items are small: several share a cache line.
                visited(STRIDE / 2).await;
            }
        }
        std::mem::swap(items, &mut merged);
        merged.clear();
        width *= 2;
    }
}

/// Merges the next [`STRIDE`] items of two sorted runs; true when nothing is left of them.
fn merge<T: Copy>(left: &mut &[T], right: &mut &[T], merged: &mut Vec<T>, order: impl Fn(&T, &T) -> Ordering) -> bool {
    // A sorted list is unchanged.
    let is_sorted = left
        .last()
        .zip(right.first())
        .is_none_or(|(last, next)| order(last, next).is_le());
    for _ in 0..if is_sorted { 0 } else { STRIDE } {
        let (Some(one), Some(other)) = (left.first(), right.first()) else {
            break;
        };
        if order(one, other).is_le() {
            merged.push(*one);
            *left = &left[1..];
        } else {
            merged.push(*other);
            *right = &right[1..];
        }
    }
    if is_sorted || left.is_empty() || right.is_empty() {
        merged.extend_from_slice(left);
        merged.extend_from_slice(right);
        return true;
    }
    false
}

/// Drops the items of a vector, which may own a lot.
pub async fn drop_in_steps<T>(mut items: Vec<T>) {
    while !items.is_empty() {
        let left = items.len().saturating_sub(STRIDE);
        let dropped = items.len() - left;
        items.truncate(left);
        visited(dropped).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs in the smallest steps, and returns how many that were.
    fn in_steps<T>(mut steps: Steps<T>) -> (T, usize) {
        for count in 1.. {
            let (result, counted) = super::super::of(|| steps.run(0));
            assert!(counted <= (STRIDE * VISIT) as u64, "{counted} in one step");
            if let Some(result) = result {
                return (result, count);
            }
        }
        unreachable!("it ends")
    }

    #[test]
    fn sort_gives_the_order_of_the_standard_library() {
        for count in [0, 1, STRIDE - 1, STRIDE, STRIDE + 1, 2 * STRIDE, 5 * STRIDE + 7, 20 * STRIDE] {
            let random = (0..count).map(|number| (number as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40);
            let kinds: [Vec<u64>; 4] = [
                random.collect(),
                (0..count as u64).collect(),
                (0..count as u64).rev().collect(),
                vec![3; count],
            ];
            for items in kinds {
                let mut expected = items.clone();
                expected.sort_unstable();
                let mut sorted = items.clone();
                let steps = Steps::new(async move {
                    sort_by(&mut sorted, Ord::cmp).await;
                    sorted
                });
                let (sorted, steps) = in_steps(steps);
                assert_eq!(sorted, expected);
                assert!(steps > count / STRIDE, "{steps} steps for {count}");
            }
        }
    }

    #[test]
    fn step_ends_at_the_first_pause_after_its_work() {
        let mut steps = Steps::new(async {
            for range in strides(10 * STRIDE) {
                visited(range.len()).await;
            }
        });
        let stride = (STRIDE * VISIT) as u64;
        let counted: Vec<_> = std::iter::from_fn(|| {
            let (result, counted) = super::super::of(|| steps.run(3 * stride));
            result.is_none().then_some(counted / stride)
        })
        .take(9)
        .collect();
        assert_eq!(counted, [3, 3, 3]);
        assert_eq!(steps.run(u64::MAX), None, "the result is given once");
    }

    #[test]
    fn nested_step_keeps_to_its_own_work() {
        let mut outer = Steps::new(async {
            visited(STRIDE).await;
            at_once(async {
                for range in strides(3 * STRIDE) {
                    visited(range.len()).await;
                }
            });
            visited(STRIDE).await;
        });
        assert!(outer.run(0).is_none() && outer.run(0).is_none());
        assert!(outer.run(0).is_some());
    }

    #[test]
    fn vectors_are_dropped_in_steps() {
        let one = std::sync::Arc::new(());
        let items = vec![one.clone(); 3 * STRIDE];
        let mut steps = Steps::new(drop_in_steps(items));
        assert!(steps.run(0).is_none());
        assert_eq!(std::sync::Arc::strong_count(&one), 2 * STRIDE + 1);
        assert!(steps.run(u64::MAX).is_some());
    }
}
