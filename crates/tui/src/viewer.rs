//! The viewer as a program: ports, terminal, and the one event loop that owns all state.
//!
//! The order at the start matters. Ports are bound first, so that a taken one is reported on a normal screen; then the panic
//! hook; then the terminal. At the end: the demo's processes, the collector, the terminal.

mod aggregating;
mod answering;
mod demo;
mod effects;
mod ending;
mod files;
mod hangup;
mod inbox;
mod input;
mod listeners;
mod log;
mod look;
mod polling;
mod saving;
mod serve;
mod suspend;
mod terminal;
mod watchdog;

use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use collector::Health;
use crossterm::event::{Event as TerminalEvent, EventStream};
use eyre::{Context, Result};
use futures_util::StreamExt;
use query_api::{Fires, Queries};
use sentry_relay::Target;
use trace_model::Store;

use crate::cli::Options;
use crate::demo::{DemoEvent, Setup};
use crate::ports;
use crate::sentry_config::SentryConfig;
use crate::sentry_poller::SentryPoller;
use aggregating::Aggregating;
use answering::{answer, answering, fired, stop_answering};
use app::{App, Event, EventResult, Mode, Notice, SentrySite, SentryStatus, Settings};
use demo::Demo;
use ending::Ending;
use files::FileLoader;
pub use files::open;
use inbox::Inbox;
use polling::Polling;
use saving::Saving;
pub use serve::{Headless, serve};
use suspend::Request;
use terminal::Terminal;
use view::Now;
use watchdog::Doing;

/// Between two frames, at least.
const FRAME: Duration = Duration::from_millis(16);
/// Between two frames while arrivals wait, at least: each frame delays them.
const FRAME_BEHIND: Duration = Duration::from_millis(33);
/// Time between frames when the user is waiting for this one.
const ANSWER: Duration = Duration::from_millis(4);
/// Time slice of the search between two checks for input.
const SEARCH: Duration = Duration::from_millis(3);
/// Spans searched between two looks at the clock.
const SEARCHED: usize = 512;
/// Time slice of reading the shown trace between two checks for input.
const READ: Duration = Duration::from_millis(3);
/// [Work](trace_model::work) between two looks at the clock: a fraction of a millisecond.
const READ_WORK: u64 = 1 << 18;
/// Runs the viewer until the user quits or the terminal is closed.
///
/// # Errors
/// Something is missing or taken at the start, or the terminal fails.
pub async fn run(options: &Options, mode: Mode) -> Result<()> {
    let (config, theme) = look::read(options)?;
    let mouse = config.mouse && !options.no_mouse;
    let sentry_config = SentryConfig::read(options, mode)?;
    let taken = match mode {
        Mode::Demo => crate::demo::taken_ports(),
        Mode::Viewer | Mode::Files => Vec::new(),
    };
    let collector = ports::bind_with(options, &sentry_config, &taken).await?;
    let addresses = collector.addresses();
    let api = ports::bind_api(options, Some(query_api::Address::Default)).await?;
    let setup = match mode {
        Mode::Demo => Some(Setup::check(addresses, &sentry_config)?),
        Mode::Viewer | Mode::Files => None,
    };
    log::to_file(options.log_file.as_deref())?;
    let mut store = Store::new(options.max_memory());
    store.expect_sentry(sentry_config.expectation(mode));
    let poller = match sentry_config.api.as_ref().filter(|_| sentry_config.is_asked(mode)) {
        Some(settings) => SentryPoller::connect(settings)?,
        None => None,
    };
    let notice = sentry_config.api_problem.clone().map(|text| Notice { text, error: true });
    let sentry = sentry_status(sentry_config, mode, poller.is_some());
    let mut app = App::new(store, mode, addresses, fastrand::Rng::new()).with(Settings {
        keymap: config.keymap,
        zone: jiff::tz::TimeZone::system(),
        notice: notice
            .or(look::notice(&config.notices))
            .or(api.as_ref().and_then(ports::api_notice)),
        sentry,
        repeated: config.repeated,
        ..Settings::default()
    });
    for (service, state) in setup.iter().flat_map(Setup::processes) {
        app.apply(Event::Service(service, state));
    }

    let ending = Ending::listen()?;
    let terminal = Terminal::enter(mouse, theme).wrap_err("this needs a terminal; for output to a pipe use: spanfall tail")?;
    let (arrivals, health, server) = collector.serve();
    let (queries, fires, api) = answering(api, options, true, Some((addresses, health.clone())));
    let demo = match setup {
        Some(setup) => Demo::start(&setup)?,
        None => Demo::none(),
    };
    let mut viewer = Viewer {
        app,
        terminal,
        inbox: Inbox::new(arrivals, health.queue().bytes_limit, queries.feed()),
        queries,
        fires: fires.filter(|_| mode == Mode::Demo),
        polling: Polling::new(poller),
        aggregating: Aggregating::default(),
        health: Some(health),
        demo,
        reading: FileLoader::nothing(),
        saving: Saving::new(PathBuf::new()),
        ending,
        dirty: true,
        is_awaited: false,
    };
    let ended = viewer.run().await;
    // Said on the screen, since it may take a moment.
    let Viewer {
        demo,
        mut app,
        mut terminal,
        ending,
        queries,
        inbox,
        fires,
        saving,
        ..
    } = viewer;
    // Answers in progress end here, and streams.
    drop((queries, inbox, fires));
    ending.watchdog.enter(Doing::Frame);
    if mode == Mode::Demo {
        app.apply(Event::Notice(Notice {
            text: "ending the demo's services …".to_owned(),
            error: false,
        }));
        let now = now(&app.zone);
        let _ = terminal.draw(&mut app, &now);
    }
    ending.watchdog.enter(Doing::Waiting);
    saving.end().await;
    demo.shutdown().await;
    server.shutdown().await;
    stop_answering(api).await;
    ending.watchdog.enter(Doing::Frame);
    terminal.leave();
    ended
}

