//! Metrics that SDKs send in envelopes: many points to an item.
//!
//! Source: [Metrics](https://develop.sentry.dev/sdk/telemetry/metrics/). A point is one measurement: a counter's is what to add, a
//! distribution's one value of many.

use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value as Number;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Gauge, Histogram, HistogramDataPoint, Metric, NumberDataPoint, Sum,
};

use super::json::Object;
use super::sender::SenderInfo;
use super::sink::Sink;
use super::{time, value};

/// Reads an item.
pub(super) fn item(sink: &mut Sink<'_>, item: &Object<'_>) {
    sink.each_item(item, one);
}

fn one(sink: &mut Sink<'_>, point: &Object<'_>) {
    let Some(name) = point.text("name").filter(|name| !name.is_empty()) else {
        return sink.leave_out("it has no `name`");
    };
    let Some(value) = point.get("value").and_then(value::any).and_then(number) else {
        return sink.leave_out("its `value` is not a number");
    };
    let attributes = value::typed(&point.object("attributes"));
    let origin = sink.origin(SenderInfo::of_attributes(&attributes));
    let measured = Measured {
        value,
        unix_nano: time::member(point, "timestamp").unwrap_or(sink.received()),
        attributes: attributes.0,
    };
    let data = match point.text("type").as_deref() {
        Some("counter") => Data::Sum(Sum {
            data_points: vec![measured.number()],
            aggregation_temporality: AggregationTemporality::Delta.into(),
            is_monotonic: true,
        }),
        Some("distribution") => Data::Histogram(Histogram {
            data_points: vec![measured.histogram()],
            aggregation_temporality: AggregationTemporality::Delta.into(),
        }),
        Some("gauge") => Data::Gauge(Gauge {
            data_points: vec![measured.number()],
        }),
        _ => return sink.leave_out("its `type` is none of counter, gauge and distribution"),
    };
    let metric = Metric {
        name: name.into(),
        unit: point.text("unit").unwrap_or_default().into(),
        data: Some(data),
        ..Metric::default()
    };
    sink.metric(&origin, metric);
}

fn number(value: opentelemetry_proto::tonic::common::v1::AnyValue) -> Option<Number> {
    match value.value? {
        any_value::Value::IntValue(value) => Some(Number::AsInt(value)),
        any_value::Value::DoubleValue(value) => Some(Number::AsDouble(value)),
        _ => None,
    }
}

/// One measurement of a metric.
struct Measured {
    value: Number,
    unix_nano: u64,
    attributes: Vec<KeyValue>,
}

impl Measured {
    fn number(self) -> NumberDataPoint {
        NumberDataPoint {
            attributes: self.attributes,
            time_unix_nano: self.unix_nano,
            value: Some(self.value),
            ..NumberDataPoint::default()
        }
    }

    fn histogram(self) -> HistogramDataPoint {
        #[expect(clippy::cast_precision_loss, reason = "histograms are of doubles")]
        let value = match self.value {
            Number::AsInt(value) => value as f64,
            Number::AsDouble(value) => value,
        };
        HistogramDataPoint {
            attributes: self.attributes,
            time_unix_nano: self.unix_nano,
            count: 1,
            sum: Some(value),
            min: Some(value),
            max: Some(value),
            bucket_counts: vec![1],
            ..HistogramDataPoint::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trace_model::Store;
    use trace_model::metrics::MetricKind;

    use super::super::testing::{RECEIVED, item, read_one, read_with};

    #[test]
    fn trace_metrics_become_series() {
        let payload = json!({ "items": [
            { "timestamp": 4.5, "trace_id": super::super::testing::TRACE, "name": "resets", "type": "counter", "value": 2,
              "attributes": { "service.name": { "value": "api", "type": "string" }, "route": { "value": "/reset", "type": "string" } } },
            { "timestamp": 4.6, "name": "queue", "type": "gauge", "value": 7.5, "unit": "message" },
            { "name": "latency", "type": "distribution", "value": 3, "unit": "millisecond" },
        ] });
        let reading = read_one("trace_metric", &payload);
        let metrics = reading.metrics.expect("metrics");
        assert_eq!((metrics.points(), reading.counts.data_points), (3, 3));
        let mut store = Store::new(1 << 24);
        store.add_metrics(metrics);
        let mut series: Vec<_> = store
            .metrics()
            .series()
            .map(|(key, series)| {
                let last = series.points().last().expect("a point");
                (
                    key.name().to_owned(),
                    key.service().to_owned(),
                    key.kind(),
                    key.unit().to_owned(),
                    last.time_unix_nano,
                )
            })
            .collect();
        series.sort_by(|one, other| one.0.cmp(&other.0));
        let of =
            |name: &str, service: &str, kind, unit: &str, at| (name.to_owned(), service.to_owned(), kind, unit.to_owned(), at);
        assert_eq!(
            series,
            [
                of("latency", "", MetricKind::Histogram { delta: true }, "millisecond", RECEIVED),
                of("queue", "", MetricKind::Gauge, "message", 4_600_000_000),
                of(
                    "resets",
                    "api",
                    MetricKind::Sum {
                        monotonic: true,
                        delta: true
                    },
                    "",
                    4_500_000_000
                ),
            ]
        );
    }

    #[test]
    fn bad_trace_metric_costs_only_itself() {
        let payload = json!({ "items": [
            7, { "type": "gauge", "value": 1 }, { "name": "a", "type": "gauge", "value": "x" }, { "name": "a", "type": "x", "value": 1 },
            { "name": "good", "type": "gauge", "value": 1 },
        ] });
        let reading = read_with(&json!({}), vec![item("trace_metric", &payload), item("trace_metric", "{}")]);
        assert_eq!(reading.metrics.map(|metrics| metrics.points()), Some(1));
        assert_eq!(reading.problems.len(), 2, "{:?}", reading.problems);
        assert!(reading.problems[0].contains("4 dropped"), "{:?}", reading.problems);
    }
}
