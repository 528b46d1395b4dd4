//! The selected span: its errors, and everything its sender said.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Stylize;
use ratatui::text::{Line, Span as Text};

use super::{hint, page_pane, ruled, theme, title};
use app::format::{self, service_name};
use app::layout::below_title;
use app::{App, Hits, Pane, ShownSpan};
use trace_model::sentry::Gravity;

pub(super) fn draw(frame: &mut Frame, app: &App, area: Rect, hits: &mut Hits) {
    if area.is_empty() {
        return;
    }
    let focused = app.screens.pane == Pane::Details;
    let heading = Rect { height: 1, ..area };
    let pane = app.details.pane();
    if pane.page().is_none() {
        ruled(frame, Line::from(title(" SPAN", focused)), heading);
        if app.waterfall.selected().is_some() {
            let text = "this span has not arrived, only spans that name it as their parent".fg(theme::DIM);
            frame.render_widget(hint([Line::from(text)]), below_title(area));
        }
        return;
    }
    let line = headline(app.details.content(), focused, usize::from(heading.width));
    page_pane::draw(frame, pane, focused, line, area, hits);
}

/// Service and name; of a span that has not arrived, those of its first error.
fn headline(content: &ShownSpan, focused: bool, width: usize) -> Line<'static> {
    let (heading, service, name) = match (&content.span, content.errors.first()) {
        (Some(span), _) => (" SPAN ", &span.service, &span.name),
        (None, Some(error)) => {
            let heading = match content.gravity() {
                Some(Gravity::Mild) => " MESSAGE ",
                _ => " ERROR ",
            };
            (heading, &error.service, &error.event.title)
        }
        (None, None) => return Line::from(title(" SPAN", focused)),
    };
    let service_text = service_name(service);
    let room = width.saturating_sub(heading.len() + format::columns(&service_text) + 3);
    let name = if content.span.is_some() {
        format::name(name, room)
    } else {
        format::at_most(name, room)
    };
    Line::from(vec![
        title(heading, focused),
        Text::raw(service_text).fg(theme::service(service)),
        Text::raw(format!(" {name}")),
    ])
}
