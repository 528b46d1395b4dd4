//! How Sentry's SDKs are made to send here, and what this viewer has to do with the real Sentry.

use ratatui::style::Stylize;
use ratatui::text::Line;

use super::super::page;
use super::super::theme;
use super::super::waterfall::spotlight;
use super::say;
use crate::app::App;
use crate::text::clean;

pub(super) fn lay_out(lines: &mut Vec<Line<'static>>, app: &App, width: usize) {
    page::heading(lines, "sentry", "how its SDKs are made to send here", width);
    say(lines, "DSN", &app.dsn().into(), "SENTRY_DSN; D copies it", width);
    let beside = "SENTRY_SPOTLIGHT, beside a DSN of your own";
    say(lines, "Spotlight", &spotlight(app).into(), beside, width);
    match &app.sentry.relay {
        Some(relay) => say(
            lines,
            "relay",
            &clean(relay).into_owned().into(),
            "where envelopes are handed on to",
            width,
        ),
        None => say(
            lines,
            "relay",
            &"none".fg(theme::DIM),
            "--sentry-relay hands envelopes on to Sentry",
            width,
        ),
    }
    let site = app.sentry.site.as_ref().filter(|_| app.sentry.is_asked);
    match site {
        Some(site) => {
            let whose = format!("{} at {}", site.organization(), site.host());
            say(lines, "asked", &whose.into(), "for traces, to compare with", width);
        }
        None => say(
            lines,
            "asked",
            &"no".fg(theme::DIM),
            "SENTRY_AUTH_TOKEN and SENTRY_ORG: asks Sentry for traces",
            width,
        ),
    }
}