fn sentry_status(config: SentryConfig, mode: Mode, is_asked: bool) -> SentryStatus {
    let mut sentry = SentryStatus::default();
    sentry.is_asked = is_asked;
    sentry.site = config.api.map(|settings| SentrySite {
        organization: settings.site.organization().to_owned(),
        host: settings.site.host().to_owned(),
        trace_pages: settings.site.trace_pages(),
    });
    sentry.direct = config.services_dsn.filter(|_| mode == Mode::Demo).map(|dsn| {
        // The services report what they cannot read.
        Target::parse(&dsn).map_or_else(|_| "SENTRY_DSN".to_owned(), |target| target.to_string())
    });
    sentry.relay = config.relay.map(|target| target.to_string());
    sentry
}

struct Viewer {
    app: App,
    terminal: Terminal,
    inbox: Inbox,
    queries: Queries,
    /// `None` without a demo.
    fires: Option<Fires>,
    polling: Polling,
    aggregating: Aggregating,
    /// `None` where nothing listens.
    health: Option<Health>,
    demo: Demo,
    reading: FileLoader,
    saving: Saving,
    ending: Ending,
    dirty: bool,
    /// True if the user waits for the next frame: since the last one a key was pressed, or a trace became readable.
    is_awaited: bool,
}

impl Viewer {
    /// Runs until the user quits, a signal ends it, or the terminal is closed, which is not an error.
    async fn run(&mut self) -> Result<()> {
        let ended = self.turns().await;
        self.ending.hangup.loop_ended();
        match ended {
            Err(error) if self.ending.hangup.is_closed() => {
                tracing::info!("the terminal is closed: {error:#}");
                Ok(())
            }
            ended => ended,
        }
    }

