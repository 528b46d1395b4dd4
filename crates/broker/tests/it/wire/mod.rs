//! Frame-level tests of protocol violations and of details that client libraries hide.

mod closing;
mod content;
mod hostile;
mod limits;
mod raw;
mod rejected;
