use std::io::{self, BufReader, ErrorKind, Read, Write};

use super::*;

const LIMIT: WindowLog = WindowLog::new(23);

/// Returns compressible text without a period.
fn text(length: usize) -> Vec<u8> {
    let mut number = 1_u64;
    let words = std::iter::repeat_with(|| {
        number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        format!("span {} ", number >> 54)
    });
    words.flat_map(String::into_bytes).take(length).collect()
}

fn compress(plain: &[u8], level: i32, window: Option<u32>) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), level).expect("memory");
    encoder.include_checksum(true).expect("an option");
    if let Some(log) = window {
        encoder.window_log(log).expect("a valid window");
    }
    encoder.write_all(plain).expect("memory");
    encoder.finish().expect("memory")
}

/// Decodes through buffers of length `buffer`, so that blocks and headers are split.
fn decode(compressed: &[u8], frames: FrameMode, buffer: usize) -> io::Result<Vec<u8>> {
    let mut plain = Vec::new();
    let mut decoder = Decoder::new(BufReader::with_capacity(buffer, compressed), frames, LIMIT);
    decoder.read_to_end(&mut plain)?;
    Ok(plain)
}

#[test]
fn decoder_agrees_with_the_reference_encoder() {
    let plain = text(700_000);
    for (level, length) in [(-5, 100_000), (1, 0), (1, 1), (3, 700_000), (9, 131_073), (19, 300_000)] {
        let compressed = compress(&plain[..length], level, None);
        for buffer in [1, 7, 4096, 1 << 20] {
            let decoded = decode(&compressed, FrameMode::Concatenated, buffer).expect("a valid frame");
            assert!(
                decoded == plain[..length],
                "level {level}, {length} bytes, buffer of {buffer}"
            );
        }
    }
}

#[test]
fn frames_are_concatenated_or_read_one_by_one() {
    let skippable = [&[0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0][..], b"any"].concat();
    let both = [compress(b"one ", 1, None), skippable, compress(b"two", 1, None)].concat();
    assert_eq!(decode(&both, FrameMode::Concatenated, 5).expect("valid"), b"one two");

    let mut rest = &both[..];
    let mut read = Vec::new();
    for _ in 0..3 {
        let mut decoder = Decoder::new(rest, FrameMode::Single, LIMIT);
        let mut plain = String::new();
        decoder.read_to_string(&mut plain).expect("a valid frame");
        read.push(plain);
        rest = decoder.into_inner();
    }
    assert_eq!(
        (read, rest),
        (vec!["one ".to_owned(), String::new(), "two".to_owned()], &b""[..])
    );
}

#[test]
fn truncated_and_damaged_frames_fail_after_what_could_be_decoded() {
    let plain = text(400_000);
    let whole = compress(&plain, 3, None);
    let read = |compressed: &[u8]| {
        let mut decoded = Vec::new();
        let error = Decoder::new(compressed, FrameMode::Concatenated, LIMIT).read_to_end(&mut decoded);
        (decoded, error.expect_err("not whole").kind())
    };
    let (decoded, kind) = read(&whole[..whole.len() - 1]);
    assert_eq!((decoded == plain, kind), (true, ErrorKind::UnexpectedEof));
    let (decoded, kind) = read(&whole[..whole.len() / 2]);
    assert!(plain.starts_with(&decoded) && decoded.len() > 100_000, "{}", decoded.len());
    assert_eq!(kind, ErrorKind::UnexpectedEof);
    assert_eq!(read(b"").1, ErrorKind::UnexpectedEof);
    assert_eq!(read(b"plain").1, ErrorKind::InvalidData);
    let mut damaged = whole.clone();
    *damaged.last_mut().expect("a checksum") ^= 1;
    assert_eq!(read(&damaged).1, ErrorKind::InvalidData);
}

#[test]
fn windows_beyond_the_limit_are_rejected_in_any_frame() {
    let largest = compress(&text(100), 1, Some(23));
    assert!(decode(&largest, FrameMode::Concatenated, 64).is_ok());
    let beyond = compress(&text(100), 1, Some(24));
    for compressed in [beyond.clone(), [largest, beyond].concat()] {
        let error = decode(&compressed, FrameMode::Concatenated, 64).expect_err("too large");
        assert_eq!(rejected_window(&error), Some(1 << 24), "{error}");
    }
    assert_eq!(rejected_window(&io::ErrorKind::UnexpectedEof.into()), None);
}

#[test]
fn memory_stays_within_decoder_bytes() {
    let plain = text(1 << 20).repeat(24);
    let compressed = compress(&plain, 1, Some(20));
    let mut decoder = Decoder::new(&*compressed, FrameMode::Concatenated, LIMIT);
    io::copy(&mut decoder, &mut io::sink()).expect("a valid frame");
    let held = decoder.session.into_decompressor().retained_bytes();
    // A growing vector reserves twice as much, without writing to it.
    let limit = WindowLog::new(20).decoder_bytes();
    assert!((1 << 20..limit * 2).contains(&held), "{held}");
    assert_eq!(WindowLog::within(limit), WindowLog::new(20));
    assert_eq!(WindowLog::within(4 << 20).window_bytes(), 2 << 20);
}
