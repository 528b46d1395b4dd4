//! The source of truth of the cross-check, and the areas of the screen's parts.

use ratatui_core::layout::{Constraint, Layout, Margin, Rect};
use trace_model::TraceSummary;
use trace_model::sentry::SourceOfTruth;

use super::super::content::{Line, Means, Role};
use super::super::{App, Mode, Times};
use crate::format::{self, Now, service_name};
use crate::text;

/// Client reports that are shown, at most.
pub const CLIENT_REPORTS_SHOWN: usize = 3;
/// Lines that explain the row under the cursor: a rule, the span, and why.
const WHY: u16 = 4;
/// Lines about what is compared with what, at most.
const AGAINST: usize = 7;
/// On a lower pane reports would take the room of spans.
const ROOM_FOR_REPORTS: u16 = 16;

/// Areas of the screen's parts.
#[derive(Clone, Copy, Debug, Default)]
pub struct CrossCheckParts {
    /// The title.
    pub title: Rect,
    /// The source of truth, and the number of spans by mark.
    pub heading: Rect,
    /// The spans.
    pub rows: Rect,
    /// About the span under the cursor.
    pub why: Rect,
    /// Items that SDKs report as dropped.
    pub reports: Rect,
}

impl CrossCheckParts {
    /// Divides the screen; the heading has so many lines.
    pub(super) fn of(app: &App, area: Rect, heading: usize) -> Self {
        let title = Rect { height: 1, ..area }.intersection(area);
        let inner = Rect {
            y: area.y.saturating_add(1),
            height: area.height.saturating_sub(1),
            ..area
        };
        let inner = inner.inner(Margin::new(1, 0)).intersection(area);
        let reports = match app.store.client_reports().count().min(CLIENT_REPORTS_SHOWN) {
            0 => 0,
            _ if inner.height < ROOM_FOR_REPORTS => 0,
            some => some + 1,
        };
        let length = |lines: usize| Constraint::Length(u16::try_from(lines).unwrap_or(u16::MAX));
        let [heading, rows, why, reports] =
            Layout::vertical([length(heading), Constraint::Fill(1), Constraint::Max(WHY), length(reports)]).areas(inner);
        Self {
            title,
            heading,
            rows,
            why,
            reports,
        }
    }
}

/// Describes the source of truth; without `now` in as many lines as any time takes, so that rows below do not jump.
pub(super) fn truth(app: &App, trace: &TraceSummary, now: Option<&Now>, width: usize) -> Vec<Line> {
    let here = app.addresses[ingest_state::Listener::Sentry];
    let text = match app.reach(trace.trace_id).truth {
        SourceOfTruth::Nothing => nothing(app, trace),
        SourceOfTruth::Endpoint => match &app.sentry.relay {
            None => format!("Compared with the Sentry envelopes that came to this viewer, at {here}."),
            Some(relay) => {
                let relay = text::shown(relay);
                format!(
                    "Compared with the Sentry envelopes that came to {here} and were forwarded to {relay}, and what that answered."
                )
            }
        },
        SourceOfTruth::Sentry {
            asked_unix_nano,
            asked_again,
        } => stored(app, trace, asked_unix_nano, asked_again, now),
    };
    let problem = app.sentry.about(trace.trace_id).and_then(|said| said.problem.as_ref());
    let wrapped = |text: &str, role: Role| {
        let pieces = format::wrapped_words(text, width.max(1));
        pieces.into_iter().map(move |piece| Line::from(piece.means(role)))
    };
    let mut lines: Vec<_> = wrapped(&text, Role::Dim).collect();
    if let Some(problem) = problem {
        lines.extend(wrapped(&format!("✗ {}", text::shown(problem)), Role::Error));
    }
    lines.truncate(AGAINST);
    lines
}

/// Explains why nothing can be compared, and how to change that.
fn nothing(app: &App, trace: &TraceSummary) -> String {
    if let Some(direct) = &app.sentry.direct {
        let direct = text::shown(direct);
        return format!(
            "Nothing to compare with: the services send to {direct} directly. Start without --no-sentry-relay to forward envelopes \
             through this viewer, or set SENTRY_AUTH_TOKEN and SENTRY_ORG to ask Sentry."
        );
    }
    let heard: Vec<_> = trace
        .services
        .iter()
        .filter(|service| app.store.has_sent_to_sentry(service))
        .map(|service| service_name(service))
        .collect();
    if heard.is_empty() && app.mode == Mode::Files {
        return "Nothing to compare with: these files have no envelope of these services.".to_owned();
    }
    if heard.is_empty() {
        let dsn = app.dsn();
        return format!(
            "Nothing to compare with: no envelope has come from these services. Set SENTRY_DSN={dsn} where they run; D copies it."
        );
    }
    format!(
        "Nothing to compare with: envelopes came from {}, but none with this trace.",
        heard.join(", ")
    )
}

/// Describes Sentry's copy: the time of the last result, and of the next one.
fn stored(app: &App, trace: &TraceSummary, asked: Option<u64>, asked_again: bool, now: Option<&Now>) -> String {
    let site = app.sentry.site.as_ref();
    let whose = site.map_or_else(
        || "Sentry".to_owned(),
        |site| format!("{} at {}", site.organization, site.host),
    );
    // As wide as any time.
    let clock = |unix_nano: u64| {
        now.map_or_else(
            || "00:00:00".to_owned(),
            |now| Times::of([unix_nano, now.unix_nano].into_iter()).text(unix_nano, now),
        )
    };
    let said = app.sentry.about(trace.trace_id);
    let rejected = said.is_some_and(|said| said.problem.is_some());
    let asked_at = match asked {
        Some(asked) => format!("asked at {}", clock(asked)),
        None if rejected => "no answer so far".to_owned(),
        None => "not asked yet".to_owned(),
    };
    let next = match said.and_then(|said| said.next_ask_unix_nano) {
        Some(next) => now.map_or_else(
            || "next ask in 000 min".to_owned(),
            |now| format!("next ask {}", format::until(next, now)),
        ),
        None if rejected || !asked_again => "R asks again".to_owned(),
        None if asked.is_none() => "it will be, a little after the last span".to_owned(),
        None => "it will be asked again".to_owned(),
    };
    format!("Compared with what Sentry has stored for {whose}: {asked_at}, {next}.")
}
