//! The viewer as a person uses it: a real terminal, real keys, real processes.

mod copy;
mod ending;
mod live;
mod redrive;
mod relay;
mod reset;
pub(crate) mod seat;
mod start;
