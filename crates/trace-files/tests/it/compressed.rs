//! Compressed files: complete, truncated and padded.

use std::io::Write;
use std::ops::ControlFlow;

use flate2::Compression;
use flate2::write::GzEncoder;
use trace_files::{Input, Memory, Session};
use zstd::stream::write::Encoder;

use crate::support::{read, try_read};

fn line(number: usize) -> String {
    // Different ids make the compressed file nearly as long as the text.
    let trace = u128::from(number as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    format!(
        r#"{{"traceId": "{trace:032x}", "spanId": "{:016x}", "name": "work {number}", "startTimeUnixNano": "5"}}"#,
        number + 1
    ) + "\n"
}

fn lines(count: usize) -> String {
    (0..count).map(line).collect()
}

fn gzip(text: &str) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(text.as_bytes()).unwrap();
    packed.finish().unwrap()
}

fn zstd(text: &str, window: Option<u32>) -> Vec<u8> {
    let mut packed = Encoder::new(Vec::new(), 3).unwrap();
    if let Some(log) = window {
        packed.long_distance_matching(true).unwrap();
        packed.window_log(log).unwrap();
    }
    packed.write_all(text.as_bytes()).unwrap();
    packed.finish().unwrap()
}

#[test]
fn compressed_files_of_several_padded_parts_are_read() {
    for pack in [gzip as fn(&str) -> Vec<u8>, |text| zstd(text, None)] {
        let parts = [pack(&lines(2)), pack(""), pack(&line(2)), vec![0; 700]].concat();
        let read = read(parts);
        assert_eq!((read.spans.len(), read.problems()), (3, vec![]));
    }
}

#[test]
fn truncated_files_yield_all_complete_lines_and_a_problem() {
    for (name, packed) in [("gzip", gzip(&lines(3_000))), ("Zstandard", zstd(&lines(9_000), None))] {
        let read = read(&packed[..packed.len() / 2]);
        assert!(read.spans.len() > 100, "{name}: {}", read.spans.len());
        for (number, span) in read.spans.iter().enumerate() {
            assert_eq!(span.name, format!("work {number}"));
        }
        let said = read.problems().pop().unwrap();
        assert!(said.contains(&format!("truncated {name} data")), "{said}");
        assert!(read.report.problems.count <= 2, "{:?}", read.problems());
    }
    let packed = gzip(&lines(3));
    let error = try_read(&packed[..12]).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("truncated gzip data"), "{error}");
}

#[test]
fn truncation_within_the_magic_of_a_part_is_one() {
    for (name, pack) in [("gzip", gzip as fn(&str) -> Vec<u8>), ("Zstandard", |text| zstd(text, None))] {
        let read = read([&*pack(&lines(2)), &pack(&line(2))[..1]].concat());
        assert_eq!(read.spans.len(), 2, "{name}");
        let said = &read.problems()[0];
        assert!(said.contains(&format!("truncated {name} data")), "{said}");
    }
}

#[test]
fn compression_within_compression_is_rejected_by_name() {
    let (gzip, zstd) = (gzip(&lines(2)), zstd(&lines(2), None));
    let mut twice = Encoder::new(Vec::new(), 3).unwrap();
    twice.write_all(&gzip).unwrap();
    let mut other = GzEncoder::new(Vec::new(), Compression::fast());
    other.write_all(&zstd).unwrap();
    for packed in [twice.finish().unwrap(), other.finish().unwrap()] {
        let error = try_read(packed).map(|_| ()).unwrap_err().to_string();
        assert_eq!(error, "the file: not supported: compressed twice (decompress it once)");
    }
}

#[test]
fn damaged_and_trailing_data_are_reported() {
    let mut packed = gzip(&lines(3));
    packed.extend_from_slice(b"trailing");
    let followed = read(packed.clone());
    assert_eq!(followed.spans.len(), 3);
    assert!(
        followed.problems()[0].ends_with("invalid gzip data: trailing data is not gzip"),
        "{:?}",
        followed.problems()
    );
    let mut damaged = gzip(&lines(3));
    let checksum = damaged.len() - 8;
    damaged[checksum] ^= 1;
    let damaged = read(damaged);
    assert_eq!((damaged.spans.len(), damaged.report.problems.count), (3, 1));
}

#[test]
fn windows_over_the_limit_are_rejected_before_allocation() {
    assert_eq!(read(zstd(&lines(3), Some(27))).spans.len(), 3);
    let error = try_read(zstd(&lines(3), Some(28))).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("window of 256 MiB exceeds the limit of 128 MiB"), "{error}");
    // A quarter of the memory is for reading, and a decoder keeps two windows.
    let input = Input::new("small".to_owned(), zstd(&lines(3), Some(27)));
    let read = Session::new(Memory::within(64 << 20)).read(&input, &mut |_| ControlFlow::Continue(()));
    assert!(read.unwrap_err().to_string().contains("exceeds the limit of 8 MiB"));
}

/// The skipped part is never in memory.
#[test]
fn oversized_value_affects_only_itself() {
    let long = format!("{}{{\"a\": \"{}\"}}\n{}", line(0), "x".repeat(9 << 20), line(1));
    let input = Input::new("bomb".to_owned(), gzip(&long));
    let memory = Memory::within(64 << 20);
    let mut spans = 0;
    let report = Session::new(memory).read(&input, &mut |part| {
        spans += part.batch.span_count();
        ControlFlow::Continue(())
    });
    let report = report.unwrap();
    assert_eq!((spans, report.problems.count), (2, 1));
    let problem = report.problems.first[0].to_string();
    assert!(
        problem.starts_with("line 2, column 1: JSON value truncated at 8 MiB"),
        "{problem}"
    );
    let blank = Input::new("blank".to_owned(), gzip(&" ".repeat(1 << 20)));
    let read = Session::new(memory).read(&blank, &mut |_| ControlFlow::Continue(()));
    assert_eq!(read.unwrap_err().to_string(), "blank is empty");
}
