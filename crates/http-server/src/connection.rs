//! One connection, HTTP/1.1 or HTTP/2 as its client begins it.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use axum::body::Body;
use axum::response::IntoResponse as _;
use http::header::{CONNECTION, EXPECT, HeaderName, HeaderValue};
use http::{Request, Response, StatusCode, Version};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, Sleep, sleep, timeout};
use tower::ServiceExt as _;

use crate::body::{Holding, discard};
use crate::pool::{Activity, Protocol, UnderWay};
use crate::socket::{DISCARDED, Socket};
use crate::{Access, App, HEAD_MAX, HEAD_TIMEOUT, IDLE_TIMEOUT, Limits};

/// Time for an evicted connection to close; it may have begun a request.
const GOODBYE: Duration = Duration::from_secs(1);
/// Concurrent requests of one HTTP/2 connection.
const STREAMS: u32 = 32;
/// Bytes that an HTTP/2 client may send ahead in one request, if the connection's window has room for them. It is larger than
/// usual bodies, so these need no window updates, and takes no memory by itself.
const STREAM_WINDOW: u32 = 1024 * 1024;
/// Bytes of an HTTP/2 frame: each has a fixed cost, whatever its length.
pub(crate) const FRAME: u32 = 64 * 1024;

/// Time that a client may pause in a body that is discarded: announcing a body and not sending it must gain nothing.
const DISCARDED_SILENCE: Duration = Duration::from_millis(100);

/// State shared by all connections of a listener.
#[derive(Debug)]
pub(crate) struct Service {
    access: Access,
    app: App,
    limits: Limits,
    /// Permits for requests.
    permits: Semaphore,
}

impl Service {
    pub(crate) fn new(access: Access, app: App, limits: Limits) -> Self {
        Self {
            access,
            app,
            limits,
            permits: Semaphore::new(limits.requests),
        }
    }

    /// Serves one connection until it ends, is evicted, or `stopped` and idle.
    pub(crate) async fn serve(self: Arc<Self>, stream: TcpStream, activity: Arc<Activity>, mut stopped: watch::Receiver<bool>) {
        let builder = builder(self.limits);
        let service = service_fn(|request: Request<Incoming>| {
            let is_http2 = request.version() == Version::HTTP_2;
            let under_way = activity.begin(if is_http2 { Protocol::Http2 } else { Protocol::Http1 });
            self.clone().answer(request, under_way)
        });
        let socket = TokioIo::new(Socket::new(stream, activity.clone()));
        let mut http = pin!(builder.serve_connection(socket, service));
        let mut timer = pin!(sleep(HEAD_TIMEOUT));

        tokio::select! {
            biased;
            () = drive(http.as_mut(), timer.as_mut(), &activity) => {}
            () = activity.evicted() => if activity.has_begun() {
                http.as_mut().graceful_shutdown();
                while timeout(GOODBYE, drive(http.as_mut(), timer.as_mut(), &activity)).await.is_err() && activity.is_busy() {}
            },
            () = end(&mut stopped) => {
                http.as_mut().graceful_shutdown();
                drive(http.as_mut(), timer.as_mut(), &activity).await;
            }
        }
    }

    /// Handles a request, which is in flight until its response has been written.
    async fn answer(
        self: Arc<Self>,
        mut request: Request<Incoming>,
        mut under_way: UnderWay,
    ) -> Result<Response<Holding<UnderWay>>, Infallible> {
        let is_rejected = under_way.is_rejected();
        let is_too_long = head_bytes(&request) > HEAD_MAX;
        let closes = (is_rejected || is_too_long) && request.version() < Version::HTTP_2;
        let permit = if is_rejected { None } else { self.permits.try_acquire().ok() };
        let mut response = match (self.access.check(&request).err(), &permit) {
            _ if is_too_long => {
                without_body(request).await;
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE.into_response()
            }
            (None, Some(_)) => self.app.routes.clone().oneshot(request.map(Body::new)).await?,
            (None, None) => self.app.overloaded.clone().oneshot(without_body(request).await).await?,
            (Some(denied), _) => {
                request.extensions_mut().insert(denied);
                self.app.denied.clone().oneshot(without_body(request).await).await?
            }
        };
        drop(permit);
        if closes {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        under_way.answered();
        Ok(response.map(|body| Holding { body, _held: under_way }))
    }
}

/// Returns the approximate length of a request's head in bytes.
fn head_bytes<B>(request: &Request<B>) -> usize {
    let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    let field = |(name, value): (&HeaderName, &HeaderValue)| name.as_str().len() + value.len() + ": \r\n".len();
    target + request.headers().iter().map(field).sum::<usize>()
}

/// Discards a request's body, unless its client waits for `100 Continue`.
async fn without_body(request: Request<Incoming>) -> Request<Body> {
    let (head, body) = request.into_parts();
    if !head.headers.contains_key(EXPECT) {
        discard(Body::new(body), DISCARDED, DISCARDED_SILENCE).await;
    }
    Request::from_parts(head, Body::empty())
}

/// Waits until the listener is to end, or has.
async fn end(stopped: &mut watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

/// Drives a connection until it ends or exceeds a timeout. A client's mistakes before its request is complete (cut off, not HTTP)
/// are not reported: nothing was rejected.
async fn drive<F: Future>(mut http: Pin<&mut F>, mut timer: Pin<&mut Sleep>, activity: &Activity) {
    poll_fn(|cx| {
        if http.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        if activity.is_too_long() && !activity.has_rejected_head() {
            return Poll::Ready(());
        }
        // All that changes the deadline happens in the poll above (of HTTP/2, all that brings it nearer).
        let deadline = activity.deadline();
        if let Some(deadline) = deadline.filter(|deadline| *deadline < timer.deadline()) {
            timer.as_mut().reset(deadline);
        }
        while timer.as_mut().poll(cx).is_ready() {
            let now = Instant::now();
            match deadline {
                Some(deadline) if deadline <= now => return Poll::Ready(()),
                Some(deadline) => timer.as_mut().reset(deadline),
                None => timer.as_mut().reset(now + IDLE_TIMEOUT),
            }
        }
        Poll::Pending
    })
    .await;
}

fn builder(limits: Limits) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        // It would count the time between two requests as well: see `Activity::deadline`.
        .header_read_timeout(None)
        .max_buf_size(limits.read_buffer);
    builder
        .http2()
        .timer(TokioTimer::new())
        .adaptive_window(false)
        .initial_stream_window_size(limits.window.max(STREAM_WINDOW))
        .initial_connection_window_size(limits.window)
        .max_frame_size(FRAME)
        .max_concurrent_streams(STREAMS)
        .keep_alive_interval(IDLE_TIMEOUT);
    builder
}
