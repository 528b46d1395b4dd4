//! The parse tree: shapes with few differences become one template.

use std::collections::{HashMap, HashSet};

use trace_model::work::{self, VISIT};

use super::{CHILDREN_MAX, ShapeId, Templates, tokens};

/// Share of tokens, in tenths, that have to be equal: one of four may differ, of three none.
const SIMILAR_TENTHS: u32 = 7;
/// Maximum number of groups in a leaf; further shapes join the most similar one.
const LEAF_GROUPS_MAX: usize = 100;
/// Variable parts that tokens differ by.
const WILD: &str = "<*>";

/// One group of messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// Its messages' tokens; `<*>` where they differ.
    pub text: String,
    /// Number of messages.
    pub messages: u64,
    /// The shape that came first of those in it: stable while messages arrive, unless groups become one.
    pub first: ShapeId,
}

/// Groups of messages, in the order of their texts.
#[derive(Clone, Debug, Default)]
pub struct Groups {
    templates: Vec<Template>,
    /// By shape.
    of: Vec<u32>,
}

impl Groups {
    /// Returns the groups.
    pub fn iter(&self) -> impl Iterator<Item = &Template> {
        self.templates.iter()
    }

    /// Returns one group by its number.
    #[must_use]
    pub fn get(&self, number: usize) -> Option<&Template> {
        self.templates.get(number)
    }

    /// Returns the number of groups.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.templates.len()
    }

    /// Returns true without groups.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.templates.is_empty()
    }

    /// Returns the number of a shape's group; `None` for a shape that arrived after the grouping began.
    #[must_use]
    pub fn of(&self, shape: ShapeId) -> Option<usize> {
        self.of.get(shape.index()).map(|group| *group as usize)
    }
}

/// Place of a shape in the tree: number of tokens, and the first two of them, unless all below their node are variable.
type Leaf = (usize, Option<u64>, Option<u64>);

/// A group that is being built.
#[derive(Debug)]
struct Group {
    /// The first shape in the order of texts, for the tokens that are equal.
    shape: ShapeId,
    /// The shape that arrived first.
    first: ShapeId,
    /// A bit for each token that differs.
    wild: u64,
    messages: u64,
}

/// Phase of the grouping of all shapes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    CountFirst,
    CountSecond,
    Place,
    Done,
}

/// Grouping of [`Templates`] in steps. Shapes that are added meanwhile are not in it.
#[derive(Debug)]
pub struct Grouping {
    order: Vec<ShapeId>,
    phase: Phase,
    at: usize,
    /// By number of tokens: the first ones, up to one more than is allowed.
    firsts: HashMap<usize, HashSet<u64>>,
    /// By number of tokens and the first one: the second ones.
    seconds: HashMap<(usize, Option<u64>), HashSet<u64>>,
    leaves: HashMap<Leaf, Vec<usize>>,
    groups: Vec<Group>,
    of: Vec<u32>,
}

impl Grouping {
    /// Begins with the first shape.
    #[must_use]
    pub fn new(templates: &Templates) -> Self {
        let order: Vec<_> = templates.sorted.values().copied().collect();
        work::add(order.len() * size_of::<ShapeId>());
        Self {
            of: vec![0; order.len()],
            order,
            phase: Phase::CountFirst,
            at: 0,
            firsts: HashMap::new(),
            seconds: HashMap::new(),
            leaves: HashMap::new(),
            groups: Vec::new(),
        }
    }

    /// Continues until about this much [work] is done; returns true if there is more.
    pub fn step(&mut self, templates: &Templates, work: u64) -> bool {
        let until = work::done().saturating_add(work);
        while self.phase != Phase::Done {
            let Some(id) = self.order.get(self.at).copied() else {
                self.at = 0;
                self.phase = match self.phase {
                    Phase::CountFirst => Phase::CountSecond,
                    Phase::CountSecond => Phase::Place,
                    Phase::Place | Phase::Done => Phase::Done,
                };
                continue;
            };
            self.at += 1;
            work::add(VISIT);
            let tokens = &*templates.shapes[id.index()].tokens;
            match self.phase {
                Phase::CountFirst => count(self.firsts.entry(tokens.len()).or_default(), tokens.first()),
                Phase::CountSecond => {
                    let first = self.first_of(tokens);
                    count(self.seconds.entry((tokens.len(), first)).or_default(), tokens.get(1));
                }
                Phase::Place | Phase::Done => self.place(templates, id),
            }
            if work::done() >= until {
                return true;
            }
        }
        false
    }

