use std::{
    collections::VecDeque,
    io::Write,
    net::{IpAddr, SocketAddr},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use axum::{Router, response::Redirect, routing::get};
use reqwest::dns::{Addrs, Name, Resolving};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::*;
use crate::{
    api::Reason,
    oidc::testing::{impatient, loopback, outbound, serve, serve_raw},
};

type Answer = Result<http::Response<Vec<u8>>, HttpError>;

async fn fetch(outbound: &Outbound, roots: Option<&TrustRoots>, url: &str) -> Answer {
    outbound.send(roots, http::Request::get(url).body(Vec::new()).expect("a request")).await
}

fn reason(answer: Answer) -> Reason {
    answer.expect_err("an error").reason()
}

/// Reads a request's head and answers with these bytes.
async fn answer_with(mut stream: TcpStream, bytes: &[u8]) {
    let mut head = [0; 4096];
    let _ = stream.read(&mut head).await;
    let _ = stream.write_all(bytes).await;
    let _ = stream.shutdown().await;
}

#[tokio::test]
async fn an_answer_of_any_status_is_handed_back_whole() {
    let base =
        serve(Router::new().route("/", get(async || (http::StatusCode::NOT_FOUND, [("x-a", "b")], "gone")))).await;
    let answer = fetch(&outbound(), None, base.as_str()).await.expect("an answer");
    assert_eq!((answer.status().as_u16(), answer.body().as_slice()), (404, b"gone".as_slice()));
    assert_eq!(answer.headers()["x-a"], "b");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    static FOLLOWED: AtomicUsize = AtomicUsize::new(0);
    let followed = async || {
        FOLLOWED.fetch_add(1, Ordering::SeqCst);
    };
    let router = Router::new().route("/", get(async || Redirect::to("/there"))).route("/there", get(followed));
    let answer = fetch(&outbound(), None, serve(router).await.as_str()).await.expect("an answer");
    assert_eq!((answer.status().as_u16(), FOLLOWED.load(Ordering::SeqCst)), (303, 0));
}

#[tokio::test]
async fn a_mebibyte_is_read_and_not_a_byte_more() {
    let router = Router::new()
        .route("/fits", get(async || vec![b'x'; MAX_BODY_BYTES]))
        .route("/over", get(async || vec![b'x'; MAX_BODY_BYTES + 1]));
    let base = serve(router).await;
    let fits = fetch(&outbound(), None, base.join("fits").expect("a URL").as_str()).await.expect("an answer");
    assert_eq!(fits.body().len(), MAX_BODY_BYTES);
    let over = fetch(&outbound(), None, base.join("over").expect("a URL").as_str()).await;
    assert!(matches!(over, Err(HttpError::TooLarge { .. })));
}

#[tokio::test]
async fn a_gzip_bomb_is_cut_off_and_plain_gzip_is_inflated() {
    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).expect("memory");
        encoder.finish().expect("memory")
    }
    let bomb = gzip(&vec![0; 64 * MAX_BODY_BYTES]);
    assert!(bomb.len() < MAX_BODY_BYTES / 8);
    let packed = [("content-encoding", "gzip")];
    let router = Router::new()
        .route("/bomb", get(move || async move { (packed, bomb) }))
        .route("/plain", get(move || async move { (packed, gzip(b"{}")) }));
    let base = serve(router).await;
    let answer = fetch(&outbound(), None, base.join("bomb").expect("a URL").as_str()).await;
    assert!(matches!(answer, Err(HttpError::TooLarge { .. })));
    let answer = fetch(&outbound(), None, base.join("plain").expect("a URL").as_str()).await.expect("an answer");
    assert_eq!(answer.body(), b"{}");
}

