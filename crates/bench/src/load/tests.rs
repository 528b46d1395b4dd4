use std::collections::HashSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};

use ::http::{HeaderMap, HeaderValue, Response};
use bytes::{Bytes, BytesMut};
use h2::server::SendResponse;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message as _;

use super::*;

fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let address = listener.local_addr().expect("an address");
    (listener, address)
}

/// Reads one request of a connection and returns its body; `None` when it has been closed.
fn request(stream: &mut BufReader<TcpStream>) -> Option<Vec<u8>> {
    let (mut length, mut line) = (0, String::new());
    while line != "\r\n" {
        line.clear();
        if stream.read_line(&mut line).expect("a line") == 0 {
            return None;
        }
        if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.trim().parse().expect("a number");
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).expect("the body");
    Some(body)
}

/// Answers the requests of one connection one after the other, and returns their bodies.
fn http_server(answers: &'static [&str]) -> (SocketAddr, JoinHandle<Vec<Vec<u8>>>) {
    let (listener, address) = listen();
    let server = thread::spawn(move || {
        let mut stream = BufReader::new(listener.accept().expect("a connection").0);
        let mut got = Vec::new();
        for answer in answers {
            got.extend(request(&mut stream));
            stream.get_mut().write_all(answer.as_bytes()).expect("an open connection");
        }
        got
    });
    (address, server)
}

const TAKEN: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
const BUSY: &str = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 4\r\nretry-after: 1\r\n\r\nbusy";

#[test]
fn throttled_requests_are_retried_and_counted() {
    let (address, server) = http_server(&[TAKEN, BUSY, BUSY, TAKEN]);
    let mut connection = Http::connect(address).expect("a server");
    let counts = Counts::default();
    connection.deliver(b"first", &counts).expect("taken");
    connection.deliver(b"second", &counts).expect("accepted in the end");
    assert_eq!(
        server.join().expect("all sent"),
        [&b"first"[..], b"second", b"second", b"second"]
    );
    assert_eq!(counts.throttled.into_inner(), 2);
}

#[test]
fn neither_a_rejection_nor_half_an_acceptance_passes_for_one() {
    for answer in [
        "HTTP/1.1 400 Bad Request\r\ncontent-length: 2\r\n\r\nno",
        "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n\x0a\x02\x08\x07",
        "HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-le",
        "220 mail ready\r\n",
    ] {
        let (address, server) = http_server(vec![answer].leak());
        let sent = Http::connect(address).expect("a server").send(b"body");
        assert!(sent.is_err(), "{answer:?} passed as {sent:?}");
        server.join().expect("one request");
    }
}

#[test]
fn load_sends_every_span_exactly_once() {
    let (listener, address) = listen();
    let server = thread::spawn(move || {
        let connections: Vec<_> = (0..CONNECTIONS).map(|_| listener.accept().expect("a connection").0).collect();
        let served = connections.into_iter().map(|stream| {
            thread::spawn(move || {
                let mut stream = BufReader::new(stream);
                let mut bodies = Vec::new();
                while let Some(body) = request(&mut stream) {
                    bodies.push(body);
                    stream.get_mut().write_all(TAKEN.as_bytes()).expect("an open connection");
                }
                bodies
            })
        });
        let served: Vec<_> = served.collect();
        served
            .into_iter()
            .flat_map(|one| one.join().expect("served"))
            .collect::<Vec<_>>()
    });
    let plan = LoadPlan {
        records: 10_000,
        pace: Some(1_000_000),
    };
    let accepted = Load::start(Protocol::Http, address, plan).finish().expect("all taken");
    assert_eq!(accepted, 20 * SPANS as u64, "rounded up to whole requests");
    let ids: HashSet<Vec<u8>> = server
        .join()
        .expect("served")
        .iter()
        .flat_map(|body| span_ids(body))
        .collect();
    assert_eq!(ids.len(), 20 * SPANS);
}

fn span_ids(body: &[u8]) -> Vec<Vec<u8>> {
    let request = ExportTraceServiceRequest::decode(body).expect("a request");
    let scopes = request.resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
    scopes.flat_map(|scope| scope.spans).map(|span| span.span_id).collect()
}

/// Answers gRPC requests with these statuses, and returns their bodies.
fn grpc_server(statuses: &'static [&str]) -> (SocketAddr, JoinHandle<Vec<Bytes>>) {
    let (listener, address) = listen();
    let server = thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let stream = listener.accept().expect("a connection").0;
            stream.set_nonblocking(true).expect("a socket");
            let stream = tokio::net::TcpStream::from_std(stream).expect("a socket");
            let mut connection = h2::server::handshake(stream).await.expect("HTTP/2");
            let (mut got, mut statuses) = (Vec::new(), statuses.iter());
            let mut in_flight = tokio::task::JoinSet::new();
            loop {
                tokio::select! {
                    accepted = connection.accept() => match accepted {
                        Some(Ok((request, answer))) => {
                            let status = statuses.next().expect("as many as requests");
                            in_flight.spawn(grpc_answer(request.into_body(), answer, status));
                        }
                        _ => return got,
                    },
                    Some(body) = in_flight.join_next() => got.push(body.expect("an answer")),
                }
            }
        })
    });
    (address, server)
}

async fn grpc_answer(mut body: h2::RecvStream, mut answer: SendResponse<Bytes>, status: &str) -> Bytes {
    let mut message = BytesMut::new();
    while let Some(data) = body.data().await {
        let data = data.expect("the body");
        message.extend_from_slice(&data);
        body.flow_control().release_capacity(data.len()).expect("its room");
    }
    if status == "0" {
        let mut stream = answer.send_response(Response::new(()), false).expect("open");
        stream.send_data(Bytes::from_static(&[0; 5]), false).expect("open");
        let trailers = HeaderMap::from_iter([("grpc-status".parse().expect("a name"), HeaderValue::from_static("0"))]);
        stream.send_trailers(trailers).expect("open");
    } else {
        let response = Response::builder().header("grpc-status", status).body(()).expect("a head");
        answer.send_response(response, true).expect("open");
    }
    message.freeze()
}

#[test]
fn grpc_is_framed_and_its_status_read() {
    let (address, server) = grpc_server(&["0", "14", "0", "3"]);
    let mut connection = Grpc::connect(address).expect("a server");
    let counts = Counts::default();
    // More than the first window of 64 KiB.
    let large = vec![7; 200_000];
    connection.deliver(&large, &counts).expect("taken");
    connection.deliver(b"again", &counts).expect("accepted in the end");
    assert!(connection.send(b"rejected").is_err());
    drop(connection);
    let got = server.join().expect("all answered");
    assert_eq!(counts.throttled.into_inner(), 1);
    assert_eq!(got[0][..5], [0, 0, 3, 0x0d, 0x40]);
    assert_eq!(got[0][5..], large[..]);
    assert_eq!(&got[1][..], b"\0\0\0\0\x05again");
    assert_eq!(got[1], got[2]);
}
