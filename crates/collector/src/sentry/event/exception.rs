//! Exceptions and their stack traces.
//!
//! Source: [Exception interface](https://develop.sentry.dev/sdk/foundations/transport/event-payloads/exception/). The exception
//! thrown last, which the others caused, is last; of a stack the oldest call is first.

use std::borrow::Cow;
use std::fmt::Write;

use opentelemetry_proto::tonic::common::v1::AnyValue;
use serde_json::value::RawValue;

use super::super::json::{self, Object};
use super::super::value::{self, Attributes};

/// Lines of the source before, and after, that of a call, at most. SDKs send five.
const CONTEXT_LINES_MAX: usize = 10;

#[derive(Debug, Default)]
pub(super) struct Exception<'a> {
    pub(super) type_name: Option<Cow<'a, str>>,
    pub(super) value: Option<Cow<'a, str>>,
    module: Option<Cow<'a, str>>,
    mechanism: Option<Cow<'a, str>>,
    handled: Option<bool>,
    frames: Vec<Frame<'a>>,
}

/// One call of a stack.
#[derive(Debug)]
struct Frame<'a> {
    function: Option<Cow<'a, str>>,
    module: Option<Cow<'a, str>>,
    filename: Option<Cow<'a, str>>,
    abs_path: Option<Cow<'a, str>>,
    pre_context: Vec<Cow<'a, str>>,
    context_line: Option<Cow<'a, str>>,
    post_context: Vec<Cow<'a, str>>,
    lineno: Option<u64>,
    colno: Option<u64>,
    in_app: Option<bool>,
}

/// Returns the exceptions of an event in Sentry's order. A stack that belongs to none gets a nameless one, or is that of the
/// last.
pub(super) fn all<'a>(event: &Object<'a>) -> Vec<Exception<'a>> {
    let mut listed = event.list("exception");
    if listed.is_empty() {
        // The oldest SDKs write one without a list.
        let one = event
            .get("exception")
            .filter(|raw| Object::of(raw).is_some_and(|one| one.first_text(&["type", "value"]).is_some()));
        listed.extend(one);
    }
    let mut exceptions: Vec<_> = listed
        .into_iter()
        .filter_map(Object::of)
        .map(|object| Exception::of(&object))
        .collect();
    if exceptions.iter().all(|exception| exception.frames.is_empty()) {
        let frames = frames(&event.object("stacktrace"));
        let frames = if frames.is_empty() { of_thread(event) } else { frames };
        match exceptions.last_mut() {
            Some(last) => last.frames = frames,
            None if frames.is_empty() => {}
            None => exceptions.push(Exception {
                frames,
                ..Exception::default()
            }),
        }
    }
    exceptions
}

/// The stack of the thread where it happened.
fn of_thread<'a>(event: &Object<'a>) -> Vec<Frame<'a>> {
    let threads: Vec<_> = event.list("threads").into_iter().filter_map(Object::of).collect();
    let is = |thread: &&Object<'a>, member| thread.bool(member) == Some(true);
    let here = threads.iter().find(|thread| is(thread, "crashed"));
    let here = here.or_else(|| threads.iter().find(|thread| is(thread, "current")));
    let only = threads.first().filter(|_| threads.len() == 1);
    here.or(only)
        .map(|thread| frames(&thread.object("stacktrace")))
        .unwrap_or_default()
}

fn frames<'a>(stacktrace: &Object<'a>) -> Vec<Frame<'a>> {
    let frames = stacktrace.list("frames").into_iter().filter_map(Object::of);
    let frames = frames.map(|frame| Frame {
        function: frame.first_text(&["function", "raw_function"]),
        module: frame.first_text(&["module", "package"]),
        filename: frame.text("filename"),
        abs_path: frame.text("abs_path"),
        pre_context: last(frame.list("pre_context")),
        context_line: frame.text("context_line"),
        post_context: first(frame.list("post_context")),
        lineno: frame.u64("lineno"),
        colno: frame.u64("colno"),
        in_app: frame.bool("in_app"),
    });
    frames.collect()
}

