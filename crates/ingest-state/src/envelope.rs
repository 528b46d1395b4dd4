//! Contents of Sentry envelopes, by the names that senders give them.

use std::collections::BTreeMap;

use crate::clean;

/// Names counted one by one in each of the maps. They are the sender's text, so there could be any number.
const NAMES: usize = 32;
/// Bytes of such a name.
const NAME_LENGTH: usize = 32;
/// Name under which further and longer names are counted.
const OTHER: &str = "other";

/// Contents of Sentry envelopes.
///
/// Each map has a few dozen keys at most, whatever senders invent: the rest is `other`.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct EnvelopeCounts {
    /// Items, by type, including unknown types.
    pub items: BTreeMap<String, ItemCount>,
    /// Check-ins, by status.
    pub check_ins: BTreeMap<String, u64>,
    /// Sessions by status. A session that is reported at its begin and at its end counts twice.
    pub sessions: BTreeMap<String, u64>,
    /// Events that clients report as dropped, by reason.
    pub client_reports: BTreeMap<String, u64>,
}

/// Items of one type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct ItemCount {
    /// Number of items.
    pub count: u64,
    /// Bytes of their payloads, decompressed.
    pub bytes: u64,
}

impl ItemCount {
    fn add(&mut self, other: Self) {
        self.count += other.count;
        self.bytes += other.bytes;
    }
}

impl EnvelopeCounts {
    /// Counts an item of an envelope under the type that its sender states.
    pub fn count_item(&mut self, item_type: &str, bytes: usize) {
        bounded(&mut self.items, item_type).add(ItemCount {
            count: 1,
            bytes: bytes as u64,
        });
    }

    /// Adds the contents of one envelope.
    pub fn add(&mut self, envelope: &Self) {
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

/// Adds the sender's number under a name.
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
    fn names_of_senders_are_bounded() {
        let mut counts = EnvelopeCounts::default();
        for number in 0..1000 {
            let mut envelope = EnvelopeCounts::default();
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