    /// Returns the groups once all steps are done.
    #[must_use]
    pub fn finish(self, templates: &Templates) -> Groups {
        let template = |group: &Group| {
            let text = &templates.shapes[group.shape.index()].text;
            work::add(2 * text.len());
            let tokens = tokens(text).enumerate();
            let tokens = tokens.map(|(at, token)| if is_wild(group.wild, at) { WILD } else { token });
            Template {
                text: tokens.collect::<Vec<_>>().join(" "),
                messages: group.messages,
                first: group.first,
            }
        };
        Groups {
            templates: self.groups.iter().map(template).collect(),
            of: self.of,
        }
    }

    /// Returns the first token of a shape, unless it is variable.
    fn first_of(&self, tokens: &[u64]) -> Option<u64> {
        let is_constant = self
            .firsts
            .get(&tokens.len())
            .is_none_or(|firsts| firsts.len() <= CHILDREN_MAX);
        tokens.first().copied().filter(|_| is_constant)
    }

    fn leaf_of(&self, tokens: &[u64]) -> Leaf {
        let first = self.first_of(tokens);
        let seconds = self.seconds.get(&(tokens.len(), first));
        let is_constant = seconds.is_none_or(|seconds| seconds.len() <= CHILDREN_MAX);
        (tokens.len(), first, tokens.get(1).copied().filter(|_| is_constant))
    }

    /// Adds a shape to the most similar group of its leaf, or to a new one.
    fn place(&mut self, templates: &Templates, id: ShapeId) {
        let shape = &templates.shapes[id.index()];
        let leaf = self.leaf_of(&shape.tokens);
        // A token that the tree treats as variable cannot make a message less similar.
        let variable = usize::from(leaf.1.is_none()) + usize::from(leaf.2.is_none());
        let compared = shape.tokens.len().saturating_sub(variable);
        let known = self.leaves.entry(leaf).or_default();
        let mut best: Option<(usize, usize, u64)> = None;
        for at in known.iter().copied() {
            let group = &self.groups[at];
            let other = &templates.shapes[group.shape.index()].tokens;
            work::add(VISIT / 2 + size_of_val(&**other));
            let differs = differing(&shape.tokens, other);
            let equal = shape.tokens.len() - (differs | group.wild).count_ones() as usize;
            if best.is_none_or(|(most, ..)| equal > most) {
                best = Some((equal, at, differs));
            }
        }
        let is_full = known.len() >= LEAF_GROUPS_MAX;
        let is_similar = |equal: usize| equal * 10 >= compared * SIMILAR_TENTHS as usize;
        let at = match best {
            Some((equal, at, differs)) if is_full || is_similar(equal) => {
                self.groups[at].wild |= differs;
                at
            }
            _ => {
                known.push(self.groups.len());
                self.groups.push(Group {
                    shape: id,
                    first: id,
                    wild: 0,
                    messages: 0,
                });
                self.groups.len() - 1
            }
        };
        let group = &mut self.groups[at];
        group.messages += shape.messages;
        group.first = group.first.min(id);
        self.of[id.index()] = u32::try_from(at).unwrap_or(u32::MAX);
    }
}

/// Adds a token to those below a node, until there are too many.
fn count(tokens: &mut HashSet<u64>, token: Option<&u64>) {
    if tokens.len() <= CHILDREN_MAX {
        tokens.extend(token);
    }
}

/// Returns a bit for each token that differs between two shapes of equal length.
fn differing(one: &[u64], other: &[u64]) -> u64 {
    let pairs = one.iter().zip(other).enumerate();
    pairs.fold(0, |bits, (at, (one, other))| bits | u64::from(one != other) << at)
}

const fn is_wild(wild: u64, at: usize) -> bool {
    wild >> at & 1 == 1
}
