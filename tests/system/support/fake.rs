//! A provider of the tests' own over real HTTP: well-behaved unless a test says otherwise, path by path.

use std::{
    collections::{HashMap, VecDeque},
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Request, State},
    response::Response,
    serve::Listener,
};
use futures::{StreamExt, stream};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::Notify};

use super::{provider::CLIENT_ID, recorded::Recorded, signer, tls::TlsListener};

/// A running fake provider.
pub struct Fake {
    pub issuer: String,
    metadata: Mutex<Value>,
    answers: Arc<Answers>,
}

#[derive(Default)]
struct Answers {
    /// What each endpoint answers from now on, one after the other; the last one stays.
    by_path: Mutex<HashMap<&'static str, VecDeque<Reply>>>,
    requests: Mutex<Vec<Recorded>>,
    changed: Notify,
}

/// What an endpoint answers.
#[derive(Clone)]
pub enum Reply {
    With {
        status: u16,
        headers: Vec<(&'static str, String)>,
        body: String,
    },
    /// The connection stays open, and nothing comes until the endpoint is given another answer.
    Held,
    /// Status 200, with a body that no text is.
    Odd {
        headers: Vec<(&'static str, String)>,
        body: OddBody,
    },
}

/// What nobody sends who means well.
#[derive(Clone)]
pub enum OddBody {
    Octets(Vec<u8>),
    /// Spaces, as fast as they are taken.
    WithoutEnd,
    /// A space now and then.
    Drip,
    /// The connection is cut after this.
    BrokenOff(&'static str),
}

impl Reply {
    pub fn json(body: &Value) -> Self {
        Self::text("application/json", &body.to_string())
    }

    pub fn text(content_type: &str, body: &str) -> Self {
        let headers = vec![("content-type", content_type.to_owned())];
        Self::With { status: 200, headers, body: body.to_owned() }
    }

    pub fn status(status: u16, body: &str) -> Self {
        Self::With { status, headers: Vec::new(), body: body.to_owned() }
    }

    pub fn redirect(to: &str) -> Self {
        Self::With { status: 302, headers: vec![("location", to.to_owned())], body: String::new() }
    }

    pub fn octets(octets: impl Into<Vec<u8>>) -> Self {
        Self::Odd { headers: Vec::new(), body: OddBody::Octets(octets.into()) }
    }

    /// These octets, said to be compressed in this way.
    pub fn encoded(encoding: &str, octets: Vec<u8>) -> Self {
        Self::Odd { headers: vec![("content-encoding", encoding.to_owned())], body: OddBody::Octets(octets) }
    }

    pub fn odd(body: OddBody) -> Self {
        Self::Odd { headers: Vec::new(), body }
    }

    /// None for what is held.
    pub fn into_response(self) -> Option<Response> {
        let (status, headers, body) = match self {
            Self::With { status, headers, body } => (status, headers, body.into()),
            Self::Odd { headers, body } => (200, headers, body.into_body()),
            Self::Held => return None,
        };
        let start = Response::builder().status(status);
        let start = headers.into_iter().fold(start, |start, (name, value)| start.header(name, value));
        Some(start.body(body).expect("an answer"))
    }
}

impl OddBody {
    fn into_body(self) -> Body {
        match self {
            Self::Octets(octets) => octets.into(),
            Self::WithoutEnd => {
                let spaces = Bytes::from(vec![b' '; 16 * 1024]);
                Body::from_stream(stream::repeat(spaces).map(Ok::<_, io::Error>))
            }
            Self::Drip => Body::from_stream(stream::unfold((), async |()| {
                tokio::time::sleep(Duration::from_millis(100)).await;
                Some((Ok::<_, io::Error>(Bytes::from_static(b" ")), ()))
            })),
            Self::BrokenOff(text) => {
                let cut = Err(io::Error::from(io::ErrorKind::ConnectionReset));
                Body::from_stream(stream::iter([Ok(Bytes::from_static(text.as_bytes())), cut]))
            }
        }
    }
}

pub const DISCOVERY: &str = "/.well-known/openid-configuration";
pub const KEYS: &str = "/keys";
pub const TOKEN: &str = "/token";
/// The userinfo endpoint; discovery has it once a test announces it.
pub const USERINFO: &str = "/userinfo";
/// The pushed authorization request endpoint; discovery has it once a test announces it.
pub const PAR: &str = "/par";

impl Fake {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let issuer = format!("http://{}", listener.local_addr().expect("an address"));
        Self::serve(listener, issuer)
    }

    /// At an address that nothing listened on until now.
    pub async fn start_at(address: SocketAddr) -> Self {
        Self::serve(TcpListener::bind(address).await.expect("the port is free"), format!("http://{address}"))
    }

    /// With https, and a certificate that nobody trusts but by the PEM text that comes with it.
    pub async fn start_tls() -> (Self, String) {
        let (listener, certificate) = TlsListener::bind().await;
        let issuer = format!("https://{}", Listener::local_addr(&listener).expect("an address"));
        (Self::serve(listener, issuer), certificate)
    }

    fn serve<L: Listener<Addr = SocketAddr>>(listener: L, issuer: String) -> Self {
        let answers = Arc::new(Answers::default());
        let fake = Self { issuer, metadata: Mutex::default(), answers: answers.clone() };
        fake.behave(DISCOVERY);
        fake.behave(KEYS);
        fake.answer(PAR, pushed());
        let router = Router::new().fallback(answer).with_state(answers);
        tokio::spawn(async move { axum::serve(listener, router).await });
        fake
    }

    /// From now on the endpoint answers with this.
    pub fn answer(&self, path: &'static str, reply: Reply) {
        self.answer_in_turn(path, [reply]);
    }

    /// From now on the endpoint answers with the first of these, then with the next, and then always with the last.
    pub fn answer_in_turn(&self, path: &'static str, replies: impl IntoIterator<Item = Reply>) {
        self.answers.by_path.lock().expect("the answers").insert(path, replies.into_iter().collect());
        self.answers.changed.notify_waiters();
    }

    /// From now on discovery or the keys are as they should be.
    pub fn behave(&self, path: &'static str) {
        match path {
            KEYS => self.answer(KEYS, Reply::json(&keys())),
            _ => self.change_metadata(|metadata| *metadata = discovery(&self.issuer)),
        }
    }

    /// From now on discovery has this member, besides what it had.
    pub fn announce(&self, member: &str, value: impl Into<Value>) {
        self.change_metadata(|metadata| metadata[member] = value.into());
    }

    /// From now on discovery is silent about this.
    pub fn withdraw(&self, member: &str) {
        self.change_metadata(|metadata| {
            metadata.as_object_mut().expect("metadata").shift_remove(member).expect("it was announced");
        });
    }

    /// Whether discovery has this member.
    pub fn announces(&self, member: &str) -> bool {
        self.metadata.lock().expect("the metadata").get(member).is_some()
    }

    /// What discovery has.
    pub fn metadata(&self) -> Value {
        self.metadata.lock().expect("the metadata").clone()
    }

    fn change_metadata(&self, change: impl FnOnce(&mut Value)) {
        let mut metadata = self.metadata.lock().expect("the metadata");
        change(&mut metadata);
        self.answer(DISCOVERY, Reply::json(&metadata));
    }

    /// How often an endpoint was asked.
    pub fn count(&self, path: &str) -> usize {
        self.requests(path).len()
    }

    /// What an endpoint was asked until now, the oldest first.
    pub fn requests(&self, path: &str) -> Vec<Recorded> {
        self.every_request().into_iter().filter(|request| request.path == path).collect()
    }

    /// Everything that was asked until now, the oldest first.
    pub fn every_request(&self) -> Vec<Recorded> {
        self.answers.requests.lock().expect("the requests").clone()
    }

    /// Everything that was asked until now counts no more.
    pub fn forget_requests(&self) {
        self.answers.requests.lock().expect("the requests").clear();
    }

    /// The claims of an ID token as it should be.
    pub fn claims(&self, nonce: &str) -> Value {
        let now = jiff::Timestamp::now().as_second();
        json!({
            "iss": self.issuer, "aud": CLIENT_ID, "sub": "mallory", "nonce": nonce, "iat": now, "exp": now + 300,
            "name": "Mallory", "email": "mallory@example.com", "email_verified": true, "groups": ["engineering"]
        })
    }

    /// From now on the token endpoint gives out this ID token.
    pub fn give_out(&self, id_token: &str) {
        self.answer(TOKEN, tokens(id_token));
    }
}

impl Answers {
    fn next(&self, path: &str) -> Option<Reply> {
        let mut by_path = self.by_path.lock().expect("the answers");
        let replies = by_path.get_mut(path)?;
        if replies.len() > 1 { replies.pop_front() } else { replies.front().cloned() }
    }
}

async fn answer(State(answers): State<Arc<Answers>>, request: Request) -> Response {
    let request = Recorded::read(request).await;
    let path = request.path.clone();
    answers.requests.lock().expect("the requests").push(request);
    loop {
        let changed = answers.changed.notified();
        let reply = answers.next(&path).unwrap_or_else(|| Reply::status(404, ""));
        match reply.into_response() {
            Some(response) => return response,
            None => changed.await,
        }
    }
}

/// The answer of a token endpoint with this ID token.
pub fn tokens(id_token: &str) -> Reply {
    Reply::json(&json!({"access_token": "at", "token_type": "Bearer", "id_token": id_token}))
}

/// What RFC 9126, section 2.2, has for an answer.
fn pushed() -> Reply {
    let body = json!({"request_uri": "urn:ietf:params:oauth:request_uri:p4shed", "expires_in": 60}).to_string();
    Reply::With { status: 201, headers: vec![("content-type", "application/json".to_owned())], body }
}

/// The metadata of a provider at `issuer`.
fn discovery(issuer: &str) -> Value {
    json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}{TOKEN}"),
        "jwks_uri": format!("{issuer}{KEYS}"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "code_challenge_methods_supported": ["S256"]
    })
}

/// The public key as a JWK set.
pub fn keys() -> Value {
    json!({"keys": [signer::P256.jwk()]})
}

/// A token with these claims, signed as it should be.
pub fn sign(claims: &Value) -> String {
    sign_with(&json!({"alg": "ES256", "kid": "one", "typ": "JWT"}), claims)
}

/// A token with this header, signed with the usual key whatever the header says.
pub fn sign_with(header: &Value, claims: &Value) -> String {
    signer::P256.token(&header.to_string(), claims.to_string())
}
