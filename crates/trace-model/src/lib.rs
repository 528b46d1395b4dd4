//! trace-model
