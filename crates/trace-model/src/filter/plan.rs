//! A filter, ready to be run: texts folded, and the cheap questions first.

mod anywhere;
mod attribute;
mod ids;
mod logs;
mod terms;

use super::memo::Asked;
use super::syntax::Expr;
use super::{Candidate, LogCandidate};
use terms::Test;

/// The compiled form of a filter.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    root: Node,
    tests: usize,
}

impl Plan {
    pub(super) fn new(expr: &Expr) -> Self {
        let mut tests = 0;
        let root = Node::new(expr, &mut tests);
        Self { root, tests }
    }

    /// Returns the number of tests.
    pub(super) const fn tests(&self) -> usize {
        self.tests
    }

    pub(super) fn matches(&self, record: &impl Matchable, asked: &mut impl Asked) -> bool {
        self.root.matches(record, asked)
    }
}

/// One compiled term.
#[derive(Clone, Copy, Debug)]
pub struct Term<'a>(&'a Test);

/// A record that a [`Filter`](super::Filter) matches: a [`Candidate`] or a [`LogCandidate`]. Sealed: its argument cannot be named elsewhere.
pub trait Matchable {
    /// Returns true if the record itself matches the term, without its resource and its scope.
    fn matches(&self, term: Term<'_>) -> bool;
    /// Returns the OTLP `Resource` message.
    fn resource(&self) -> &[u8];
    /// Returns the OTLP `InstrumentationScope` message.
    fn scope(&self) -> &[u8];
}

impl Matchable for Candidate<'_> {
    #[inline]
    fn matches(&self, term: Term<'_>) -> bool {
        term.0.matches(self)
    }

    fn resource(&self) -> &[u8] {
        self.resource
    }

    fn scope(&self) -> &[u8] {
        self.scope
    }
}

impl Matchable for LogCandidate<'_> {
    #[inline]
    fn matches(&self, term: Term<'_>) -> bool {
        term.0.matches_log(self)
    }

    fn resource(&self) -> &[u8] {
        self.resource
    }

    fn scope(&self) -> &[u8] {
        self.scope
    }
}

#[derive(Clone, Debug)]
enum Node {
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
    /// Each has a number.
    Test(usize, Box<Test>),
}

impl Node {
    fn new(expr: &Expr, tests: &mut usize) -> Self {
        match expr {
            Expr::All(members) => Self::All(sorted(members, tests)),
            Expr::Any(members) => Self::Any(sorted(members, tests)),
            Expr::Not(inner) => Self::Not(Box::new(Self::new(inner, tests))),
            Expr::Term(term) => {
                *tests += 1;
                Self::Test(*tests - 1, Box::new(Test::new(term)))
            }
        }
    }

    fn matches(&self, record: &impl Matchable, asked: &mut impl Asked) -> bool {
        match self {
            Self::All(members) => members.iter().all(|member| member.matches(record, asked)),
            Self::Any(members) => members.iter().any(|member| member.matches(record, asked)),
            Self::Not(inner) => !inner.matches(record, asked),
            Self::Test(number, test) => {
                record.matches(Term(test))
                    || (test.is_of_shared()
                        && (asked.resource(*number, record.resource(), |resource| test.is_in_resource(resource))
                            || asked.scope(*number, record.scope(), |scope| test.is_in_scope(scope))))
            }
        }
    }

    /// About how many nanoseconds it takes for a span of usual size.
    fn cost(&self) -> u32 {
        match self {
            Self::All(members) | Self::Any(members) => members.iter().map(Self::cost).sum(),
            Self::Not(inner) => inner.cost(),
            Self::Test(_, test) => test.cost(),
        }
    }
}

fn sorted(members: &[Expr], tests: &mut usize) -> Vec<Node> {
    let mut nodes: Vec<Node> = members.iter().map(|member| Node::new(member, tests)).collect();
    nodes.sort_by_key(Node::cost);
    nodes
}
