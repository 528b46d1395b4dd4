use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::metrics::v1 as proto;
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message;

use super::*;
use crate::{Source, Value};

fn text(key: &str, value: &str) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue {
            value: Some(any_value::Value::StringValue(value.to_owned())),
        }),
        ..KeyValue::default()
    }
}

fn batch(metrics: Vec<proto::Metric>) -> MetricsBatch {
    let request = ExportMetricsServiceRequest {
        resource_metrics: vec![proto::ResourceMetrics {
            resource: Some(Resource {
                attributes: vec![text("service.name", "api")],
                ..Resource::default()
            }),
            scope_metrics: vec![proto::ScopeMetrics {
                metrics,
                ..proto::ScopeMetrics::default()
            }],
            ..proto::ResourceMetrics::default()
        }],
    };
    MetricsBatch::read(request.encode_to_vec().into(), Source::OtlpHttp).expect("a request")
}

fn metric(name: &str, data: proto::metric::Data) -> proto::Metric {
    proto::Metric {
        name: name.to_owned(),
        unit: "ms".to_owned(),
        data: Some(data),
        ..proto::Metric::default()
    }
}

/// Time, value, attributes.
type Given<'a> = (u64, i64, &'a [(&'a str, &'a str)]);

fn gauge(name: &str, points: &[Given<'_>]) -> proto::Metric {
    let point = |(time, value, attributes): &Given<'_>| proto::NumberDataPoint {
        time_unix_nano: *time,
        value: Some(proto::number_data_point::Value::AsInt(*value)),
        attributes: attributes.iter().map(|(key, value)| text(key, value)).collect(),
        ..proto::NumberDataPoint::default()
    };
    metric(
        name,
        proto::metric::Data::Gauge(proto::Gauge {
            data_points: points.iter().map(point).collect(),
        }),
    )
}

impl Metrics {
    fn add(&mut self, mut batch: MetricsBatch, budget: usize) {
        while self.add_part(&mut batch, budget, 1) {}
    }
}

fn held(metrics: &Metrics) -> Vec<(String, Vec<(u64, PointValue)>)> {
    let mut held: Vec<_> = metrics
        .series()
        .map(|(key, series)| {
            let points = series.points().map(|point| (point.time_unix_nano, point.value.clone()));
            (
                format!("{} {} {}", key.service(), key.name(), key.attributes().len()),
                points.collect(),
            )
        })
        .collect();
    held.sort_by(|(one, _), (other, _)| one.cmp(other));
    held
}

#[test]
fn points_are_sorted_into_their_series_whatever_their_order() {
    let (first, second) = (
        batch(vec![gauge("queue.length", &[(30, 3, &[]), (10, 1, &[])])]),
        batch(vec![gauge(
            "queue.length",
            &[
                (20, 2, &[]),
                (10, 1, &[]),
                (10, 7, &[("a", "1"), ("b", "2")]),
                (20, 8, &[("b", "2"), ("a", "1")]),
            ],
        )]),
    );
    assert_eq!((first.points(), second.points()), (2, 4));
    for order in [[&first, &second], [&second, &first]] {
        let mut metrics = Metrics::default();
        for batch in order {
            metrics.add(batch.clone(), 1 << 30);
        }
        let int = |time, value| (time, PointValue::Int(value));
        assert_eq!(
            held(&metrics),
            [
                ("api queue.length 0".to_owned(), vec![int(10, 1), int(20, 2), int(30, 3)]),
                ("api queue.length 2".to_owned(), vec![int(10, 7), int(20, 8)]),
            ]
        );
    }
}

