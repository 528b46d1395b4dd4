//! Calls as a table: those of a service in the tree, those of a node below the picture.

use trace_stats::{Callee, Counted, Edge, Figures, Party, QueueAction, QueueUse, Survey};

use crate::content::{Line, Means, Role};
use crate::figures::{bar, share};
use crate::format::{self, service_name};
use crate::table::{Column, Rank, Table, Width};
use crate::text::shown;

/// From this width on columns are wider.
const WIDE: u16 = 100;

/// Calls with their figures.
#[derive(Debug)]
pub(super) struct Calls;

/// A row: a call, or the service that makes those below it.
pub(super) struct CallRow<'a> {
    pub(super) name: CallName<'a>,
    pub(super) figures: Option<&'a Figures>,
    /// Of the bar.
    pub(super) role: Role,
    /// The calls of the row with most of them.
    pub(super) most: u64,
}

/// Subject of a row.
pub(super) enum CallName<'a> {
    /// A service of the tree.
    Service(&'a Survey, &'a str),
    /// A call in the tree: whether it closes a cycle, and whether it is the last one of its service.
    Call(&'a Edge, bool, bool),
    /// A call of the selected node of the picture.
    Side(Side<'a>),
}

/// A call as seen from one of its ends.
pub(super) struct Side<'a> {
    arrow: &'static str,
    name: &'a str,
    is_peer: bool,
    about: String,
}

impl Table for Calls {
    type Row<'a> = CallRow<'a>;

    const COLUMNS: &'static [Column<Self>] = &[
        Column::<Self>::text("service → calls", Width::Text(16), label).ranked(|row| Rank::Text(row.other().to_owned())),
        Column::<Self>::text("", Width::Of(|row| if row < WIDE { 8 } else { row / 5 }), |row, room| {
            row.figures(|figures| bar(figures.calls, row.most, room))
                .means(row.role)
                .into()
        }),
        Column::<Self>::number("calls", Width::Of(|row| if row < WIDE { 7 } else { 10 }), |row, _| {
            row.figures(|figures| format::compact(figures.calls)).into()
        })
        .ranked(|row| row.rank(|figures| figures.calls))
        .by_default(),
        Column::<Self>::number("errors", Width::Fixed(8), |row, _| {
            row.figures(|figures| share(figures.errors, figures.calls))
                .means(Role::Error)
                .into()
        })
        .ranked(|row| {
            row.figures
                .map_or(Rank::number(0), |figures| Rank::share(figures.errors, figures.calls))
        }),
        Column::<Self>::number("p50", Width::Of(number), |row, _| match row.figures {
            Some(figures) if figures.latencies.count() == 0 => "no end".means(Role::Warning).into(),
            _ => row.percentile(50.0).into(),
        })
        .ranked(|row| row.rank(|figures| figures.latencies.percentile(50.0))),
        Column::<Self>::number("p99", Width::Of(number), |row, _| row.percentile(99.0).into())
            .ranked(|row| row.rank(|figures| figures.latencies.percentile(99.0))),
        Column::<Self>::number("in queue", Width::Of(number), |row, _| {
            let queued = row.figures(|figures| match figures.queued.count() {
                0 => String::new(),
                _ => format::duration(figures.queued.percentile(50.0)),
            });
            queued.means(Role::Warning).into()
        })
        .ranked(|row| row.rank(|figures| figures.queued.percentile(50.0))),
    ];

    fn whole_line(row: &CallRow<'_>, _: usize) -> Option<Line> {
        match row.name {
            CallName::Service(survey, service) => Some(service_line(survey, service)),
            CallName::Call(..) | CallName::Side(..) => None,
        }
    }
}

/// Returns the name of a row. A function of its own: a path to the method has one lifetime only.
fn label(row: &CallRow<'_>, room: usize) -> Line {
    row.label(room)
}

const fn number(row: u16) -> u16 {
    if row < WIDE { 9 } else { 10 }
}

impl<'a> CallRow<'a> {
    /// Returns a call in the tree.
    pub(super) fn call(edge: &'a Edge, is_back: bool, is_last: bool, most: u64) -> Self {
        Self {
            name: CallName::Call(edge, is_back, is_last),
            figures: Some(&edge.figures),
            role: match &edge.callee {
                Callee::Service(name) => Role::service(name),
                Callee::External(_) => Role::Dim,
            },
            most,
        }
    }

    /// Returns a service of the tree.
    pub(super) const fn service(survey: &'a Survey, service: &'a str) -> Self {
        Self {
            name: CallName::Service(survey, service),
            figures: None,
            role: Role::Plain,
            most: 0,
        }
    }

    /// Returns a call of a node of the picture.
    pub(super) fn side(survey: &'a Survey, counted: Counted, party: &Party, most: u64) -> Option<Self> {
        let side = match counted {
            Counted::Edge(at) => of_edge(survey.edges.get(at)?, party),
            Counted::Use(at) => of_use(survey.queue_uses.get(at)?, party),
        };
        Some(Self {
            name: CallName::Side(side),
            figures: Some(counted.figures(survey)?),
            role: match party {
                Party::Service(name) => Role::service(name),
                Party::Queue(_) | Party::Peer(_) => Role::Dim,
            },
            most,
        })
    }

