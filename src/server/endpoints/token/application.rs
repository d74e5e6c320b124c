//! Which application asks, and whether it is itself (RFC 6749, sections 2.3.1 and 3.2.1).

use aws_lc_rs::{
    constant_time::verify_slices_are_equal,
    digest::{SHA256, digest},
};
use axum::http::{HeaderMap, header};
use base64::{Engine, engine::general_purpose::STANDARD};
use secrecy::{ExposeSecret, SecretString};

use super::refusal::Refusal;
use crate::{
    domain::organization::{Application, ApplicationSecret, Organization},
    server::parameters::Parameters,
};

/// Longer credentials are nobody's, in bytes.
const MAX_BASIC: usize = 4096;

/// What an application says to be known by.
pub struct Credentials {
    client_id: String,
    /// Empty is as good as none.
    secret: Option<SecretString>,
}

/// What a request says to be known by; one header can be read in two ways, of which the first is the specification's.
///
/// # Errors
/// When it says nothing, several things, or something that cannot be read.
pub fn credentials(headers: &HeaderMap, parameters: &Parameters) -> Result<Vec<Credentials>, Refusal> {
    if parameters.text("client_assertion").is_some() {
        return Err(Refusal::MethodNotSupported);
    }
    let (named, in_body) = (parameters.text("client_id"), parameters.text("client_secret").map(SecretString::from));
    let Some(readings) = in_header(headers)? else {
        let client_id = named.ok_or(Refusal::NoApplication)?.to_owned();
        return Ok(vec![Credentials { client_id, secret: in_body }]);
    };
    let names_another = named.is_some_and(|named| readings.iter().all(|reading| reading.client_id != named));
    if in_body.is_some() || names_another { Err(Refusal::TwoCredentials) } else { Ok(readings) }
}

/// The application that these name, whether or not they are its own.
pub fn named<'a>(organization: &'a Organization, shown: &[Credentials]) -> Option<&'a Application> {
    shown.iter().find_map(|shown| organization.application(&shown.client_id))
}

/// The application whose own these are.
///
/// # Errors
/// When it is not known, or does not show that it is itself.
pub fn authenticate<'a>(organization: &'a Organization, shown: &[Credentials]) -> Result<&'a Application, Refusal> {
    let mut outcomes = shown.iter().map(|shown| is_itself(organization, shown));
    let first = outcomes.next().unwrap_or(Err(Refusal::NoApplication));
    first.or_else(|refusal| outcomes.find_map(Result::ok).ok_or(refusal))
}

/// The credentials of HTTP Basic; None: there is no such header.
fn in_header(headers: &HeaderMap) -> Result<Option<Vec<Credentials>>, Refusal> {
    let mut lines = headers.get_all(header::AUTHORIZATION).iter();
    let Some(line) = lines.next() else { return Ok(None) };
    if lines.next().is_some() {
        return Err(Refusal::TwoCredentials);
    }
    let line = line.to_str().ok().filter(|line| line.len() <= MAX_BASIC).ok_or(Refusal::MalformedBasic)?;
    let (scheme, rest) = line.split_once(' ').unwrap_or((line, ""));
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(Refusal::MethodNotSupported);
    }
    let pair = STANDARD.decode(rest.trim()).ok().and_then(|octets| String::from_utf8(octets).ok());
    let pair = SecretString::from(pair.ok_or(Refusal::MalformedBasic)?);
    let (client_id, secret) = pair.expose_secret().split_once(':').ok_or(Refusal::MalformedBasic)?;
    // RFC 6749 has both encoded as in a form; many who send them do not, and a secret may hold a plus sign.
    let reading = |read: fn(&str) -> String| Credentials {
        client_id: read(client_id),
        secret: Some(read(secret)).filter(|secret| !secret.is_empty()).map(SecretString::from),
    };
    Ok(Some(vec![reading(form_decoded), reading(str::to_owned)]))
}

fn form_decoded(text: &str) -> String {
    let pair = format!("={text}").replace('&', "%26");
    url::form_urlencoded::parse(pair.as_bytes()).next().map(|(_, value)| value.into_owned()).unwrap_or_default()
}

