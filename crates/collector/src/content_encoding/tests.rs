use std::io::Write;

use http::header::{CONTENT_ENCODING, HeaderValue};
use proptest::prelude::*;

use super::*;
use crate::pool::Pool;

const ALL: [ContentEncoding; 5] = [
    ContentEncoding::Identity,
    ContentEncoding::Gzip,
    ContentEncoding::Deflate,
    ContentEncoding::Brotli,
    ContentEncoding::Zstd,
];

fn compress(coding: ContentEncoding, plain: &[u8]) -> Vec<u8> {
    let level = flate2::Compression::fast();
    let (mut gzip, mut zlib) = (
        flate2::write::GzEncoder::new(Vec::new(), level),
        flate2::write::ZlibEncoder::new(Vec::new(), level),
    );
    match coding {
        ContentEncoding::Identity => plain.to_vec(),
        ContentEncoding::Gzip => {
            gzip.write_all(plain).expect("memory");
            gzip.finish().expect("memory")
        }
        ContentEncoding::Deflate => {
            zlib.write_all(plain).expect("memory");
            zlib.finish().expect("memory")
        }
        ContentEncoding::Brotli => {
            let mut compressed = Vec::new();
            brotli::CompressorWriter::new(&mut compressed, 4096, 1, 18)
                .write_all(plain)
                .expect("memory");
            compressed
        }
        ContentEncoding::Zstd => zstd::encode_all(plain, 1).expect("memory"),
    }
}

fn inflate(coding: ContentEncoding, compressed: &[u8]) -> Result<Vec<u8>, InflateError> {
    let mut inflated = coding.inflate(compressed)?;
    let mut into = Pool::default().take(0);
    while inflated.step(&mut into)? > 0 {}
    Ok(into.bytes.clone())
}

proptest! {
    // Each is hundreds of kilobytes, five times.
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn compressed_bytes_decompress_to_the_original(plain in prop::collection::vec(any::<u8>(), 0..5000), repeated in 1..200_usize) {
        let plain = plain.repeat(repeated);
        for coding in ALL {
            prop_assert_eq!(&inflate(coding, &compress(coding, &plain)).expect("it is whole"), &plain, "{:?}", coding);
        }
    }
}

proptest! {
    /// Otherwise the end of a request could be lost unnoticed.
    #[test]
    fn truncated_data_is_an_error(plain in prop::collection::vec(any::<u8>(), 1..500), cut in any::<prop::sample::Index>()) {
        for coding in &ALL[1..] {
            let whole = compress(*coding, &plain);
            let cut = 1 + cut.index(whole.len() - 1);
            prop_assert!(inflate(*coding, &whole[..cut]).is_err(), "{:?} {} of {}", coding, cut, whole.len());
        }
    }

    #[test]
    fn anything_can_be_looked_at(bytes in prop::collection::vec(any::<u8>(), 0..500)) {
        for coding in ALL {
            let _ = inflate(coding, &bytes);
        }
    }
}

#[test]
fn several_members_are_one_body() {
    for coding in [ContentEncoding::Gzip, ContentEncoding::Zstd] {
        let two = [compress(coding, b"one "), compress(coding, b"two")].concat();
        assert_eq!(inflate(coding, &two).expect("both are whole"), b"one two", "{coding:?}");
    }
}

/// A few bytes that require a gigabyte.
#[test]
fn windows_beyond_what_http_allows_are_rejected_by_name() {
    let of_window = |log| {
        let mut zstd = zstd::Encoder::new(Vec::new(), 1).expect("memory");
        zstd.window_log(log).expect("a possible window");
        zstd.write_all(b"x").expect("memory");
        zstd.flush().expect("memory");
        zstd.finish().expect("memory")
    };
    let largest = of_window(23);
    assert_eq!(inflate(ContentEncoding::Zstd, &largest).expect("allowed"), b"x");
    let beyond = of_window(24);
    for body in [&beyond, &[largest, beyond.clone()].concat()] {
        let rejected = inflate(ContentEncoding::Zstd, body).expect_err("too large");
        assert_eq!(rejected.to_string(), "its Zstandard window is larger than 8 MiB");
    }

    // A window of 2^30 bytes, as brotli's extension writes it, and one empty last block.
    let rejected = inflate(ContentEncoding::Brotli, &[0x11, 0x1e, 0x03]).expect_err("too large");
    assert_eq!(rejected.to_string(), "its Brotli window is larger than 16 MiB");
}

#[test]
fn encoding_header_is_parsed() {
    let of = |values: &[&'static [u8]]| {
        let headers = values
            .iter()
            .map(|value| (CONTENT_ENCODING, HeaderValue::from_bytes(value).expect("a value")));
        ContentEncoding::of(&headers.collect(), &CONTENT_ENCODING)
    };
    for (value, coding) in [
        (&b""[..], ContentEncoding::Identity),
        (b"identity", ContentEncoding::Identity),
        (b"GZIP", ContentEncoding::Gzip),
        (b"x-gzip", ContentEncoding::Gzip),
        (b" zstd", ContentEncoding::Zstd),
        (b"br", ContentEncoding::Brotli),
        (b"Deflate", ContentEncoding::Deflate),
    ] {
        assert_eq!(of(&[value]), Ok(coding));
    }
    assert_eq!(of(&[]), Ok(ContentEncoding::Identity));
    for values in [&[&b"gzip, gzip"[..]][..], &[b"gzip", b"gzip"], &[b"snappy"], &[b"\xff"]] {
        let reason = of(values).expect_err("it is unknown");
        assert!(reason.contains(KNOWN), "{reason}");
    }
}
