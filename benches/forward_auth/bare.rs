//! The least that a server does who takes a sealed cookie for an answer: opens it and says 200 with seven headers.
//! Same axum, runtime and AEAD as Latchkey, so that what differs is what Latchkey does besides.

use std::{error::Error, process::Stdio, sync::Arc};

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use cookie::Cookie;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    net::TcpListener,
    process::{Child, Command},
};

/// This program serves, instead of measuring, when the variable says `NAME LENGTH` of the cookie.
const VARIABLE: &str = "BENCH_BARE_SERVER";

const HEADERS: [(&str, &str); 7] = [
    ("x-auth-request-user", "019a9f5e-0000-7000-8000-000000000000"),
    ("x-auth-request-preferred-username", "alice"),
    ("x-auth-request-email", "alice@example.com"),
    ("x-auth-request-groups", "builders,everyone"),
    ("x-auth-request-roles", "admin,viewer"),
    ("x-auth-request-administrator", "true"),
    ("x-auth-request-organization", "default"),
];

/// The bare server in a process of its own, ended with this value.
pub struct BareServer {
    process: Child,
    pub url: String,
    pub cookie: String,
}

impl BareServer {
    /// Starts it for a cookie of this name whose value has this length.
    pub async fn start(name: &str, length: usize) -> Result<Self, Box<dyn Error>> {
        let mut process = Command::new(std::env::current_exe()?)
            .env(VARIABLE, format!("{name} {length}"))
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let output = process.stdout.take().ok_or("the bare server has no output")?;
        let line = BufReader::new(output).lines().next_line().await?.ok_or("the bare server ended")?;
        let (url, cookie) = line.split_once(' ').ok_or("the bare server said something else")?;
        Ok(Self { process, url: url.to_owned(), cookie: cookie.to_owned() })
    }

    pub fn pid(&self) -> u32 {
        self.process.id().expect("the bare server runs")
    }
}

/// The cookie to serve, in the process that is the bare server.
pub struct SealedCookie {
    name: String,
    length: usize,
}

/// None in the process that measures.
pub fn asked_for() -> Option<SealedCookie> {
    let asked = std::env::var(VARIABLE).ok()?;
    let (name, length) = asked.split_once(' ')?;
    Some(SealedCookie { name: name.to_owned(), length: length.parse().ok()? })
}

struct Bare {
    name: String,
    key: RandomizedNonceKey,
}

/// Says where it listens and which cookie it takes, and serves until it is ended.
pub async fn serve(SealedCookie { name, length }: SealedCookie) -> Result<(), Box<dyn Error>> {
    let key = RandomizedNonceKey::new(&AES_256_GCM, &[7; 32])?;
    let mut body = vec![1; length * 3 / 4 - NONCE_LEN - AES_256_GCM.tag_len()];
    let nonce = key.seal_in_place_append_tag(Aad::from(&name), &mut body)?;
    let value = URL_SAFE_NO_PAD.encode([nonce.as_ref().as_slice(), &body].concat());
    assert_eq!(value.len(), length, "the cookies have the same size");
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}/auth {name}={value}", listener.local_addr()?);
    let router = Router::new().route("/auth", get(answer)).with_state(Arc::new(Bare { name, key }));
    Ok(axum::serve(listener, router).await?)
}

async fn answer(State(bare): State<Arc<Bare>>, headers: HeaderMap) -> Response {
    match bare.open(&headers) {
        Some(_) => HEADERS.into_response(),
        None => StatusCode::UNAUTHORIZED.into_response(),
    }
}

impl Bare {
    fn open(&self, headers: &HeaderMap) -> Option<Vec<u8>> {
        let cookies = headers.get(header::COOKIE)?.to_str().ok()?;
        let cookie = Cookie::split_parse(cookies).flatten().find(|cookie| cookie.name() == self.name)?;
        let mut sealed = URL_SAFE_NO_PAD.decode(cookie.value()).ok()?;
        let (nonce, body) = sealed.split_at_mut_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let plain = self.key.open_in_place(nonce, Aad::from(&self.name), body).ok()?;
        Some(plain.to_vec())
    }
}
