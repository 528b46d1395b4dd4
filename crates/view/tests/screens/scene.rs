//! A screen that keys can be pressed on, and spans for it.

use app::keymap::Key;
use app::{App, Effect, Event, EventResult, Mode, ServiceState};
use ingest_state::{Addresses, Listener};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status, span};
use prost::Message;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use trace_model::{Batch, Source, SpanId, Store, TraceId, otlp};
use view::{Now, Theme};

/// 2026-01-02 03:04:05 UTC.
pub(crate) const START: u64 = 1_767_323_045_000_000_000;
pub(crate) const MILLI: u64 = 1_000_000;
/// When frames are drawn.
pub(crate) const NOW: u64 = START + 250 * MILLI;

pub(crate) struct Scene {
    pub(crate) app: App,
    /// When frames are drawn, in nanoseconds since the Unix epoch: [`NOW`], unless a test lets time pass.
    pub(crate) now: u64,
    pub(crate) theme: Theme,
    terminal: Terminal<TestBackend>,
}

/// A part of the screen: a picture of one pane does not change with another.
#[derive(Clone, Copy)]
pub(crate) enum Part {
    /// All between header and footer.
    Body,
    Traces,
    Waterfall,
    /// The list and the waterfall.
    Rows,
    Details,
    /// The waterfall and the details.
    Trace,
    Popup,
}

impl Scene {
    pub(crate) fn new(mode: Mode, width: u16, height: u16) -> Self {
        let addresses = Addresses::from_fn(Listener::default_address);
        let mut app = App::new(Store::new(256 << 20), mode, addresses, fastrand::Rng::with_seed(1));
        if mode == Mode::Demo {
            let services = [
                ("broker", None),
                ("api", Some("127.0.0.1:3000")),
                ("mailer", None),
                ("page", Some("127.0.0.1:3001")),
            ];
            for (service, address) in services {
                app.services.set(
                    service,
                    ServiceState::Ready {
                        address: address.map(str::to_owned),
                    },
                );
            }
        }
        let terminal = Terminal::new(TestBackend::new(width, height)).expect("a test backend");
        Self {
            app,
            now: NOW,
            theme: Theme::default(),
            terminal,
        }
    }

    pub(crate) fn add(&mut self, spans: Vec<ResourceSpans>) {
        let (batch, rejected) = otlp::batch(spans, Source::OtlpHttp);
        assert!(rejected.is_empty(), "{rejected}");
        // Within the seconds that the rate is made of.
        self.app.store.add(batch.received_at(NOW - 2_500 * MILLI));
    }

    /// The same, in a Sentry envelope.
    pub(crate) fn add_envelope(&mut self, spans: Vec<ResourceSpans>) {
        let (batch, rejected) = otlp::batch(spans, Source::Sentry);
        assert!(rejected.is_empty(), "{rejected}");
        self.app.store.add(batch.received_at(NOW - 2_500 * MILLI));
    }

    /// Adds log records of a span: time in milliseconds, severity number and text, in any order.
    pub(crate) fn add_logs(&mut self, trace: u8, span: u8, records: &[(u64, i32, &str)]) {
        let record = |&(at_ms, severity_number, body): &(u64, i32, &str)| LogRecord {
            trace_id: vec![trace; 16],
            span_id: vec![span; 8],
            time_unix_nano: START + at_ms * MILLI,
            severity_number,
            body: Some(AnyValue {
                value: Some(any_value::Value::StringValue(body.to_owned())),
            }),
            ..LogRecord::default()
        };
        let scope_logs = vec![ScopeLogs {
            log_records: records.iter().map(record).collect(),
            ..ScopeLogs::default()
        }];
        let resource_logs = vec![ResourceLogs {
            scope_logs,
            ..ResourceLogs::default()
        }];
        let body = ExportLogsServiceRequest { resource_logs }.encode_to_vec();
        self.app
            .store
            .add(Batch::logs(body.into(), Source::OtlpHttp).expect("valid logs"));
    }

    /// Presses keys one after the other, each followed by a frame, as a user would.
    pub(crate) fn press(&mut self, keys: &[Key]) -> Option<Effect> {
        let mut last = None;
        for key in keys {
            self.draw();
            last = self.apply(Event::Key(*key));
            // What the event loop does between two frames.
            while self.app.search(1_000) {}
            while self.app.is_reading() {
                self.app.read_part(1_000);
            }
            while self.app.survey(self.now, 1_000) {}
        }
        last
    }

    /// Applies an event, and returns its effect.
    pub(crate) fn apply(&mut self, event: Event) -> Option<Effect> {
        match self.app.apply(event) {
            EventResult::Changed(effect) => effect,
            EventResult::Nothing => None,
        }
    }

    pub(crate) fn paste(&mut self, text: &str) {
        self.apply(Event::Paste(text.to_owned()));
    }

    pub(crate) fn type_keys(&mut self, keys: &str) -> Option<Effect> {
        let key = |c| if c == '\n' { Key::Enter } else { Key::Char(c) };
        self.press(&keys.chars().map(key).collect::<Vec<_>>())
    }

    pub(crate) fn resize(&mut self, width: u16, height: u16) {
        self.terminal.backend_mut().resize(width, height);
        self.draw();
    }

