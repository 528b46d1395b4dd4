//! The walk over the bytes compared with decoding them, in this process and the same run, so that the ratio holds on any machine.

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use eyre::{Result, ensure};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use otlp_wire::{schema, validate};
use prost::Message as _;
use trace_model::{Batch, Source};

use crate::process::this_thread;
use crate::report::{Count, Figure};
use crate::spans::{SPANS, Template};

/// The ways take turns, so that a machine that is slow for a moment is slow for all.
const TURNS: usize = 20;
const TURN: Duration = Duration::from_millis(60);

pub(super) fn measure(_: &Path) -> Result<Vec<Figure>> {
    let body = body();
    let [decode, check, walk] = fastest([
        &|| ExportTraceServiceRequest::decode(body.clone()).is_ok(),
        &|| validate(&body, &schema::TRACES_REQUEST).is_ok(),
        &|| Batch::traces(body.clone(), Source::OtlpHttp).is_ok(),
    ])?;
    let note = |rate: f64, tried_out| format!("{} spans/s on one core; tried out: {tried_out}", Count(rate));
    Ok(vec![
        Figure::times("a request into a batch, over prost decoding it", walk, decode).note(note(walk, "indexing alone 25 M")),
        Figure::times("  checking it alone", check, decode).note(note(check, "5.5 M")),
        Figure::times("  prost decoding it", decode, decode).note(note(decode, "0.9 M")),
    ])
}

/// Spans per second that prost alone decodes.
pub(super) fn decoding() -> Result<f64> {
    let body = body();
    let [rate] = fastest([&|| ExportTraceServiceRequest::decode(body.clone()).is_ok()])?;
    Ok(rate)
}

fn body() -> Bytes {
    let mut body = Vec::new();
    Template::new().request(0, SystemTime::now(), &mut body);
    body.into()
}

/// The best rate of each way, in spans per second.
fn fastest<const N: usize>(ways: [&dyn Fn() -> bool; N]) -> Result<[f64; N]> {
    let mut best = [0.0_f64; N];
    for _ in 0..TURNS {
        for (way, best) in ways.iter().zip(&mut best) {
            *best = best.max(rate(way)?);
        }
    }
    Ok(best)
}

/// Spans per second.
#[expect(clippy::cast_precision_loss, reason = "for display")]
fn rate(way: &dyn Fn() -> bool) -> Result<f64> {
    let (begun, cpu) = (Instant::now(), this_thread()?);
    let mut spans = 0;
    while begun.elapsed() < TURN {
        ensure!(black_box(way()), "the template is not a request");
        spans += SPANS;
    }
    let cpu = this_thread()?.saturating_sub(cpu);
    Ok(spans as f64 / cpu.as_secs_f64())
}
