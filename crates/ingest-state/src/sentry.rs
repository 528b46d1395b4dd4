//! What came to the Sentry endpoint, by what senders call it.

use std::collections::BTreeMap;

use crate::clean;

/// How many names are told apart in each of the maps; they are the sender's text, so there could be any number.
const NAMES: usize = 32;
/// How long such a name may be, in bytes.
const NAME_LENGTH: usize = 32;
/// Where names beyond that, and overlong ones, are counted.
const OTHER: &str = "other";

/// What came to the Sentry endpoint.
///
/// Of the maps' keys there are a few dozen at most, whatever senders invent: the rest is `other`.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct SentryCounts {
    /// Connections that are open now.
    pub connections: u64,
    /// Bytes of bodies, as they were sent.
    pub received_bytes: u64,
    /// Envelopes that were accepted, whole or in part.
    pub envelopes: u64,
    /// OTLP requests by Sentry's own route that were accepted, whole or in part.
    pub otlp_requests: u64,
    /// Items of envelopes, by type: those too of which nothing is read.
    pub items: BTreeMap<String, ItemCount>,
    /// Spans in envelopes and in OTLP requests.
    pub spans: u64,
    /// Events in them: errors and messages.
    pub errors: u64,
    /// Log records in either.
    pub log_records: u64,
    /// Points of metrics in envelopes.
    pub data_points: u64,
    /// Check-ins, by status.
    pub check_ins: BTreeMap<String, u64>,
    /// Sessions, by status. One that is told of when it begins and when it ends counts twice.
    pub sessions: BTreeMap<String, u64>,
    /// What senders say that they dropped, by reason.
    pub client_reports: BTreeMap<String, u64>,
    /// Items that could not be read or only in part, the rest of their envelope having been.
    pub bad_items: u64,
    /// Requests that were denied because of their origin or host.
    pub denied: u64,
    /// Requests that were refused because of what they are.
    pub refused: u64,
    /// Requests that were asked to come again, because the reader is behind.
    pub busy: u64,
}

/// Items of one type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct ItemCount {
    /// How many.
    pub count: u64,
    /// Their payloads, in bytes, not compressed.
    pub bytes: u64,
}

impl ItemCount {
    fn add(&mut self, other: Self) {
        self.count += other.count;
        self.bytes += other.bytes;
    }
}

impl SentryCounts {
    /// Counts an item of an envelope, by the type that its sender gives it.
    pub fn count_item(&mut self, item_type: &str, bytes: usize) {
        bounded(&mut self.items, item_type).add(ItemCount {
            count: 1,
            bytes: bytes as u64,
        });
    }

    /// Adds what one envelope brought.
    pub fn add(&mut self, envelope: &Self) {
        self.envelopes += envelope.envelopes;
        self.spans += envelope.spans;
        self.errors += envelope.errors;
        self.log_records += envelope.log_records;
        self.data_points += envelope.data_points;
        self.bad_items += envelope.bad_items;
        for (name, items) in &envelope.items {
            bounded(&mut self.items, name).add(*items);
        }
        for (counts, more) in [
            (&mut self.check_ins, &envelope.check_ins),
            (&mut self.sessions, &envelope.sessions),
            (&mut self.client_reports, &envelope.client_reports),
        ] {
            for (name, number) in more {
                tally(counts, name, *number);
            }
        }
    }
}

/// Counts some under a name; the number is the sender's.
pub fn tally(counts: &mut BTreeMap<String, u64>, name: &str, number: u64) {
    let count = bounded(counts, name);
    *count = count.saturating_add(number);
}

fn bounded<'a, T: Default>(counts: &'a mut BTreeMap<String, T>, name: &str) -> &'a mut T {
    let fits = name.len() <= NAME_LENGTH;
    let name = if fits { clean(name) } else { OTHER.to_owned() };
    let name = if counts.len() < NAMES || counts.contains_key(&name) {
        name
    } else {
        OTHER.to_owned()
    };
    counts.entry(name).or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_senders_can_invent_is_bounded() {
        let mut counts = SentryCounts::default();
        for number in 0..1000 {
            let mut envelope = SentryCounts::default();
            envelope.count_item(&format!("type-{number}"), 10);
            for counts in [&mut envelope.check_ins, &mut envelope.sessions, &mut envelope.client_reports] {
                tally(counts, &format!("\u{1b}name-{number}"), 1);
            }
            counts.add(&envelope);
        }
        counts.count_item(&"x".repeat(1 << 20), 10);
        assert_eq!(counts.items.len(), NAMES + 1);
        let sum = |field: fn(&ItemCount) -> u64| counts.items.values().map(field).sum::<u64>();
        assert_eq!((sum(|items| items.count), sum(|items| items.bytes)), (1001, 10_010));
        for counts in [&counts.check_ins, &counts.sessions, &counts.client_reports] {
            assert_eq!((counts.len(), counts.values().sum::<u64>()), (NAMES + 1, 1000));
            assert!(counts.keys().all(|name| !name.contains('\u{1b}')));
        }
    }

    #[test]
    fn numbers_of_a_sender_do_not_overflow() {
        let mut counts = BTreeMap::new();
        tally(&mut counts, "exited", u64::MAX);
        tally(&mut counts, "exited", u64::MAX);
        assert_eq!(counts["exited"], u64::MAX);
    }
}