    /// Takes one turn after the other: a request to end first, then input, the frame if one is due, arrivals, and the search.
    /// Each takes a few milliseconds at most, so that none delays the others for longer.
    async fn turns(&mut self) -> Result<()> {
        let mut input = EventStream::new();
        let mut last_frame: Option<Instant> = None;
        loop {
            let due = self.next_frame(last_frame);
            let survey_due = self.aggregating.due(&self.app);
            self.doing(Doing::Waiting);
            tokio::select! {
                biased;
                _ = &mut self.ending.requested => return Ok(()),
                () = self.ending.hangup.happened() => {
                    tracing::info!("the terminal is closed");
                    return Ok(());
                }
                request = self.ending.suspension.requested() => self.suspend(request).await?,
                event = input.next() => {
                    self.doing(Doing::Input);
                    let Some(event) = event else { return Ok(()) };
                    if self.input(event.wrap_err("the terminal cannot be read")?) {
                        return Ok(());
                    }
                }
                () = tokio::time::sleep_until(due.unwrap_or_else(Instant::now).into()), if due.is_some() => {
                    self.doing(Doing::Frame);
                    self.draw()?;
                    last_frame = Some(Instant::now());
                }
                () = tokio::time::sleep_until(survey_due.unwrap_or_else(Instant::now).into()), if survey_due.is_some() => self.aggregate(),
                // Before the arrivals, of which there may be more at any moment.
                Some(event) = self.demo.events.recv(), if self.demo.running.is_some() => {
                    self.doing(Doing::Demo);
                    self.demo_said(event);
                }
                fire = fired(&mut self.fires) => {
                    self.doing(Doing::Demo);
                    self.fire(fire);
                }
                // It is answered below, or when a turn's arrivals are ingested.
                () = self.queries.wait() => {}
                () = self.inbox.wait(self.app.pause().is_some()) => {
                    self.doing(Doing::Ingest);
                    self.dirty = true;
                    self.inbox.arrived(&mut self.app);
                    self.tell_left_out();
                    // Arrivals may never end.
                    self.continue_work();
                }
                // When the previous part is stored: files are read faster than that.
                event = self.reading.next(), if self.inbox.is_empty() => {
                    self.doing(Doing::Files);
                    if self.file_said(event) {
                        return Ok(());
                    }
                }
                notice = self.saving.next() => {
                    self.apply(Event::Notice(notice));
                }
                // Which changes what is shown.
                event = self.polling.next(), if self.app.pause().is_none() => {
                    self.doing(Doing::Sentry);
                    self.apply(Event::SentryAnswer(polling::answer(event)));
                }
                // After them, since each of them changes it; a rejection alone has to wake the screen too.
                () = changed(&mut self.health) => self.dirty = true,
                () = tokio::task::yield_now(), if self.has_work() => self.continue_work(),
                () = tokio::task::yield_now(), if self.aggregating.has_more() => self.aggregate(),
            }
        }
    }

    fn aggregate(&mut self) {
        self.doing(Doing::Survey);
        self.dirty |= self.aggregating.step(&mut self.app);
    }

    fn doing(&self, doing: Doing) {
        self.ending.watchdog.enter(doing);
    }

    /// Stops until a shell continues the program, and takes the terminal over again.
    async fn suspend(&mut self, request: Request) -> Result<()> {
        if request == Request::Stop {
            self.terminal.give_back();
            let stopped = self.ending.suspension.stop().await;
            let stopped = stopped.wrap_err("the program cannot be stopped")?;
            let stopped_nano = u64::try_from(stopped.as_nanos()).unwrap_or(u64::MAX);
            self.apply(Event::Resumed { stopped_nano });
        }
        self.terminal
            .take_over()
            .wrap_err("the terminal cannot be taken over again")?;
        self.dirty = true;
        Ok(())
    }

    fn draw(&mut self) -> Result<()> {
        if let Some(health) = self.health.as_mut().and_then(Health::latest) {
            self.apply(Event::Health(Box::new(health)));
        }
        let now = self.now();
        if self.app.pause().is_none() {
            for planned in self.polling.tell(&self.app, now.unix_nano) {
                self.apply(planned);
            }
        }
        self.apply(Event::Queue(self.health.as_ref().map(Health::queue).unwrap_or_default()));
        self.apply(Event::QueryApi(self.queries.state()));
        self.dirty = false;
        self.is_awaited = false;
        self.terminal
            .draw(&mut self.app, &now)
            .wrap_err("the terminal cannot be drawn to")
    }