    pub(crate) fn draw(&mut self) -> Buffer {
        let now = self.clock();
        let (app, theme) = (&mut self.app, &mut self.theme);
        let drawn = self.terminal.draw(|frame| {
            let geometry = app.prepare(frame.area());
            app.fit(&geometry, now.unix_nano);
            let hits = view::draw(frame, app, theme, &geometry, &now);
            app.apply(Event::Drawn(hits));
        });
        drawn.expect("a test backend").buffer.clone()
    }

    pub(crate) fn clock(&self) -> Now {
        Now {
            unix_nano: self.now,
            zone: jiff::tz::TimeZone::UTC,
        }
    }

    /// Returns the position of the terminal's cursor after a frame, if it is visible.
    pub(crate) fn cursor(&mut self) -> Option<(u16, u16)> {
        self.draw();
        let backend = self.terminal.backend_mut();
        let at = ratatui::backend::Backend::get_cursor_position(backend).expect("a test backend");
        backend.cursor_visible().then_some((at.x, at.y))
    }

    /// The text of a part of the screen.
    pub(crate) fn part(&mut self, part: Part) -> String {
        let buffer = self.draw();
        let geometry = self.app.prepare(buffer.area);
        let panes = geometry.panes;
        let area = match part {
            Part::Body => panes.body,
            Part::Traces => panes.traces,
            Part::Waterfall => panes.waterfall,
            Part::Rows => panes.traces.union(panes.waterfall),
            Part::Details => panes.details,
            Part::Trace => panes.waterfall.union(panes.details),
            Part::Popup => geometry.popup.expect("a popup").area.border,
        };
        let lines = area.rows().map(|row| {
            let line: String = row.positions().map(|at| buffer[at].symbol()).collect();
            line.trim_end().to_owned()
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    pub(crate) fn text(&mut self) -> String {
        let buffer = self.draw();
        let width = usize::from(buffer.area.width).max(1);
        let lines = buffer.content().chunks(width).map(|row| {
            let line: String = row.iter().map(ratatui::buffer::Cell::symbol).collect();
            line.trim_end().to_owned()
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}

pub(crate) fn span(trace: u8, id: u8, parent: u8, service: &str, name: &str, from_ms: u64, to_ms: u64) -> ResourceSpans {
    let attribute = |key: &str, value| KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
    };
    let text = |value: &str| any_value::Value::StringValue(value.to_owned());
    let span = Span {
        trace_id: vec![trace; 16],
        span_id: vec![id; 8],
        parent_span_id: if parent == 0 { Vec::new() } else { vec![parent; 8] },
        name: name.to_owned(),
        kind: 2,
        start_time_unix_nano: START + from_ms * MILLI,
        end_time_unix_nano: if to_ms == 0 { 0 } else { START + to_ms * MILLI },
        attributes: vec![
            attribute("http.request.method", text("POST")),
            attribute("http.response.status_code", any_value::Value::IntValue(200)),
        ],
        ..Span::default()
    };
    let resource = Resource {
        attributes: vec![attribute("service.name", text(service))],
        ..Resource::default()
    };
    let scope_spans = vec![ScopeSpans {
        spans: vec![span],
        ..ScopeSpans::default()
    }];
    ResourceSpans {
        resource: Some(resource),
        scope_spans,
        ..ResourceSpans::default()
    }
}

pub(crate) fn edit(mut spans: ResourceSpans, change: impl FnOnce(&mut Span)) -> ResourceSpans {
    change(&mut spans.scope_spans[0].spans[0]);
    spans
}

pub(crate) fn failed(spans: ResourceSpans, message: &str) -> ResourceSpans {
    edit(spans, |span| {
        span.status = Some(Status {
            code: 2,
            message: message.to_owned(),
        });
        span.events.push(span::Event {
            time_unix_nano: span.start_time_unix_nano + MILLI,
            name: "exception".to_owned(),
            ..span::Event::default()
        });
    })
}

/// A password reset as the demo makes it, with a slow mailer.
pub(crate) fn password_reset() -> Vec<ResourceSpans> {
    let kind = |spans, kind| edit(spans, |span| span.kind = kind);
    vec![
        kind(span(1, 1, 0, "spanfall", "reset password", 0, 8), 3),
        span(1, 2, 1, "api", "POST /users/reset-password", 1, 7),
        kind(span(1, 3, 2, "api", "resetPasswordHandler", 2, 7), 1),
        kind(span(1, 4, 3, "api", "EnqueueMessage", 3, 6), 4),
        kind(span(1, 5, 4, "mailer", "handleSentMailMessage", 80, 180), 5),
        kind(span(1, 6, 5, "mailer", "compose mail", 82, 90), 1),
        failed(kind(span(1, 7, 5, "mailer", "send mail", 90, 170), 3), "451 try again later"),
    ]
}

/// A password reset without the spans of these numbers.
pub(crate) fn password_reset_without(numbers: &[usize]) -> Vec<ResourceSpans> {
    let spans = (1..).zip(password_reset());
    spans
        .filter(|(number, _)| !numbers.contains(number))
        .map(|(_, span)| span)
        .collect()
}

pub(crate) fn trace(byte: u8) -> TraceId {
    TraceId::from_bytes([byte; 16]).expect("not zero")
}

pub(crate) fn span_id(byte: u8) -> SpanId {
    SpanId::from_bytes([byte; 8]).expect("not zero")
}
