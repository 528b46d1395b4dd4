//! Arbitrary metrics.

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::exponential_histogram_data_point::Buckets;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::summary_data_point::ValueAtQuantile;
use opentelemetry_proto::tonic::metrics::v1::{
    Exemplar, ExponentialHistogram, ExponentialHistogramDataPoint, Gauge, Histogram, HistogramDataPoint, Metric, NumberDataPoint,
    ResourceMetrics, ScopeMetrics, Sum, Summary, SummaryDataPoint, exemplar, number_data_point,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::{attributes, double, resource, scope, span_id, text, trace_id, wild_double};

fn exemplar() -> impl Strategy<Value = Exemplar> {
    let value = prop_oneof![
        double().prop_map(exemplar::Value::AsDouble),
        any::<i64>().prop_map(exemplar::Value::AsInt),
    ];
    (attributes(), any::<u64>(), span_id(), trace_id(), option::of(value)).prop_map(
        |(filtered_attributes, time_unix_nano, span_id, trace_id, value)| Exemplar {
            filtered_attributes,
            time_unix_nano,
            span_id,
            trace_id,
            value,
        },
    )
}

fn exemplars() -> impl Strategy<Value = Vec<Exemplar>> {
    vec(exemplar(), 0..2)
}

fn number_data_point() -> impl Strategy<Value = NumberDataPoint> {
    let value = prop_oneof![
        double().prop_map(number_data_point::Value::AsDouble),
        any::<i64>().prop_map(number_data_point::Value::AsInt),
    ];
    (attributes(), any::<[u64; 2]>(), exemplars(), any::<u32>(), option::of(value)).prop_map(
        |(attributes, times, exemplars, flags, value)| NumberDataPoint {
            attributes,
            start_time_unix_nano: times[0],
            time_unix_nano: times[1],
            exemplars,
            flags,
            value,
        },
    )
}

fn histogram_data_point() -> impl Strategy<Value = HistogramDataPoint> {
    let optional = || option::of(double());
    let counts = (any::<[u64; 3]>(), vec(any::<u64>(), 0..4), vec(double(), 0..4));
    let rest = (attributes(), exemplars(), any::<u32>(), optional(), optional(), optional());
    (counts, rest).prop_map(|(counts, rest)| {
        let ([start_time_unix_nano, time_unix_nano, count], bucket_counts, explicit_bounds) = counts;
        let (attributes, exemplars, flags, sum, min, max) = rest;
        HistogramDataPoint {
            attributes,
            start_time_unix_nano,
            time_unix_nano,
            count,
            sum,
            bucket_counts,
            explicit_bounds,
            exemplars,
            flags,
            min,
            max,
        }
    })
}

fn buckets() -> impl Strategy<Value = Option<Buckets>> {
    let buckets = (any::<i32>(), vec(any::<u64>(), 0..4));
    option::of(buckets.prop_map(|(offset, bucket_counts)| Buckets { offset, bucket_counts }))
}

fn exponential_histogram_data_point() -> impl Strategy<Value = ExponentialHistogramDataPoint> {
    let optional = || option::of(double());
    let counts = (any::<[u64; 4]>(), any::<i32>(), buckets(), buckets());
    let rest = (
        attributes(),
        exemplars(),
        any::<u32>(),
        optional(),
        optional(),
        optional(),
        double(),
    );
    (counts, rest).prop_map(|(counts, rest)| {
        let (counts, scale, positive, negative) = counts;
        let (attributes, exemplars, flags, sum, min, max, zero_threshold) = rest;
        ExponentialHistogramDataPoint {
            attributes,
            start_time_unix_nano: counts[0],
            time_unix_nano: counts[1],
            count: counts[2],
            sum,
            scale,
            zero_count: counts[3],
            positive,
            negative,
            flags,
            exemplars,
            min,
            max,
            zero_threshold,
        }
    })
}

fn summary_data_point() -> impl Strategy<Value = SummaryDataPoint> {
    let quantile = (wild_double(), wild_double()).prop_map(|(quantile, value)| ValueAtQuantile { quantile, value });
    (attributes(), any::<[u64; 3]>(), double(), vec(quantile, 0..3), any::<u32>()).prop_map(
        |(attributes, counts, sum, quantile_values, flags)| SummaryDataPoint {
            attributes,
            start_time_unix_nano: counts[0],
            time_unix_nano: counts[1],
            count: counts[2],
            sum,
            quantile_values,
            flags,
        },
    )
}

fn temporality() -> impl Strategy<Value = i32> {
    prop_oneof![0..3, any::<i32>()]
}

fn data() -> impl Strategy<Value = Data> {
    let gauge = vec(number_data_point(), 0..3).prop_map(|data_points| Data::Gauge(Gauge { data_points }));
    let sum = (vec(number_data_point(), 0..3), temporality(), any::<bool>()).prop_map(
        |(data_points, aggregation_temporality, is_monotonic)| {
            Data::Sum(Sum {
                data_points,
                aggregation_temporality,
                is_monotonic,
            })
        },
    );
    let histogram = (vec(histogram_data_point(), 0..3), temporality()).prop_map(|(data_points, aggregation_temporality)| {
        Data::Histogram(Histogram {
            data_points,
            aggregation_temporality,
        })
    });
    let exponential =
        (vec(exponential_histogram_data_point(), 0..3), temporality()).prop_map(|(data_points, aggregation_temporality)| {
            Data::ExponentialHistogram(ExponentialHistogram {
                data_points,
                aggregation_temporality,
            })
        });
    let summary = vec(summary_data_point(), 0..3).prop_map(|data_points| Data::Summary(Summary { data_points }));
    prop_oneof![gauge, sum, histogram, exponential, summary]
}

fn metric() -> BoxedStrategy<Metric> {
    (text(), text(), text(), attributes(), option::of(data()))
        .prop_map(|(name, description, unit, metadata, data)| Metric {
            name,
            description,
            unit,
            metadata,
            data,
        })
        .boxed()
}

pub(crate) fn metrics_request() -> BoxedStrategy<ExportMetricsServiceRequest> {
    let scope_metrics = (scope(), vec(metric(), 0..3), text()).prop_map(|(scope, metrics, schema_url)| ScopeMetrics {
        scope,
        metrics,
        schema_url,
    });
    let resource_metrics =
        (resource(), vec(scope_metrics, 0..3), text()).prop_map(|(resource, scope_metrics, schema_url)| ResourceMetrics {
            resource,
            scope_metrics,
            schema_url,
        });
    vec(resource_metrics, 0..3)
        .prop_map(|resource_metrics| ExportMetricsServiceRequest { resource_metrics })
        .boxed()
}
