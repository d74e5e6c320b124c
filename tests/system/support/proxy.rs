//! Stands between Latchkey and the API server, counts what passes, and fails on demand as networks and API servers do.

use std::{
    io,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use axum::{
    body::{Body, BodyDataStream, Bytes},
    extract::Request,
    http::{
        header::{HOST, TRANSFER_ENCODING},
        request::Parts,
    },
    response::Response,
};
use futures::{Stream, StreamExt, future, stream};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use kube::Client;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
};

use super::{access::Access, fake::Reply, latchkey::free_port};

/// Between a client that speaks http without credentials, and the API server as whom the proxy was started for.
pub struct Proxy {
    port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    upstream: Client,
    line: watch::Sender<Line>,
    /// Counts up when the watches that are open are to break off.
    broken_watches: watch::Sender<u32>,
    /// How many writes are made before nobody hears of one.
    writes_left: Mutex<Option<usize>>,
    replies: Mutex<Vec<(&'static str, String, Reply)>>,
    seen: Mutex<Vec<Seen>>,
}

/// The state of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    Open,
    /// Nobody listens, and what was open has been reset.
    Cut,
    /// Connections stay open and are accepted, and nothing passes until the line is another.
    BlackHole,
    /// Every request waits so long before it is passed on.
    Slow(Duration),
}

/// A request that came in.
#[derive(Clone, Debug)]
pub struct Seen {
    pub at: Instant,
    pub method: String,
    /// With the query.
    pub path: String,
    pub body: String,
    /// None until it is answered.
    pub status: Option<u16>,
}

impl Proxy {
    /// In front of the API server, as whom `access` says.
    pub async fn start(access: &Access) -> Self {
        let shared = Arc::new(Shared {
            upstream: access.client().await,
            line: watch::Sender::new(Line::Open),
            broken_watches: watch::Sender::new(0),
            writes_left: Mutex::default(),
            replies: Mutex::default(),
            seen: Mutex::default(),
        });
        let port = free_port();
        let listener = listen(port).await;
        tokio::spawn(accept(listener, port, shared.clone()));
        Self { port, shared }
    }

    /// How to reach the API server through here.
    pub fn access(&self) -> Access {
        Access::plain(&format!("http://127.0.0.1:{}", self.port))
    }

    pub fn set(&self, line: Line) {
        self.shared.line.send_replace(line);
    }

    /// Answers requests of this method, whose path and query contain `part`, with this from now on. The latest such
    /// wish that fits counts.
    pub fn answer(&self, method: &'static str, part: &str, reply: Reply) {
        self.shared.replies.lock().expect("the replies").insert(0, (method, part.to_owned(), reply));
    }

    /// From now on everything is answered by the API server.
    pub fn behave(&self) {
        self.shared.replies.lock().expect("the replies").clear();
        *self.shared.writes_left.lock().expect("a count") = None;
    }

    /// What the API server answers to this GET now; an answer like that is stale later.
    pub async fn answer_of_now(&self, path: &str) -> Reply {
        let request = http::Request::get(path).body(Vec::new()).expect("a request");
        let body = self.shared.upstream.request_text(request).await.expect("an answer of the API server");
        Reply::text("application/json", &body)
    }

    /// Once so many writes more have been made, nobody hears of the last of them, and no other is made.
    pub fn hold_after_writes(&self, count: usize) {
        *self.shared.writes_left.lock().expect("a count") = Some(count);
    }

    /// Whether as many writes have been made as `hold_after_writes` said.
    pub fn holds_writes(&self) -> bool {
        self.shared.holds_writes()
    }

    /// Breaks off the watches that are open, in the middle of their answers.
    pub fn break_watches(&self) {
        self.shared.broken_watches.send_modify(|count| *count += 1);
    }

    /// Every request until now, in order.
    pub fn seen(&self) -> Vec<Seen> {
        self.shared.seen.lock().expect("what was seen").clone()
    }

    /// How many requests of this method there were whose path and query contain `part`.
    pub fn count(&self, method: &str, part: &str) -> usize {
        self.seen().iter().filter(|seen| seen.method == method && seen.path.contains(part)).count()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("---- requests to the API server:");
            for Seen { at, method, path, status, .. } in self.seen() {
                eprintln!("{:>8} ms ago: {method} {path} {status:?}", at.elapsed().as_millis());
            }
        }
    }
}

