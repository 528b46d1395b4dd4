//! Values at places that stay, in pages that are given back when they are empty.

use std::ops::{Index, IndexMut};

use super::record::Slot;

/// Values of a page. Small, so that a store of a few traces is small too.
const PAGE: usize = 256;

#[derive(Debug)]
struct Page<T> {
    values: Vec<Option<T>>,
    free: Vec<u16>,
}

/// Values by [`Slot`]. Only a full page makes the next one, and an empty one goes: a million small traces that have left take no
/// memory from the large ones that follow.
#[derive(Debug)]
pub(super) struct Slab<T> {
    pages: Vec<Page<T>>,
    /// Pages that have memory and room.
    with_room: Vec<usize>,
    /// Pages without memory.
    vacant: Vec<usize>,
    memory: usize,
}

impl<T> Slab<T> {
    pub(super) const fn new() -> Self {
        Self {
            pages: Vec::new(),
            with_room: Vec::new(),
            vacant: Vec::new(),
            memory: 0,
        }
    }

    /// Returns the bytes of memory it accounts for.
    pub(super) const fn bytes(&self) -> usize {
        self.memory * (size_of::<Option<T>>() + size_of::<u16>()) * PAGE + self.pages.capacity() * size_of::<Page<T>>()
    }

    pub(super) fn insert(&mut self, value: T) -> Slot {
        let at = self.with_room.last().copied().unwrap_or_else(|| self.open());
        let page = &mut self.pages[at];
        let position = if let Some(position) = page.free.pop() {
            page.values[usize::from(position)] = Some(value);
            usize::from(position)
        } else {
            page.values.push(Some(value));
            page.values.len() - 1
        };
        if page.values.len() == PAGE && page.free.is_empty() {
            self.with_room.pop();
        }
        Slot(u32::try_from(at * PAGE + position).unwrap_or(u32::MAX))
    }

    pub(super) fn remove(&mut self, slot: Slot) -> Option<T> {
        let (at, position) = place(slot);
        let page = self.pages.get_mut(at)?;
        let value = page.values.get_mut(position)?.take()?;
        if page.values.len() == PAGE && page.free.is_empty() {
            self.with_room.push(at);
        }
        page.free.extend(u16::try_from(position));
        if page.free.len() == page.values.len() && self.with_room.len() > 1 {
            *page = Page {
                values: Vec::new(),
                free: Vec::new(),
            };
            self.memory -= 1;
            self.with_room.retain(|known| *known != at);
            self.vacant.push(at);
        }
        Some(value)
    }

    pub(super) fn get(&self, slot: Slot) -> Option<&T> {
        let (page, position) = place(slot);
        self.pages.get(page)?.values.get(position)?.as_ref()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.pages.iter_mut().flat_map(|page| page.values.iter_mut().flatten())
    }

    #[cfg(test)]
    pub(super) fn slots(&self) -> Vec<Slot> {
        let places = self
            .pages
            .iter()
            .enumerate()
            .flat_map(|(at, page)| (0..page.values.len()).map(move |position| (at, position)));
        let slots = places.map(|(at, position)| Slot(u32::try_from(at * PAGE + position).expect("few")));
        slots.filter(|slot| self.get(*slot).is_some()).collect()
    }

    fn open(&mut self) -> usize {
        let at = self.vacant.pop().unwrap_or_else(|| {
            self.pages.push(Page {
                values: Vec::new(),
                free: Vec::new(),
            });
            self.pages.len() - 1
        });
        self.pages[at].values.reserve_exact(PAGE);
        self.memory += 1;
        self.with_room.push(at);
        at
    }
}

const fn place(slot: Slot) -> (usize, usize) {
    (slot.0 as usize / PAGE, slot.0 as usize % PAGE)
}

impl<T> Index<Slot> for Slab<T> {
    type Output = T;

    #[inline]
    #[expect(
        clippy::expect_used,
        reason = "a slot is used only while its value is there, as with any index"
    )]
    fn index(&self, slot: Slot) -> &T {
        let (page, position) = place(slot);
        self.pages[page].values[position].as_ref().expect("the slot is taken")
    }
}

impl<T> IndexMut<Slot> for Slab<T> {
    #[inline]
    #[expect(
        clippy::expect_used,
        reason = "a slot is used only while its value is there, as with any index"
    )]
    fn index_mut(&mut self, slot: Slot) -> &mut T {
        let (page, position) = place(slot);
        self.pages[page].values[position].as_mut().expect("the slot is taken")
    }
}
