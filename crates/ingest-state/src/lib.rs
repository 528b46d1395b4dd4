//! The state of ingest as plain values: addresses of the listeners, counts of accepted and rejected requests, memory in flight.
//!
//! **Boundary:** plain values, without sockets, clocks of its own or screens.
//!
//! The collector writes it and screens read it, so it knows neither sockets nor screens: a screen does not compile a server for it.
//!
//! ```
//! use ingest_state::{HealthSnapshot, Listener};
//!
//! let mut health = HealthSnapshot::default();
//! health.remember(Listener::OtlpHttp, "not\nJSON");
//! assert_eq!(health.recent.back().map(|rejected| &*rejected.reason), Some("not␊JSON"));
//! ```

#![warn(missing_docs)]

mod denied;
mod envelope;
mod health;
mod listener;
mod query_api;
mod queue;
mod relay;

pub use denied::{Denial, Denials};
pub use envelope::{EnvelopeCounts, ItemCount, tally};
pub use health::{HealthSnapshot, ListenerCounts, RecentRejection};
pub use listener::{Addresses, Entry as ListenerEntry, Listener, PerListener, Protocol};
pub use query_api::QueryApi;
pub use queue::QueueDepth;
pub use relay::RelayCounts;

/// Characters of a kept reason.
const REASON_LENGTH: usize = 200;

/// Short, on one line, printable: reasons quote what the sender wrote.
#[must_use]
pub fn clean(text: &str) -> String {
    printable::clean_prefix(text, REASON_LENGTH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reason_is_short_and_has_no_escape_sequence() {
        assert_eq!(clean("a\u{1b}[2Jb\nc\u{202e}d\u{9b}e"), "a␛[2Jb␊c·d·e");
        assert_eq!(clean(&"é".repeat(1000)).chars().count(), REASON_LENGTH);
        let everything: Vec<char> = ('\0'..=char::MAX).collect();
        for part in everything.chunks(REASON_LENGTH) {
            let part: String = part.iter().collect();
            assert_eq!(clean(&part), printable::clean(&part));
        }
    }
}
