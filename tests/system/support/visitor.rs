//! Somebody with a browser that keeps cookies and follows redirects one by one, for what needs no real browser.

use std::{
    net::Ipv4Addr,
    sync::{
        Mutex,
        atomic::{AtomicU32, Ordering},
    },
};

use cookie::Cookie;
use reqwest::{
    Method, Url,
    header::{COOKIE, HeaderMap, HeaderValue, LOCATION, SET_COOKIE},
    redirect::Policy,
};
use serde_json::Value;
use url::form_urlencoded;

use super::{DEADLINE, latchkey::Latchkey, wait_within};

/// A browser without pages.
pub struct Visitor {
    http: reqwest::Client,
    jar: Mutex<Vec<Kept>>,
    /// Sent as `X-Forwarded-For`: an address of the visitor's own, where Latchkey trusts 127.0.0.1 as a proxy.
    address: Ipv4Addr,
}

#[derive(Clone, Debug)]
struct Kept {
    origin: String,
    path: String,
    name: String,
    value: String,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub url: Url,
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

/// A login that was begun with a fake provider.
pub struct Begun {
    pub nonce: String,
    /// The redirect URI with the state and a code.
    pub callback: String,
}

impl Answer {
    /// Where a redirect leads, as an absolute URL.
    pub fn location(&self) -> Option<String> {
        let location = self.headers.get(LOCATION)?.to_str().expect("a location is text");
        Some(self.url.join(location).expect("a location is a URL").to_string())
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| std::str::from_utf8(value.as_bytes()).expect("UTF-8"))
    }

    pub fn set_cookies(&self) -> Vec<Cookie<'static>> {
        let lines = self.headers.get_all(SET_COOKIE).iter();
        lines.map(|line| Cookie::parse(line.to_str().expect("text").to_owned()).expect("a cookie")).collect()
    }

    /// Whether a session cookie of Latchkey's is set here.
    pub fn signs_in(&self) -> bool {
        let is_session =
            |cookie: &Cookie<'_>| cookie.name().contains("latchkey.session.") && !cookie.value().is_empty();
        self.set_cookies().iter().any(is_session)
    }

    /// The reference that an error page shows.
    pub fn reference(&self) -> String {
        let (_, rest) = self.body.split_once("<code dir=\"ltr\">").expect("a page with a reference");
        rest.split_once("</code>").expect("the end of the reference").0.to_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }
}