    /// Returns the time of the next frame; `None` while nothing on the screen would change.
    fn next_frame(&self, last: Option<Instant>) -> Option<Instant> {
        let Some(last) = last else { return Some(Instant::now()) };
        if self.dirty {
            return Some(last + self.between_frames());
        }
        self.app.redraw_after(&self.now()).map(|time| last + time)
    }

    const fn between_frames(&self) -> Duration {
        if self.is_awaited {
            ANSWER
        } else if self.inbox.is_behind() {
            FRAME_BEHIND
        } else {
            FRAME
        }
    }

    /// Returns the time of the frame. For files it is that of the trace: nothing in them changes.
    fn now(&self) -> Now {
        let now = now(&self.app.zone);
        if self.app.mode != Mode::Files {
            return now;
        }
        let shown = self.app.traces.selected().and_then(|trace_id| self.app.store.trace(trace_id));
        Now {
            unix_nano: shown.map_or(0, |trace| trace.start_unix_nano.saturating_add(trace.duration_nano)),
            ..now
        }
    }

    /// True when it is time to go.
    fn input(&mut self, event: TerminalEvent) -> bool {
        let Some(event) = input::event(event) else { return false };
        let before = std::mem::take(&mut self.dirty);
        let is_over = self.apply(event);
        // A pointer that only moves costs no frame.
        self.is_awaited |= self.dirty;
        self.dirty |= before;
        is_over
    }

    /// Applies an event and carries out its effects. Returns true to quit.
    fn apply(&mut self, event: Event) -> bool {
        let EventResult::Changed(effect) = self.app.apply(event) else {
            return false;
        };
        self.dirty = true;
        effect.is_some_and(|effect| self.carry_out(effect))
    }

    /// Returns true if [`Viewer::continue_work`] has work left.
    fn has_work(&self) -> bool {
        self.app.is_searching() || self.app.is_reading() || self.saving.is_copying() || self.queries.is_answering()
    }

    /// Continues work that takes longer than a turn, for a bounded time.
    fn continue_work(&mut self) {
        self.search();
        self.read();
        if self.queries.is_answering() {
            self.doing(Doing::Query);
            answer(&mut self.queries, &self.app.store);
        }
    }

    /// Reads large traces, for the screen or to be saved, for a bounded time.
    fn read(&mut self) {
        self.doing(Doing::Trace);
        let started = Instant::now();
        let was_shown = self.app.shows_trace();
        while (self.app.is_reading() || self.saving.is_copying()) && started.elapsed() < READ {
            self.dirty |= self.app.read_part(READ_WORK);
            self.saving.copy_part(&self.app.store, READ_WORK);
        }
        self.is_awaited |= !was_shown && self.app.shows_trace();
    }

    /// Looks for what the filter wants, for a bounded time.
    fn search(&mut self) {
        if !self.app.is_searching() {
            return;
        }
        self.doing(Doing::Search);
        let started = Instant::now();
        while self.app.search(SEARCHED) && started.elapsed() < SEARCH {}
        self.dirty = true;
    }

    fn demo_said(&mut self, event: DemoEvent) {
        let event = match event {
            DemoEvent::State(service, state) => Event::Service(service, state),
            DemoEvent::Output(line) => Event::Output(line),
            DemoEvent::Spans(batch) => {
                let spans = batch.span_count();
                self.inbox.push(batch);
                Event::Held { spans }
            }
            DemoEvent::Notice(notice) => Event::Notice(notice),
        };
        self.apply(event);
    }
}

/// Waits for a change of the collector's counts; forever without a collector.
async fn changed(health: &mut Option<Health>) {
    match health {
        Some(health) => health.changed().await,
        None => std::future::pending().await,
    }
}

fn now(zone: &jiff::tz::TimeZone) -> Now {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Now {
        unix_nano: u64::try_from(since.as_nanos()).unwrap_or(u64::MAX),
        zone: zone.clone(),
    }
}
