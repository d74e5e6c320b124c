//! Where a person may be sent after signing in or out, resolved as a browser would resolve it.

use url::Url;

/// Longer targets are not looked at, in bytes.
pub const MAX_LENGTH: usize = 2048;

/// The absolute URL to send the person to, or None when the target is absent or not allowed.
///
/// Allowed are this origin, and what lies at or below an entry of `allowed` (same scheme, host and port).
pub fn resolve(target: Option<&str>, origin: &Url, allowed: &[Url]) -> Option<Url> {
    let target = target.filter(|target| !target.is_empty() && target.len() <= MAX_LENGTH)?;
    let url = origin.join(target).ok()?;
    let plain = matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none();
    if !plain {
        return None;
    }
    let here = url.origin() == origin.origin();
    (here || allowed.iter().any(|entry| is_at_or_below(&url, entry))).then_some(url)
}

fn is_at_or_below(url: &Url, entry: &Url) -> bool {
    // Servers differ in what an encoded separator means, so none gets past a path prefix.
    let path = url.path().to_ascii_lowercase();
    let whole_host = entry.path() == "/";
    let hidden = path.contains("%2f") || path.contains("%5c") || path.contains("%2e");
    let below = url.path().strip_prefix(entry.path().trim_end_matches('/'));
    url.origin() == entry.origin()
        && (whole_host || !hidden && below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(target: &str) -> Option<String> {
        let origin = Url::parse("https://login.example.com/").expect("a URL");
        let allowed = ["https://app.example.com/", "https://wiki.example.com:8443/space"]
            .map(|entry| Url::parse(entry).expect("a URL"));
        resolve(Some(target), &origin, &allowed).map(String::from)
    }

    #[test]
    fn paths_here_and_what_is_allowed_are_followed() {
        for (target, expected) in [
            ("/o/acme/", "https://login.example.com/o/acme/"),
            ("account?x=1#y", "https://login.example.com/account?x=1#y"),
            ("https://app.example.com", "https://app.example.com/"),
            ("https://app.example.com/a/b?c=d", "https://app.example.com/a/b?c=d"),
            ("HTTPS://APP.example.com:443/a", "https://app.example.com/a"),
            ("https://wiki.example.com:8443/space", "https://wiki.example.com:8443/space"),
            ("https://wiki.example.com:8443/space/page", "https://wiki.example.com:8443/space/page"),
            ("https://app.example.com/a%2fb", "https://app.example.com/a%2fb"),
        ] {
            assert_eq!(resolved(target).as_deref(), Some(expected), "{target}");
        }
    }

    #[test]
    fn every_disguise_of_another_place_is_refused() {
        for target in [
            "",
            "//evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/\t/evil.example",
            "\t//evil.example",
            "https:evil.example/..//evil.example",
            "https://evil.example",
            "https://login.example.com.evil.example/",
            "https://login.example.com@evil.example/",
            "https://user@app.example.com/",
            "https://app.example.com.evil.example/",
            "https://app.example.com:444/",
            "http://app.example.com/",
            "https://аpp.example.com/",
            "https://wiki.example.com:8443/spaceship",
            "https://wiki.example.com:8443/space/../admin",
            "https://wiki.example.com:8443/space/%2e%2e/admin",
            "https://wiki.example.com:8443/space/..%2fadmin",
            "https://wiki.example.com/space",
            "javascript:alert(1)",
            "data:text/html,x",
            "https://",
        ] {
            let answer = resolved(target);
            let stays = answer.as_deref().is_some_and(|url| url.starts_with("https://login.example.com/"));
            assert!(answer.is_none() || stays, "{target} went to {answer:?}");
        }
        assert_eq!(resolved(&format!("/{}", "a".repeat(64 * 1024))), None);
    }
}
