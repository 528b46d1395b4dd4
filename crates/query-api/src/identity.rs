//! Proof that a listener is the viewer of a runtime file, which alone knows the nonce.
//!
//! The other side sends a challenge and gets its HMAC-SHA256 under the nonce (RFC 2104). The nonce itself is never sent, so a program that
//! later listens on the port cannot pretend to be the viewer.

use std::fmt;

use ring::hmac;
use ring::rand::{SecureRandom as _, SystemRandom};

/// Bytes of a nonce.
const LENGTH: usize = 32;
/// Bytes of a challenge at most, as text.
const CHALLENGE_MAX: usize = 128;

/// A secret of one run of the viewer.
#[derive(Clone, PartialEq, Eq)]
pub struct Nonce([u8; LENGTH]);

impl fmt::Debug for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Nonce").finish_non_exhaustive()
    }
}

impl Nonce {
    /// Makes a new one; `None` if the system has no random numbers.
    #[must_use]
    pub fn generate() -> Option<Self> {
        let mut bytes = [0; LENGTH];
        SystemRandom::new().fill(&mut bytes).ok()?;
        Some(Self(bytes))
    }

    /// Reads hexadecimal.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        from_hex(text)?.try_into().ok().map(Self)
    }

    /// Formats it for the runtime file.
    #[must_use]
    pub fn to_hex(&self) -> String {
        to_hex(&self.0)
    }

    /// Returns the proof for a challenge.
    pub(crate) fn proof(&self, challenge: &str) -> Option<String> {
        (challenge.len() <= CHALLENGE_MAX).then(|| to_hex(hmac::sign(&self.key(), challenge.as_bytes()).as_ref()))
    }

    /// Returns true if the holder of this nonce made a proof.
    #[must_use]
    pub fn verifies(&self, challenge: &str, proof: &str) -> bool {
        from_hex(proof).is_some_and(|proof| hmac::verify(&self.key(), challenge.as_bytes(), &proof).is_ok())
    }

    fn key(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, &self.0)
    }
}

fn to_hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = text.chars().map(|digit| digit.to_digit(16)).collect();
    digits?
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => u8::try_from(high << 4 | low).ok(),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proof_holds_for_its_nonce_and_challenge_alone() {
        let (nonce, other) = (Nonce::generate().expect("random"), Nonce::generate().expect("random"));
        let proof = nonce.proof("one").expect("a proof");
        assert!(nonce.verifies("one", &proof));
        assert!(!nonce.verifies("two", &proof) && !other.verifies("one", &proof) && !nonce.verifies("one", "zz"));
        assert_eq!(Nonce::from_hex(&nonce.to_hex()), Some(nonce.clone()));
        assert_eq!(Nonce::from_hex("12"), None);
        assert!(!format!("{nonce:?}").contains(&nonce.to_hex()));
        assert_eq!(nonce.proof(&"x".repeat(1_000)), None);
    }
}
