//! The table of listeners: what came to each since the start.

use std::collections::BTreeMap;

use super::super::App;
use super::super::content::{Line, Means, Piece, Role};
use super::{NAMES, say, short};
use crate::format;
use crate::text::shown;
use ingest_state::{OtlpCounts, SentryCounts};

/// How wide a listener's numbers are.
const NUMBERS: usize = 12;

pub(super) fn lay_out(lines: &mut Vec<Line>, app: &App, width: usize) {
    let name = |text: &str| format::exactly(text, NAMES).means(Role::Dim);
    let mut header = Line::from(format::exactly("LISTENERS", NAMES).strong());
    let mut addresses = Line::from(name("at port"));
    for (listener, address) in [
        ("OTLP/gRPC", app.addresses.otlp_grpc),
        ("OTLP/HTTP", app.addresses.otlp_http),
        ("Sentry", app.addresses.sentry),
    ] {
        header.push(format!("{listener:>NUMBERS$}").strong());
        addresses.push(format!("{:>NUMBERS$}", address.port()));
    }
    addresses.push(format!("  of {}", app.addresses.otlp_http.ip()).means(Role::Dim));
    lines.extend([header, addresses]);
    let health = &app.health;
    let (grpc, http, sentry) = (&health.otlp_grpc, &health.otlp_http, &health.sentry);
    for fact in FACTS {
        let mut line = Line::from(name(fact.name));
        for number in [(fact.otlp)(grpc), (fact.otlp)(http), (fact.sentry)(sentry)] {
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
    envelopes(lines, sentry, width);
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

/// What Sentry's envelopes held, by the senders' own names.
fn envelopes(lines: &mut Vec<Line>, sentry: &SentryCounts, width: usize) {
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
    /// `None` where the protocol has no such thing.
    otlp: fn(&OtlpCounts) -> Option<u64>,
    sentry: fn(&SentryCounts) -> Option<u64>,
    /// Whether any at all is worth a look.
    bad: bool,
    /// Whether it is a number of bytes.
    bytes: bool,
    /// Short: on a screen of 80 columns there is room for 22.
    about: &'static str,
}

impl Fact {
    const fn new(
        name: &'static str,
        otlp: fn(&OtlpCounts) -> Option<u64>,
        sentry: fn(&SentryCounts) -> Option<u64>,
        about: &'static str,
    ) -> Self {
        Self {
            name,
            otlp,
            sentry,
            bad: false,
            bytes: false,
            about,
        }
    }
}

const FACTS: &[Fact] = &[
    Fact::new(
        "connected",
        |otlp| Some(otlp.connections),
        |sentry| Some(sentry.connections),
        "open now",
    ),
    Fact {
        bytes: true,
        ..Fact::new(
            "received",
            |otlp| Some(otlp.received_bytes),
            |sentry| Some(sentry.received_bytes),
            "bytes, as sent",
        )
    },
    Fact::new(
        "requests",
        |otlp| Some(otlp.requests),
        |sentry| Some(sentry.envelopes + sentry.otlp_requests),
        "accepted, in whole or in part",
    ),
    Fact::new("spans", |otlp| Some(otlp.spans), |sentry| Some(sentry.spans), "accepted"),
    Fact::new(
        "logs",
        |otlp| Some(otlp.log_records),
        |sentry| Some(sentry.log_records),
        "log records",
    ),
    Fact::new("errors", |_| None, |sentry| Some(sentry.errors), "events: errors, messages"),
    Fact::new(
        "metrics",
        |otlp| Some(otlp.data_points),
        |sentry| Some(sentry.data_points),
        "data points",
    ),
    Fact::new("profiles", |otlp| Some(otlp.unsupported), |_| None, "accepted and dropped"),
    Fact {
        bad: true,
        ..Fact::new(
            "left out",
            |otlp| Some(otlp.rejected_spans),
            |sentry| Some(sentry.bad_items),
            "invalid parts of requests",
        )
    },
    Fact {
        bad: true,
        ..Fact::new(
            "refused",
            |otlp| Some(otlp.refused),
            |sentry| Some(sentry.refused),
            "invalid: see REFUSED",
        )
    },
    Fact {
        bad: true,
        ..Fact::new("busy", |otlp| Some(otlp.busy), |sentry| Some(sentry.busy), "told to retry")
    },
];
