//! Where people may be sent: nowhere but here, and at or below what is allowed, as a browser reads it.

use std::sync::LazyLock;

use http::HeaderValue;
use url::Url;

use crate::domain::return_url::resolve;

/// An origin of ours, and what its organization allows.
struct Place {
    origin: Url,
    allowed: Vec<Url>,
}

static PLACES: LazyLock<[Place; 2]> = LazyLock::new(|| {
    [
        ("https://login.example.com/", &["https://app.example.com/", "https://wiki.example.com:8443/space"][..]),
        ("http://127.0.0.1:8080/", &["http://127.0.0.1:9000/app/"][..]),
    ]
    .map(|(origin, allowed)| Place { origin: url(origin), allowed: allowed.iter().copied().map(url).collect() })
});

fn url(text: &str) -> Url {
    Url::parse(text).expect("a URL")
}

/// The input is a target as a browser brings it.
pub fn return_url(data: &[u8]) -> bool {
    let Ok(target) = str::from_utf8(data) else { return false };
    let mut accepted = false;
    for place in &*PLACES {
        if let Some(resolved) = resolve(Some(target), &place.origin, &place.allowed) {
            stays(&resolved, place);
            accepted = true;
        }
    }
    accepted
}

fn stays(resolved: &Url, place: &Place) {
    let text = resolved.as_str();
    assert_eq!(Url::parse(text).as_ref(), Ok(resolved), "it is read again as what was checked");
    assert!(HeaderValue::from_str(text).is_ok() && !text.contains(char::is_whitespace), "it fits into a header");
    assert!(resolved.username().is_empty() && resolved.password().is_none(), "it poses as no other host");
    assert_eq!(resolved.scheme(), place.origin.scheme(), "https stays https");
    let path = resolved.path();
    assert!(path.starts_with('/') && !path.contains('\\'));
    assert!(path.split('/').all(|segment| segment != "." && segment != ".."));
    let here = text.starts_with(place.origin.as_str());
    let allowed = place.allowed.iter().any(|entry| is_below(text, path, entry));
    assert!(here || allowed, "{text} is neither here nor allowed");
    if text.len() <= 2048 {
        assert_eq!(resolve(Some(text), &place.origin, &place.allowed).as_ref(), Some(resolved), "it is allowed again");
    }
}

/// By the letter: nothing but a `/`, a query or a fragment comes after an entry.
fn is_below(text: &str, path: &str, entry: &Url) -> bool {
    let Some(rest) = text.strip_prefix(entry.as_str().trim_end_matches('/')) else { return false };
    let path = path.to_ascii_lowercase();
    let hides_nothing = entry.path() == "/" || ["%2f", "%5c", "%2e"].iter().all(|hidden| !path.contains(hidden));
    hides_nothing && (rest.is_empty() || rest.starts_with(['/', '?', '#']))
}
