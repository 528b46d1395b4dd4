//! The turns of the event loop: one of them for each thing that happens, of a few milliseconds at most.

use std::time::{Duration, Instant};

use collector::Health;
use crossterm::event::{Event as TerminalEvent, EventStream};
use eyre::{Context, Result};
use futures_util::StreamExt;

use super::answering::{answer, fired};
use super::suspend::Request;
use super::watchdog::Doing;
use super::{READ_WORK, Viewer, input, now, polling};
use crate::demo::DemoEvent;
use app::{Event, EventResult, Mode};
use view::Now;

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

impl Viewer {
    /// Takes one turn after the other: a request to end first, then input, the frame if one is due, arrivals, and the search.
    /// Each takes a few milliseconds at most, so that none delays the others for longer.
    pub(super) async fn turns(&mut self) -> Result<()> {
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
    pub(super) fn apply(&mut self, event: Event) -> bool {
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
