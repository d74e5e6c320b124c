//! nginx as an ingress in front of an application of the test's own, asking Latchkey by `auth_request`.

use std::{
    fs::{self, File},
    process::Stdio,
};

use axum::{Router, http::HeaderMap};
use serde_json::{Map, Value};
use tempfile::TempDir;
use tokio::{
    net::TcpListener,
    process::{Child, Command},
};

use super::{
    latchkey::{Latchkey, free_port},
    wait_for,
};

/// A running nginx.
pub struct Nginx {
    pub url: String,
    _process: Child,
    _dir: TempDir,
}

impl Nginx {
    /// Lets everybody who is signed in to the organization `default` through, and below /admin those with the role
    /// `admin`. Below /api the application gets an access token. It answers with the headers that it was sent.
    pub async fn start(latchkey: &Latchkey) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let (port, application) = (free_port(), application().await);
        let config = dir.path().join("nginx.conf");
        fs::write(&config, configuration(port, &application, &latchkey.url("o/default"))).expect("written");
        let log = dir.path().join("nginx.log");
        // It is not where everybody's PATH leads.
        let path = format!("{}:/usr/sbin:/usr/local/sbin", std::env::var("PATH").unwrap_or_default());
        let process = Command::new("nginx")
            .env("PATH", path)
            .arg("-p")
            .arg(dir.path())
            .arg("-c")
            .arg(config)
            .stdin(Stdio::null())
            .stderr(File::create(&log).expect("a log"))
            .kill_on_drop(true)
            .spawn()
            .expect("nginx starts; `make test` installs it");
        let nginx = Self { url: format!("http://127.0.0.1:{port}"), _process: process, _dir: dir };
        wait_for("nginx listens", async || reqwest::get(&nginx.url).await.ok().map(|_| ())).await;
        nginx
    }
}

/// Repeats the headers that it was sent, as JSON.
async fn application() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let repeat = async |headers: HeaderMap| {
        let text =
            |value: &axum::http::HeaderValue| Value::String(String::from_utf8_lossy(value.as_bytes()).into_owned());
        let pairs = headers.iter().map(|(name, value)| (name.to_string(), text(value)));
        Value::Object(pairs.collect::<Map<_, _>>()).to_string()
    };
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(repeat)).await });
    format!("http://{address}")
}

fn configuration(port: u16, application: &str, organization: &str) -> String {
    let names = ["User", "Preferred-Username", "Email", "Groups", "Roles", "Administrator", "Organization"];
    let identity: String = names
        .iter()
        .map(|name| {
            let variable = name.to_lowercase().replace('-', "_");
            format!(
                "auth_request_set $latchkey_{variable} $upstream_http_x_auth_request_{variable};\n\
                 proxy_set_header X-Auth-Request-{name} $latchkey_{variable};\n"
            )
        })
        .collect();
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .iter()
        .map(|kind| format!("{kind}_temp_path {kind};\n"))
        .collect();
    format!(
        "daemon off; master_process off; pid nginx.pid; error_log stderr;
         events {{}}
         http {{
           access_log off;
           {temporary}
           server {{
             listen 127.0.0.1:{port};
             location / {{
               auth_request /-/auth;
               error_page 401 = @sign_in;
               {identity}
               proxy_pass {application};
             }}
             location /admin {{
               auth_request /-/admin;
               error_page 401 = @sign_in;
               {identity}
               proxy_pass {application};
             }}
             location /api {{
               auth_request /-/token;
               auth_request_set $latchkey_token $upstream_http_authorization;
               proxy_set_header Authorization $latchkey_token;
               {identity}
               proxy_pass {application};
             }}
             location = /-/auth {{
               internal;
               proxy_pass {organization}/auth;
               proxy_pass_request_body off;
               proxy_set_header Content-Length \"\";
             }}
             location = /-/admin {{
               internal;
               proxy_pass {organization}/auth?role=admin;
               proxy_pass_request_body off;
               proxy_set_header Content-Length \"\";
             }}
             location = /-/token {{
               internal;
               proxy_pass {organization}/auth?token=true;
               proxy_pass_request_body off;
               proxy_set_header Content-Length \"\";
             }}
             location @sign_in {{
               return 302 {organization}/login?return_to=$scheme://$http_host$request_uri;
             }}
           }}
         }}
        "
    )
}
