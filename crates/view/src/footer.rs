//! The keys that matter here, or what there is to say.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Stylize;
use ratatui::text::Line;

use super::{cells, format, theme};
use app::keymap::Bound;
use app::text::shown;
use app::{Action, App, Hit, Hits, Layer, ServiceState};

pub(super) fn draw(frame: &mut Frame, app: &App, area: Rect, hits: &mut Hits) {
    let line = notice(app, area.width.into()).unwrap_or_else(|| keys(app, area, hits));
    cells::line(frame.buffer_mut(), &line, area);
}

/// A part of the footer that leads to a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hyperlink {
    /// Area of the footer: one line.
    pub area: Rect,
    /// An `http` or `https` address without any character that could end or extend an escape sequence.
    pub url: String,
}

/// The address in the message, if there is one: the text may be cut, the link is whole.
#[must_use]
pub fn hyperlink(app: &App, footer: Rect) -> Option<Hyperlink> {
    let notice = app.notice.as_ref().filter(|notice| !notice.error)?;
    let text = format!(" {}", shown(&notice.text));
    let start = ["https://", "http://"].iter().find_map(|scheme| text.find(scheme))?;
    let url = text[start..].split(' ').next().filter(|url| is_plain(url))?;
    let column = u16::try_from(format::columns(&text[..start])).ok()?;
    let width = u16::try_from(url.len()).unwrap_or(u16::MAX);
    let area = Rect {
        x: footer.x.saturating_add(column),
        width,
        height: 1,
        ..footer
    }
    .intersection(footer);
    (!area.is_empty()).then(|| Hyperlink {
        area,
        url: url.to_owned(),
    })
}

/// Returns true if a URL holds only characters of [RFC 3986](https://www.rfc-editor.org/rfc/rfc3986), no space or control character, and
/// no user: a DSN is not a page.
fn is_plain(url: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?#[]!$&'()*+,;=%".contains(&byte);
    url.len() <= 2_048 && url.bytes().all(is_allowed)
}

fn notice(app: &App, width: usize) -> Option<Line<'static>> {
    let (text, color) = if let Some(notice) = &app.notice {
        let text = shown(&notice.text);
        if notice.error {
            (format!(" ✗ {text}"), theme::ERROR)
        } else {
            (format!(" {text}"), theme::ACCENT)
        }
    } else {
        let (service, status) = app.services.iter().find_map(|(service, state)| match state {
            ServiceState::Exited { status } => Some((service, status)),
            _ => None,
        })?;
        let status = shown(status);
        let text = format!(" ✗ {service} ended ({status}) and is started again; press o to read its output");
        (text, theme::ERROR)
    };
    Some(Line::from(format::at_most(&text, width).fg(color)))
}

/// A key of the footer.
struct Entry {
    key: String,
    short: &'static str,
    action: Action,
}

impl Entry {
    fn width(&self) -> usize {
        format::columns(&self.key) + format::columns(self.short) + 3
    }
}

/// The keys, each of which can be clicked.
fn keys(app: &App, area: Rect, hits: &mut Hits) -> Line<'static> {
    let mut line = Line::from(" ");
    let mut left = 1_u16;
    for entry in entries(app, usize::from(area.width)) {
        // Without the two columns between it and the next one.
        let width = u16::try_from(entry.width().saturating_sub(2)).unwrap_or(u16::MAX);
        let key = Rect {
            x: area.x.saturating_add(left),
            width,
            ..area
        };
        hits.add(key.intersection(area), Hit::Action(entry.action));
        line.push_span(entry.key.bold().fg(theme::ACCENT));
        line.push_span(format!(" {}  ", entry.short).fg(theme::DIM));
        left = left.saturating_add(width).saturating_add(2);
    }
    line
}

/// As many keys as there is room for, those that are special to what is on top first; help and quit always, but while text is edited
/// they are letters.
fn entries(app: &App, width: usize) -> Vec<Entry> {
    let context = app.key_context();
    let entry = |bound: &Bound| {
        let short = bound.binding.footer_word(context);
        let key = bound.keys.first()?;
        // What is open is closed by the key that closes all.
        let is_offered = !short.is_empty() && app.can(bound.binding.action) && !app.toggles_top(bound.binding.action);
        is_offered.then(|| Entry {
            key: key.label(),
            short,
            action: bound.binding.action,
        })
    };
    let is_last = |bound: &&Bound| matches!(bound.binding.action, Action::Toggle(Layer::Help) | Action::Quit);
    let (last, mut first): (Vec<_>, Vec<_>) = app.keymap.of(context, app.mode).partition(is_last);
    first.sort_by_key(|bound| bound.section.footer_rank);
    let last: Vec<_> = last.into_iter().filter_map(entry).collect();
    let mut left = width.saturating_sub(1 + last.iter().map(Entry::width).sum::<usize>());
    let mut shown = Vec::new();
    for entry in first.into_iter().filter_map(entry) {
        if let Some(rest) = left.checked_sub(entry.width()) {
            left = rest;
            shown.push(entry);
        }
    }
    shown.extend(last);
    shown
}
