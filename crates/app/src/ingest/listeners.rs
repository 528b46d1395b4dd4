//! The table of listeners: what came to each since the start.

use std::collections::BTreeMap;

use super::super::App;
use super::super::content::{Line, Means, Piece, Role};
use super::{NAMES, say, short};
use crate::format;
use crate::text::shown;
use ingest_state::{EnvelopeCounts, Listener, ListenerCounts, Protocol};

/// Columns of a listener's numbers.
const NUMBERS: usize = 12;

pub(super) fn lay_out(lines: &mut Vec<Line>, app: &App, width: usize) {
    let name = |text: &str| format::exactly(text, NAMES).means(Role::Dim);
    let mut header = Line::from(format::exactly("LISTENERS", NAMES).strong());
    let mut addresses = Line::from(name("at port"));
    for (listener, address) in app.addresses.iter() {
        let name = listener.to_string();
        header.push(format!("{name:>NUMBERS$}").strong());
        addresses.push(format!("{:>NUMBERS$}", address.port()));
    }
    addresses.push(format!("  of {}", app.addresses[Listener::ALL[0]].ip()).means(Role::Dim));
    lines.extend([header, addresses]);
    let health = &app.health;
    for fact in FACTS {
        let mut line = Line::from(name(fact.name));
        for (listener, counts) in health.listeners.iter() {
            let number = fact.of.contains(&listener.protocol()).then(|| (fact.count)(counts));
            let tone = match number {
                Some(1..) if fact.bad => Piece::default().strong().means(Role::Warning),
                Some(1..) => Piece::default(),
                _ => Piece::default().means(Role::Dim),
            };
            let number = match number {
                Some(bytes) if fact.bytes => format::bytes(bytes),
                Some(number) => short(number, NUMBERS - 1),
                None => "–".to_owned(),
            };
            line.push(tone.with_text(format!("{number:>NUMBERS$}")));
        }
        let room = width.saturating_sub(line.width() + 2);
        line.push(format!("  {}", format::at_most(fact.about, room)).means(Role::Dim));
        lines.push(line);
    }
    envelopes(lines, &health.envelopes, width);
    let hidden = app.store.totals().hidden_spans;
    if hidden > 0 {
        let hidden = format!("{} hidden", format::grouped(hidden));
        say(
            lines,
            "own uploads",
            &hidden.into(),
            "spans of exports to here: --show-uploads",
            width,
        );
    }
}

/// Contents of Sentry's envelopes, by the senders' own names.
fn envelopes(lines: &mut Vec<Line>, sentry: &EnvelopeCounts, width: usize) {
    let items = sentry.items.iter().map(|(name, items)| {
        let number = format!("{} {}", format::grouped(items.count), shown(name));
        // Of these the size is what matters: nothing of them is kept.
        let is_large = ["attachment", "replay", "profile"]
            .iter()
            .any(|large| name.starts_with(large));
        if is_large {
            format!("{number} {}", format::bytes(items.bytes))
        } else {
            number
        }
    });
    let counts = |counts: &BTreeMap<String, u64>| -> Vec<_> {
        let counts = counts.iter();
        counts
            .map(|(name, count)| format!("{} {}", format::grouped(*count), shown(name)))
            .collect()
    };
    for (name, parts, about) in [
        ("items", items.collect(), "in Sentry's envelopes"),
        ("sessions", counts(&sentry.sessions), "by status"),
        ("check-ins", counts(&sentry.check_ins), "of scheduled jobs, by status"),
        ("dropped", counts(&sentry.client_reports), "by SDKs (client reports)"),
    ] {
        if !parts.is_empty() {
            say(lines, name, &parts.join(" · ").into(), about, width);
        }
    }
}

/// A row of the table.
struct Fact {
    name: &'static str,
    count: fn(&ListenerCounts) -> u64,
    /// The protocols that have such a thing.
    of: &'static [Protocol],
    /// True if any number above 0 is a problem.
    bad: bool,
    /// True if it is a number of bytes.
    bytes: bool,
    /// Short: on a screen of 80 columns there is room for 22.
    about: &'static str,
}

/// Protocols that bring spans.
const INGEST: &[Protocol] = &[Protocol::Otlp, Protocol::Sentry];

impl Fact {
    const fn new(name: &'static str, count: fn(&ListenerCounts) -> u64, about: &'static str) -> Self {
        Self {
            name,
            count,
            of: INGEST,
            bad: false,
            bytes: false,
            about,
        }
    }

    const fn bad(name: &'static str, count: fn(&ListenerCounts) -> u64, about: &'static str) -> Self {
        Self {
            bad: true,
            ..Self::new(name, count, about)
        }
    }
}

const FACTS: &[Fact] = &[
    Fact::new("connected", |counts| counts.connections, "open now"),
    Fact {
        bytes: true,
        ..Fact::new("received", |counts| counts.received_bytes, "bytes, as sent")
    },
    Fact::new("requests", |counts| counts.requests, "accepted, in whole or in part"),
    Fact::new("spans", |counts| counts.spans, "accepted"),
    Fact::new("logs", |counts| counts.log_records, "log records"),
    Fact {
        of: &[Protocol::Sentry],
        ..Fact::new("errors", |counts| counts.errors, "events: errors, messages")
    },
    Fact::new("metrics", |counts| counts.data_points, "data points"),
    Fact {
        of: &[Protocol::Otlp],
        ..Fact::new("profiles", |counts| counts.unsupported, "accepted and dropped")
    },
    Fact::bad("left out", |counts| counts.dropped, "invalid parts of requests"),
    Fact::bad("rejected", |counts| counts.rejected, "invalid: see REJECTED"),
    Fact::bad("throttled", |counts| counts.throttled, "told to retry"),
];
