//! Memory for windows, which goes back to the system at once.

use brotli_decompressor::{Allocator, SliceWrapper, SliceWrapperMut};

use crate::pool::{LARGEST, MAPPED};

/// An allocator whose large pieces have pages of their own. glibc would take them from the heaps of its threads, which keep freed
/// memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct WindowAlloc;

/// Zeroed bytes.
#[derive(Debug, Default)]
pub(super) struct Window {
    /// May be longer: what is never written takes addresses, not memory.
    bytes: Vec<u8>,
    length: usize,
}

impl Allocator<u8> for WindowAlloc {
    type AllocatedMemory = Window;

    fn alloc_cell(&mut self, length: usize) -> Window {
        let allocated = if length > LARGEST { length.max(MAPPED + 1) } else { length };
        Window {
            bytes: vec![0; allocated],
            length,
        }
    }

    fn free_cell(&mut self, _: Window) {}
}

impl SliceWrapper<u8> for Window {
    fn slice(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

impl SliceWrapperMut<u8> for Window {
    fn slice_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[..self.length]
    }
}
