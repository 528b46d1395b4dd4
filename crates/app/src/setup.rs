//! Ways to send traces here, which a tab without traces lists, and the data received so far.

use std::collections::HashSet;

use ingest_state::Listener;

use crate::format;
use crate::{Action, App, Effect, Mode, Notice, Pane, Tab, scrolled};

/// A way to get traces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetupLine {
    /// Name of the way.
    pub name: &'static str,
    /// Environment variables, or a command.
    pub line: String,
    /// True if the cursor is there.
    pub is_selected: bool,
}

/// The cursor in the list of ways.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Setup {
    position: usize,
}

impl App {
    /// Returns the ways to get traces, while there are none; empty otherwise.
    #[must_use]
    pub fn setup(&self) -> Vec<SetupLine> {
        if self.store.totals().traces > 0 || self.mode != Mode::Viewer {
            return Vec::new();
        }
        let endpoint = |listener| format!("OTEL_EXPORTER_OTLP_ENDPOINT=http://{}", self.addresses[listener]);
        let ways = [
            ("OpenTelemetry, HTTP", endpoint(Listener::OtlpHttp)),
            (
                "OpenTelemetry, gRPC",
                format!("{} OTEL_EXPORTER_OTLP_PROTOCOL=grpc", endpoint(Listener::OtlpGrpc)),
            ),
            ("Sentry", format!("SENTRY_DSN={}", self.dsn())),
            ("Sentry and your DSN", format!("SENTRY_SPOTLIGHT={}", self.spotlight())),
            ("Saved traces", "spanfall open FILE".to_owned()),
            ("Demo", "spanfall demo".to_owned()),
        ];
        let ways = ways.into_iter().enumerate();
        ways.map(|(at, (name, line))| SetupLine {
            name,
            line,
            is_selected: at == self.setup.position,
        })
        .collect()
    }

    /// Returns what has been received without traces: `21 log records, 14 metrics`; with the number of the tab that shows it, if there is one.
    #[must_use]
    pub fn received(&self) -> String {
        let errors: usize = self.aggregates.errors().groups().iter().map(|group| group.errors.len()).sum();
        let series = self.store.metrics().series();
        let metrics: HashSet<_> = series.map(|(key, _)| (key.service(), key.name())).collect();
        let counts = [
            (self.store.totals().logs, "log record", 2),
            (errors, "error", 3),
            (metrics.len(), "metric", 4),
        ];
        let counts = counts.into_iter().filter(|(count, ..)| *count > 0);
        let texts = counts.map(|(count, noun, number)| {
            let count = format::count(count as u64, noun);
            let has_tab = Tab::ALL.iter().any(|tab| tab.number() == number);
            if has_tab { format!("{count} ({number})") } else { count }
        });
        texts.collect::<Vec<_>>().join(", ")
    }

    /// Returns true if the ways to get traces are on the screen and have the keys.
    pub(super) fn shows_setup(&self) -> bool {
        self.screens.tab() == Tab::Traces
            && self.screens.top().is_none()
            && self.screens.pane == Pane::Traces
            && !self.setup().is_empty()
    }

    /// Moves the cursor among the ways.
    pub(super) fn move_in_setup(&mut self, action: Action) {
        let last = self.setup().len().saturating_sub(1);
        self.setup.position = scrolled(self.setup.position, action, last + 1).min(last);
    }

    /// Copies the line under the cursor.
    pub(super) fn copy_setup(&mut self) -> Option<Effect> {
        let line = self.setup().into_iter().find(|line| line.is_selected)?.line;
        self.notice = Some(Notice {
            text: format!("copied, where the terminal allows it: {line}"),
            error: false,
        });
        Some(Effect::Copy(line))
    }
}
