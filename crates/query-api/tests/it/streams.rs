//! Server-sent events.

use reqwest::Response;
use serde_json::Value;
use tokio::time::timeout;

use crate::support::{SOON, Served, bind, of_service, serve, span, store};

/// A stream that is read event by event.
pub(crate) struct Stream {
    answer: Response,
    unread: String,
}

/// An event: type, id and data.
pub(crate) type Event = (String, String, String);

impl Stream {
    pub(crate) async fn open(served: &Served, path: &str) -> Self {
        let answer = served.get(path).await;
        assert_eq!(answer.status(), 200, "{path}");
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        Self {
            answer,
            unread: String::new(),
        }
    }

    /// The next event; `None` at the end.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some((event, rest)) = self.unread.split_once("\n\n") {
                let field = |name: &str| {
                    let lines = event.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
                    lines.collect::<Vec<_>>().join("\n")
                };
                let event = (field("event"), field("id"), field("data"));
                let read = self.unread.len() - rest.len();
                self.unread.drain(..read);
                return Some(event);
            }
            let bytes = timeout(SOON, self.answer.chunk()).await.unwrap().unwrap()?;
            self.unread += std::str::from_utf8(&bytes).unwrap();
        }
    }

    /// The names of the spans of the next event, and its id.
    async fn names(&mut self) -> (Vec<String>, String) {
        let (kind, id, data) = self.next().await.unwrap();
        assert_eq!(kind, "spans", "{data}");
        let request: Value = serde_json::from_str(&data).unwrap();
        let scopes = request["resourceSpans"].as_array().unwrap().iter();
        let spans = scopes.flat_map(|resource| resource["scopeSpans"][0]["spans"].as_array().unwrap());
        (spans.map(|span| span["name"].as_str().unwrap().to_owned()).collect(), id)
    }
}

fn shop(spans: &[Value]) -> Value {
    of_service("shop", spans)
}

#[tokio::test]
async fn stream_has_what_arrives_after_its_start_and_matches() {
    let served = serve(store(shop(&[span(1, 1, "before", 1)]))).await;
    let mut all = Stream::open(&served, "/spanfall/v1/records").await;
    let mut carts = Stream::open(&served, "/spanfall/v1/records?filter=name:cart").await;
    served.arrive(shop(&[span(2, 1, "get cart", 1), span(2, 2, "get stock", 1)]));
    served.arrive(shop(&[span(3, 1, "post cart", 1)]));
    assert_eq!(all.names().await.0, ["get cart", "get stock"]);
    assert_eq!(all.names().await.0, ["post cart"]);
    assert_eq!(carts.names().await.0, ["get cart"]);
    assert_eq!(carts.names().await.0, ["post cart"]);
    for (path, error) in [
        ("/spanfall/v1/records?filter=status:odd", "filter: unknown status"),
        ("/spanfall/v1/records?from=1", "from: not the id of an event"),
    ] {
        let (status, body) = served.json(path).await;
        assert_eq!(status, 400);
        assert!(body["error"].as_str().unwrap().starts_with(error), "{body}");
    }
}

#[tokio::test]
async fn stream_continues_from_the_id_of_an_event() {
    let served = serve(store(shop(&[]))).await;
    let mut first = Stream::open(&served, "/spanfall/v1/records").await;
    let many: Vec<_> = (1..=700).map(|number| span(1, number, &format!("s{number}"), 1)).collect();
    served.arrive(shop(&many));
    let (names, id) = first.names().await;
    assert_eq!(names.len(), 512, "one event has a part of a large request");
    drop(first);
    let mut second = Stream::open(&served, &format!("/spanfall/v1/records?from={id}")).await;
    let (names, id) = second.names().await;
    assert_eq!((names.len(), &*names[0]), (188, "s513"));
    let mut third = Stream::open(&served, &format!("/spanfall/v1/records?from={id}")).await;
    served.arrive(shop(&[span(2, 1, "later", 1)]));
    assert_eq!(third.names().await.0, ["later"]);
    // Of another run, or no longer kept.
    for id in ["7.0", "99999999999999999.0"] {
        let mut lost = Stream::open(&served, &format!("/spanfall/v1/records?from={id}")).await;
        assert_eq!(lost.next().await.unwrap().0, "dropped", "{id}");
        assert_eq!(lost.next().await, None);
    }
}

/// It gets what fits the buffers, learns that the rest was dropped, and has delayed no other reader.
#[tokio::test]
async fn slow_reader_is_dropped_and_told() {
    let served = serve(store(shop(&[]))).await;
    let mut slow = Stream::open(&served, "/spanfall/v1/records").await;
    let text = "x".repeat(100_000);
    for number in 1..=1_000 {
        served.arrive(shop(&[span(number, 1, &text, 1)]));
    }
    let mut read = 0;
    let last = loop {
        match slow.next().await.unwrap() {
            (kind, ..) if kind == "spans" => read += 1,
            (kind, _, data) => break (kind, data),
        }
    };
    assert_eq!(last.0, "dropped");
    assert!(last.1.contains("too slow"), "{}", last.1);
    assert!(read < 1_000, "{read}");
    assert_eq!(slow.next().await, None);
}

/// As many as there may be; others are told to retry, and queries are answered.
#[tokio::test]
async fn idle_streams_are_bounded() {
    let served = serve(store(shop(&[span(1, 1, "get", 1)]))).await;
    let mut streams = Vec::new();
    let mut busy = 0;
    for number in 0..1_000 {
        let path = ["/spanfall/v1/records", "/spanfall/v1/revisions"][number % 2];
        let answer = served.get(path).await;
        match answer.status().as_u16() {
            200 => streams.push(answer),
            503 => {
                assert_eq!(answer.headers()["retry-after"], "5");
                busy += 1;
            }
            status => panic!("{status}"),
        }
    }
    assert_eq!((streams.len(), busy), (32 + 64, 1_000 - 96));
    assert_eq!(served.json("/api/traces/1").await.0, 200);
    drop(streams);
    loop {
        // The connections have to be noticed as closed.
        if served.get("/spanfall/v1/records").await.status() == 200 {
            break;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn revisions_tell_of_changes() {
    let served = serve(store(shop(&[]))).await;
    let mut stream = Stream::open(&served, "/spanfall/v1/revisions").await;
    let number = |event: Option<Event>| {
        let (kind, _, data) = event.unwrap();
        assert_eq!(kind, "revision");
        data.parse::<u64>().unwrap()
    };
    let first = number(stream.next().await);
    served.arrive(shop(&[span(1, 1, "get", 1)]));
    assert!(number(stream.next().await) > first);
}

#[tokio::test]
async fn streams_end_with_the_owner_of_the_store() {
    let (mut served, queries) = bind(trace_model::Store::new(1 << 20)).await;
    let mut records = Stream::open(&served, "/spanfall/v1/records").await;
    let mut revisions = Stream::open(&served, "/spanfall/v1/revisions").await;
    assert_eq!(revisions.next().await.unwrap().0, "revision");
    served.feed = query_api::Feed::default();
    drop(queries);
    assert_eq!(records.next().await, None);
    assert_eq!(revisions.next().await, None);
}
