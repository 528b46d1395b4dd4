//! The viewer as used by a user: a real terminal, real keys, real processes.

mod copy;
mod ending;
mod fire;
mod live;
mod redrive;
mod relay;
mod reset;
pub(crate) mod session;
mod start;
