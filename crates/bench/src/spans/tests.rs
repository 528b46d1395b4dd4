use std::collections::HashSet;

use super::*;

fn spans(body: &[u8]) -> Vec<Span> {
    let request = ExportTraceServiceRequest::decode(body).expect("a request");
    let scopes = request.resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
    scopes.flat_map(|scope| scope.spans).collect()
}

fn made(number: u64, now: SystemTime) -> Vec<Span> {
    let mut body = vec![1, 2, 3];
    Template::new().request(number, now, &mut body);
    spans(&body)
}

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

#[test]
fn request_differs_from_the_template_only_at_its_offsets() {
    let template = Template::new();
    let mut body = Vec::new();
    template.request(3, at(1_800_000_000), &mut body);
    assert_eq!(body.len(), template.len());
    let (before, after) = (spans(&template.bytes), spans(&body));
    assert_eq!(after.len(), SPANS);
    for (before, after) in before.into_iter().zip(after) {
        let mut expected = before.clone();
        for (into, from) in [
            (&mut expected.trace_id, &after.trace_id),
            (&mut expected.span_id, &after.span_id),
            (&mut expected.parent_span_id, &after.parent_span_id),
        ] {
            assert_eq!(into.len(), from.len());
            assert!(into.is_empty() || into != from, "{from:?} was written");
            into.clone_from(from);
        }
        expected.start_time_unix_nano = after.start_time_unix_nano;
        expected.end_time_unix_nano = after.end_time_unix_nano;
        let id = hex(u64::from_be_bytes(after.span_id.as_slice().try_into().expect("8 bytes")));
        expected.attributes[7] = text("app.request.id", std::str::from_utf8(&id).expect("hexadecimal"));
        assert_eq!(after, expected);
    }
}

#[test]
fn span_ids_are_unique() {
    let mut span_ids = HashSet::new();
    let mut trace_ids = HashSet::new();
    // Neighbours, and far away.
    for number in [0, 1, 2, 1_000_000, 1_000_001] {
        for span in made(number, at(1_800_000_000)) {
            assert!(span_ids.insert(span.span_id));
            trace_ids.insert(span.trace_id);
        }
    }
    assert_eq!(span_ids.len(), 5 * SPANS);
    assert_eq!(trace_ids.len(), 5 * SPANS / TRACE);
    assert!(span_ids.iter().all(|id| id.len() == 8 && id.iter().any(|byte| *byte != 0)));
}

#[test]
fn traces_are_trees_within_their_roots() {
    let now = at(1_800_000_000);
    for trace in made(7, now).chunks(TRACE) {
        let root = &trace[0];
        assert!(root.parent_span_id.is_empty());
        assert!(root.start_time_unix_nano < root.end_time_unix_nano);
        assert!(root.end_time_unix_nano <= unix_nano(now));
        for (before, span) in trace[1..].iter().enumerate() {
            assert_eq!(span.trace_id, root.trace_id);
            assert!(trace[..=before].iter().any(|parent| parent.span_id == span.parent_span_id));
            assert!(span.start_time_unix_nano >= root.start_time_unix_nano);
            assert!(span.end_time_unix_nano <= root.end_time_unix_nano);
            assert!(span.start_time_unix_nano <= span.end_time_unix_nano);
        }
    }
}

#[test]
fn span_size_matches_the_goals() {
    let template = Template::new();
    let size = template.len() / SPANS;
    assert!((320..=340).contains(&size), "{size} bytes");
    assert!(spans(&template.bytes).iter().all(|span| span.attributes.len() == 8));
    let failed = spans(&template.bytes).iter().filter(|span| span.status.is_some()).count();
    assert_eq!(failed, SPANS / FAILING);
}

#[test]
fn large_trace_is_one_tree() {
    let sent: Vec<Span> = one_trace(1_300, Duration::ZERO).flat_map(|body| spans(&body)).collect();
    assert_eq!(sent.len(), 1_300);
    let ids: HashSet<&[u8]> = sent.iter().map(|span| span.span_id.as_slice()).collect();
    assert_eq!(ids.len(), 1_300);
    assert_eq!(sent.iter().filter(|span| span.parent_span_id.is_empty()).count(), 1);
    assert!(sent[1..].iter().all(|span| ids.contains(span.parent_span_id.as_slice())));
    assert!(sent.iter().all(|span| span.trace_id == sent[0].trace_id));
}

#[test]
fn single_span_has_its_name() {
    let sent = spans(&single("a name"));
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].name, "a name");
}
