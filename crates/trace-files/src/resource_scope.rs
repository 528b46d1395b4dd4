//! Resource and scope of a record.

use std::sync::Arc;

/// Data shared by all spans of a scope, in protobuf.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ResourceScope {
    pub(crate) resource: Arc<[u8]>,
    pub(crate) scope: Arc<[u8]>,
    /// Schema URL; `None` if empty.
    pub(crate) resource_schema: Option<Arc<str>>,
    pub(crate) scope_schema: Option<Arc<str>>,
}