#[tokio::test]
async fn a_server_that_drips_or_hangs_is_given_up_at_the_deadline() {
    let drips = serve_raw(|mut stream| async move {
        let mut head = [0; 4096];
        let _ = stream.read(&mut head).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n").await;
        let mut tick = tokio::time::interval(Duration::from_millis(50));
        while stream.write_all(b"x").await.is_ok() {
            tick.tick().await;
        }
    })
    .await;
    let hangs = serve_raw(|stream| async move {
        let _keep = stream;
        std::future::pending().await
    })
    .await;
    for address in [drips, hangs] {
        let began = Instant::now();
        assert_eq!(reason(fetch(&impatient(), None, &format!("http://{address}/")).await), Reason::Timeout);
        assert!(began.elapsed() < DEADLINE / 2);
    }
}

#[tokio::test]
async fn a_closed_port_is_connect_failed_and_says_so() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let error = fetch(&outbound(), None, &format!("http://{address}/path?code=secret")).await.expect_err("an error");
    assert_eq!(error.reason(), Reason::ConnectFailed);
    assert_eq!(
        error.to_string(),
        format!(
            "{address}: no connection (connection refused); check that the provider runs and can be reached from here"
        )
    );
    assert!(!format!("{error:?}").contains("secret"), "{error:?}");
}

