//! JSON in files: many values, large ones, damaged ones.

pub(crate) mod document;
pub(crate) mod documents;
pub(crate) mod node;
pub(crate) mod scan;
