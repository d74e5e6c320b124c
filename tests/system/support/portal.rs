//! A web site of somebody else's, at another site than Latchkey: http://localhost, where Latchkey is at 127.0.0.1.

use axum::{Router, extract::Query, response::Html, routing::get};
use tokio::net::TcpListener;

/// A running site: at `/app` and below an application, at `/` a page that posts a form by itself.
pub struct Portal {
    /// Without a slash at its end.
    pub url: String,
}

impl Portal {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let router = Router::new()
            .route("/image", get(async |Query(shown): Query<Vec<(String, String)>>| Html(showing("img", &shown))))
            .route("/frame", get(async |Query(shown): Query<Vec<(String, String)>>| Html(showing("iframe", &shown))))
            .route("/", get(async |Query(form): Query<Vec<(String, String)>>| Html(posting(&form))))
            .fallback(async || Html("<title>Application</title><h1>Application</h1>"));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url: format!("http://localhost:{port}") }
    }

    /// The address of the page that posts these fields to `action`.
    pub fn posting_to(&self, action: &str, fields: &[(&str, &str)]) -> String {
        let all = [("action", action)].into_iter().chain(fields.iter().copied());
        url::Url::parse_with_params(&self.url, all).expect("a URL").into()
    }
    /// The address of a page that shows an image, `image`, or a frame, `frame`, of another site.
    pub fn showing(&self, how: &str, what: &str) -> String {
        url::Url::parse_with_params(&format!("{}/{how}", self.url), [("what", what)]).expect("a URL").into()
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;")
}

/// Says so once everything has been loaded, or has failed to.
fn showing(element: &str, what: &[(String, String)]) -> String {
    let all: String = what.iter().map(|(_, url)| format!("<{element} src=\"{}\"></{element}>", escaped(url))).collect();
    let loaded = "<script>addEventListener('load', () => { document.body.className = 'loaded' })</script>";
    format!("<title>Portal</title><body>{all}{loaded}")
}

fn posting(form: &[(String, String)]) -> String {
    let (action, fields): (Vec<_>, Vec<_>) = form.iter().partition(|(name, _)| name == "action");
    let action: String = action.iter().map(|(_, value)| escaped(value)).collect();
    let field = |(name, value): &(String, String)| {
        format!("<input type=\"hidden\" name=\"{}\" value=\"{}\">", escaped(name), escaped(value))
    };
    let fields: String = fields.into_iter().map(field).collect();
    let submit = "<script>document.forms[0].submit()</script>";
    format!("<title>Portal</title><form method=\"post\" action=\"{action}\">{fields}</form>{submit}")
}
