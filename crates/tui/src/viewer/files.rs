//! `spanfall open`: files instead of ports. Nothing listens but, if it is asked for, the query API.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Duration;

use collector::Addresses;
use eyre::{Context, Result, eyre};
use tokio::sync::mpsc;
use trace_files::{Input, Memory, Part, Problems, Report, Session};
use trace_model::Store;

use super::aggregating::Aggregating;
use super::inbox::Inbox;
use super::look;
use super::polling::Polling;
use super::saving::Saving;
use super::terminal::Terminal;
use super::watchdog::Doing;
use super::{Demo, Ending, Viewer, answering, log, stop_answering};
use crate::cli::Options;
use crate::{inspect, ports};
use app::{App, Event, FileState, Files, Mode, Settings};

/// Parts of files waiting to be stored, each of about a mebibyte.
const EVENTS_MAX: usize = 4;

/// Time that the screen waits for something to show, or for the end.
const AT_ONCE: Duration = Duration::from_millis(300);

/// An event of the reading thread, with the position of its file.
pub(super) enum FileEvent {
    Part(usize, Part),
    Read(usize, Report),
    Failed(usize, String),
    /// All files have been read, with their warnings.
    Ended(Problems),
}

/// Loader of files, if any are open.
#[derive(Debug)]
pub(super) struct FileLoader {
    events: Option<mpsc::Receiver<FileEvent>>,
    /// The memory for all files, in bytes.
    limit: usize,
    /// True once dropped data was reported.
    told: bool,
}

impl FileLoader {
    pub(super) const fn nothing() -> Self {
        Self {
            events: None,
            limit: 0,
            told: true,
        }
    }

    /// Starts to read files, one after the other, on a separate thread.
    fn start(paths: Vec<PathBuf>, limit: usize) -> Self {
        let (sender, events) = mpsc::channel(EVENTS_MAX);
        // Not a task: standard input may block for ever, and must not hold up the end.
        std::thread::spawn(move || read(&paths, Memory::within(limit), &sender));
        Self {
            events: Some(events),
            limit,
            told: false,
        }
    }

    /// Returns the events up to the first thing that can be shown: a wrong file name must be reported on a normal screen.
    async fn first(&mut self) -> Vec<FileEvent> {
        let mut said = Vec::new();
        while let Some(events) = &mut self.events {
            match tokio::time::timeout(AT_ONCE, events.recv()).await {
                Ok(Some(event @ FileEvent::Failed(..))) => said.push(event),
                Ok(Some(event)) => {
                    said.push(event);
                    break;
                }
                Ok(None) | Err(_) => break,
            }
        }
        said
    }

    /// Returns the next event; never after the last.
    pub(super) async fn next(&mut self) -> FileEvent {
        if let Some(events) = &mut self.events {
            if let Some(event) = events.recv().await {
                return event;
            }
            self.events = None;
        }
        std::future::pending().await
    }
}

/// Reads files until the receiver is gone.
fn read(paths: &[PathBuf], memory: Memory, events: &mpsc::Sender<FileEvent>) {
    let mut session = Session::new(memory).live();
    let deliver = |at: usize| {
        move |part| match events.blocking_send(FileEvent::Part(at, part)) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    };
    for (at, path) in paths.iter().enumerate() {
        let read = Input::open(path).and_then(|input| session.read(&input, &mut deliver(at)));
        let said = match read {
            Ok(report) => FileEvent::Read(at, report),
            Err(error) => FileEvent::Failed(at, error.to_string()),
        };
        if events.blocking_send(said).is_err() {
            return;
        }
    }
    // A trace combined from several files belongs to none of them.
    let warnings = session.finish(&mut deliver(paths.len()));
    let _ = events.blocking_send(FileEvent::Ended(warnings));
}

/// Shows files until the user quits.
///
/// # Errors
/// Nothing of any of them can be shown, or the terminal fails.
pub async fn open(options: &Options, paths: Vec<PathBuf>) -> Result<()> {
    let (config, theme) = look::read(options)?;
    let mouse = config.mouse && !options.no_mouse;
    log::to_file(options.log_file.as_deref())?;
    let nowhere = ([0, 0, 0, 0], 0).into();
    let addresses = Addresses::from_fn(|_| nowhere);
    let limit = options.max_memory_of_files();
    let store = Store::new(Memory::within(limit).store());
    let names = paths.iter().map(|path| match path.to_str() {
        Some("-") => "standard input".to_owned(),
        _ => path.display().to_string(),
    });
    let api = ports::bind_api(options, None).await?;
    let mut app = App::new(store, Mode::Files, addresses, fastrand::Rng::new()).with(Settings {
        keymap: config.keymap,
        zone: jiff::tz::TimeZone::system(),
        notice: look::notice(&config.notices),
        files: Files::new(names),
        repeated: config.repeated,
        ..Settings::default()
    });
    let mut reading = FileLoader::start(paths, limit);
    let first = reading.first().await;
    for event in &first {
        if let FileEvent::Failed(at, why) = event {
            app.apply(Event::File(*at, FileState::Failed(why.clone())));
        }
    }
    nothing_to_show(&app.files)?;
    let ending = Ending::listen()?;
    let terminal = Terminal::enter(mouse, theme).wrap_err("this needs a terminal; for output to a pipe use: spanfall inspect")?;
    let (queries, _, api) = answering(api, options, true, None);
    let mut viewer = Viewer {
        app,
        terminal,
        inbox: Inbox::without_collector(queries.feed()),
        queries,
        fires: None,
        polling: Polling::new(None),
        aggregating: Aggregating::default(),
        health: None,
        demo: Demo::none(),
        reading,
        saving: Saving::new(PathBuf::new()),
        ending,
        dirty: true,
        is_awaited: false,
    };
    for event in first {
        viewer.file_said(event);
    }
    let ended = viewer.run().await;
    let Viewer {
        app,
        terminal,
        ending,
        queries,
        saving,
        ..
    } = viewer;
    drop(queries);
    saving.end().await;
    stop_answering(api).await;
    ending.watchdog.enter(Doing::Frame);
    terminal.leave();
    ended?;
    nothing_to_show(&app.files)
}

fn nothing_to_show(files: &Files) -> Result<()> {
    if files.all_failed() {
        return Err(eyre!("{}", files.failures().collect::<Vec<_>>().join("\n")));
    }
    Ok(())
}

impl Viewer {
    /// Takes what was read; true when nothing can be shown.
    pub(super) fn file_said(&mut self, event: FileEvent) -> bool {
        let event = match event {
            FileEvent::Part(at, Part { batch, read, of }) => {
                self.apply(Event::FileRecords {
                    newest_unix_nano: batch.newest_unix_nano(),
                });
                self.inbox.push(batch);
                Event::File(at, FileState::Reading(read, of))
            }
            FileEvent::Read(at, report) => Event::File(at, FileState::Read(report)),
            FileEvent::Failed(at, why) => Event::File(at, FileState::Failed(why)),
            FileEvent::Ended(warnings) => Event::FilesRead(warnings),
        };
        self.apply(event);
        self.app.files.all_failed()
    }

    /// Says that memory is too small for the files, as soon as it is and once.
    pub(super) fn tell_left_out(&mut self) {
        if self.reading.told {
            return;
        }
        if let Some(text) = inspect::left_out(&self.app.store.totals(), self.reading.limit) {
            self.reading.told = true;
            self.fail(text);
        }
    }
}
