//! Whole screens, from keys to cells, without a terminal.

#![expect(clippy::expect_used, reason = "a test may fail by it")]

mod aggregates;
mod analysis;
mod below;
mod bounds;
mod colors;
mod commands;
mod compare;
mod copy;
mod details;
mod error_groups;
mod errors;
mod everywhere;
mod files;
mod filter;
mod health;
mod instrumentations;
mod large;
mod list;
mod live;
mod logs;
mod mouse;
mod navigation;
mod pause;
mod save;
mod scene;
mod sentry;
mod setup;
mod snapshots;
mod subjects;
mod tabs;
mod values;
mod walk;
mod waterfall;
mod whole;