async fn listen(port: u16) -> TcpListener {
    TcpListener::bind(("127.0.0.1", port)).await.expect("the port is free")
}

/// Takes connections, but while the line is cut: then nobody listens.
async fn accept(listener: TcpListener, port: u16, shared: Arc<Shared>) {
    let mut listener = listener;
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    tokio::spawn(serve(stream, shared.clone()));
                }
            }
            () = shared.wait_for_line(|line| line == Line::Cut) => {
                drop(listener);
                shared.wait_for_line(|line| line != Line::Cut).await;
                listener = listen(port).await;
            }
        }
    }
}

async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    // What is dropped before its time is reset.
    stream.set_zero_linger().expect("an open connection");
    let service = service_fn(|request: Request<Incoming>| {
        let shared = shared.clone();
        async move { shared.answer(request.map(Body::new)).await }
    });
    let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        _ = connection => {}
        () = shared.wait_for_line(|line| line == Line::Cut) => {}
    }
}

impl Shared {
    async fn wait_for_line(&self, wanted: impl Fn(Line) -> bool) {
        // The sender is our own: it does not go while we wait.
        let _ = self.line.subscribe().wait_for(|line| wanted(*line)).await;
    }

    /// An error breaks the connection.
    async fn answer(self: Arc<Self>, request: Request) -> io::Result<Response> {
        let (head, body) = request.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.map_err(io::Error::other)?;
        let seen = Seen {
            at: Instant::now(),
            method: head.method.to_string(),
            path: head.uri.to_string(),
            body: String::from_utf8_lossy(&body).into_owned(),
            status: None,
        };
        let (reply, is_write) = (self.reply(&seen), seen.method != "GET");
        let number = {
            let mut all = self.seen.lock().expect("what was seen");
            all.push(seen);
            all.len() - 1
        };
        let line = *self.line.borrow();
        if let Line::Slow(delay) = line {
            tokio::time::sleep(delay).await;
        }
        self.pass().await;
        if is_write && self.holds_writes() {
            future::pending().await
        }
        let response = match reply {
            Some(reply) => match reply.into_response() {
                Some(response) => response,
                None => future::pending().await,
            },
            None => self.clone().forward(head, body).await?,
        };
        if is_write && self.count_write() {
            future::pending().await
        }
        self.pass().await;
        self.seen.lock().expect("what was seen")[number].status = Some(response.status().as_u16());
        Ok(response)
    }

    fn holds_writes(&self) -> bool {
        *self.writes_left.lock().expect("a count") == Some(0)
    }

    /// A write was made; whether its answer is held.
    fn count_write(&self) -> bool {
        let mut left = self.writes_left.lock().expect("a count");
        *left = left.map(|left| left.saturating_sub(1));
        *left == Some(0)
    }

    fn reply(&self, Seen { method, path, .. }: &Seen) -> Option<Reply> {
        let replies = self.replies.lock().expect("the replies");
        let fits = replies.iter().find(|(for_method, part, _)| for_method == method && path.contains(part));
        fits.map(|(_, _, reply)| reply.clone())
    }

    /// Waits until something can pass.
    async fn pass(&self) {
        self.wait_for_line(|line| line != Line::BlackHole).await;
    }

    async fn forward(self: Arc<Self>, mut head: Parts, body: Bytes) -> io::Result<Response> {
        let is_watch = head.uri.query().is_some_and(|query| query.contains("watch="));
        head.headers.remove(HOST);
        let request = http::Request::from_parts(head, body.into());
        let (mut head, body) = self.upstream.send(request).await.map_err(io::Error::other)?.into_parts();
        head.headers.remove(TRANSFER_ENCODING);
        let body = Body::new(body);
        let body = if is_watch { Body::from_stream(self.watch(body.into_data_stream())) } else { body };
        Ok(Response::from_parts(head, body))
    }

    /// What the API server sends, piece by piece, until it ends or is broken off.
    fn watch(self: Arc<Self>, pieces: BodyDataStream) -> impl Stream<Item = io::Result<Bytes>> {
        let broken = self.broken_watches.subscribe();
        stream::unfold((self, pieces, broken), async |(shared, mut pieces, mut broken)| {
            let piece = tokio::select! {
                piece = pieces.next() => piece?.map_err(io::Error::other),
                _ = broken.changed() => Err(io::Error::other("broken off")),
            };
            shared.pass().await;
            Some((piece, (shared, pieces, broken)))
        })
    }
}
