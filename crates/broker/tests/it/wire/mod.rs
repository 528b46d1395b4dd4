//! What no well-behaved client does, and what none of them shows: said and read frame by frame.

mod closing;
mod content;
mod hostile;
mod limits;
mod raw;
mod refused;
