//! spanfall
