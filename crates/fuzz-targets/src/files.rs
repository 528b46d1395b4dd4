//! Saved traces of all formats.

use std::ops::ControlFlow;

use trace_files::{Input, read_alone};
use trace_model::Store;

/// Maximum kept bytes per byte of a file, and in addition to that. Most of them are the flags of spans in their batch.
const GROWTH_MAX: usize = 200;

/// Counted records are present and can be decoded, and problems have a position in the file.
pub(crate) fn check(data: &[u8]) {
    let is_compressed = data.starts_with(&[0x1f, 0x8b]) || data.windows(4).any(|bytes| bytes == [0x28, 0xb5, 0x2f, 0xfd]);
    let lines = data.split(|byte| *byte == b'\n').count();
    let (mut spans, mut logs, mut bytes) = (0, 0, 0);
    let mut store = Store::new(1 << 16);
    let input = Input::new("a file".to_owned(), data.to_vec());
    let read = read_alone(&input, &mut |part| {
        assert!(part.read <= part.of);
        spans += part.batch.decode_spans().count() as u64;
        logs += part.batch.decode_logs().count() as u64;
        bytes += part.batch.bytes();
        store.add(part.batch);
        ControlFlow::Continue(())
    });
    match read {
        Ok(report) => {
            assert_eq!((report.spans, report.logs), (spans, logs));
            assert!(
                is_compressed || bytes <= GROWTH_MAX * (data.len() + 1),
                "{bytes} bytes of {}",
                data.len()
            );
            assert!(report.problems.first.len() as u64 <= report.problems.count);
            let places = report.problems.first.iter().chain(&report.warnings.first);
            for problem in places {
                // Binary files have no lines.
                let line = problem.position.map_or(0, |position| position.line);
                assert!(line <= lines || is_compressed, "{problem}");
                assert!(problem.what.len() < 200, "{problem}");
            }
        }
        Err(error) => assert!((spans, logs) == (0, 0), "{error}"),
    }
}
