//! Writing traces and log records into files, on threads that may block.

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::sync::mpsc;
use trace_files::{Copying, Request, SavedFile, Selection, SelectionCounts};
use trace_model::Store;

use app::format;
use app::{Notice, SaveRequest};

/// Files being written at once.
const AT_ONCE: usize = 4;
/// Time for which the end waits for slices that are being written.
const END_MAX: Duration = Duration::from_secs(2);
/// Bytes that are copied out of the store before they are written.
const SLICE_BYTES: usize = 4 << 20;

/// Saves in progress. Each is either copied out of the store or written, slice by slice.
#[derive(Debug)]
pub(super) struct Saving {
    /// The files' directory; empty for the working directory.
    directory: PathBuf,
    sender: mpsc::Sender<Written>,
    written: mpsc::Receiver<Written>,
    /// Those whose next slice is copied, one after the other.
    copying: VecDeque<Save>,
    /// Number of saves in progress.
    running: usize,
}

#[derive(Debug)]
struct Save {
    copying: Copying,
    slice: Vec<Request>,
    stem: String,
    /// `None` before the first slice is written.
    file: Option<SavedFile>,
}

/// Result of writing a slice.
#[derive(Debug)]
enum Written {
    Part(Box<Save>),
    End(Notice),
}

impl Saving {
    pub(super) fn new(directory: PathBuf) -> Self {
        let (sender, written) = mpsc::channel(AT_ONCE);
        Self {
            directory,
            sender,
            written,
            copying: VecDeque::new(),
            running: 0,
        }
    }

    /// Starts to write a file into the directory; returns a notice for the user.
    pub(super) fn begin(&mut self, request: SaveRequest) -> Notice {
        if self.running == AT_ONCE {
            return Notice {
                text: "other files are being written: try again in a moment".to_owned(),
                error: true,
            };
        }
        self.running += 1;
        let save = Save {
            copying: Copying::new(request.selection),
            slice: Vec::new(),
            stem: request.stem,
            file: None,
        };
        let notice = save.progress();
        self.copying.push_back(save);
        notice
    }

    /// Returns true if [`Saving::copy_part`] has work left.
    pub(super) fn is_copying(&self) -> bool {
        !self.copying.is_empty()
    }

    /// Copies until about so much [work](trace_model::work) is done. A copied slice is written by a thread that may block.
    pub(super) fn copy_part(&mut self, store: &Store, work: u64) {
        let Some(mut save) = self.copying.pop_front() else {
            return;
        };
        let is_complete = save.copying.step(store, work, &mut save.slice);
        if !is_complete && save.slice.iter().map(Request::bytes).sum::<usize>() < SLICE_BYTES {
            self.copying.push_front(save);
            return;
        }
        let (sender, directory) = (self.sender.clone(), self.directory.clone());
        tokio::task::spawn_blocking(move || {
            // The viewer may have ended.
            let _ = sender.blocking_send(save.write(&directory, is_complete));
        });
    }

    /// Ends what is not complete, and removes its files. Waits for slices that are being written, but not for a disk that hangs.
    pub(super) async fn end(mut self) {
        let mut writing = self.running - self.copying.len();
        self.copying.clear();
        let ended = async {
            while writing > 0 && self.written.recv().await.is_some() {
                writing -= 1;
            }
        };
        if tokio::time::timeout(END_MAX, ended).await.is_err() {
            tracing::warn!("files that are being written are left unfinished, under a name that ends in .part");
        }
    }

    /// Waits for the next progress or result.
    pub(super) async fn next(&mut self) -> Notice {
        match self.written.recv().await {
            Some(Written::Part(save)) => {
                let notice = save.progress();
                self.copying.push_back(*save);
                notice
            }
            Some(Written::End(notice)) => {
                self.running -= 1;
                notice
            }
            None => std::future::pending().await,
        }
    }
}

impl Save {
    fn progress(&self) -> Notice {
        let reader = self.copying.reader();
        let (at, of) = (reader.position() as u64, reader.selection().len() as u64);
        let of = match reader.selection() {
            Selection::Traces(_) => format::count(of, "trace"),
            Selection::Logs(_) => format::count(of, "log record"),
        };
        let done = if at > 0 {
            format!("{} of ", format::grouped(at))
        } else {
            String::new()
        };
        Notice {
            text: format!("saving {done}{of} …"),
            error: false,
        }
    }

    /// Writes the slice, and with the last one the end of the file.
    fn write(mut self, directory: &Path, is_last: bool) -> Written {
        let counts = *self.copying.reader().counts();
        if is_last && counts.traces + counts.logs == 0 || self.is_lone_and_evicted() {
            return Written::End(evicted(self.copying.reader().selection()));
        }
        match self.write_slice(directory) {
            Ok(file) if is_last => Written::End(
                file.finish()
                    .map_or_else(|error| failed(&error), |path| saved(&path, &counts)),
            ),
            Ok(file) => {
                self.file = Some(file);
                Written::Part(Box::new(self))
            }
            Err(error) => Written::End(failed(&error)),
        }
    }

