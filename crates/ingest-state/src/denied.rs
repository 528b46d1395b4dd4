//! Requests that were denied because of their host or origin.

use crate::Listener;

/// Reasons counted one by one. They contain the sender's text, so there could be any number.
const KEPT: usize = 12;

/// Requests that one host or origin was denied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// Denied origin or host in printable ASCII: `origin https://app.example`, `missing host`.
    pub reason: String,
    /// The command-line option that would allow it, quoted for a shell; `None` for what cannot be allowed.
    pub flag: Option<String>,
    /// The listener of the last request.
    pub listener: Listener,
    /// Number of requests.
    pub count: u64,
}

/// Denied requests by reason: the last twelve reasons, and how many requests there were for others.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Denials {
    /// The last one at the end.
    recent: Vec<Denial>,
    others: u64,
}

impl Denials {
    /// Reasons, most recent first.
    pub fn iter(&self) -> impl Iterator<Item = &Denial> {
        self.recent.iter().rev()
    }

    /// Most recent reason.
    #[must_use]
    pub fn last(&self) -> Option<&Denial> {
        self.recent.last()
    }

    /// Requests denied for reasons that are no longer counted one by one.
    #[must_use]
    pub const fn others(&self) -> u64 {
        self.others
    }

    /// Requests denied in all.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.recent.iter().map(|denial| denial.count).sum::<u64>() + self.others
    }

    /// Counts a denial; returns true if its reason is new.
    pub fn add(&mut self, mut denial: Denial) -> bool {
        let known = self.recent.iter().position(|known| known.reason == denial.reason);
        match known {
            Some(at) => denial.count += self.recent.remove(at).count,
            None if self.recent.len() == KEPT => self.others += self.recent.remove(0).count,
            None => {}
        }
        self.recent.push(denial);
        known.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn denial(reason: &str) -> Denial {
        Denial {
            reason: reason.to_owned(),
            flag: None,
            listener: Listener::OtlpHttp,
            count: 1,
        }
    }

    #[test]
    fn denials_are_counted_by_reason_and_bounded() {
        let mut denials = Denials::default();
        assert!(denials.add(denial("host a")) && !denials.add(denial("host a")));
        for number in 0..100 {
            assert!(denials.add(denial(&format!("host {number}"))));
            assert!(!denials.add(denial("host a")), "a repeated one stays");
        }
        assert_eq!((denials.iter().count(), denials.count()), (KEPT, 202));
        assert_eq!(denials.others(), 100 - (KEPT as u64 - 1));
        let last = denials.last().expect("some");
        assert_eq!((&*last.reason, last.count), ("host a", 102));
    }
}
