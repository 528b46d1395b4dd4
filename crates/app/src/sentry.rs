//! The real Sentry: addresses of its pages, and results of polling it.

use std::collections::VecDeque;

use trace_model::TraceId;

/// Polled traces that are remembered, at most.
pub const ASKED_TRACES_MAX: usize = 256;

/// One organization in one Sentry, as its pages are found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentrySite {
    /// The organization's slug.
    pub organization: String,
    /// The host that is asked, with its port if it is not the usual one: `sentry.io`, `127.0.0.1:9000`.
    pub host: String,
    /// The address of a trace's page, up to its id.
    pub trace_pages: String,
}

impl SentrySite {
    /// The page of a trace, for a browser.
    #[must_use]
    pub fn trace_url(&self, trace_id: TraceId) -> String {
        format!("{}{trace_id}/", self.trace_pages)
    }
}

/// The state of asking Sentry. What it has of a trace is in the store.
#[derive(Debug, Default)]
pub struct SentryStatus {
    /// Site whose pages can be opened; `None` while no organization is configured.
    pub site: Option<SentrySite>,
    /// True if it is polled for traces, which requires a token.
    pub is_asked: bool,
    /// Address to which envelopes are forwarded, without the key: `https://o1.ingest.sentry.io/42`.
    pub relay: Option<String>,
    /// The Sentry that the demo's services send to past this viewer, without the key.
    pub direct: Option<String>,
    /// The traces that were asked for last, at most [`ASKED_TRACES_MAX`], newest last.
    said: VecDeque<(TraceId, Said)>,
}

/// Last result of polling for a trace.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Said {
    /// The error with advice, as text for the user.
    pub problem: Option<String>,
    /// When it will be asked next, in nanoseconds since the Unix epoch; `None` when it will not.
    pub next_ask_unix_nano: Option<u64>,
}

impl SentryStatus {
    /// Notes how asking for a trace went, or, before the first time, when it will be asked.
    pub fn said(&mut self, trace_id: TraceId, outcome: Result<(), String>, next_ask_unix_nano: Option<u64>) {
        self.said.retain(|(known, _)| *known != trace_id);
        if self.said.len() == ASKED_TRACES_MAX {
            self.said.pop_front();
        }
        let said = Said {
            problem: outcome.err(),
            next_ask_unix_nano,
        };
        self.said.push_back((trace_id, said));
    }

    /// Returns the last result of polling for a trace.
    #[must_use]
    pub fn about(&self, trace_id: TraceId) -> Option<&Said> {
        let mut newest_first = self.said.iter().rev();
        newest_first.find(|(known, _)| *known == trace_id).map(|(_, said)| said)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trace(number: usize) -> TraceId {
        TraceId::from_bytes((number as u128 + 1).to_be_bytes()).expect("not zero")
    }

    #[test]
    fn the_last_word_counts_and_the_oldest_traces_are_forgotten() {
        let mut status = SentryStatus::default();
        status.said(trace(0), Err("no network".to_owned()), Some(5));
        assert_eq!(
            status.about(trace(0)).and_then(|said| said.problem.as_deref()),
            Some("no network")
        );
        status.said(trace(0), Ok(()), None);
        assert_eq!(status.about(trace(0)), Some(&Said::default()));
        for number in 1..=ASKED_TRACES_MAX {
            status.said(trace(number), Ok(()), None);
        }
        assert_eq!(status.about(trace(0)), None);
        assert_eq!(status.said.len(), ASKED_TRACES_MAX);
    }
}
