//! Writing traces into files, on threads that may block.

use std::collections::VecDeque;
use std::path::Path;

use tokio::sync::mpsc::{self, OwnedPermit};
use trace_files::{Copied, Copying, Saved};
use trace_model::{Store, TraceId};

use app::Notice;
use app::format;

/// Traces being saved at once.
const AT_ONCE: usize = 4;

/// Saves in progress, with the channel of their results.
#[derive(Debug)]
pub(super) struct Saving {
    sender: mpsc::Sender<Notice>,
    ended: mpsc::Receiver<Notice>,
    /// Traces that are being copied out of the store, one after the other.
    copying: VecDeque<(Copying, OwnedPermit<Notice>)>,
}

impl Saving {
    pub(super) fn new() -> Self {
        let (sender, ended) = mpsc::channel(AT_ONCE);
        Self {
            sender,
            ended,
            copying: VecDeque::new(),
        }
    }

    /// Starts to write a trace into the working directory; returns a notice for the user.
    pub(super) fn begin(&mut self, store: &Store, trace_id: TraceId) -> Notice {
        let Ok(permit) = self.sender.clone().try_reserve_owned() else {
            return Notice {
                text: "other traces are being saved: try again in a moment".to_owned(),
                error: true,
            };
        };
        if store.trace_revision(trace_id).is_none() {
            return left();
        }
        self.copying.push_back((Copying::new(store, trace_id), permit));
        Notice {
            text: "saving the trace …".to_owned(),
            error: false,
        }
    }

    /// Returns true if [`Saving::copy_part`] has work left.
    pub(super) fn is_copying(&self) -> bool {
        !self.copying.is_empty()
    }

    /// Copies until about so much [work](trace_model::work) is done. A copied trace is written by a thread that may block.
    pub(super) fn copy_part(&mut self, store: &Store, work: u64) {
        let Some((mut copying, permit)) = self.copying.pop_front() else {
            return;
        };
        match copying.step(store, work) {
            Copied::Part => self.copying.push_front((copying, permit)),
            Copied::Evicted => _ = permit.send(left()),
            Copied::Whole(saved) => {
                tokio::task::spawn_blocking(move || permit.send(write(&saved, Path::new(""))));
            }
        }
    }

    /// Waits for the next one that has ended.
    pub(super) async fn next(&mut self) -> Notice {
        match self.ended.recv().await {
            Some(notice) => notice,
            None => std::future::pending().await,
        }
    }
}

fn left() -> Notice {
    Notice {
        text: "trace not saved: it was evicted (memory full)".to_owned(),
        error: true,
    }
}

fn write(saved: &Saved, directory: &Path) -> Notice {
    match saved.write_into(directory) {
        Ok(path) => {
            let mut text = format!("saved as {}: {}", path.display(), format::count(saved.spans as u64, "span"));
            if saved.logs > 0 {
                text = text + " and " + &format::count(saved.logs as u64, "log record");
            }
            text.push_str("; whole, with any credentials in them");
            Notice { text, error: false }
        }
        Err(error) => Notice {
            text: format!("the trace cannot be saved here: {error}"),
            error: true,
        },
    }
}

#[cfg(test)]
mod tests {
    use trace_model::otlp;
    use trace_model::{Source, TraceId};

    use super::*;

    fn store(trace_id: TraceId) -> Store {
        use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
        let span = Span {
            trace_id: trace_id.as_bytes().to_vec(),
            span_id: vec![1; 8],
            ..Span::default()
        };
        let scope_spans = vec![ScopeSpans {
            spans: vec![span],
            ..ScopeSpans::default()
        }];
        let spans = vec![ResourceSpans {
            scope_spans,
            ..ResourceSpans::default()
        }];
        let mut store = Store::new(1 << 20);
        store.add(otlp::batch(spans, Source::OtlpHttp).0);
        store
    }

    #[test]
    fn save_reports_its_result() {
        let trace_id = TraceId::from_bytes([1; 16]).unwrap();
        let saved = Saved::of(&store(trace_id), trace_id).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let notice = write(&saved, directory.path());
        assert!(
            notice.text.ends_with(&format!(
                "trace-{trace_id}.otlp.jsonl: 1 span; whole, with any credentials in them"
            )) && !notice.error,
            "{}",
            notice.text
        );
        let notice = write(&saved, &directory.path().join("missing"));
        assert!(
            notice.text.starts_with("the trace cannot be saved here: No such file") && notice.error,
            "{}",
            notice.text
        );
    }

    #[tokio::test]
    async fn save_of_an_evicted_trace_is_an_error() {
        let trace_id = TraceId::from_bytes([1; 16]).unwrap();
        let mut saving = Saving::new();
        let notice = saving.begin(&Store::new(1 << 20), trace_id);
        assert!(notice.error && notice.text.contains("evicted"), "{}", notice.text);
        assert!(!saving.is_copying());
        // The same for one evicted while it is being copied.
        let notice = saving.begin(&store(trace_id), trace_id);
        assert!(!notice.error && saving.is_copying());
        saving.copy_part(&Store::new(1 << 20), 1);
        let notice = saving.next().await;
        assert!(notice.error && notice.text.contains("evicted"), "{}", notice.text);
    }
}
