//! The copy menu: values of the selected span, through the terminal (OSC 52), so that it works over ssh too.

mod curl;

pub use curl::redacted;

use ratatui_core::layout::Rect;
use trace_files::json_lines;
use trace_model::{Span, SpanKey, TraceId};

use super::layout::PopupArea;
use super::{Action, App, Effect, Layer, Mode, Notice};
use crate::format;
use crate::keymap::Key::Char;
use crate::keymap::{Binding, Bound, KeyContext, bind};
use crate::layer::{Component, Opened, Outcome, Placed};
use curl::{Curl, Ids, NoCurl};

/// The key that opens it.
pub(crate) const OPEN: &[Binding] = &[
    bind("copy-menu", &[Char('y')], Action::Toggle(Layer::Copy), "toggle the copy menu")
        .also_on(&[KeyContext::Copy])
        .footer("copy"),
];

/// Its own keys.
pub(crate) const KEYS: &[Binding] = &[
    bind("copy-trace-id", &[Char('t')], Action::CopyTraceId, "copy the trace id"),
    bind("copy-span-id", &[Char('s')], Action::CopySpanId, "copy the span id"),
    bind("copy-json", &[Char('j')], Action::CopyJson, "copy the span as JSON"),
    bind(
        "copy-traceparent",
        &[Char('p')],
        Action::CopyTraceparent,
        "copy a traceparent header",
    ),
    bind("copy-curl", &[Char('c')], Action::CopyCurl, "copy the request as curl"),
];

/// Spans above, and below, the selected one that are searched for its request.
const LOOKED_AT: usize = 1_000;

impl App {
    /// Returns the copy commands with their keys.
    #[must_use]
    pub fn copies(&self) -> Vec<&Bound> {
        let copies = |bound: &&Bound| {
            let binding = bound.binding;
            !bound.keys.is_empty()
                && !binding.is_fixed
                && !matches!(binding.action, Action::Toggle(_) | Action::Back | Action::Quit)
        };
        let mut copies: Vec<_> = self.keymap.of(KeyContext::Copy, self.mode).filter(copies).collect();
        copies.sort_by_key(|bound| bound.section.contexts.len());
        copies
    }

    /// Returns the area of the menu.
    pub(super) fn copy_area(&self, body: Rect) -> PopupArea {
        let copies = self.copies();
        let widest = copies.iter().map(|bound| format::columns(bound.binding.help)).max();
        let lines = u16::try_from(copies.len()).unwrap_or(u16::MAX);
        PopupArea::of(body, u16::try_from(widest.unwrap_or(0) + 3).unwrap_or(u16::MAX), lines)
    }

    fn copy(&mut self, action: Action) -> Option<Effect> {
        let (trace_id, key) = self.waterfall.selected()?;
        let key = key.clone();
        self.screens.popup = None;
        let span_id = key.span_id;
        match action {
            Action::CopyTraceId => Some(self.copied(trace_id.to_string(), "")),
            Action::CopySpanId => Some(self.copied(span_id.to_string(), "")),
            Action::CopyTraceparent => Some(self.copied(format!("00-{trace_id}-{span_id}-01"), "")),
            Action::CopyJson => self.copy_json(trace_id, &key),
            Action::CopyCurl => self.copy_curl(trace_id, &key),
            _ => None,
        }
    }

    fn copy_json(&mut self, trace_id: TraceId, key: &SpanKey) -> Option<Effect> {
        let span = self.store.span(trace_id, key);
        if span.as_ref().is_some_and(|span| span.is_cut) {
            return self.reject("not copied: too many attributes, events and links (save the trace instead)");
        }
        match span.and_then(|span| json_lines::span_line(&span).ok()) {
            Some(line) => Some(self.copied(line, "whole, with any credentials in it; ")),
            None => self.reject("span not received: only its id is known"),
        }
    }

    fn copy_curl(&mut self, trace_id: TraceId, key: &SpanKey) -> Option<Effect> {
        let ids = Ids {
            trace: self.ids.u128(1..),
            span: self.ids.u64(1..),
        };
        let mode = self.mode;
        let repeated = self.requests_near(trace_id, key).find_map(|span| {
            let body = if mode == Mode::Demo { curl::body_of_demo(&span) } else { None };
            match curl::command(&span, &ids, body) {
                Err(NoCurl::NotARequest) => None,
                found => Some(found),
            }
        });
        match repeated {
            Some(Ok(curl)) => {
                let note = note(&curl);
                Some(self.copied(curl.command, &note))
            }
            Some(Err(_)) => self.reject("not copied: the request cannot be quoted for a shell"),
            None => self.reject("not copied: no HTTP request with a URL in this span, its parents or its children"),
        }
    }

    /// The span, those above it from the nearest on, and those below it, as far as they have arrived.
    fn requests_near(&self, trace_id: TraceId, key: &SpanKey) -> impl Iterator<Item = Span> {
        let tree = self.waterfall.outline().map(trace_model::Outline::tree);
        let nodes = tree.map_or(&[][..], |tree| tree.nodes());
        let at = nodes.iter().position(|node| node.key == *key);
        let above = std::iter::successors(at, |at| nodes.get(*at)?.parent).take(LOOKED_AT);
        let below = at.map_or(0..0, |at| {
            let descendants = nodes.get(at).map_or(0, |node| node.descendants);
            at + 1..at + 1 + descendants.min(LOOKED_AT)
        });
        let keys = above.chain(below).filter_map(|at| nodes.get(at));
        keys.filter_map(move |node| self.store.span(trace_id, &node.key))
    }

    fn copied(&mut self, text: String, note: &str) -> Effect {
        self.notice = Some(Notice {
            text: format!("copied, where the terminal allows it: {note}{text}"),
            error: false,
        });
        Effect::Copy(text)
    }

    fn reject(&mut self, text: &str) -> Option<Effect> {
        self.notice = Some(Notice {
            text: text.to_owned(),
            error: true,
        });
        None
    }
}

/// Omitted parts that are named, at most.
const NAMED: usize = 6;

/// Returns a note about the parts that a command lacks.
fn note(curl: &Curl) -> String {
    let mut note = String::new();
    if curl.lacks_body {
        note.push_str("without the body, which is not recorded; ");
    }
    if let [first, rest @ ..] = &*curl.left_out {
        let named = rest
            .iter()
            .take(NAMED - 1)
            .fold(first.clone(), |named, one| named + ", " + one);
        let more = curl.left_out.len().saturating_sub(NAMED);
        let more = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        note = format!("{note}left out: {named}{more}; ");
    }
    note
}

/// The copy menu, as a popup.
#[derive(Debug)]
pub struct CopyMenu;

impl Component for CopyMenu {
    fn place(app: &App, body: Rect) -> Placed {
        let area = app.copy_area(body);
        Placed::popup(area, area.inner)
    }

    /// Whatever it copies, the menu closes.
    fn update(app: &mut App, action: Action) -> Outcome {
        Outcome::Done(match action {
            Action::CopyDsn => Some(app.copy_dsn()),
            Action::CopyTraceId | Action::CopySpanId | Action::CopyJson | Action::CopyTraceparent | Action::CopyCurl => {
                app.copy(action)
            }
            _ => None,
        })
    }
}

impl Opened for CopyMenu {
    const WITHOUT_TRACE: Option<&'static str> = Some("no span to copy yet");

    fn open(app: &mut App) -> Self {
        app.traces.hold();
        Self
    }
}
