//! The table of patterns.

use super::PatternList;
use super::pattern::Pattern;
use crate::Times;
use crate::content::{Means, Role};
use crate::details::{level, severity_mark, severity_role};
use crate::figures::histogram;
use crate::format::{self, Now, service_name};
use crate::table::{Column, Rank, Table, Width};

/// A pattern in a list.
pub(crate) struct PatternRow<'a> {
    pub(super) pattern: &'a Pattern,
    pub(super) parts: usize,
    pub(super) times: Times,
    pub(super) now: &'a Now,
}

impl Table for PatternList {
    type Row<'a> = PatternRow<'a>;

    const COLUMNS: &'static [Column<Self>] = &[
        Column::<Self>::number("records", Width::Fixed(9), |row, _| {
            format::grouped(row.pattern.counts.records).into()
        })
        .ranked(|row| Rank::number(row.pattern.counts.records))
        .by_default(),
        Column::<Self>::text("severity", Width::Fixed(9), |row, room| {
            let worst = row.pattern.counts.worst;
            let name = format!("{}{}", severity_mark(worst), level("", worst));
            format::at_most(&name, room).means(severity_role(worst)).into()
        }),
        Column::<Self>::text("service", Width::Text(8), |row, room| {
            let Some(service) = row.pattern.counts.service() else {
                return format::at_most("several", room).means(Role::Dim).into();
            };
            format::at_most(&service_name(service), room)
                .means(Role::service(service))
                .into()
        })
        .wants_at_most(20),
        Column::<Self>::text("pattern", Width::Text(20), |row, room| {
            format::at_most(row.pattern.name(), room).into()
        }),
        Column::<Self>::text("first", Width::Text(16), |row, room| {
            let first = row.times.text(row.pattern.counts.first, row.now);
            format::at_most(&first, room).means(Role::Dim).into()
        })
        .if_room(),
        Column::<Self>::text("last", Width::Text(16), |row, room| {
            let last = row.times.text(row.pattern.counts.last, row.now);
            format::at_most(&last, room).means(Role::Dim).into()
        })
        .if_room(),
        Column::<Self>::text("over time", Width::Fixed(13), |row, _| {
            histogram(&row.pattern.counts.bars(row.parts))
                .means(severity_role(row.pattern.counts.worst))
                .into()
        })
        .if_room(),
    ];
}
