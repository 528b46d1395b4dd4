//! The columns of the groups of errors. A new one is an entry of `COLUMNS`.

use trace_stats::ErrorGroup;

use super::ErrorList;
use crate::Times;
use crate::content::{Line, Means, Piece, Role};
use crate::figures::histogram;
use crate::format::{self, Now, service_name};
use crate::table::{Column, Rank, Table, Width};
use crate::text::first_line;

/// A group with what its cells need.
pub(crate) struct ErrorRow<'a> {
    pub(super) group: &'a ErrorGroup,
    pub(super) is_new: bool,
    pub(super) times: Times,
    pub(super) now: &'a Now,
}

impl Table for ErrorList {
    type Row<'a> = ErrorRow<'a>;

    const COLUMNS: &'static [Column<Self>] = &[
        Column::<Self>::text("", Width::Fixed(4), |row, _| {
            if row.is_new { "new" } else { "" }.strong().means(Role::Accent).into()
        }),
        Column::<Self>::text("", Width::Fixed(2), |row, _| mark(row.group).into()),
        Column::<Self>::text("error", Width::Text(26), |row, room| title(row.group, room))
            .ranked(|row| Rank::Text(name(row.group))),
        Column::<Self>::text("in", Width::Text(0), |row, room| {
            format::at_most(&row.group.frame, room).means(Role::Dim).into()
        })
        .wants_at_most(FRAME)
        .if_rest(),
        Column::<Self>::text("services", Width::Text(8), |row, room| services(row.group, room)),
        Column::<Self>::number("events", Width::Fixed(8), |row, _| {
            format::compact(row.group.errors.len() as u64).into()
        })
        .ranked(|row| Rank::number(row.group.errors.len() as u64)),
        Column::<Self>::number("traces", Width::Fixed(8), |row, _| {
            format::compact(row.group.traces as u64).into()
        })
        .ranked(|row| Rank::number(row.group.traces as u64))
        .if_room(),
        Column::<Self>::text("", Width::Fixed(1), |_, _| "".into()),
        Column::<Self>::text("first", Width::Text(0), |row, _| {
            row.times.text(row.group.first_unix_nano(), row.now).means(Role::Dim).into()
        })
        .ranked(|row| Rank::number(row.group.first_unix_nano()))
        .largest_first()
        .if_rest(),
        Column::<Self>::text("last", Width::Text(9), |row, _| {
            row.times.text(row.group.last_unix_nano(), row.now).means(Role::Dim).into()
        })
        .ranked(|row| Rank::number(row.group.last_unix_nano()))
        .largest_first()
        .by_default(),
        Column::<Self>::text("when", Width::Fixed(13), |row, _| {
            histogram(&row.group.histogram.map(u64::from)).means(role(row.group)).into()
        })
        .if_room()
        .at_most(13),
    ];
}

/// Columns of a frame that are worth a column; the event below the list has all of it.
const FRAME: usize = 32;

const fn role(group: &ErrorGroup) -> Role {
    if group.is_handled { Role::Warning } else { Role::Error }
}

/// `✗`; `⚠` if the program handled all of them.
fn mark(group: &ErrorGroup) -> Piece {
    let mark = if group.is_handled { "⚠" } else { "✗" };
    mark.means(role(group))
}

/// `Type: template`; one of them where the other is missing.
pub(super) fn name(group: &ErrorGroup) -> String {
    match (&*group.type_name, &*group.message) {
        ("", "") => "(an error without a name)".to_owned(),
        ("", one) | (one, "") => one.to_owned(),
        (type_name, message) => format!("{type_name}: {message}"),
    }
}

fn title(group: &ErrorGroup, room: usize) -> Line {
    let name = format::at_most(&first_line(&name(group)), room);
    let of_type = first_line(&group.type_name);
    match name.strip_prefix(&*of_type).filter(|_| !of_type.is_empty()) {
        Some(rest) => Line::from(vec![of_type.clone().strong(), rest.to_owned().into()]),
        None => name.into(),
    }
}

fn services(group: &ErrorGroup, room: usize) -> Line {
    if let [service] = &*group.services {
        return format::at_most(&service_name(service), room)
            .means(Role::service(service))
            .into();
    }
    let names: Vec<_> = group.services.iter().take(8).map(|service| service_name(service)).collect();
    format::at_most(&names.join(", "), room).into()
}
