//! A Latchkey behind TLS at a site of its own: what the provider's page sends it is from another site.

use std::net::SocketAddr;

use axum::serve::Listener;
use tokio::{io::copy_bidirectional, net::TcpStream};

use super::{
    latchkey::{LOCAL, Latchkey},
    manifests,
    provider::{CLIENT_SECRET, Provider},
    source::Source,
    tls::TlsListener,
};

/// As `World`, but Latchkey is at https://login.localhost, which browsers take for this machine, and the provider at
/// http://127.0.0.1.
pub struct CrossSite {
    pub latchkey: Latchkey,
    pub provider: Provider,
}

impl CrossSite {
    pub async fn start() -> Self {
        let provider = Provider::start().await;
        let files = [
            ("organization.yaml", manifests::ORGANIZATION),
            ("mappers.yaml", manifests::MAPPERS),
            ("provider.yaml", &manifests::provider("demo", &provider.issuer, "")),
            ("secret.yaml", &manifests::usual_secret()),
        ];
        let (listener, _) = TlsListener::bind().await;
        let port = listener.local_addr().expect("an address").port();
        let external_url = format!("https://login.localhost:{port}");
        let flags = [LOCAL, &["--external-url", &external_url]].concat();
        let latchkey = Latchkey::start_from(Source::Directory, &flags, &files).await;
        tokio::spawn(end_tls(listener, latchkey.listens_at()));
        provider.register(CLIENT_SECRET, &[&latchkey.at("callback/demo")]).await;
        latchkey.wait_until_ready("demo").await;
        Self { latchkey, provider }
    }
}

/// Passes on what comes in over TLS, until the test ends.
async fn end_tls(mut listener: TlsListener, to: SocketAddr) {
    loop {
        let (mut from, _) = listener.accept().await;
        tokio::spawn(async move {
            // Whoever hangs up ends the connection; there is nobody to tell.
            if let Ok(mut to) = TcpStream::connect(to).await {
                let _ = copy_bidirectional(&mut from, &mut to).await;
            }
        });
    }
}
