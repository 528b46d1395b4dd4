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
mod turns;
mod watchdog;

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use collector::Health;
use eyre::{Context, Result};
use query_api::{Fires, Queries};
use sentry_relay::Target;
use trace_model::Store;

use crate::cli::Options;
use crate::demo::Setup;
use crate::ports;
use crate::sentry_config::SentryConfig;
use crate::sentry_poller::SentryPoller;
use aggregating::Aggregating;
use answering::{answer, answering, stop_answering};
use app::{App, Event, Mode, Notice, SentrySite, SentryStatus, Settings};
use demo::Demo;
use ending::Ending;
use files::FileLoader;
pub use files::open;
use inbox::Inbox;
use polling::Polling;
use saving::Saving;
pub use serve::{Headless, serve};
use terminal::Terminal;
use view::Now;
use watchdog::Doing;

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
    let (collector, api) = ports::bind_with(options, &sentry_config, &taken, Some(query_api::Address::Default)).await?;
    let addresses = collector.addresses();
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
}

fn now(zone: &jiff::tz::TimeZone) -> Now {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Now {
        unix_nano: u64::try_from(since.as_nanos()).unwrap_or(u64::MAX),
        zone: zone.clone(),
    }
}
