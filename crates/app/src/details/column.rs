//! Lines in the making: names with their values, and what the cursor can be on.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use trace_model::{Attribute, Value};

use super::super::content::{Line, Means, Role};
use super::order::by_use;
use super::value::{attribute_value, whole};
use crate::format;
use crate::text::{self, clusters};

/// Lines of a value that are shown among others, at most.
pub(super) const VALUE_LINES_MAX: usize = 12;
/// So much of a value is looked at to choose its place, in bytes.
const LOOKED_AT: usize = 4_096;

/// A section of the details.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Section {
    /// Name of the section.
    pub name: &'static str,
    /// Number of its entries, where that is of interest.
    pub count: Option<usize>,
    /// In which column it stands, the left one being 0.
    pub column: usize,
    /// In which line of that.
    pub line: usize,
}

/// Identity of an item, to which the cursor keeps while lines are added and removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ItemId(u64);

/// Something that the cursor can be on: its line, and all lines up to the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item {
    /// Identity of the item.
    pub id: ItemId,
    /// In which column it stands, the left one being 0.
    pub column: usize,
    /// Its first line in that.
    pub line: usize,
    /// True if it can be folded and unfolded.
    pub is_fold: bool,
    /// True if it is a value that can be shown full size.
    pub is_value: bool,
}

/// Items that were folded or unfolded by hand.
#[derive(Clone, Debug, Default)]
pub(crate) struct Folds(HashSet<ItemId>);

impl Folds {
    /// Folds what is unfolded, and the other way round.
    pub(crate) fn toggle(&mut self, id: ItemId) {
        if !self.0.remove(&id) {
            self.0.insert(id);
        }
    }
}

/// Size of a page, and what is folded in it.
#[derive(Clone, Copy)]
pub(crate) struct PageLayout<'a> {
    pub(crate) width: u16,
    pub(crate) height: u16,
    pub(crate) folds: &'a Folds,
    /// The item whose value is looked for on the way.
    pub(crate) wanted: Option<ItemId>,
}

/// Lines so far, and the widths for the next ones.
pub(super) struct Column<'a> {
    pub(super) lines: Vec<Line>,
    pub(super) sections: Vec<Section>,
    pub(super) items: Vec<Item>,
    pub(super) width: usize,
    /// Column at which values begin.
    values: usize,
    folds: &'a Folds,
    /// Of what the next items are a part.
    owner: ItemId,
    /// The item whose value is looked for, and that value with its name once it is found.
    wanted: Option<ItemId>,
    pub(super) found: Option<(String, String)>,
}