impl Visitor {
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let http = reqwest::Client::builder().redirect(Policy::none()).no_proxy().timeout(DEADLINE);
        Self {
            http: http.build().expect("a client"),
            jar: Mutex::default(),
            address: Ipv4Addr::from_bits(Ipv4Addr::new(198, 18, 0, 0).to_bits() + number),
        }
    }

    /// One request with the cookies that belong there and these headers; a redirect is not followed.
    pub async fn request(&self, method: Method, url: &str, headers: HeaderMap, body: Option<String>) -> Answer {
        self.try_request(method, url, headers, body).await.expect("an answer")
    }

    async fn try_request(
        &self,
        method: Method,
        url: &str,
        headers: HeaderMap,
        body: Option<String>,
    ) -> reqwest::Result<Answer> {
        let url: Url = url.parse().expect("a URL");
        let mut request = self.http.request(method, url.clone()).header("x-forwarded-for", self.address.to_string());
        let cookies = self.cookie_header(&url);
        if !cookies.is_empty() && !headers.contains_key(COOKIE) {
            request = request.header(COOKIE, cookies);
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
        }
        let answer = request.headers(headers).send().await?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let body = String::from_utf8_lossy(&answer.bytes().await?).into_owned();
        let answer = Answer { url, status, headers, body };
        self.keep(&answer);
        Ok(answer)
    }

    /// None when the connection breaks off.
    pub async fn try_get(&self, url: &str) -> Option<Answer> {
        self.try_request(Method::GET, url, HeaderMap::new(), None).await.ok()
    }

    /// As `post` without a form; None when the connection breaks off.
    pub async fn try_post(&self, url: &str) -> Option<Answer> {
        self.try_request(Method::POST, url, HeaderMap::new(), Some(String::new())).await.ok()
    }

    pub async fn get(&self, url: &str) -> Answer {
        self.request(Method::GET, url, HeaderMap::new(), None).await
    }

    pub async fn get_with(&self, url: &str, headers: &[(&'static str, &str)]) -> Answer {
        let headers = headers.iter().map(|(name, value)| {
            (name.parse().expect("a header"), HeaderValue::from_bytes(value.as_bytes()).expect("a value"))
        });
        self.request(Method::GET, url, headers.collect(), None).await
    }

    pub async fn post(&self, url: &str, form: &[(&str, &str)]) -> Answer {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        self.request(Method::POST, url, HeaderMap::new(), Some(body)).await
    }

    /// Begins a login with a fake provider, which asks nobody anything; what was sent there.
    pub async fn begin(&self, latchkey: &Latchkey, key: &str) -> Begun {
        self.begin_at(&latchkey.at(&format!("login/{key}"))).await
    }

    /// As `begin`, at this address.
    pub async fn begin_at(&self, login: &str) -> Begun {
        let answer = self.get(login).await;
        let sent = Url::parse(&answer.location().expect("a redirect to the provider")).expect("a URL");
        let parameter = |name: &str| sent.query_pairs().find(|(other, _)| other == name).expect(name).1.into_owned();
        let callback = format!("{}?state={}&code=m4rk", parameter("redirect_uri"), parameter("state"));
        Begun { nonce: parameter("nonce"), callback }
    }

    /// Begins a login and signs in at the provider as `name`. Stops at the redirect back to who began it and answers with it.
    pub async fn come_back(&self, login: &str, name: &str) -> String {
        let mut answer = self.get(login).await;
        assert_eq!(answer.status, 303, "{login}: {}", answer.body);
        for _ in 0..10 {
            match answer.location() {
                Some(url) if url.contains("/callback/") || url.contains("/callback?") => return url,
                Some(url) => answer = self.get(&url).await,
                None => {
                    let (url, password) = (answer.url.to_string(), format!("{name}-password"));
                    assert!(url.contains("/interaction/"), "{url}: {} {}", answer.status, answer.body);
                    answer = self.post(&url, &[("login", name), ("password", &password)]).await;
                }
            }
        }
        panic!("{login} goes round in circles");
    }

    /// A whole login through a provider of the organization `default`; answers with what the callback said.
    pub async fn try_to_sign_in(&self, latchkey: &Latchkey, key: &str, name: &str) -> Answer {
        self.try_to_sign_in_from(&latchkey.at(&format!("login/{key}")), name).await
    }

    /// As `try_to_sign_in`, beginning at this address.
    pub async fn try_to_sign_in_from(&self, login: &str, name: &str) -> Answer {
        let callback = self.come_back(login, name).await;
        self.get(&callback).await
    }

    /// As `try_to_sign_in`, and it must succeed.
    pub async fn sign_in(&self, latchkey: &Latchkey, key: &str, name: &str) {
        let answer = self.try_to_sign_in(latchkey, key, name).await;
        assert!(answer.status == 303 && answer.signs_in(), "{} {}", answer.status, answer.body);
    }

    /// Who is signed in to the organization `default`; None for nobody.
    pub async fn session(&self, latchkey: &Latchkey) -> Option<Value> {
        let answer = self.get(&latchkey.at("session")).await;
        match answer.status {
            200 => Some(answer.json()),
            401 => None,
            status => panic!("/session answered with {status}: {}", answer.body),
        }
    }

    /// Waits until a list of the session, such as `roles`, is this one.
    pub async fn wait_within_for_session(
        &self,
        limit: std::time::Duration,
        latchkey: &Latchkey,
        list: &str,
        wanted: &[&str],
    ) {
        let mut seen = Value::Null;
        let seen_in = &mut seen;
        wait_within(limit, &format!("{list} is {wanted:?}"), async move || {
            *seen_in = self.session(latchkey).await.expect("somebody is signed in")[list].clone();
            (*seen_in == serde_json::json!(wanted)).then_some(())
        })
        .await;
    }

    /// The names and values of the cookies that are kept for an address.
    pub fn cookies(&self, url: &str) -> Vec<(String, String)> {
        let url: Url = url.parse().expect("a URL");
        self.kept_for(&url).into_iter().map(|kept| (kept.name, kept.value)).collect()
    }

    /// The name and value of the cookie of the session at Latchkey, which must be there.
    pub fn session_cookie(&self, latchkey: &Latchkey) -> (String, String) {
        let mut all = self.cookies(&latchkey.url("")).into_iter();
        all.find(|(name, _)| name.contains("latchkey.session.")).expect("a session")
    }

    /// The cookies for an address as a header has them.
    pub fn cookie_header(&self, url: &Url) -> String {
        let pairs = self.kept_for(url).into_iter().map(|kept| format!("{}={}", kept.name, kept.value));
        pairs.collect::<Vec<_>>().join("; ")
    }

    /// Has the cookies of another visitor for an origin from now on.
    pub fn take_cookies_of(&self, other: &Self, origin: &str) {
        let theirs = other.jar.lock().expect("the jar").clone();
        self.jar.lock().expect("the jar").extend(theirs.into_iter().filter(|kept| kept.origin == origin));
    }

    /// Forgets every cookie, as another browser never had them.
    pub fn forget_cookies(&self) {
        self.jar.lock().expect("the jar").clear();
    }

    /// Forgets every cookie but those with a name that contains this, as a form of another site's brings only those that
    /// say so.
    pub fn forget_but(&self, name_contains: &str) {
        self.jar.lock().expect("the jar").retain(|kept| kept.name.contains(name_contains));
    }

    /// Replaces the value of a cookie, whatever its name is made of, by `change` of it.
    pub fn tamper(&self, name_contains: &str, change: impl Fn(&str) -> String) {
        let mut jar = self.jar.lock().expect("the jar");
        let found: Vec<_> = jar.iter_mut().filter(|kept| kept.name.contains(name_contains)).collect();
        assert!(!found.is_empty(), "there is no cookie {name_contains}");
        found.into_iter().for_each(|kept| kept.value = change(&kept.value));
    }

    fn kept_for(&self, url: &Url) -> Vec<Kept> {
        let origin = url.origin().ascii_serialization();
        let jar = self.jar.lock().expect("the jar");
        jar.iter().filter(|kept| kept.origin == origin && url.path().starts_with(&kept.path)).cloned().collect()
    }

    fn keep(&self, answer: &Answer) {
        let origin = answer.url.origin().ascii_serialization();
        let mut jar = self.jar.lock().expect("the jar");
        for cookie in answer.set_cookies() {
            let path = cookie.path().unwrap_or("/").to_owned();
            jar.retain(|kept| (&*kept.origin, &*kept.path, &*kept.name) != (&*origin, &*path, cookie.name()));
            let over = cookie.max_age().is_some_and(|age| age.is_zero()) || cookie.value().is_empty();
            if !over {
                let (name, value) = (cookie.name().to_owned(), cookie.value().to_owned());
                jar.push(Kept { origin: origin.clone(), path, name, value });
            }
        }
    }
}