#[test]
fn metrics_of_every_kind_are_stored_with_their_values() {
    let histogram = proto::Histogram {
        aggregation_temporality: 1,
        data_points: vec![proto::HistogramDataPoint {
            time_unix_nano: 5,
            count: 3,
            sum: Some(1.5),
            bucket_counts: vec![1, 2],
            explicit_bounds: vec![0.5],
            attributes: vec![text("http.route", "/")],
            ..proto::HistogramDataPoint::default()
        }],
    };
    let exponential = proto::ExponentialHistogram {
        aggregation_temporality: 2,
        data_points: vec![proto::ExponentialHistogramDataPoint {
            count: 4,
            scale: -2,
            positive: Some(proto::exponential_histogram_data_point::Buckets {
                offset: -3,
                bucket_counts: vec![4],
            }),
            ..proto::ExponentialHistogramDataPoint::default()
        }],
    };
    let sum = proto::Sum {
        aggregation_temporality: 2,
        is_monotonic: true,
        data_points: vec![proto::NumberDataPoint {
            value: Some(proto::number_data_point::Value::AsDouble(2.5)),
            flags: 1,
            ..proto::NumberDataPoint::default()
        }],
    };
    let summary = proto::Summary {
        data_points: vec![proto::SummaryDataPoint {
            count: 9,
            sum: 3.0,
            quantile_values: vec![proto::summary_data_point::ValueAtQuantile {
                quantile: 0.5,
                value: 0.3,
            }],
            ..proto::SummaryDataPoint::default()
        }],
    };
    let mut metrics = Metrics::default();
    metrics.add(
        batch(vec![
            metric("histogram", proto::metric::Data::Histogram(histogram)),
            metric("exponential", proto::metric::Data::ExponentialHistogram(exponential)),
            metric("sum", proto::metric::Data::Sum(sum)),
            metric("summary", proto::metric::Data::Summary(summary)),
        ]),
        1 << 30,
    );
    let of = |name: &str| {
        let (key, series) = metrics.series().find(|(key, _)| key.name() == name).expect("the series");
        (
            key.kind(),
            key.attributes(),
            series.points().next().expect("a point").value.clone(),
        )
    };
    let (kind, attributes, value) = of("histogram");
    assert_eq!(
        (kind, attributes[0].value.clone()),
        (MetricKind::Histogram { delta: true }, Value::String("/".to_owned()))
    );
    assert!(
        matches!(value, PointValue::Histogram(value) if (value.count, value.sum) == (3, Some(1.5)) && value.bounds == [0.5] && value.counts == [1, 2])
    );
    let (kind, _, value) = of("exponential");
    assert_eq!(kind, MetricKind::ExponentialHistogram { delta: false });
    assert!(
        matches!(value, PointValue::ExponentialHistogram(value) if value.scale == -2 && value.positive.offset == -3 && value.positive.counts == [4])
    );
    let (kind, _, value) = of("sum");
    assert_eq!(
        (kind, value),
        (
            MetricKind::Sum {
                monotonic: true,
                delta: false
            },
            PointValue::Nothing
        )
    );
    let (_, _, value) = of("summary");
    assert!(matches!(value, PointValue::Summary(value) if value.count == 9 && value.quantiles == [(0.5, 0.3)]));
}

#[test]
fn series_keeps_its_newest_points() {
    let mut metrics = Metrics::default();
    for time in (0..2 * POINTS as u64).rev().chain(0..5) {
        metrics.add(batch(vec![gauge("g", &[(time, 1, &[])])]), 1 << 30);
    }
    let (_, series) = metrics.series().next().expect("a series");
    let times: Vec<_> = series.points().map(|point| point.time_unix_nano).collect();
    assert_eq!(times, (POINTS as u64..2 * POINTS as u64).collect::<Vec<_>>());
}

#[test]
fn series_of_senders_are_bounded() {
    let budget = 8 * 64 * 1024;
    let mut metrics = Metrics::default();
    for number in 0..5_000 {
        let name = format!("metric {number}");
        metrics.add(batch(vec![gauge(&name, &[(1, number, &[("x", "y")])])]), budget);
        assert!(metrics.bytes() <= budget / SHARE);
    }
    let counted: usize = metrics.table.iter().map(|(_, series)| series.points().len()).sum();
    assert_eq!(metrics.points(), counted);
    assert_eq!(metrics.series().len() as u64 + metrics.evicted(), 5_000);
    assert!(
        metrics.series().any(|(key, _)| key.name() == "metric 4999"),
        "the oldest are evicted"
    );
}