#[tokio::test]
async fn what_does_not_speak_http_is_connect_failed() {
    let garbled = serve_raw(|stream| answer_with(stream, b"220 mail.example.org ESMTP\r\n")).await;
    let cut = serve_raw(|stream| answer_with(stream, b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{")).await;
    for address in [garbled, cut] {
        let answer = fetch(&outbound(), None, &format!("http://{address}/")).await;
        assert!(matches!(answer, Err(HttpError::Protocol { .. })), "{answer:?}");
    }
}

#[tokio::test]
async fn no_spelling_of_a_local_address_is_dialled() {
    static DIALLED: AtomicUsize = AtomicUsize::new(0);
    let address = serve_raw(async |_| {
        DIALLED.fetch_add(1, Ordering::SeqCst);
    })
    .await;
    let policy = EgressPolicy { allow_http: true, ..EgressPolicy::default() };
    let outbound = Outbound::new(policy).expect("a client");
    let spellings = ["127.0.0.1", "localhost", "127.1", "0x7f.1", "2130706433", "127.0.0.1.", "0.0.0.0", "[::1]"]
        .into_iter()
        .chain(["[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "[::]", "169.254.169.254"]);
    for host in spellings {
        let answer = fetch(&outbound, None, &format!("http://{host}:{}/", address.port())).await;
        assert_eq!(reason(answer), Reason::EgressDenied, "{host}");
    }
    assert_eq!(DIALLED.load(Ordering::SeqCst), 0);
}

/// Answers each question with the next of its answers.
struct Scripted(Mutex<VecDeque<Vec<IpAddr>>>);

impl Scripted {
    fn new(answers: &[&[&str]]) -> Arc<Self> {
        let parsed = |answer: &&[&str]| answer.iter().map(|ip| ip.parse().expect("an address")).collect();
        Arc::new(Self(Mutex::new(answers.iter().map(parsed).collect())))
    }
}

impl Resolve for Scripted {
    fn resolve(&self, _: Name) -> Resolving {
        let answer = self.0.lock().expect("no panic").pop_front().expect("another answer");
        Box::pin(async move { Ok(Box::new(answer.into_iter().map(|ip| SocketAddr::new(ip, 0))) as Addrs) })
    }
}

#[tokio::test]
async fn a_name_that_turns_to_a_metadata_address_is_not_dialled_there() {
    let close = |stream| answer_with(stream, b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
    let address = serve_raw(close).await;
    let resolver = Scripted::new(&[&["127.0.0.1"], &["169.254.169.254"], &["::ffff:169.254.169.254", "127.0.0.1"]]);
    let outbound = Outbound::with(loopback(), resolver, DEADLINE).expect("a client");
    let url = format!("http://provider.test:{}/", address.port());
    assert!(fetch(&outbound, None, &url).await.is_ok());
    assert_eq!(reason(fetch(&outbound, None, &url).await), Reason::EgressDenied);
    assert!(fetch(&outbound, None, &url).await.is_ok(), "the good one of several addresses is used");
}

#[tokio::test]
async fn a_name_without_an_address_is_dns_failed() {
    let error = fetch(&outbound(), None, "http://no-such-provider.invalid/").await.expect_err("an error");
    assert_eq!(error.reason(), Reason::DnsFailed, "{error:?}");
}

#[tokio::test]
async fn http_and_credentials_in_a_url_are_refused() {
    let strict = Outbound::new(EgressPolicy { allow_http: false, ..loopback() }).expect("a client");
    for url in
        ["http://127.0.0.1:1/", "https://me:secret@127.0.0.1:1/", "https://me@127.0.0.1:1/", "ftp://127.0.0.1:1/", "/a"]
    {
        let error = fetch(&strict, None, url).await.expect_err("an error");
        assert_eq!(error.reason(), Reason::InsecureEndpoint, "{url}");
        assert!(!format!("{error} {error:?}").contains("secret"), "{error:?}");
    }
}

struct TlsServer {
    url: String,
    roots: TrustRoots,
}

/// Serves "ok" by https with a certificate of its own, signed by itself.
async fn serve_tls(params: rcgen::CertificateParams) -> TlsServer {
    let key = rcgen::KeyPair::generate().expect("a key");
    let certificate = params.self_signed(&key).expect("a certificate");
    let der = rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], der)
        .expect("a server");
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let address = serve_raw(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(mut stream) = acceptor.accept(stream).await else { return };
            let mut head = [0; 4096];
            let _ = stream.read(&mut head).await;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok").await;
            let _ = stream.shutdown().await;
        }
    })
    .await;
    TlsServer { url: format!("https://{address}/"), roots: TrustRoots::from_pem(&certificate.pem()) }
}

fn certificate_for(name: &str) -> rcgen::CertificateParams {
    rcgen::CertificateParams::new(vec![name.to_owned()]).expect("a name")
}

#[tokio::test]
async fn only_the_bundle_of_the_call_is_trusted() {
    let (one, other) = (serve_tls(certificate_for("127.0.0.1")).await, serve_tls(certificate_for("127.0.0.1")).await);
    let outbound = outbound();
    assert_eq!(reason(fetch(&outbound, None, &one.url).await), Reason::TlsUntrusted);
    assert_eq!(reason(fetch(&outbound, Some(&other.roots), &one.url).await), Reason::TlsUntrusted);
    let answer = fetch(&outbound, Some(&one.roots), &one.url).await.expect("an answer");
    assert_eq!(answer.body(), b"ok");
    assert_eq!(reason(fetch(&outbound, None, &one.url).await), Reason::TlsUntrusted, "trust stays with its bundle");
}

#[tokio::test]
async fn a_certificate_for_another_host_or_out_of_time_is_untrusted_and_the_message_says_which() {
    let mut expired = certificate_for("127.0.0.1");
    expired.not_before = rcgen::date_time_ymd(2001, 1, 1);
    expired.not_after = rcgen::date_time_ymd(2002, 1, 1);
    for (params, said) in [(certificate_for("elsewhere.test"), "for another host"), (expired, "has expired")] {
        let server = serve_tls(params).await;
        let error = fetch(&outbound(), Some(&server.roots), &server.url).await.expect_err("an error");
        assert_eq!(error.reason(), Reason::TlsUntrusted);
        assert!(error.to_string().contains(said), "{error}");
    }
}

#[tokio::test]
async fn a_port_without_tls_is_connect_failed_and_not_a_matter_of_trust() {
    let address = serve_raw(|stream| answer_with(stream, b"HTTP/1.1 400 Bad Request\r\n\r\n")).await;
    let answer = fetch(&outbound(), None, &format!("https://{address}/")).await;
    assert!(matches!(answer, Err(HttpError::Tls { .. })), "{answer:?}");
}

#[tokio::test]
async fn a_bundle_that_is_none_is_ca_bundle_invalid() {
    let answer = fetch(&outbound(), Some(&TrustRoots::from_pem("hello")), "https://127.0.0.1:1/").await;
    assert_eq!(reason(answer), Reason::CABundleInvalid);
}