    /// Returns the name of the other side.
    fn other(&self) -> &str {
        match &self.name {
            CallName::Service(_, service) => service,
            CallName::Call(edge, ..) => edge.callee.name(),
            CallName::Side(side) => side.name,
        }
    }

    fn figures(&self, text: impl FnOnce(&Figures) -> String) -> String {
        self.figures.map_or_else(String::new, text)
    }

    fn rank(&self, number: impl FnOnce(&Figures) -> u64) -> Rank {
        Rank::number(self.figures.map_or(0, number))
    }

    fn percentile(&self, percent: f64) -> String {
        self.figures(|figures| match figures.latencies.count() {
            0 => String::new(),
            _ => format::duration(figures.latencies.percentile(percent)),
        })
    }

    fn label(&self, room: usize) -> Line {
        match &self.name {
            CallName::Service(_, service) => format::at_most(service, room).into(),
            CallName::Call(edge, is_back, is_last) => self.call_label(edge, *is_back, *is_last, room),
            CallName::Side(side) => {
                let mut line = Line::from(format!("{} ", side.arrow));
                let peer = if side.is_peer { "◇ " } else { "" };
                let space = usize::from(!side.about.is_empty());
                let taken = line.width() + format::columns(peer) + format::columns(&side.about) + space;
                let name = if side.is_peer {
                    shown(side.name)
                } else {
                    service_name(side.name)
                };
                line.push(format!("{peer}{}", format::at_most(&name, room.saturating_sub(taken))));
                line.push(format!("{}{}", " ".repeat(space), side.about).means(Role::Dim));
                line
            }
        }
    }

    fn call_label(&self, edge: &Edge, is_back: bool, is_last: bool, room: usize) -> Line {
        let arrow = if edge.messaging { "⇢ " } else { "→ " };
        let mut line = Line::from(format!("  {}{arrow}", if is_last { "└" } else { "├" }).means(Role::Dim));
        let (name, mark) = match &edge.callee {
            Callee::Service(name) if *name == edge.caller => (service_name(name), " ↻ itself"),
            Callee::Service(name) => (service_name(name), if is_back { " ↻" } else { "" }),
            Callee::External(name) if name.is_empty() => ("unnamed peers".to_owned(), ""),
            Callee::External(name) => (shown(name), ""),
        };
        if matches!(edge.callee, Callee::External(_)) {
            line.push("◇ ".means(Role::Dim));
        }
        let left = room.saturating_sub(line.width() + format::columns(mark));
        line.push(format::at_most(&name, left).means(self.role));
        line.push(mark.means(Role::Warning));
        line
    }
}

fn service_line(survey: &Survey, service: &str) -> Line {
    let of = survey.operations.iter().filter(|operation| &*operation.service == service);
    let (spans, errors) = of.fold((0, 0), |(spans, errors), operation| {
        (spans + operation.count, errors + operation.errors)
    });
    let is_called = survey
        .edges
        .iter()
        .any(|edge| matches!(&edge.callee, Callee::Service(callee) if &**callee == service));
    let calls = survey.edges.iter().any(|edge| &*edge.caller == service);
    let role = Role::service(service);
    let mut line = Line::from(vec![
        "● ".means(role),
        service_name(service).strong().means(role),
        format!("  {}", format::count(spans, "span")).means(Role::Dim),
    ]);
    if errors > 0 {
        line.push(format!(" · {} failed", format::compact(errors)).means(Role::Error));
    }
    let about = match (is_called, calls) {
        (false, false) => " · entry, no calls",
        (true, false) => " · no calls",
        (false, true) => " · entry",
        (true, true) => "",
    };
    line.push(about.means(Role::Dim));
    line
}

fn of_edge<'a>(edge: &'a Edge, party: &Party) -> Side<'a> {
    let (to, from) = if edge.messaging { ("⇢", "⇠") } else { ("→", "←") };
    let calls = matches!(party, Party::Service(name) if *name == edge.caller);
    let queue = edge.queue.as_ref();
    let (arrow, name, is_peer) = match &edge.callee {
        Callee::Service(name) if calls && *name == edge.caller => ("↻", "itself", false),
        Callee::Service(name) if calls => (to, &**name, false),
        Callee::External(name) if calls && name.is_empty() => (to, "unnamed peers", true),
        Callee::External(name) if calls => (to, &**name, true),
        _ => (from, &*edge.caller, false),
    };
    Side {
        arrow,
        name,
        is_peer,
        about: queue.map_or_else(String::new, |queue| format!("by {}", shown(&queue.name))),
    }
}

fn of_use<'a>(uses: &'a QueueUse, party: &Party) -> Side<'a> {
    let is_queue = matches!(party, Party::Queue(_));
    let (arrow, about) = match (uses.action, is_queue) {
        (QueueAction::Publish, false) => ("⇢", "publish"),
        (QueueAction::Publish, true) => ("⇠", "publish"),
        (QueueAction::Receive, false) => ("⇠", "receive"),
        (QueueAction::Receive, true) => ("⇢", "receive"),
        (QueueAction::Settle, false) => ("→", "acknowledge"),
        (QueueAction::Settle, true) => ("←", "acknowledge"),
    };
    Side {
        arrow,
        name: if is_queue { &uses.service } else { &uses.queue.name },
        is_peer: false,
        about: about.to_owned(),
    }
}
