use std::os::unix::fs::PermissionsExt as _;

use super::*;

fn journal(path: &Path) -> Journal {
    Journal::open(path.to_owned()).unwrap()
}

async fn send(journal: &Journal, id: &str) -> bool {
    match journal.claim(id).await.unwrap() {
        Some(claim) => claim.sent().is_ok(),
        None => false,
    }
}

#[tokio::test]
async fn journal_remembers_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("new/sent.journal");
    let first = journal(&path);
    assert!(send(&first, "a").await && !send(&first, "a").await);
    // Not sent: free for the next attempt.
    drop(first.claim("b").await.unwrap());
    drop(first);
    let second = journal(&path);
    assert!(!send(&second, "a").await && send(&second, "b").await);
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(path.parent().unwrap()), mode(&path)), (0o700, 0o600));
}

#[tokio::test]
async fn journal_survives_a_cut_at_every_byte() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sent.journal");
    let ids = ["m-1", "m-10", "m-100"];
    let whole = journal(&path);
    for id in ids {
        assert!(send(&whole, id).await);
    }
    let text = std::fs::read(&path).unwrap();
    for cut in 0..=text.len() {
        std::fs::write(&path, &text[..cut]).unwrap();
        let lines = text[..cut].split(|byte| *byte == b'\n').count() - 1;
        let known: Vec<_> = text[..cut].split(|byte| *byte == b'\n').filter_map(entry).collect();
        let opened = journal(&path);
        // A truncated line is never mistaken for another id.
        assert!((lines..=lines + 1).contains(&known.len()));
        for (number, id) in ids.iter().enumerate() {
            assert_eq!(send(&opened, id).await, number >= known.len(), "{id} after {cut} bytes");
        }
        let again = journal(&path);
        for id in ids {
            assert!(!send(&again, id).await, "{id} after {cut} bytes, written behind the cut");
        }
    }
}

#[tokio::test]
async fn journal_skips_malformed_lines() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sent.journal");
    std::fs::write(
        &path,
        b"\0\0\0\0\n\xff\xfe .\n1 a\n2 b .\nx c .\n3 d d .\n\n4 ../e .\n5 f .\n",
    )
    .unwrap();
    let journal = journal(&path);
    for (id, known) in [("a", false), ("b", true), ("c", false), ("d", false), ("f", true)] {
        assert_eq!(!send(&journal, id).await, known, "{id}");
    }
}

#[tokio::test]
async fn journal_is_bounded_and_keeps_the_newest() {
    const BYTES: u64 = 1000;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sent.journal");
    let journal = Journal::open_with(path.clone(), BYTES).unwrap();
    for number in 0..1000 {
        assert!(send(&journal, &format!("id-{number}")).await);
        for file in [path.clone(), previous(&path)] {
            assert!(std::fs::metadata(file).map_or(0, |metadata| metadata.len()) < BYTES + 100);
        }
    }
    let in_memory = |journal: &Journal| {
        let state = journal.state();
        assert!(state.claimed.is_empty());
        state.current.ids.len() + state.previous.len()
    };
    assert!(in_memory(&journal) < 100);
    let opened = Journal::open_with(path, BYTES).unwrap();
    for journal in [&journal, &opened] {
        assert!(!send(journal, "id-999").await && !send(journal, "id-970").await);
        assert!(in_memory(journal) < 100);
    }
}

#[test]
fn journal_ends_a_generation_by_age() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sent.journal");
    let journal = journal(&path);
    let now = SystemTime::now();
    for (days, id) in [(0, "a"), (2, "b"), (4, "c"), (8, "d")] {
        let later = now + Duration::from_secs(days * 24 * 60 * 60);
        journal.record(id, later).unwrap();
    }
    let state = journal.state();
    assert!(state.current.ids.contains("d") && state.previous.contains("c"));
    assert!(!state.previous.contains("a") && !state.previous.contains("b"));
}

#[tokio::test]
async fn journal_is_shared_by_mailers() {
    const BYTES: u64 = 1000;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sent.journal");
    let one = Journal::open_with(path.clone(), BYTES).unwrap();
    let other = Journal::open_with(path, BYTES).unwrap();
    // Across many generations, rotated by either.
    for number in 0..500 {
        let id = format!("id-{number}");
        let (first, second) = if number % 3 == 0 { (&one, &other) } else { (&other, &one) };
        assert!(send(first, &id).await, "{id}");
        assert!(!send(second, &id).await, "{id}");
    }
}

#[tokio::test]
async fn journal_lets_one_of_two_send() {
    let dir = tempfile::tempdir().unwrap();
    let journal = journal(&dir.path().join("sent.journal"));
    let first = journal.claim("a").await.unwrap().unwrap();
    let mut second = std::pin::pin!(journal.claim("a"));
    let waits = futures_util::FutureExt::now_or_never(second.as_mut()).is_none();
    assert!(waits);
    // The first attempt failed, so the second one gets the claim.
    drop(first);
    let second = second.await.unwrap().unwrap();
    let mut third = std::pin::pin!(journal.claim("a"));
    assert!(futures_util::FutureExt::now_or_never(third.as_mut()).is_none());
    second.sent().unwrap();
    assert!(third.await.unwrap().is_none());
}
