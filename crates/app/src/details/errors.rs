//! The errors of a span: what was thrown, where, and what happened before.

use std::hash::Hash;

use trace_model::sentry::{Breadcrumb, Exception, Frame, Gravity};
use trace_model::{Attribute, Severity};
use value_text::{Document, Hint, Outline, Role as TextRole};

use super::super::content::{Line, Means, Piece, Role};
use super::column::{Column, fold_mark};
use super::lines::offset;
use super::value::value;
use super::{ERRORS, ShownError, ShownSpan};
use crate::format;
use crate::text::{self, shown};

/// Frames of a stack that are shown, at most.
const FRAMES: usize = 30;
/// Lines of a stack trace as text that are shown, at most.
const TEXT_LINES: usize = 60;
/// Bytes of it that are read.
const STACK_BYTES: usize = 64 << 10;
/// Bytes of a line of source that are read.
const SOURCE_BYTES: usize = 1 << 10;
/// Libraries that are named where their frames are folded.
const PACKAGES: usize = 3;
/// Breadcrumbs that are shown, at most: the last ones.
const BREADCRUMBS: usize = 30;
/// Exceptions of a chain that are shown, at most.
const CHAIN: usize = 10;

impl Column<'_> {
    /// Lists the errors, with their times since `start`, in nanoseconds since the Unix epoch.
    pub(super) fn errors(&mut self, content: &ShownSpan, start: u64, has_failed: bool) {
        let (name, role) = match content.gravity() {
            Some(Gravity::Error) => ("errors", Role::Error),
            Some(Gravity::Handled) => ("errors", Role::Warning),
            Some(Gravity::Mild) => ("messages", Role::Warning),
            None => return,
        };
        let errors = &content.errors;
        self.headed(name, Some(errors.len()), Line::from(format!(" {name}").strong().means(role)));
        for error in errors.iter().take(ERRORS) {
            let id = self.item((error.event.unix_nano, &error.event.title), false);
            if let Some(stack) = &error.event.stacktrace {
                self.is_value("exception.stacktrace", || stack.clone());
            }
            let gravity = error.gravity.in_span(has_failed);
            self.within(id, |column| column.error(error, start, gravity));
        }
        if errors.len() > ERRORS {
            self.note(&format!("only the first {ERRORS} are shown"), 3);
        }
    }

    /// A single error, which has the whole pane.
    pub(super) fn one_error(&mut self, error: &ShownError, start: u64) {
        let id = self.item("error", false);
        if let Some(stack) = &error.event.stacktrace {
            self.is_value("exception.stacktrace", || stack.clone());
        }
        self.within(id, |column| column.error(error, start, error.gravity));
    }

    fn error(&mut self, error: &ShownError, start: u64, gravity: Gravity) {
        let event = &error.event;
        let title = if event.title.is_empty() {
            "(an error without a name)"
        } else {
            &event.title
        };
        let (mark, role) = match gravity {
            Gravity::Mild => ("i", Role::Warning),
            Gravity::Handled => ("⚠ handled", Role::Warning),
            Gravity::Error => ("!", Role::Error),
        };
        self.strong_paragraph(&format!("{mark} {title}"), 3, role);
        let mut facts = vec![offset(event.unix_nano, start)];
        if event.level != Severity::Unspecified {
            facts.push(event.level.name().to_owned());
        }
        let thrown = event.exceptions.first();
        facts.extend(thrown.and_then(handling));
        facts.extend(event.transaction.as_ref().map(|transaction| format!("in {transaction}")));
        facts.extend(event.logger.as_ref().map(|logger| format!("by {logger}")));
        facts.extend(event.release.as_ref().map(|release| format!("release {release}")));
        facts.extend(
            event
                .environment
                .as_ref()
                .map(|environment| format!("environment {environment}")),
        );
        facts.extend(event.event_id.as_ref().map(|id| format!("event {id}")));
        self.note(&facts.join(" · "), 5);
        if let Some(message) = event.message.as_ref().filter(|message| **message != event.title) {
            self.paragraph(message, 5, Role::Plain);
        }
        for (at, exception) in event.exceptions.iter().take(CHAIN).enumerate() {
            self.exception(exception, at, &event.title);
        }
        let has_frames = event.exceptions.iter().any(|exception| !exception.frames.is_empty());
        if let Some(trace) = event.stacktrace.as_ref().filter(|_| !has_frames) {
            let thrown = event.exceptions.first().map(Exception::title).unwrap_or_default();
            self.stack_as_text(without_title(trace, &thrown));
        }
        self.breadcrumbs(&event.breadcrumbs, event.unix_nano);
        for (name, attributes) in [
            ("tags", &event.tags),
            ("request", &event.request),
            ("user", &event.user),
            ("extra", &event.extra),
            ("contexts", &event.contexts),
            ("attributes", &error.attributes),
        ] {
            self.below(name, attributes);
        }
    }

    /// The last one thrown comes first; of that one the title was said already.
    fn exception(&mut self, exception: &Exception, at: usize, title: &str) {
        let mut name = exception.title();
        if at > 0 {
            name = format!("caused by {name}");
        }
        if exception.has_name() && name != title {
            self.paragraph(&name, 5, Role::Plain);
        }
        // Without a mark of whose code it is, all of it counts as the program's own.
        let told = exception.in_app_frames().next().is_some();
        let is_own = |frame: &&Frame| !told || frame.in_app == Some(true);
        self.frames(at, exception.frames.iter().filter(is_own), true);
        let libraries: Vec<_> = exception.frames.iter().filter(|frame| !is_own(frame)).collect();
        if libraries.is_empty() {
            return;
        }
        let (id, is_open) = self.fold(("library frames", at));
        let frames = format::count(libraries.len() as u64, "library frame");
        self.note(&format!("{} {frames}{}", fold_mark(is_open), packages(&libraries)), 5);
        if is_open {
            self.within(id, |column| column.frames(at, libraries.into_iter(), false));
        }
    }

    /// The newest calls, and how many are older than these. The source around the first one is unfolded if `is_own`.
    fn frames<'f>(&mut self, exception: usize, mut frames: impl Iterator<Item = &'f Frame>, is_own: bool) {
        for (at, frame) in frames.by_ref().take(FRAMES).enumerate() {
            self.frame(frame, ("source", exception, at), is_own && at == 0);
        }
        let older = frames.count();
        if older > 0 {
            self.note(&format!("and {}", format::count(older as u64, "older call")), 7);
        }
    }

    /// `file:line function`, and the source: that line, or the lines around it.
    fn frame(&mut self, frame: &Frame, name: impl Hash, is_unfolded: bool) {
        let file = frame.filename.as_ref().or(frame.abs_path.as_ref()).or(frame.module.as_ref());
        let mut place = file.map_or_else(|| "(no file)".to_owned(), |file| shown(file));
        if let Some(line) = frame.lineno {
            place = format!("{place}:{line}");
        }
        let has_context = !frame.pre_context.is_empty() || !frame.post_context.is_empty();
        let is_open = has_context && self.fold_with(name, is_unfolded);
        let mark = if has_context { fold_mark(is_open) } else { " " };
        let room = self.width.saturating_sub(8).max(8);
        let place = format::at_most(&place, room);
        let function = frame.function.as_deref().unwrap_or("(no name)");
        let mut line = Line::from(vec![format!("     {mark} ").means(Role::Dim), Piece::from(place)]);
        let left = (room + 7).saturating_sub(line.width() + 1);
        line.push(format!(" {}", format::at_most(function, left)).strong());
        self.lines.push(line);
        if is_open {
            return self.source(frame, room);
        }
        let source = frame
            .context_line
            .as_deref()
            .map(str::trim)
            .filter(|source| !source.is_empty());
        if let Some(source) = source {
            let source = format::at_most(source, room.saturating_sub(4));
            self.lines
                .push(Line::from(vec!["         │ ".means(Role::Rule), Piece::from(source)]));
        }
    }

    /// The lines of the source around a call, with their numbers and without their common indentation.
    fn source(&mut self, frame: &Frame, room: usize) {
        let before = frame.pre_context.iter().map(String::as_str);
        let after = frame.post_context.iter().map(String::as_str);
        let at = frame.pre_context.len();
        let lines: Vec<String> = before
            .chain([frame.context_line.as_deref().unwrap_or_default()])
            .chain(after)
            .map(|line| text::start(line, SOURCE_BYTES).trim_end().replace('\t', "    "))
            .collect();
        let indent = |line: &String| line.len() - line.trim_start_matches(' ').len();
        let common = lines.iter().filter(|line| !line.is_empty()).map(indent).min().unwrap_or(0);
        let first = frame.lineno.map(|line| line.saturating_sub(at as u64));
        let last = first.map(|first| first + lines.len() as u64 - 1);
        let digits = last.map_or(0, |last| last.to_string().len());
        for (number, line) in lines.iter().enumerate() {
            let is_call = number == at;
            let label = first.map_or_else(String::new, |first| format!("{:>digits$} ", first + number as u64));
            let source = format::at_most(line.get(common..).unwrap_or_default(), room.saturating_sub(4 + digits));
            let source = if is_call { source.strong() } else { source.means(Role::Dim) };
            self.lines.push(Line::from(vec![
                format!("         {label}").means(if is_call { Role::Accent } else { Role::Dim }),
                "│ ".means(Role::Rule),
                source,
            ]));
        }
    }

    fn stack_as_text(&mut self, trace: &str) {
        let mut document = Document::new(trace, Some(Hint::StackTrace));
        document.step(STACK_BYTES);
        let mut outline = Outline::default();
        let (mut next, mut left) = (0, TEXT_LINES);
        while let Some(line) = document.lines().get(next) {
            if left == 0 {
                return self.note("… v shows all of it", 7);
            }
            left -= 1;
            if line.is_fold {
                let (_, is_open) = self.fold(("frames of the text", next));
                if is_open {
                    outline.toggle(document.lines(), next);
                }
                let text = document.text_of(next, &outline);
                self.note(&format!("{} {}", fold_mark(is_open), text.trim()), 5);
            } else {
                let parts = document.pieces(next, &outline);
                let is_own = parts.iter().any(|part| part.role == TextRole::Own);
                let role = if parts.iter().all(|part| part.role == TextRole::Dim) {
                    Role::Dim
                } else {
                    Role::Plain
                };
                let text = document.text_of(next, &outline);
                let first = self.lines.len();
                self.paragraph(text.trim_end(), 7, role);
                if let Some(line) = self.lines.get_mut(first).filter(|_| is_own) {
                    line.pieces[0] = "     ● ".means(Role::Accent);
                }
            }
            let Some(after) = outline.next(document.lines(), next) else {
                break;
            };
            next = after;
        }
        if !document.is_complete() {
            self.note("… v shows all of it", 7);
        }
    }

    fn breadcrumbs(&mut self, breadcrumbs: &[Breadcrumb], happened: u64) {
        if breadcrumbs.is_empty() {
            return;
        }
        if !self.folded("breadcrumbs", breadcrumbs.len()) {
            return;
        }
        let left_out = breadcrumbs.len().saturating_sub(BREADCRUMBS);
        if left_out > 0 {
            self.note(&format!("{} left out", format::count(left_out as u64, "earlier one")), 7);
        }
        let mut in_order: Vec<_> = breadcrumbs.iter().skip(left_out).collect();
        in_order.sort_by_key(|breadcrumb| breadcrumb.unix_nano);
        for breadcrumb in in_order {
            let when = breadcrumb.unix_nano.map(|time| offset(time, happened)).unwrap_or_default();
            let what = [
                breadcrumb.category.as_ref().or(breadcrumb.kind.as_ref()),
                breadcrumb.message.as_ref(),
            ];
            let mut said: Vec<_> = what.into_iter().flatten().cloned().collect();
            let data = breadcrumb.data.iter();
            said.extend(data.map(|attribute| format!("{}={}", attribute.key, value(&attribute.value))));
            let (mark, role) = match breadcrumb.level.as_deref() {
                Some("error" | "fatal") => ("✗ ", Role::Error),
                Some("warning") => ("⚠ ", Role::Warning),
                _ => ("", Role::Plain),
            };
            self.pair(&when, &format!("{mark}{}", said.join(" ")), 7, role);
        }
    }

    fn below(&mut self, name: &str, attributes: &[Attribute]) {
        if !attributes.is_empty() && self.folded(name, attributes.len()) {
            self.list(attributes, 7);
        }
    }

    /// A part of an error, initially folded. Returns true if it is unfolded.
    fn folded(&mut self, name: &str, count: usize) -> bool {
        let (_, is_open) = self.fold(name);
        let count = format::grouped(count as u64);
        self.note(&format!("{} {name} {count}", fold_mark(is_open)), 5);
        is_open
    }

    fn note(&mut self, text: &str, indent: usize) {
        self.paragraph(text, indent, Role::Dim);
    }
}