/// Returns the last lines of a source before that of a call.
fn last(lines: Vec<&RawValue>) -> Vec<Cow<'_, str>> {
    let from = lines.len().saturating_sub(CONTEXT_LINES_MAX);
    first(lines.into_iter().skip(from).collect())
}

/// Returns the first lines of a source after that of a call.
fn first(lines: Vec<&RawValue>) -> Vec<Cow<'_, str>> {
    let lines = lines.into_iter().take(CONTEXT_LINES_MAX);
    lines.map(|line| json::text(line).unwrap_or_default()).collect()
}

fn lines(members: &mut Attributes, name: &str, lines: &[Cow<'_, str>]) {
    if !lines.is_empty() {
        let lines = lines.iter().map(|line| value::string(&**line));
        members.push(name, value::array(lines.collect()));
    }
}

impl<'a> Exception<'a> {
    fn of(exception: &Object<'a>) -> Self {
        let mechanism = exception.object("mechanism");
        Self {
            type_name: exception.text("type"),
            value: exception.text("value"),
            module: exception.text("module"),
            mechanism: mechanism.text("type"),
            handled: mechanism.bool("handled"),
            frames: frames(&exception.object("stacktrace")),
        }
    }

    /// Returns true for an exception, false for a stack alone.
    pub(super) const fn has_name(&self) -> bool {
        self.type_name.is_some() || self.value.is_some()
    }

    /// `Type: value`.
    pub(super) fn title(&self) -> String {
        match (&self.type_name, &self.value) {
            (Some(type_name), Some(value)) => format!("{type_name}: {value}"),
            (Some(one), None) | (None, Some(one)) => one.to_string(),
            (None, None) => String::new(),
        }
    }

    pub(super) fn encode(&self) -> AnyValue {
        let mut members = Attributes::default();
        members.text("type", self.type_name.as_deref());
        members.text("value", self.value.as_deref());
        members.text("module", self.module.as_deref());
        members.text("mechanism", self.mechanism.as_deref());
        if let Some(handled) = self.handled {
            members.push("handled", value::boolean(handled));
        }
        members.push("frames", value::array(self.frames.iter().map(Frame::encode).collect()));
        value::list(members.0)
    }
}

impl Frame<'_> {
    fn encode(&self) -> AnyValue {
        let mut members = Attributes::default();
        members.text("function", self.function.as_deref());
        members.text("module", self.module.as_deref());
        members.text("filename", self.filename.as_deref());
        members.text("abs_path", self.abs_path.as_deref());
        if let Some(line) = self.lineno {
            members.push("lineno", value::int(line));
        }
        if let Some(column) = self.colno {
            members.push("colno", value::int(column));
        }
        if let Some(in_app) = self.in_app {
            members.push("in_app", value::boolean(in_app));
        }
        lines(&mut members, "pre_context", &self.pre_context);
        members.text("context_line", self.context_line.as_deref());
        lines(&mut members, "post_context", &self.post_context);
        value::list(members.0)
    }
}

/// Formats them as text: the last exception and the newest call first.
pub(super) fn stacktrace(exceptions: &[Exception<'_>]) -> String {
    let mut text = String::new();
    for exception in exceptions.iter().rev() {
        if exception.has_name() {
            let cause = if text.is_empty() { "" } else { "Caused by: " };
            let _ = writeln!(text, "{cause}{}", exception.title());
        }
        for frame in exception.frames.iter().rev() {
            let function = frame.function.as_deref().unwrap_or("?");
            let file = frame
                .filename
                .as_deref()
                .or(frame.abs_path.as_deref())
                .or(frame.module.as_deref());
            let _ = write!(text, "    at {function} ({}", file.unwrap_or("?"));
            for number in [frame.lineno, frame.colno].into_iter().flatten() {
                let _ = write!(text, ":{number}");
            }
            text.push_str(")\n");
        }
    }
    text
}