/// The work of a request that is read and taken whole, per byte of it and of its points.
fn work_per_byte(request: proto::Metric) -> u64 {
    let ((bytes, points), work) = work::of(|| {
        let batch = batch(vec![request]);
        let size = (batch.bytes() as u64, batch.points() as u64);
        Metrics::default().add(batch, 64 << 20);
        size
    });
    work / (bytes + points * work::VISIT as u64)
}

#[test]
fn ingest_is_linear_in_bytes_and_points() {
    let points =
        |count: u64, time: fn(u64) -> u64| -> Vec<Given<'static>> { (0..count).map(|at| (time(at), 1, &[][..])).collect() };
    let large = "x".repeat(4 << 20);
    let values: Vec<_> = (0..10_000).map(|at| at.to_string()).collect();
    let attributes: Vec<_> = values.iter().map(|value| [("x", value.as_str())]).collect();
    let middle = |at: u64| if at.is_multiple_of(2) { at } else { u64::MAX - at };
    for request in [
        gauge("equal", &points(50_000, |_| 0)),
        gauge("ascending", &points(50_000, |at| at)),
        gauge("descending", &points(50_000, |at| u64::MAX - at)),
        gauge("in the middle", &points(50_000, middle)),
        gauge(&large[..1 << 20], &points(20_000, |at| at)),
        gauge("one large attribute", &[(1, 1, &[("x", &large)])]),
        gauge(
            "an attribute each",
            &attributes.iter().map(|one| (1, 1, &one[..])).collect::<Vec<_>>(),
        ),
    ] {
        let name = request.name[..request.name.len().min(20)].to_owned();
        let work = work_per_byte(request);
        assert!(work <= 8, "{name}: {work} per byte");
    }
}

#[test]
fn work_of_a_part_is_bounded() {
    let points: Vec<Given<'_>> = (0..10_000).map(|at| (at, 1, &[][..])).collect();
    let mut batch = batch(vec![gauge(&"x".repeat(10_000), &points), gauge("b", &points[..1])]);
    let (mut metrics, mut parts) = (Metrics::default(), 0);
    loop {
        let (more, work) = work::of(|| metrics.add_part(&mut batch, 1 << 30, 50_000));
        parts += 1;
        assert!(work < 80_000, "{work}");
        if !more {
            break;
        }
    }
    assert!(parts > 10, "{parts}");
    assert_eq!(metrics.points(), POINTS + 1);
}

#[test]
fn metric_that_would_evict_all_others_is_dropped_and_counted() {
    let budget = 8 << 20;
    let mut metrics = Metrics::default();
    metrics.add(batch(vec![gauge("small", &[(1, 1, &[])])]), budget);
    metrics.add(
        batch(vec![gauge(&"x".repeat(budget / SHARE), &[(1, 1, &[]), (2, 1, &[])])]),
        budget,
    );
    let large = "x".repeat(POINT_BYTES_MAX);
    metrics.add(batch(vec![gauge("small", &[(1, 1, &[("a", &large)])])]), budget);
    assert_eq!((metrics.series().len(), metrics.dropped(), metrics.evicted()), (1, 3, 0));
}

#[test]
fn requests_taken_by_turns_share_their_series() {
    let points: Vec<Given<'_>> = (0..100).map(|at| (at, 1, &[][..])).collect();
    let (mut one, mut other) = (batch(vec![gauge("m", &points)]), batch(vec![gauge("m", &points)]));
    let mut metrics = Metrics::default();
    while metrics.add_part(&mut one, 1 << 30, 100) | metrics.add_part(&mut other, 1 << 30, 100) {}
    assert_eq!((metrics.series().len(), metrics.points()), (1, 100));
    // The identity of a series is freed with the last one.
    let oldest = metrics.table.evict_oldest().expect("a series");
    metrics.identities.release(&oldest.metric);
    assert_eq!((metrics.series().len(), metrics.bytes()), (0, 0));
}