/// Returns a stack trace without the lines that name its exception: the first ones in most languages, the last ones in Python.
fn without_title<'a>(stack: &'a str, title: &str) -> &'a str {
    let stack = stack.trim_end();
    let is_line_end = |text: &str| text.is_empty() || text.starts_with(['\r', '\n']) || text.ends_with('\n');
    let rest = stack.strip_prefix(title).or_else(|| stack.strip_suffix(title));
    rest.filter(|rest| is_line_end(rest))
        .map_or(stack, |rest| rest.trim_matches(['\r', '\n']))
}

/// Returns the libraries of frames in parentheses, the newest first; nothing if no frame names its module.
fn packages(frames: &[&Frame]) -> String {
    let mut packages: Vec<&str> = Vec::new();
    let modules = frames.iter().filter_map(|frame| frame.module.as_deref());
    for package in modules.filter_map(|module| module.split(['.', ':', '/']).find(|part| !part.is_empty())) {
        if packages.len() < PACKAGES && !packages.contains(&package) {
            packages.push(package);
        }
    }
    if packages.is_empty() {
        return String::new();
    }
    format!(" ({})", packages.join(", "))
}

/// Returns the handling of an exception, and the mechanism that captured it.
fn handling(exception: &Exception) -> Option<String> {
    let handled = if exception.handled? { "handled" } else { "unhandled" };
    let mechanism = exception.mechanism.as_ref();
    Some(mechanism.map_or_else(|| handled.to_owned(), |mechanism| format!("{handled} ({mechanism})")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stack_does_not_repeat_the_title() {
        for (stack, title, expected) in [
            ("Error: no\n    at f (a.js:1)\n", "Error: no", "    at f (a.js:1)"),
            (
                "a.B: one\ntwo\r\n\tat a.B.f(B.java:1)",
                "a.B: one\ntwo",
                "\tat a.B.f(B.java:1)",
            ),
            (
                "Traceback:\n  File \"a.py\"\nKeyError: 'x'\n",
                "KeyError: 'x'",
                "Traceback:\n  File \"a.py\"",
            ),
            (
                "Error: not found\n    at f (a.js:1)",
                "Error: no",
                "Error: not found\n    at f (a.js:1)",
            ),
            ("main.f\n\t/a.go:1", "", "main.f\n\t/a.go:1"),
            ("Error: no", "Error: no", ""),
        ] {
            assert_eq!(without_title(stack, title), expected);
        }
    }
}