fn is_itself<'a>(organization: &'a Organization, shown: &Credentials) -> Result<&'a Application, Refusal> {
    let application = organization.application(&shown.client_id).ok_or(Refusal::UnknownApplication)?;
    match (&application.secret, &shown.secret) {
        (ApplicationSecret::Public, None) => Ok(application),
        (ApplicationSecret::Public, Some(_)) => Err(Refusal::SecretOfPublic),
        (ApplicationSecret::Missing, _) => Err(Refusal::SecretMissing),
        (ApplicationSecret::Hashed(_), None) => Err(Refusal::NoSecret),
        (ApplicationSecret::Hashed(expected), Some(secret)) => {
            let shown = digest(&SHA256, secret.expose_secret().as_bytes());
            let equal = verify_slices_are_equal(expected, shown.as_ref());
            equal.map(|()| application).map_err(|_| Refusal::WrongSecret)
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;
    use crate::domain::testing::organization;

    fn acme() -> Organization {
        let application =
            |client_id: &str, secret| Application { client_id: client_id.to_owned(), secret, providers: Vec::new() };
        let hashed = |secret: &str| {
            let mut hash = [0; 32];
            hash.copy_from_slice(digest(&SHA256, secret.as_bytes()).as_ref());
            ApplicationSecret::Hashed(hash)
        };
        let applications = vec![
            application("desktop", ApplicationSecret::Public),
            application("web", hashed("s3cret")),
            application("odd:id%", hashed("a+b%c:&=ü")),
            application("broken", ApplicationSecret::Missing),
        ];
        Organization { applications, ..organization() }
    }

    /// The application, or the code of the refusal.
    fn is(authorization: &[String], form: &str) -> Result<String, String> {
        let mut headers = HeaderMap::new();
        for line in authorization {
            headers.append(header::AUTHORIZATION, HeaderValue::from_str(line).expect("a header"));
        }
        let parameters = Parameters::parse(form).expect("parameters");
        let organization = acme();
        let outcome = credentials(&headers, &parameters).and_then(|shown| authenticate(&organization, &shown));
        outcome.map(|application| application.client_id.clone()).map_err(|refusal| format!("{refusal:?}"))
    }

    fn basic(pair: &str) -> Vec<String> {
        vec![format!("Basic {}", STANDARD.encode(pair))]
    }

    fn ok(client_id: &str) -> Result<String, String> {
        Ok(client_id.to_owned())
    }

    fn refused(code: &str) -> Result<String, String> {
        Err(code.to_owned())
    }

    #[test]
    fn an_application_is_known_by_its_secret_or_as_a_public_one_by_its_name() {
        assert_eq!(is(&[], "client_id=desktop"), ok("desktop"));
        assert_eq!(is(&[], "client_id=desktop&client_secret="), ok("desktop"));
        assert_eq!(is(&basic("desktop:"), ""), ok("desktop"));
        assert_eq!(is(&[], "client_id=web&client_secret=s3cret"), ok("web"));
        assert_eq!(is(&basic("web:s3cret"), ""), ok("web"));
        assert_eq!(is(&basic("web:s3cret"), "client_id=web"), ok("web"));
        assert_eq!(is(&[basic("web:s3cret")[0].replace("Basic", "bAsIc")], ""), ok("web"));
    }

    #[test]
    fn who_does_not_show_its_own_secret_is_nobody() {
        assert_eq!(is(&[], ""), refused("NoApplication"));
        assert_eq!(is(&[], "client_id=unknown"), refused("UnknownApplication"));
        assert_eq!(is(&basic("unknown:s3cret"), ""), refused("UnknownApplication"));
        assert_eq!(is(&[], "client_id=web"), refused("NoSecret"));
        assert_eq!(is(&basic("web:"), ""), refused("NoSecret"));
        assert_eq!(is(&[], "client_id=web&client_secret=S3cret"), refused("WrongSecret"));
        assert_eq!(is(&basic("web:s3cret "), ""), refused("WrongSecret"));
        assert_eq!(is(&[], "client_id=desktop&client_secret=s3cret"), refused("SecretOfPublic"));
        for secret in ["", "&client_secret=", "&client_secret=s3cret"] {
            assert_eq!(is(&[], &format!("client_id=broken{secret}")), refused("SecretMissing"), "{secret}");
        }
        assert_eq!(is(&[], "client_id=web&client_assertion=x&client_secret=s3cret"), refused("MethodNotSupported"));
    }

    #[test]
    fn nobody_authenticates_twice() {
        assert_eq!(is(&basic("web:s3cret"), "client_secret=s3cret"), refused("TwoCredentials"));
        assert_eq!(is(&basic("web:s3cret"), "client_id=desktop"), refused("TwoCredentials"));
        assert_eq!(is(&[basic("web:s3cret"), basic("web:s3cret")].concat(), ""), refused("TwoCredentials"));
    }

    #[test]
    fn a_header_is_read_as_the_specification_has_it_and_as_many_write_it() {
        let encoded = "odd%3Aid%25:a%2Bb%25c%3A%26%3D%C3%BC";
        assert_eq!(is(&basic(encoded), ""), ok("odd:id%"));
        assert_eq!(is(&basic(encoded), "client_id=odd%3Aid%25"), ok("odd:id%"));
        // An ID with a colon cannot be told from its secret unless it is encoded.
        assert_eq!(is(&basic("odd:id%:a+b%c:&=ü"), ""), refused("UnknownApplication"));
        assert_eq!(is(&[], "client_id=web&client_secret=s3%63ret"), ok("web"));
    }

    #[test]
    fn a_malformed_header_is_nobodys() {
        for line in ["Basic", "Basic ", "Basic !", "Basic d2Vi"] {
            assert_eq!(is(&[line.to_owned()], ""), refused("MalformedBasic"), "{line}");
        }
        let not_text = format!("Basic {}", STANDARD.encode([0xff, b':', b'x']));
        assert_eq!(is(&[not_text], ""), refused("MalformedBasic"));
        assert_eq!(is(&basic(&format!("web:{}", "x".repeat(5000))), ""), refused("MalformedBasic"));
        assert_eq!(is(&["Bearer abc".to_owned()], "client_id=desktop"), refused("MethodNotSupported"));
    }
}
