//! A filter, ready to be run: texts folded, and the cheap questions first.

mod anywhere;
mod attribute;
mod terms;

use super::Candidate;
use super::syntax::Expr;
use terms::Test;

/// What is run over candidates.
#[derive(Clone, Debug)]
pub(super) struct Plan(Node);

impl Plan {
    pub(super) fn new(expr: &Expr) -> Self {
        Self(Node::new(expr))
    }

    pub(super) fn matches(&self, candidate: &Candidate<'_>) -> bool {
        self.0.matches(candidate)
    }
}

#[derive(Clone, Debug)]
enum Node {
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
    Test(Box<Test>),
}

impl Node {
    fn new(expr: &Expr) -> Self {
        match expr {
            Expr::All(members) => Self::All(sorted(members)),
            Expr::Any(members) => Self::Any(sorted(members)),
            Expr::Not(inner) => Self::Not(Box::new(Self::new(inner))),
            Expr::Term(term) => Self::Test(Box::new(Test::new(term))),
        }
    }

    fn matches(&self, candidate: &Candidate<'_>) -> bool {
        match self {
            Self::All(members) => members.iter().all(|member| member.matches(candidate)),
            Self::Any(members) => members.iter().any(|member| member.matches(candidate)),
            Self::Not(inner) => !inner.matches(candidate),
            Self::Test(test) => test.matches(candidate),
        }
    }

    /// About how many nanoseconds it takes for a span of usual size.
    fn cost(&self) -> u32 {
        match self {
            Self::All(members) | Self::Any(members) => members.iter().map(Self::cost).sum(),
            Self::Not(inner) => inner.cost(),
            Self::Test(test) => test.cost(),
        }
    }
}

fn sorted(members: &[Expr]) -> Vec<Node> {
    let mut nodes: Vec<Node> = members.iter().map(Node::new).collect();
    nodes.sort_by_key(Node::cost);
    nodes
}
