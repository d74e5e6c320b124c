//! oauth2-proxy, where somebody has it: signed in at the same provider, asked at `/oauth2/auth`.

use std::{error::Error, path::PathBuf, process::Stdio};

use tokio::process::{Child, Command};

use crate::{
    Contender,
    support::{
        latchkey::free_port,
        provider::{CLIENT_ID, CLIENT_SECRET, Provider},
        visitor::Visitor,
        wait_for,
    },
};

/// Names the binary.
const VARIABLE: &str = "OAUTH2_PROXY";

/// A running oauth2-proxy and somebody who is signed in to it.
pub struct Oauth2Proxy {
    process: Child,
    origin: String,
    visitor: Visitor,
}

impl Oauth2Proxy {
    /// None where no binary is named.
    pub async fn start(provider: &Provider) -> Result<Option<Self>, Box<dyn Error>> {
        let Some(binary) = std::env::var_os(VARIABLE).map(PathBuf::from) else { return Ok(None) };
        let port = free_port();
        let origin = format!("http://127.0.0.1:{port}");
        let callback = format!("{origin}/oauth2/callback");
        provider.register(CLIENT_SECRET, &[&callback]).await;
        let mut process = Command::new(&binary)
            .args(["--provider=oidc", "--email-domain=*", "--upstream=static://202", "--set-xauthrequest=true"])
            .args(["--skip-provider-button=true", "--cookie-secure=false", "--scope=openid profile email groups"])
            .args(["--request-logging=false", "--auth-logging=false", "--standard-logging=false"])
            .args([format!("--client-id={CLIENT_ID}"), format!("--client-secret={CLIENT_SECRET}")])
            .args([format!("--oidc-issuer-url={}", provider.issuer), format!("--redirect-url={callback}")])
            .args(["--cookie-secret=0123456789abcdef0123456789abcdef", &format!("--http-address=127.0.0.1:{port}")])
            .args(["--code-challenge-method=S256"])
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("{VARIABLE} names {}: {error}", binary.display()))?;
        wait_for("oauth2-proxy listens", async || {
            let ended = process.try_wait().expect("a status");
            assert!(ended.is_none(), "oauth2-proxy ended at its start, {ended:?}");
            std::net::TcpStream::connect(("127.0.0.1", port)).ok()
        })
        .await;
        let proxy = Self { process, origin, visitor: Visitor::new() };
        proxy.sign_in().await?;
        Ok(Some(proxy))
    }

    async fn sign_in(&self) -> Result<(), Box<dyn Error>> {
        let mut answer = self.visitor.get(&format!("{}/oauth2/start", self.origin)).await;
        for _ in 0..10 {
            answer = match answer.location() {
                Some(_) if answer.url.path() == "/oauth2/callback" => return Ok(()),
                Some(url) => self.visitor.get(&url).await,
                None if answer.url.path().starts_with("/interaction/") => {
                    let form = [("login", "alice"), ("password", "alice-password")];
                    self.visitor.post(answer.url.as_str(), &form).await
                }
                None => break,
            };
        }
        Err(format!("nobody is signed in to oauth2-proxy: {} answered with {}", answer.url, answer.status).into())
    }

    pub fn contender(&self) -> Contender {
        let url = format!("{}/oauth2/auth", self.origin);
        let cookie = self.visitor.cookie_header(&url.parse().expect("a URL"));
        Contender { name: "oauth2-proxy", pid: self.process.id().expect("oauth2-proxy runs"), url, cookie }
    }
}
