//! Set-up of Sentry's SDKs, and the state of relay and poller.

use ingest_state::RelayCounts;

use super::super::content::{Line, Means, Piece, Role};
use super::super::{App, page};
use super::say;
use crate::format;
use crate::text::shown;

pub(super) fn lay_out(lines: &mut Vec<Line>, app: &App, width: usize) {
    page::heading(lines, "sentry", "settings of Sentry's SDKs", width);
    say(lines, "DSN", &app.dsn().into(), "SENTRY_DSN; D copies it", width);
    let spotlight = "SENTRY_SPOTLIGHT, in addition to your own DSN";
    say(lines, "Spotlight", &app.spotlight().into(), spotlight, width);
    match &app.sentry.relay {
        Some(relay) => say(lines, "relay", &shown(relay).into(), "where envelopes are forwarded", width),
        None => say(
            lines,
            "relay",
            &"none".means(Role::Dim),
            "--sentry-relay hands envelopes on to Sentry",
            width,
        ),
    }
    if let Some(counts) = &app.health.relay {
        relayed(lines, counts, width);
    }
    let site = app.sentry.site.as_ref().filter(|_| app.sentry.is_asked);
    match site {
        Some(site) => {
            let whose = format!("{} at {}", site.organization, site.host);
            say(lines, "polled", &whose.into(), "for stored traces", width);
        }
        None => say(
            lines,
            "polled",
            &"no".means(Role::Dim),
            "SENTRY_AUTH_TOKEN and SENTRY_ORG: polls Sentry for traces",
            width,
        ),
    }
}

/// Results of forwarded envelopes; problems have a role.
fn relayed(lines: &mut Vec<Line>, counts: &RelayCounts, width: usize) {
    let rejected: u64 = counts.rejected.values().sum();
    let parts = [
        (counts.accepted, "accepted", false),
        (counts.waiting as u64, "waiting", true),
        (rejected, "rejected", true),
        (counts.rate_limited, "rate limited", true),
        (counts.lost, "lost", true),
    ];
    let parts: Vec<_> = parts
        .into_iter()
        .filter(|(number, what, _)| *number > 0 || *what == "accepted")
        .collect();
    let text: Vec<_> = parts
        .iter()
        .map(|(number, what, _)| format!("{} {what}", format::grouped(*number)))
        .collect();
    let text = Piece::from(text.join(" · "));
    let is_bad = parts.iter().any(|(number, _, bad)| *bad && *number > 0);
    let text = if is_bad { text.means(Role::Warning) } else { text };
    say(lines, "", &text, "envelopes by Sentry's response", width);
    if let Some(problem) = &counts.problem {
        say(lines, "", &shown(problem).means(Role::Warning), "current problem", width);
    }
}
