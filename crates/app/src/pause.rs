//! The pause: the picture does not change, and arrivals are buffered.
//!
//! The store takes nothing in meanwhile, so everything that looks at it (moving, folding, filtering, details) works on the traces as
//! they are. Arrivals are buffered and counted as long as there is room; then the pause ends by itself, since the
//! other ways out would be to lose spans or to turn senders away.

use super::{App, Notice};
use crate::format;

/// A pause that continues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pause {
    /// The moment that is shown, in nanoseconds since the Unix epoch.
    pub unix_nano: u64,
    /// Spans that have arrived since and are buffered.
    pub spans: u64,
}

impl App {
    /// The pause, if there is one.
    #[must_use]
    pub const fn pause(&self) -> Option<Pause> {
        self.pause
    }

    /// The moment to show when the clock says `unix_nano`: that of the pause, if there is one. Nanoseconds since the Unix epoch.
    #[must_use]
    pub fn moment(&self, unix_nano: u64) -> u64 {
        self.pause.map_or(unix_nano, |pause| pause.unix_nano)
    }

    pub(super) fn toggle_pause(&mut self) {
        self.pause = match self.pause {
            Some(_) => None,
            None => Some(Pause {
                unix_nano: self.shown_unix_nano,
                spans: 0,
            }),
        };
    }

    /// Ends a pause, if there is one: something has been asked for that is yet to come.
    pub(super) const fn resume(&mut self) {
        self.pause = None;
    }

    /// Counts spans that wait.
    pub(super) fn hold_in_pause(&mut self, spans: usize) {
        if let Some(pause) = &mut self.pause {
            pause.spans += spans as u64;
        }
    }

    /// Ends the pause because the buffer is full.
    pub(super) fn end_full_pause(&mut self, bytes: usize) {
        if self.pause.take().is_some() {
            let text = format!(
                "pause ended: {} had arrived, which is as much as may wait",
                format::bytes(bytes as u64)
            );
            self.notice = Some(Notice { text, error: false });
        }
    }
}
