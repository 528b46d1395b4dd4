//! Message templates: which messages are the same but for their variable parts.
//!
//! The algorithm is [Drain](https://doi.org/10.1109/ICWS.2017.13) (He, Zhu, Zheng and Lyu, ICWS 2017): variable parts that are known by their form are
//! masked first; a parse tree of fixed depth (number of tokens, first token, second token) leads to a few groups, and a message joins the most similar
//! of them. Two things differ from the published form, which reads messages one by one as they arrive. Messages that are equal once masked are counted
//! as one *shape*, and the tree is built from the shapes in the order of their text. And where a node has more than [`CHILDREN_MAX`] tokens below it,
//! all of them are variable, not those that came after the others.
//!
//! **Guarantees**, as long as no more than [`SHAPES_MAX`] shapes of [`SHAPE_BYTES_MAX`] bytes are met; messages beyond these are counted as others:
//!
//! - Groups depend on which messages were added, never on their order.
//! - Messages that are equal once masked are in one group, whatever else is added.
//! - Each message is in one group: the groups' counts and [`Templates::others`] add up to the messages that were added.
//! - The template of a group has the tokens of each of its messages, but for `<*>`.
//!
//! ```
//! use trace_stats::template::Templates;
//!
//! let mut templates = Templates::default();
//! for attempt in 1..=3 {
//!     templates.add(&format!("requeue message 4711 (attempt {attempt} of 5)"));
//! }
//! templates.add(r#"no answer from "mail.local" (10.0.0.7:25)"#);
//! let groups = templates.group();
//! let texts: Vec<_> = groups.iter().map(|group| (group.messages, &*group.text)).collect();
//! assert_eq!(texts, [(1, "no answer from <str> (<ip>:<num>)"), (3, "requeue message <num> (attempt <num> of <num>)")]);
//! ```
//!
//! | variable | what it replaces |
//! |---|---|
//! | `<num>` | a number, also within a path, a date or `5000ms` |
//! | `<id>` | a UUID, hexadecimal digits from 8 on, `0x…`, or 8 letters and digits that alternate |
//! | `<str>` | a quoted part, but not a key of JSON |
//! | `<ip>` | an address of IP, version 4 or 6 |
//! | `<email>` | a mail address |
//! | `<*>` | tokens that differ between the messages of a group |

mod grouping;
mod masked;

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use trace_model::work::{self, VISIT};

pub use grouping::{Grouping, Groups, Template};
pub use masked::{TEXT_BYTES_MAX, TOKENS_MAX, masked};

/// Maximum number of shapes; messages with further ones are others.
pub const SHAPES_MAX: usize = 10_000;
/// Maximum bytes of all shapes' texts.
pub const SHAPE_BYTES_MAX: usize = 4 << 20;
/// Tokens below a node of the tree, beyond which all of them are variable.
pub const CHILDREN_MAX: usize = 50;

/// A masked message by its number, in order of first arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShapeId(u32);

impl ShapeId {
    /// Returns the number: shapes are numbered from 0 without gaps.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// A masked message.
#[derive(Debug)]
struct Shape {
    text: Arc<str>,
    /// Hashes of its tokens, at most [`TOKENS_MAX`].
    tokens: Box<[u64]>,
    messages: u64,
}

/// Messages by their shape.
#[derive(Debug, Default)]
pub struct Templates {
    shapes: Vec<Shape>,
    by_text: HashMap<Arc<str>, ShapeId>,
    /// In the order in which they are grouped.
    sorted: BTreeMap<Arc<str>, ShapeId>,
    bytes: usize,
    others: u64,
    hasher: RandomState,
    /// Reused for each message.
    masked: String,
}

impl Templates {
    /// Adds a message and returns its shape; `None` beyond the limits. The work is bounded, whatever the message is.
    pub fn add(&mut self, message: &str) -> Option<ShapeId> {
        self.masked.clear();
        masked::mask(message, &mut self.masked);
        work::add(VISIT + 2 * self.masked.len());
        if let Some(id) = self.by_text.get(&*self.masked) {
            self.shapes[id.index()].messages += 1;
            return Some(*id);
        }
        if self.shapes.len() == SHAPES_MAX || self.bytes + self.masked.len() > SHAPE_BYTES_MAX {
            self.others += 1;
            return None;
        }
        let id = ShapeId(u32::try_from(self.shapes.len()).unwrap_or(u32::MAX));
        let text: Arc<str> = self.masked.as_str().into();
        let tokens = tokens(&text).map(|token| self.hasher.hash_one(token));
        // Twenty comparisons at most in the tree of texts.
        work::add(20 * VISIT + 2 * text.len());
        self.bytes += text.len();
        self.shapes.push(Shape {
            tokens: tokens.collect(),
            messages: 1,
            text: text.clone(),
        });
        self.by_text.insert(text.clone(), id);
        self.sorted.insert(text, id);
        Some(id)
    }

    /// Returns the number of shapes.
    #[must_use]
    pub const fn shapes(&self) -> usize {
        self.shapes.len()
    }

    /// Returns a shape by its number.
    #[must_use]
    pub fn shape(&self, number: usize) -> Option<ShapeId> {
        let number = u32::try_from(number).ok()?;
        ((number as usize) < self.shapes.len()).then_some(ShapeId(number))
    }

    /// Returns the masked text of a shape.
    ///
    /// # Panics
    /// If the shape is of other templates.
    #[must_use]
    pub fn text(&self, shape: ShapeId) -> &Arc<str> {
        &self.shapes[shape.index()].text
    }

    /// Returns the number of messages whose shapes are beyond the limits.
    #[must_use]
    pub const fn others(&self) -> u64 {
        self.others
    }

    /// Groups the shapes at once; a [`Grouping`] does the same in steps.
    #[must_use]
    pub fn group(&self) -> Groups {
        let mut grouping = Grouping::new(self);
        while grouping.step(self, u64::MAX) {}
        grouping.finish(self)
    }
}

/// Returns the tokens of a masked text.
fn tokens(text: &str) -> impl Iterator<Item = &str> {
    text.split(' ').filter(|token| !token.is_empty())
}
