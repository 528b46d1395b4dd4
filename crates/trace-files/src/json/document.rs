//! Objects that may be documents of a format.

use super::node::{Member, Node};

/// Maximum number of members inspected per object: a document with more is none of these formats.
const MEMBERS_MAX: usize = 1 << 16;

/// An object with its members.
#[derive(Debug)]
pub(crate) struct Document<'a> {
    pub(crate) node: Node<'a>,
    pub(crate) members: Vec<Member<'a>>,
}

impl<'a> Document<'a> {
    pub(crate) fn of(node: Node<'a>) -> Self {
        Self {
            node,
            members: node.members().take(MEMBERS_MAX).collect(),
        }
    }

    /// Returns true if there is a member with one of these names.
    pub(crate) fn has(&self, names: &[&str]) -> bool {
        self.members.iter().any(|(name, _)| names.contains(&&**name))
    }

    /// Returns the last value with this name.
    pub(crate) fn value(&self, name: &str) -> Option<Node<'a>> {
        self.all(name).last()
    }

    /// Returns all values with this name.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = Node<'a>> {
        self.members
            .iter()
            .filter(move |(known, _)| known == name)
            .map(|(_, value)| *value)
    }

    /// Returns true if there is a member with each of these names.
    pub(crate) fn has_all(&self, names: &[&str]) -> bool {
        names.iter().all(|name| self.has(&[name]))
    }
}
