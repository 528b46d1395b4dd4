//! The service map: as a tree of rows, or as a picture with the edges of the selected node below it.

mod calls;
mod picture;
mod tree;

use std::sync::Arc;

use ratatui_core::layout::{Constraint, Layout, Rect};
use trace_stats::{Callee, Counted, Queue, ServiceGraph, SpanPlace, Survey};

use super::layout::ListParts;
use super::{Action, List, ListFilter};
use crate::App;
use crate::format::Now;
use crate::layer::{Component, Outcome, Placed};
use crate::table::{Query, TableState};
use calls::{CallRow, Calls};
pub use picture::{CALLS_COLUMNS, ERRORS_COLUMNS, LATENCY_COLUMNS, MARK_COLUMNS, MapPicture};

/// A smaller pane shows the tree unless the user asks for the picture: that of a terminal of 100 columns and 30 rows.
const PICTURE_MIN: (u16, u16) = (90, 22);

/// One row of the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum MapRow {
    /// A service that calls others, or of which no call is known.
    Service(Arc<str>),
    /// A call that it makes.
    Call {
        /// Index of the edge in the survey.
        edge: usize,
        /// True if the called service is above already, so that the map would be a cycle; also for a call of itself.
        back: bool,
        /// True if no other call of this service follows.
        last: bool,
    },
}

/// Key of a row: the service, and its call.
type MapKey = (Arc<str>, Option<(Callee, bool, Option<Queue>)>);

/// Areas of the picture's parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PictureParts {
    /// The picture.
    pub picture: Rect,
    /// The title of the list below it, with the names of its columns.
    pub title: Rect,
    /// The rows of that list.
    pub rows: Rect,
}

impl PictureParts {
    /// Divides an area.
    #[must_use]
    pub fn of(area: Rect) -> Self {
        let rows = (area.height / 4).clamp(3, 10);
        let heights = [Constraint::Min(1), Constraint::Length(1), Constraint::Length(rows)];
        let [picture, title, rows] = Layout::vertical(heights).areas(area);
        Self { picture, title, rows }
    }
}

/// The map's state.
#[derive(Debug)]
pub struct ServiceMap {
    table: TableState<MapKey>,
    /// The survey and the query that the rows were made of.
    of: Option<(u64, Query)>,
    rows: Vec<MapRow>,
    services: usize,
    picture: MapPicture,
    /// The user's choice of the picture; the size decides by default.
    wants_picture: Option<bool>,
    is_picture: bool,
}

impl Default for ServiceMap {
    fn default() -> Self {
        Self {
            table: TableState::sorted::<Calls>(),
            of: None,
            rows: Vec::new(),
            services: 0,
            picture: MapPicture::default(),
            wants_picture: None,
            is_picture: false,
        }
    }
}

impl ServiceMap {
    /// Returns the number of services shown.
    #[must_use]
    pub const fn services(&self) -> usize {
        self.services
    }

    /// The tree: its rows' keys, and the cursor.
    #[must_use]
    pub const fn table(&self) -> &TableState<MapKey> {
        &self.table
    }

    /// The picture; `None` while the tree is shown.
    #[must_use]
    pub fn picture(&self) -> Option<&MapPicture> {
        self.is_picture.then_some(&self.picture)
    }

    /// Returns the calls under the cursor: one, or all of a service or a node.
    pub(super) fn selected(&self, survey: &Survey) -> Vec<Counted> {
        if self.is_picture {
            return self.picture.selected(survey);
        }
        let edges = survey.edges.iter().enumerate();
        match self.rows.get(self.table.position()) {
            Some(MapRow::Call { edge, .. }) => vec![Counted::Edge(*edge)],
            Some(MapRow::Service(service)) => {
                let of_service = edges.filter(|(_, edge)| edge.caller == *service);
                of_service.map(|(at, _)| Counted::Edge(at)).collect()
            }
            None => Vec::new(),
        }
    }

    /// Selects the node at a cell of the picture; whether it was selected already.
    pub(super) fn select_node(&mut self, x: usize, y: usize) -> Option<bool> {
        let node = self.picture.node_at(x, y)?;
        let again = self.picture.position() == Some(node) && !self.picture.is_in_list();
        self.picture.select(node);
        Some(again)
    }

    /// Returns the area of the map on a screen: the tree with the names of its columns, or the picture with its list.
    #[must_use]
    pub fn area(screen: Rect) -> Rect {
        let parts = ListParts::of(screen, 0);
        parts.head.union(parts.rows)
    }