impl<'a> Column<'a> {
    /// Values begin behind the longest key that leaves them half of the width.
    pub(super) fn new<'k>(width: usize, attributes: impl Iterator<Item = &'k Attribute>, layout: PageLayout<'a>) -> Self {
        let half = (width / 2).max(18);
        let wanted = attributes.map(|attribute| format::columns(&attribute.key) + 4);
        let longest = wanted.filter(|wanted| *wanted <= half).max().unwrap_or(0);
        Self {
            lines: Vec::new(),
            sections: Vec::new(),
            items: Vec::new(),
            width,
            values: longest.max(18),
            folds: layout.folds,
            owner: ItemId(0),
            wanted: layout.wanted,
            found: None,
        }
    }

    /// Says that the last item is a value, and which.
    pub(super) fn is_value(&mut self, name: &str, value: impl FnOnce() -> String) {
        let Some(item) = self.items.last_mut() else { return };
        item.is_value = true;
        if self.wanted == Some(item.id) {
            self.found = Some((name.to_owned(), value()));
        }
    }

    /// Begins an item: what it is called tells it from others of its owner.
    pub(super) fn item(&mut self, name: impl Hash, is_fold: bool) -> ItemId {
        let id = self.id_of(name);
        self.items.push(Item {
            id,
            column: 0,
            line: self.lines.len(),
            is_fold,
            is_value: false,
        });
        id
    }

    fn id_of(&self, name: impl Hash) -> ItemId {
        let mut hasher = DefaultHasher::new();
        (self.owner, name).hash(&mut hasher);
        ItemId(hasher.finish())
    }

    /// Returns true if the user has folded or unfolded an item with this name.
    pub(super) fn is_toggled(&self, name: impl Hash) -> bool {
        self.folds.0.contains(&self.id_of(name))
    }

    pub(super) fn section(&mut self, name: &'static str, count: Option<usize>) {
        self.headed(name, count, Line::from(format!(" {name}").strong()));
    }

    /// A section with a heading of its own.
    pub(super) fn headed(&mut self, name: &'static str, count: Option<usize>, heading: Line) {
        self.begin(name, count, false);
        self.lines.push(heading);
    }

    /// A section, initially folded. Returns true if it is unfolded; a folded one shows `about` after its name.
    pub(super) fn folded_section(&mut self, name: &'static str, count: usize, about: &str) -> bool {
        let id = self.begin(name, Some(count), true);
        let is_open = self.folds.0.contains(&id);
        let mut heading = Line::from(format!(" {} {name}", fold_mark(is_open)).strong());
        if !is_open {
            heading.push(format!(" {}", format::grouped(count as u64)).means(Role::Dim));
            let room = self.width.saturating_sub(heading.width() + 4);
            if !about.is_empty() {
                heading.push(format!(" · {}", format::at_most(about, room)).means(Role::Dim));
            }
        }
        self.lines.push(heading);
        is_open
    }

    fn begin(&mut self, name: &'static str, count: Option<usize>, is_fold: bool) -> ItemId {
        self.owner = ItemId(0);
        self.sections.push(Section {
            name,
            count,
            column: 0,
            line: self.lines.len(),
        });
        let id = self.item(name, is_fold);
        self.owner = id;
        id
    }

    /// Begins a group within a section, initially folded. Returns true if it is unfolded.
    pub(super) fn fold(&mut self, name: impl Hash) -> (ItemId, bool) {
        let id = self.item(name, true);
        (id, self.folds.0.contains(&id))
    }

    /// Begins a group that is unfolded at first if `is_unfolded`. Returns true if it is unfolded.
    pub(super) fn fold_with(&mut self, name: impl Hash, is_unfolded: bool) -> bool {
        let (_, is_toggled) = self.fold(name);
        is_toggled != is_unfolded
    }

    /// Writes lines whose items are a part of another one.
    pub(super) fn within(&mut self, owner: ItemId, write: impl FnOnce(&mut Self)) {
        let outer = std::mem::replace(&mut self.owner, owner);
        write(self);
        self.owner = outer;
    }

    pub(super) fn attributes(&mut self, section: &'static str, attributes: &[Attribute]) {
        if !attributes.is_empty() {
            self.section(section, Some(attributes.len()));
            self.list(attributes, 3);
        }
    }

    /// Names and values, the most used first.
    pub(super) fn list(&mut self, attributes: &[Attribute], indent: usize) {
        for attribute in by_use(attributes) {
            self.pair(&attribute.key, &attribute_value(attribute), indent, Role::Plain);
            self.is_value(&attribute.key, || whole(&attribute.value));
        }
    }

    /// A value with a name of its own.
    pub(super) fn named_value(&mut self, name: &str, value: &Value, indent: usize) {
        self.pair(name, &super::value::value(value), indent, Role::Plain);
        self.is_value(name, || whole(value));
    }

    /// A name with its value. A name is never cut; a value wraps within its column, or begins below its name where that gives it more room: where it
    /// has lines of its own, or a word that would be broken.
    pub(super) fn pair(&mut self, key: &str, value: &str, indent: usize, role: Role) {
        self.item(key, false);
        self.is_value(key, || value.to_owned());
        let key_end = indent + format::columns(key);
        let width = self.width.saturating_sub(1);
        let start = text::start(value, LOOKED_AT);
        let is_below =
            |room: usize, more: usize| room < more && (start.trim_end().contains('\n') || longest_word(start, more) > room);
        let below = indent + 2;
        let room = width.saturating_sub(self.values);
        if key_end < self.values && !is_below(room, width.saturating_sub(below)) {
            let fill = " ".repeat(self.values - key_end);
            let key = format!("{}{}{fill}", " ".repeat(indent), text::shown(key));
            return self.value(Some(key), value, self.values, role);
        }
        // A name that goes beyond the others' column, with a value that fits on the same line.
        let beside = key_end + 2;
        let value_columns = format::columns(start);
        if start.len() == value.len() && !start.contains('\n') && key_end >= self.values && beside + value_columns <= width {
            let key = format!("{}{}  ", " ".repeat(indent), text::shown(key));
            return self.value(Some(key), value, beside, role);
        }
        for piece in text::lines(text::start(key, LOOKED_AT), width.saturating_sub(indent).max(8)) {
            let line = format!("{}{piece}", " ".repeat(indent));
            self.lines.push(Line::from(line.means(Role::Dim)));
        }
        self.value(None, value, below, role);
    }

    /// A value from a column on, the first line of it behind its name.
    fn value(&mut self, mut key: Option<String>, value: &str, column: usize, role: Role) {
        let room = self.width.saturating_sub(column + 1).max(8);
        let mut pieces = text::lines(value, room);
        for piece in pieces.by_ref().take(VALUE_LINES_MAX) {
            let left = key.take().unwrap_or_else(|| " ".repeat(column));
            self.lines.push(Line::from(vec![left.means(Role::Dim), piece.means(role)]));
        }
        if pieces.next().is_some() {
            let left = " ".repeat(column);
            self.lines
                .push(Line::from(format!("{left}… Enter shows all of it").means(Role::Dim)));
        }
    }

    /// An emphasized text on as many lines as it needs.
    pub(super) fn strong_paragraph(&mut self, text: &str, indent: usize, role: Role) {
        let first = self.lines.len();
        self.paragraph(text, indent, role);
        for piece in self.lines[first..].iter_mut().flat_map(|line| &mut line.pieces) {
            piece.is_strong = true;
        }
    }

    /// Text on as many lines as it needs, which begin at a column.
    pub(super) fn paragraph(&mut self, text: &str, indent: usize, role: Role) {
        let room = self.width.saturating_sub(indent + 1).max(8);
        for piece in text::lines(text, room).take(VALUE_LINES_MAX) {
            self.lines
                .push(Line::from(vec![" ".repeat(indent).into(), piece.means(role)]));
        }
    }
}

/// The sign of what can be unfolded, or folded.
pub(super) const fn fold_mark(is_open: bool) -> &'static str {
    if is_open { "▾" } else { "▸" }
}

/// Returns the columns of the longest word that fits `most` of them; 0 without one.
fn longest_word(text: &str, most: usize) -> usize {
    let words = text.split(char::is_whitespace);
    // What takes more columns than it has bytes is broken anywhere, whatever it is.
    let words = words.filter(|word| word.len() <= most);
    words
        .map(|word| clusters(word).map(|cluster| cluster.width).sum())
        .max()
        .unwrap_or(0)
}
