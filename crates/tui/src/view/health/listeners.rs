//! The table of listeners: what came to each since the start.

use collector::{OtlpCounts, SentryCounts};
use ratatui::style::{Style, Stylize};
use ratatui::text::{Line, Span};

use super::super::{format, theme};
use super::{NAMES, say, short};
use crate::app::App;
use crate::text::clean;

/// How wide a listener's numbers are.
const NUMBERS: usize = 12;

pub(super) fn lay_out(lines: &mut Vec<Line<'static>>, app: &App, width: usize) {
    let name = |text: &str| Span::raw(format::exactly(text, NAMES)).fg(theme::DIM);
    let mut header = Line::from(format::exactly("LISTENERS", NAMES).bold());
    let mut addresses = Line::from(name("at port"));
    for (listener, address) in [
        ("OTLP/gRPC", app.addresses.otlp_grpc),
        ("OTLP/HTTP", app.addresses.otlp_http),
        ("Sentry", app.addresses.sentry),
    ] {
        header.push_span(format!("{listener:>NUMBERS$}").bold());
        addresses.push_span(format!("{:>NUMBERS$}", address.port()));
    }
    addresses.push_span(format!("  of {}", app.addresses.otlp_http.ip()).fg(theme::DIM));
    lines.extend([header, addresses]);
    let health = &app.health;
    let (grpc, http, sentry) = (&health.otlp_grpc, &health.otlp_http, &health.sentry);
    for fact in FACTS {
        let mut line = Line::from(name(fact.name));
        for number in [Some((fact.otlp)(grpc)), Some((fact.otlp)(http)), (fact.sentry)(sentry)] {
            let style = match number {
                Some(1..) if fact.bad => Style::new().bold().fg(theme::WARNING),
                Some(1..) => Style::new(),
                _ => Style::new().fg(theme::DIM),
            };
            let number = match number {
                Some(bytes) if fact.bytes => format::bytes(bytes),
                Some(number) => short(number, NUMBERS - 1),
                None => "–".to_owned(),
            };
            line.push_span(Span::styled(format!("{number:>NUMBERS$}"), style));
        }
        let room = width.saturating_sub(line.width() + 2);
        line.push_span(format!("  {}", format::at_most(fact.about, room)).fg(theme::DIM));
        lines.push(line);
    }
    if !sentry.items.is_empty() {
        let items = sentry.items.iter();
        let items: Vec<_> = items
            .map(|(name, count)| format!("{} {}", format::grouped(*count), clean(name)))
            .collect();
        say(lines, "items", &items.join(" · ").into(), "in Sentry's envelopes", width);
    }
}

/// A row of the table.
struct Fact {
    name: &'static str,
    otlp: fn(&OtlpCounts) -> u64,
    /// `None` where the protocol has no such thing.
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
        otlp: fn(&OtlpCounts) -> u64,
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
        |otlp| otlp.connections,
        |sentry| Some(sentry.connections),
        "senders, now",
    ),
    Fact {
        bytes: true,
        ..Fact::new(
            "received",
            |otlp| otlp.received_bytes,
            |sentry| Some(sentry.received_bytes),
            "bodies, as sent",
        )
    },
    Fact::new(
        "requests",
        |otlp| otlp.requests,
        |sentry| Some(sentry.envelopes),
        "taken, or part of them",
    ),
    Fact::new("spans", |otlp| otlp.spans, |sentry| Some(sentry.spans), "in them"),
    Fact::new("logs", |otlp| otlp.log_records, |_| None, "log records in them"),
    Fact::new("metrics", |otlp| otlp.data_points, |_| None, "data points in them"),
    Fact::new("profiles", |otlp| otlp.unsupported, |_| None, "thrown away"),
    Fact {
        bad: true,
        ..Fact::new(
            "left out",
            |otlp| otlp.rejected_spans,
            |sentry| Some(sentry.bad_items),
            "unusable parts of them",
        )
    },
    Fact {
        bad: true,
        ..Fact::new(
            "refused",
            |otlp| otlp.refused,
            |sentry| Some(sentry.refused),
            "wrong: see REFUSED",
        )
    },
    Fact {
        bad: true,
        ..Fact::new("busy", |otlp| otlp.busy, |sentry| Some(sentry.busy), "asked to come again")
    },
];