    /// `screen` is what there is room for.
    pub(super) fn fit(&mut self, survey: Option<&Survey>, number: u64, screen: Rect) {
        let area = Self::area(screen);
        let of = (number, self.table.query());
        let order = of.1.order;
        if self.of.as_ref() != Some(&of) || survey.is_none() {
            let words = self.table.words();
            self.rows = survey.map_or_else(Vec::new, |survey| tree::rows(survey, words, order));
            let services = |row: &&MapRow| matches!(row, MapRow::Service(_));
            self.services = self.rows.iter().filter(services).count();
            let graph = survey.map_or_else(ServiceGraph::default, |survey| picture::graph(survey, words));
            self.picture.take(graph);
            let keys = survey.map_or_else(Vec::new, |survey| keys(survey, &self.rows));
            self.table.set_keys(keys);
            self.of = Some(of);
        }
        let parts = ListParts::of(screen, 0);
        let rows = &self.rows;
        let edges = survey.into_iter().flat_map(|survey| &survey.edges);
        let most = edges.map(|edge| edge.figures.calls).max().unwrap_or(1);
        self.table.lay_out::<Calls>(parts.head, parts.rows, |at| {
            let survey = survey?;
            Some(match rows.get(at)? {
                MapRow::Service(service) => CallRow::service(survey, service),
                MapRow::Call { edge, back, last } => CallRow::call(survey.edges.get(*edge)?, *back, *last, most),
            })
        });
        let is_large = area.width >= PICTURE_MIN.0 && area.height >= PICTURE_MIN.1;
        self.is_picture = self.wants_picture.unwrap_or(is_large) && self.picture.is_drawn();
        if let Some(survey) = survey {
            self.picture.fit(survey, order, PictureParts::of(area));
        }
    }
}

impl List for ServiceMap {
    fn narrow(&self) -> &ListFilter {
        self.table.narrow()
    }

    fn has_rows(&self) -> bool {
        !self.rows.is_empty()
    }

    fn narrow_mut(&mut self) -> &mut ListFilter {
        self.table.narrow_mut()
    }

    fn update(&mut self, action: Action) -> Result<(), &'static str> {
        match action {
            Action::Sort | Action::SortReversed => self.table.update(action),
            _ if self.is_picture => {
                self.picture.update(action);
                Ok(())
            }
            _ => self.table.update(action),
        }
    }

    fn sort_by(&mut self, column: usize) {
        self.table.sort_by(column);
    }

    fn select_row(&mut self, row: usize) -> Option<bool> {
        if self.is_picture {
            return self.picture.select_row(row);
        }
        self.table.select_row(row)
    }
}

fn keys(survey: &Survey, rows: &[MapRow]) -> Vec<MapKey> {
    let key = |row: &MapRow| match row {
        MapRow::Service(service) => (service.clone(), None),
        MapRow::Call { edge, .. } => {
            let edge = &survey.edges[*edge];
            (
                edge.caller.clone(),
                Some((edge.callee.clone(), edge.messaging, edge.queue.clone())),
            )
        }
    };
    rows.iter().map(key).collect()
}

impl Component for ServiceMap {
    const SHOWS_SURVEY: bool = true;

    fn place(_: &App, body: Rect) -> Placed {
        Placed::screen(body, ListParts::of(body, 0).rows)
    }

    fn fit(app: &mut App, placed: &Placed, _: &Now) {
        let survey = app.aggregates.survey();
        app.service_map.fit(survey, app.aggregates.number(), placed.area);
    }

    fn update(app: &mut App, action: Action) -> Outcome {
        let map = &mut app.service_map;
        match action {
            Action::TogglePicture => map.wants_picture = Some(!map.is_picture),
            Action::Left | Action::Right if map.is_picture => map.picture.update(action),
            // Only the picture has a list below it.
            Action::NextPane | Action::PreviousPane if map.is_picture => map.picture.switch(),
            Action::Left => {}
            _ => return Outcome::Ignored,
        }
        Outcome::Done(None)
    }

    fn can(app: &App, action: Action) -> Option<bool> {
        match action {
            Action::NextPane | Action::PreviousPane => Some(app.service_map.is_picture),
            Action::Open => Some(app.slowest_call().is_some()),
            Action::OpenFailed => Some(app.failed_call().is_some()),
            _ => None,
        }
    }

    fn list(app: &App) -> Option<&dyn List> {
        Some(&app.service_map)
    }

    fn list_mut(app: &mut App) -> Option<&mut dyn List> {
        Some(&mut app.service_map)
    }

    fn enter(app: &mut App) {
        app.jump_if(app.slowest_call());
    }

    fn enter_failed(app: &mut App) {
        app.jump_to_failed(app.failed_call());
    }
}

impl App {
    /// Returns the slowest call under the cursor.
    fn slowest_call(&self) -> Option<(SpanPlace, String)> {
        let survey = self.aggregates.survey()?;
        let slowest = |counted: &Counted| counted.figures(survey).map(|figures| figures.latencies.max());
        let counted = self.service_map.selected(survey).into_iter().max_by_key(slowest)?;
        Some((counted.figures(survey)?.slowest.clone()?, label(survey, counted)?))
    }

    /// Returns the last failed call under the cursor.
    fn failed_call(&self) -> Option<(SpanPlace, String)> {
        let survey = self.aggregates.survey()?;
        let failed = |counted: Counted| Some((counted.figures(survey)?.failed.clone()?, label(survey, counted)?));
        self.service_map.selected(survey).into_iter().find_map(failed)
    }
}

/// A call in a breadcrumb.
fn label(survey: &Survey, counted: Counted) -> Option<String> {
    Some(match counted {
        Counted::Edge(at) => {
            let edge = survey.edges.get(at)?;
            format!("Map › {} → {}", edge.caller, edge.callee.name())
        }
        Counted::Use(at) => {
            let uses = survey.queue_uses.get(at)?;
            format!("Map › {} ⇢ {}", uses.service, uses.queue.name)
        }
    })
}
