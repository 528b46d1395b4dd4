//! Stored data of a request compared with prost's decoder.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::Span;
use trace_model::{Batch, IdError, MetricsBatch, Outline, Source, SpanId, Store, TraceId};

/// Small, so that traces are evicted.
const BUDGET: usize = 1 << 16;

pub(crate) fn traces(data: &[u8], decoded: Option<&ExportTraceServiceRequest>) {
    let walked = Batch::traces(data.to_vec().into(), Source::OtlpHttp);
    assert_eq!(walked.is_ok(), decoded.is_some(), "{:?}", walked.err());
    let (Ok((batch, rejected)), Some(decoded)) = (walked, decoded) else {
        return;
    };

    let groups = || decoded.resource_spans.iter();
    let sent = groups().flat_map(|group| {
        let spans = group.scope_spans.iter().flat_map(|scope| &scope.spans);
        spans.map(|span| (service(group.resource.as_ref()), span))
    });
    let (usable, unusable): (Vec<_>, Vec<_>) = sent.partition(|(_, span)| has_usable_ids(span));
    assert_eq!(rejected.count(), unusable.len() as u64, "{rejected}");
    let kept: Vec<_> = batch.decode_spans().collect();
    assert_eq!((kept.len(), batch.span_count()), (usable.len(), usable.len()));
    for (kept, (service, sent)) in kept.iter().zip(usable) {
        assert_eq!(kept.trace_id.as_bytes(), &*sent.trace_id);
        assert_eq!(kept.span_id.as_bytes(), &*sent.span_id);
        assert_eq!((&*kept.service, &*kept.name), (service, &*sent.name));
        assert_eq!(kept.start_unix_nano, sent.start_time_unix_nano);
        assert_eq!(kept.end_unix_nano.unwrap_or(0), sent.end_time_unix_nano);
        assert_eq!(kept.events.len(), sent.events.len());
    }

    let mut store = Store::new(BUDGET);
    store.add(batch);
    for trace in store.traces(0..store.listed()) {
        let mut outline = Outline::new(trace.trace_id);
        outline.refresh(&store);
        assert!(!outline.is_empty(), "a trace has a row");
    }
}

pub(crate) fn logs(data: &[u8], decoded: Option<&ExportLogsServiceRequest>) {
    let walked = Batch::logs(data.to_vec().into(), Source::OtlpHttp);
    assert_eq!(walked.is_ok(), decoded.is_some(), "{:?}", walked.err());
    let (Ok(batch), Some(decoded)) = (walked, decoded) else {
        return;
    };

    let groups = decoded.resource_logs.iter();
    let sent = groups.flat_map(|group| {
        let records = group.scope_logs.iter().flat_map(|scope| &scope.log_records);
        records.map(|record| (service(group.resource.as_ref()), record))
    });
    let sent: Vec<_> = sent.collect();
    let kept: Vec<_> = batch.decode_logs().collect();
    assert_eq!((kept.len(), batch.log_count()), (sent.len(), sent.len()));
    let mut store = Store::new(BUDGET);
    store.add(batch);
    for (kept, (service, sent)) in kept.iter().zip(sent) {
        assert_eq!((&*kept.service, &*kept.severity_text), (service, &*sent.severity_text));
        assert_eq!(kept.trace_id, TraceId::try_from(&*sent.trace_id).ok());
        if let Some(trace_id) = kept.trace_id {
            assert!(store.logs(trace_id, None, 10).len() <= 10);
        }
    }
}

pub(crate) fn metrics(data: &[u8], decoded: Option<&ExportMetricsServiceRequest>) {
    let read = MetricsBatch::read(data.to_vec().into(), Source::OtlpHttp);
    assert_eq!(read.is_ok(), decoded.is_some(), "{:?}", read.err());
    let (Ok(batch), Some(decoded)) = (read, decoded) else { return };

    let scopes = decoded.resource_metrics.iter().flat_map(|group| &group.scope_metrics);
    let metrics = scopes.flat_map(|scope| &scope.metrics);
    let sent: usize = metrics.filter_map(|metric| metric.data.as_ref()).map(points).sum();
    // Of a metric with several kinds prost keeps the last.
    assert!(batch.points() >= sent, "{} points, not {sent}", batch.points());
    let mut store = Store::new(BUDGET);
    let points = batch.points();
    store.add_metrics(batch);
    assert!(store.metrics().points() <= points);
    for (key, series) in store.metrics().series() {
        assert!(key.attributes().len() <= data.len());
        let times: Vec<_> = series.points().map(|point| point.time_unix_nano).collect();
        assert!(times.is_sorted(), "{times:?}");
    }
}

fn points(data: &Data) -> usize {
    match data {
        Data::Gauge(gauge) => gauge.data_points.len(),
        Data::Sum(sum) => sum.data_points.len(),
        Data::Histogram(histogram) => histogram.data_points.len(),
        Data::ExponentialHistogram(histogram) => histogram.data_points.len(),
        Data::Summary(summary) => summary.data_points.len(),
    }
}

fn has_usable_ids(span: &Span) -> bool {
    let no_parent = |error| matches!(error, IdError::Zero | IdError::Length { found: 0, .. });
    TraceId::try_from(&*span.trace_id).is_ok()
        && SpanId::try_from(&*span.span_id).is_ok()
        && SpanId::try_from(&*span.parent_span_id).map_or_else(no_parent, |_| true)
}

/// The first of duplicate attributes counts.
fn service(resource: Option<&Resource>) -> &str {
    let attributes = resource.map(|resource| resource.attributes.iter()).into_iter().flatten();
    let named = { attributes }.find(|attribute| attribute.key == "service.name");
    match named.and_then(|attribute| attribute.value.as_ref()?.value.as_ref()) {
        Some(Value::StringValue(service)) => service,
        _ => "",
    }
}
