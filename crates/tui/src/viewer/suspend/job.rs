//! The job of a shell that this program belongs to.

/// Returns true if this job's first process was started by another job of the same session. POSIX calls the group orphaned
/// otherwise, and nothing would continue it after a stop.
pub(super) fn has_shell() -> bool {
    let this = Process::this();
    this.is_some_and(|this| is_started_by_a_shell(this, std::iter::successors(Some(this), |process| process.parent())))
}

fn is_started_by_a_shell(this: Process, ancestors: impl IntoIterator<Item = Process>) -> bool {
    let mut others = ancestors.into_iter().filter(|process| process.group != this.group);
    others.next().is_some_and(|starter| starter.session == this.session)
}

/// Parent, process group and session of a process. On Linux an id is 0 if it is that of a process outside of this PID namespace
/// (a container's).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Process {
    parent: i32,
    group: i32,
    session: i32,
}

/// Read from `/proc`: rustix's `Pid` cannot be 0, so its `getpgid` and `getsid` must not be called for other processes.
#[cfg(target_os = "linux")]
impl Process {
    fn this() -> Option<Self> {
        Self::read("self")
    }

    fn parent(self) -> Option<Self> {
        Self::read(&self.parent.to_string())
    }

    fn read(process: &str) -> Option<Self> {
        let path = std::path::Path::new("/proc").join(process).join("stat");
        Self::parse(&std::fs::read_to_string(path).ok()?)
    }

    /// See `proc_pid_stat(5)`.
    fn parse(stat: &str) -> Option<Self> {
        // The name, in parentheses, may contain anything.
        let (_, fields) = stat.rsplit_once(')')?;
        let mut ids = fields.split_whitespace().skip(1).map(|id| id.parse().ok());
        Some(Self {
            parent: ids.next()??,
            group: ids.next()??,
            session: ids.next()??,
        })
    }
}

/// Read through POSIX, which gives the parent of this process only.
#[cfg(not(target_os = "linux"))]
impl Process {
    fn this() -> Option<Self> {
        use rustix::process::{Pid, getpgrp, getppid, getsid};
        Some(Self {
            parent: Pid::as_raw(getppid()),
            group: getpgrp().as_raw_pid(),
            session: getsid(None).ok()?.as_raw_pid(),
        })
    }

    fn parent(self) -> Option<Self> {
        use rustix::process::{Pid, getpgid, getsid};
        let parent = Pid::from_raw(self.parent)?;
        Some(Self {
            parent: 0,
            group: getpgid(Some(parent)).ok()?.as_raw_pid(),
            session: getsid(Some(parent)).ok()?.as_raw_pid(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(group: i32, session: i32) -> Process {
        Process {
            parent: 1,
            group,
            session,
        }
    }

    #[test]
    fn job_has_a_shell_if_another_group_of_its_session_started_it() {
        let (this, wrapper) = (process(20, 10), process(20, 10));
        let (shell, other_terminal) = (process(10, 10), process(5, 5));
        for (ancestors, expected) in [
            (vec![this, shell, other_terminal], true),
            (vec![this, wrapper, shell], true),
            (vec![this, other_terminal], false),
            (vec![this, wrapper], false),
            (vec![], false),
        ] {
            assert_eq!(is_started_by_a_shell(this, ancestors.clone()), expected, "{ancestors:?}");
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn processes_outside_of_the_pid_namespace_are_no_shell() {
        // `cat /proc/self/stat` in another terminal, started from outside of the namespace: the ids of that one are 0.
        let this = Process::parse("7 (a) b) S 3 3 3 34816 7 4194304 93 0").unwrap();
        assert_eq!(
            this,
            Process {
                parent: 3,
                group: 3,
                session: 3
            }
        );
        let outside = Process::parse("1 (sh) S 0 0 0 0 -1 4194560 93 0").unwrap();
        assert!(!is_started_by_a_shell(this, [this, outside]));
        assert_eq!(outside.parent(), None, "the first process of a namespace has no parent in it");
        assert_eq!(Process::parse("1 (sh"), None);
        assert_eq!(Process::parse("1 (sh) S 0 zero"), None);
    }

    #[test]
    fn own_process_is_found() {
        assert!(Process::this().is_some());
    }
}
