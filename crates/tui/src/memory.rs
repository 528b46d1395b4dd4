//! Available memory.
//!
//! Source: `proc_meminfo(5)`, and the kernel's [control groups](https://docs.kernel.org/admin-guide/cgroup-v2.html#memory), versions 1
//! and 2: a container may have less than the machine.

use std::fs;
use std::path::{Path, PathBuf};

/// Assumed if the system does not report it: 2 GiB.
const UNKNOWN: u64 = 2 << 30;

/// Returns half of the memory that is available to this process, in bytes.
#[must_use]
pub fn half_of_available() -> usize {
    let available = available(Path::new("/")).unwrap_or(UNKNOWN);
    usize::try_from(available / 2).unwrap_or(usize::MAX / 4)
}

/// Returns the smallest of what the machine and each control group around this process have left.
fn available(root: &Path) -> Option<u64> {
    let machine = fs::read_to_string(root.join("proc/meminfo"))
        .ok()
        .and_then(|text| kibibytes(&text, "MemAvailable:"));
    let groups = fs::read_to_string(root.join("proc/self/cgroup")).unwrap_or_default();
    let limits = groups.lines().flat_map(|line| limits(root, line));
    machine.into_iter().chain(limits).min()
}

/// A line's number of kibibytes, in bytes.
fn kibibytes(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// Returns what a control group and those around it have left; the line is `number:controllers:path`.
fn limits(root: &Path, line: &str) -> Vec<u64> {
    let mut parts = line.splitn(3, ':').skip(1);
    let (Some(controllers), Some(path)) = (parts.next(), parts.next()) else {
        return Vec::new();
    };
    let (mount, limit, usage) = if controllers.is_empty() {
        ("sys/fs/cgroup", "memory.max", "memory.current")
    } else if controllers.split(',').any(|controller| controller == "memory") {
        ("sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes")
    } else {
        return Vec::new();
    };
    let mount = root.join(mount);
    let inner = mount.join(path.trim_start_matches('/'));
    let groups = inner
        .ancestors()
        .take_while(|group| group.starts_with(&mount))
        .map(PathBuf::from);
    groups.filter_map(|group| left(&group, limit, usage)).collect()
}

/// Returns a group's limit minus what is in use; files that are only cached count as free.
fn left(group: &Path, limit: &str, usage: &str) -> Option<u64> {
    let number = |name: &str| fs::read_to_string(group.join(name)).ok()?.trim().parse::<u64>().ok();
    // `max`, and in version 1 a number beyond all memory, mean no limit.
    let limit = number(limit).filter(|limit| *limit < 1 << 60)?;
    let cached = fs::read_to_string(group.join("memory.stat")).ok().and_then(|stat| {
        let line = stat.lines().find_map(|line| line.strip_prefix("inactive_file "))?;
        line.trim().parse::<u64>().ok()
    });
    let used = number(usage).unwrap_or(0).saturating_sub(cached.unwrap_or(0));
    Some(limit.saturating_sub(used))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A system with these files.
    fn system(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        root
    }

    const MACHINE: (&str, &str) = ("proc/meminfo", "MemTotal:  16000 kB\nMemAvailable:   8000 kB\n");

    #[test]
    fn memory_is_what_the_machine_has_available() {
        assert_eq!(available(system(&[MACHINE]).path()), Some(8000 << 10));
        assert_eq!(available(system(&[]).path()), None);
        assert!(half_of_available() > 1 << 20, "this machine");
    }

    #[test]
    fn memory_is_limited_by_control_groups_of_version_2() {
        let root = system(&[
            MACHINE,
            ("proc/self/cgroup", "0::/user.slice/app\n"),
            ("sys/fs/cgroup/user.slice/app/memory.max", "max\n"),
            ("sys/fs/cgroup/user.slice/memory.max", "3000000\n"),
            ("sys/fs/cgroup/user.slice/memory.current", "1000000\n"),
            ("sys/fs/cgroup/user.slice/memory.stat", "anon 5\ninactive_file 400000\n"),
        ]);
        assert_eq!(available(root.path()), Some(2_400_000));
        // Inside a container the path is not visible.
        let root = system(&[
            MACHINE,
            ("proc/self/cgroup", "0::/\n"),
            ("sys/fs/cgroup/memory.max", "1000000\n"),
        ]);
        assert_eq!(available(root.path()), Some(1_000_000));
    }

    #[test]
    fn memory_is_limited_by_control_groups_of_version_1() {
        let root = system(&[
            MACHINE,
            ("proc/self/cgroup", "5:cpu,cpuacct:/x\n4:memory:/docker/1\n"),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "2000000\n"),
            ("sys/fs/cgroup/memory/memory.usage_in_bytes", "500000\n"),
        ]);
        assert_eq!(available(root.path()), Some(1_500_000));
        let root = system(&[
            MACHINE,
            ("proc/self/cgroup", "4:memory:/\n"),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"),
        ]);
        assert_eq!(available(root.path()), Some(8000 << 10));
    }
}
