//! The survey of the listed traces while others arrive.

mod support;

use opentelemetry_proto::tonic::trace::v1::Span;
use query::SurveyQuery;
use trace_model::{Filter, Store};

fn span(trace: u32, id: u64, name: &str) -> Span {
    Span {
        trace_id: u128::from(trace).to_be_bytes().to_vec(),
        span_id: id.to_be_bytes().to_vec(),
        name: name.to_owned(),
        start_time_unix_nano: 1_000,
        end_time_unix_nano: 2_000,
        ..Span::default()
    }
}

#[test]
fn survey_tolerates_arrivals() {
    let mut store = Store::new(1 << 30);
    store.add(support::batch((1..=500).map(|trace| span(trace, 1, "work")).collect()));
    let mut query = SurveyQuery::of_list(&store);
    let mut trace = 1_000;
    while query.step(&store, 20_000) {
        trace += 1;
        store.add(support::batch(vec![
            span(trace, 1, "work"),
            span(7, u64::from(trace), "late"),
        ]));
        assert!(trace < 2_000, "the survey ends");
    }
    assert_eq!(query.percent(), 100);
    assert_eq!(query.finish().traces, 500, "each initial trace once");
}

#[test]
fn survey_reads_the_listed_traces() {
    let mut store = Store::new(1 << 30);
    store.add(support::batch(vec![
        span(1, 1, "cart"),
        span(1, 2, "stock"),
        span(2, 1, "mail"),
    ]));
    store.set_filter(Some(Filter::parse("name:cart").unwrap()));
    while store.search(10) {}
    let mut query = SurveyQuery::of_list(&store);
    while query.step(&store, 1 << 10) {}
    let survey = query.finish();
    let names: Vec<_> = survey.operations.iter().map(|operation| &*operation.name).collect();
    assert_eq!(
        (survey.traces, names),
        (1, vec!["cart", "stock"]),
        "all spans of the matching trace"
    );
}