    fn write_slice(&mut self, directory: &Path) -> io::Result<SavedFile> {
        let mut file = match self.file.take() {
            Some(file) => file,
            None => SavedFile::create(directory, &self.stem)?,
        };
        file.write(&std::mem::take(&mut self.slice))?;
        Ok(file)
    }

    /// A part of the only trace would be misleading.
    fn is_lone_and_evicted(&self) -> bool {
        let reader = self.copying.reader();
        reader.selection().len() == 1 && reader.counts().evicted > 0
    }
}

fn evicted(selection: &Selection) -> Notice {
    let text = match selection {
        Selection::Traces(ids) if ids.len() == 1 => "trace not saved: it was evicted (memory full)",
        Selection::Traces(_) => "traces not saved: all were evicted (memory full)",
        Selection::Logs(_) => "log records not saved: all were evicted (memory full)",
    };
    Notice {
        text: text.to_owned(),
        error: true,
    }
}

fn failed(error: &io::Error) -> Notice {
    Notice {
        text: format!("not saved in the current directory: {error} (start spanfall where you can write)"),
        error: true,
    }
}

fn saved(path: &Path, counts: &SelectionCounts) -> Notice {
    let mut facts = Vec::new();
    if counts.traces > 1 {
        facts.push(format::count(counts.traces, "trace"));
    }
    if counts.spans > 0 {
        facts.push(format::count(counts.spans, "span"));
    }
    if counts.logs > 0 {
        facts.push(format::count(counts.logs, "log record"));
    }
    if counts.evicted > 0 {
        facts.push(format!("{} evicted meanwhile", format::grouped(counts.evicted)));
    }
    Notice {
        text: format!(
            "saved as {}: {}; whole, with any credentials in them",
            path.display(),
            facts.join(" · ")
        ),
        error: false,
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

    fn request(trace_id: TraceId) -> SaveRequest {
        SaveRequest {
            selection: Selection::Traces(vec![trace_id]),
            stem: "kept".to_owned(),
        }
    }

    fn written(store: &Store, directory: &Path, trace_id: TraceId) -> Notice {
        let mut save = Save {
            copying: Copying::new(request(trace_id).selection),
            slice: Vec::new(),
            stem: "kept".to_owned(),
            file: None,
        };
        assert!(save.copying.step(store, u64::MAX, &mut save.slice));
        match save.write(directory, true) {
            Written::End(notice) => notice,
            Written::Part(_) => panic!("it is the last slice"),
        }
    }

    #[test]
    fn save_reports_its_result() {
        let trace_id = TraceId::from_bytes([1; 16]).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let notice = written(&store(trace_id), directory.path(), trace_id);
        assert!(
            notice
                .text
                .ends_with("kept.otlp.jsonl: 1 span; whole, with any credentials in them")
                && !notice.error,
            "{}",
            notice.text
        );
        let notice = written(&store(trace_id), &directory.path().join("missing"), trace_id);
        assert!(
            notice.text.starts_with("not saved in the current directory: No such file") && notice.error,
            "{}",
            notice.text
        );
    }

    /// The viewer quits while the first slices of a file are written.
    #[tokio::test]
    async fn save_leaves_no_file_if_it_is_ended() {
        let trace_id = TraceId::from_bytes([1; 16]).unwrap();
        let (store, directory) = (store(trace_id), tempfile::tempdir().unwrap());
        let names = || std::fs::read_dir(directory.path()).unwrap().count();
        let mut saving = Saving::new(directory.path().to_owned());
        // One whose slice is being written, as if there were more, and one that is being copied.
        saving.begin(request(trace_id));
        saving.begin(request(trace_id));
        let mut save = saving.copying.pop_front().unwrap();
        assert!(save.copying.step(&store, u64::MAX, &mut save.slice));
        let (sender, path) = (saving.sender.clone(), directory.path().to_owned());
        tokio::task::spawn_blocking(move || {
            let written = save.write(&path, false);
            assert!(matches!(&written, Written::Part(save) if save.file.is_some()));
            let _ = sender.blocking_send(written);
        });
        saving.end().await;
        assert_eq!(names(), 0);
    }

    #[tokio::test]
    async fn save_of_an_evicted_trace_is_an_error() {
        let trace_id = TraceId::from_bytes([1; 16]).unwrap();
        let mut saving = Saving::new(PathBuf::new());
        for _ in 0..=AT_ONCE {
            let notice = saving.begin(request(trace_id));
            assert!(!notice.error && saving.is_copying());
            saving.copy_part(&Store::new(1 << 20), 1);
            let notice = saving.next().await;
            assert!(notice.error && notice.text.contains("evicted"), "{}", notice.text);
            assert!(!saving.is_copying());
        }
    }
}
