//! Damage to bytes in transit.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

/// One kind of damage.
#[derive(Clone, Debug)]
pub(crate) enum Damage {
    Replace(Index, u8),
    Flip(Index, u8),
    Cut(Index, usize),
    Insert(Index, Vec<u8>),
    Copy(Index, Index, usize),
}

impl Damage {
    pub(crate) fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Replace(at, byte) if !bytes.is_empty() => *at.get_mut(bytes) = *byte,
            Self::Flip(at, bit) if !bytes.is_empty() => *at.get_mut(bytes) ^= 1 << bit,
            Self::Cut(at, length) => {
                let at = at.index(bytes.len() + 1);
                bytes.drain(at..bytes.len().min(at + length));
            }
            Self::Insert(at, new) => {
                let at = at.index(bytes.len() + 1);
                bytes.splice(at..at, new.iter().copied());
            }
            Self::Copy(from, to, length) => {
                let (from, to) = (from.index(bytes.len() + 1), to.index(bytes.len() + 1));
                let copied = bytes[from..bytes.len().min(from + length)].to_vec();
                bytes.splice(to..to, copied);
            }
            Self::Replace(..) | Self::Flip(..) => {}
        }
    }
}

pub(crate) fn damage() -> impl Strategy<Value = Vec<Damage>> {
    let damage = prop_oneof![
        (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Damage::Replace(at, byte)),
        (any::<Index>(), 0..8_u8).prop_map(|(at, bit)| Damage::Flip(at, bit)),
        (any::<Index>(), 1..20_usize).prop_map(|(at, length)| Damage::Cut(at, length)),
        (any::<Index>(), vec(any::<u8>(), 1..6)).prop_map(|(at, new)| Damage::Insert(at, new)),
        (any::<Index>(), any::<Index>(), 1..40_usize).prop_map(|(from, to, length)| Damage::Copy(from, to, length)),
    ];
    vec(damage, 1..4)
}
