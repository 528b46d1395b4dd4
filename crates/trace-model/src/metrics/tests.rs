use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::metrics::v1 as proto;
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message;

use super::*;
use crate::Value;

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

fn held(metrics: &Metrics) -> Vec<(String, Vec<(u64, PointValue)>)> {
    let mut held: Vec<_> = metrics
        .series()
        .map(|(key, series)| {
            let points = series.points().map(|point| (point.time_unix_nano, point.value.clone()));
            (
                format!("{} {} {}", key.service, key.name, key.attributes().len()),
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
            metrics.add(batch, 1 << 30);
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
fn every_kind_is_kept_with_its_numbers() {
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
        &batch(vec![
            metric("histogram", proto::metric::Data::Histogram(histogram)),
            metric("exponential", proto::metric::Data::ExponentialHistogram(exponential)),
            metric("sum", proto::metric::Data::Sum(sum)),
            metric("summary", proto::metric::Data::Summary(summary)),
        ]),
        1 << 30,
    );
    let of = |name: &str| {
        let (key, series) = metrics.series().find(|(key, _)| &*key.name == name).expect("the series");
        (
            key.kind,
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
        matches!(value, PointValue::Histogram { count: 3, sum: Some(1.5), bounds, counts, .. } if bounds == [0.5] && counts == [1, 2])
    );
    let (kind, _, value) = of("exponential");
    assert_eq!(kind, MetricKind::ExponentialHistogram { delta: false });
    assert!(
        matches!(value, PointValue::ExponentialHistogram { scale: -2, positive, .. } if positive.offset == -3 && positive.counts == [4])
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
    assert!(matches!(value, PointValue::Summary { count: 9, quantiles, .. } if quantiles == [(0.5, 0.3)]));
}

#[test]
fn a_series_holds_its_newest_points() {
    let mut metrics = Metrics::default();
    for time in (0..2 * POINTS as u64).rev().chain(0..5) {
        metrics.add(&batch(vec![gauge("g", &[(time, 1, &[])])]), 1 << 30);
    }
    let (_, series) = metrics.series().next().expect("a series");
    let times: Vec<_> = series.points().map(|point| point.time_unix_nano).collect();
    assert_eq!(times, (POINTS as u64..2 * POINTS as u64).collect::<Vec<_>>());
}

#[test]
fn what_senders_can_invent_is_bounded() {
    let budget = 8 * 64 * 1024;
    let mut metrics = Metrics::default();
    for number in 0..5_000 {
        let name = format!("metric {number}");
        metrics.add(&batch(vec![gauge(&name, &[(1, number, &[("x", "y")])])]), budget);
        assert!(metrics.bytes() <= budget / SHARE);
    }
    let counted: usize = metrics
        .series()
        .map(|(key, series)| key.bytes() + PLACES + series.points().map(Point::bytes).sum::<usize>())
        .sum();
    assert_eq!(metrics.bytes(), counted);
    assert_eq!(metrics.series().len() as u64 + metrics.evicted(), 5_000);
    assert!(
        metrics.series().any(|(key, _)| &*key.name == "metric 4999"),
        "the oldest leave"
    );
}
