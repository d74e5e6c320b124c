//! Where mails go, and on whose behalf. What is wrong with a setting is said without repeating it: it can hold a password.

use std::fmt;

use lettre::{
    message::Mailbox,
    transport::smtp::client::{TlsParameters, TlsParametersBuilder},
};
use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret, SecretString};
use url::{Host, Url};

const SUBMISSIONS_PORT: u16 = 465;
const SUBMISSION_PORT: u16 = 587;
const PLAIN_PORT: u16 = 25;

/// A mail server, and how to talk to it.
#[derive(Clone)]
pub struct Smtp {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) encryption: Encryption,
    pub(super) login: Option<Login>,
}

/// Who sends, to the mail server.
#[derive(Clone)]
pub(super) struct Login {
    pub(super) user: String,
    pub(super) password: SecretString,
}

/// When TLS begins.
#[derive(Clone)]
pub(super) enum Encryption {
    /// RFC 8314, section 3.3.
    FromTheStart(TlsParameters),
    /// STARTTLS (RFC 3207), without which nothing is sent.
    Upgrade(TlsParameters),
    /// For development.
    Never,
}

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Smtp").field("host", &self.host).field("port", &self.port).finish_non_exhaustive()
    }
}

/// What is wrong with a setting.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[error(
        "--smtp-url is none that Latchkey knows: write smtps://USER:PASSWORD@HOST, or smtp://USER:PASSWORD@HOST for STARTTLS; percent-encode what has a meaning in URLs"
    )]
    Url,
    #[error("--smtp-url has a user without a password: write smtps://USER:PASSWORD@HOST")]
    PasswordMissing,
    #[error("--smtp-url says tls=none: mails would go out in the clear; for development, add --allow-http")]
    Plain,
    #[error("--smtp-url: the CA certificates of this system cannot be used")]
    TrustRoots(#[source] lettre::transport::smtp::Error),
    #[error("--mail-from is no address: write no-reply@example.com, or \"Name <no-reply@example.com>\"")]
    Sender,
}

impl Smtp {
    /// Reads `smtps://[USER:PASSWORD@]HOST[:PORT]` (TLS from the start), `smtp://…` (STARTTLS) or `smtp://…?tls=none`.
    /// `allow_plain`: whether the last one may be.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(url: &SecretString, allow_plain: bool) -> Result<Self, SettingsError> {
        let url = Url::parse(url.expose_secret()).map_err(|_| SettingsError::Url)?;
        let alone = matches!(url.path(), "" | "/") && url.fragment().is_none();
        let host = match url.host().filter(|_| alone).ok_or(SettingsError::Url)? {
            Host::Domain(name) if name.is_empty() || name.contains('%') => return Err(SettingsError::Url),
            Host::Domain(name) => name.to_owned(),
            Host::Ipv4(address) => address.to_string(),
            Host::Ipv6(address) => address.to_string(),
        };
        let (encryption, default_port) = match (url.scheme(), url.query()) {
            ("smtps", None) => (Encryption::FromTheStart(tls(&host)?), SUBMISSIONS_PORT),
            ("smtp", None) => (Encryption::Upgrade(tls(&host)?), SUBMISSION_PORT),
            ("smtp", Some("tls=none")) if allow_plain => (Encryption::Never, PLAIN_PORT),
            ("smtp", Some("tls=none")) => return Err(SettingsError::Plain),
            _ => return Err(SettingsError::Url),
        };
        let port = url.port().unwrap_or(default_port);
        Ok(Self { host, port, encryption, login: login(&url)? })
    }
}

/// Trusts what the system trusts.
fn tls(host: &str) -> Result<TlsParameters, SettingsError> {
    TlsParametersBuilder::new(host.to_owned()).build_rustls().map_err(SettingsError::TrustRoots)
}

fn login(url: &Url) -> Result<Option<Login>, SettingsError> {
    if url.username().is_empty() {
        return if url.password().is_some() { Err(SettingsError::Url) } else { Ok(None) };
    }
    let password = url.password().ok_or(SettingsError::PasswordMissing)?;
    let decoded = |text| percent_decode_str(text).decode_utf8().map_err(|_| SettingsError::Url);
    let (user, password) = (decoded(url.username())?.into_owned(), decoded(password)?.into_owned().into());
    Ok(Some(Login { user, password }))
}

/// On whose behalf mails are sent.
#[derive(Clone, Debug)]
pub struct Sender(pub(super) Mailbox);

impl Sender {
    /// Reads an address, alone or as `Name <address>`.
    ///
    /// # Errors
    /// When it is none, or has letters beyond ASCII, which many servers do not take.
    pub fn parse(text: &str) -> Result<Self, SettingsError> {
        let mailbox: Mailbox = text.trim().parse().map_err(|_| SettingsError::Sender)?;
        let address: &str = mailbox.email.as_ref();
        let odd = !address.is_ascii() || mailbox.name.iter().any(|name| name.contains(char::is_control));
        if odd { Err(SettingsError::Sender) } else { Ok(Self(mailbox)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(url: &str) -> Result<Smtp, SettingsError> {
        Smtp::parse(&url.into(), true)
    }

    #[test]
    fn tls_is_from_the_start_or_required_and_the_port_fits() {
        for (url, host, port) in [
            ("smtps://mail.example.com", "mail.example.com", 465),
            ("smtps://mail.example.com:4465/", "mail.example.com", 4465),
            ("smtp://mail.example.com", "mail.example.com", 587),
            ("smtp://[2001:db8::1]", "2001:db8::1", 587),
            ("smtp://127.0.0.1?tls=none", "127.0.0.1", 25),
        ] {
            let smtp = parsed(url).expect(url);
            assert_eq!((smtp.host.as_str(), smtp.port), (host, port), "{url}");
            let fits = match smtp.encryption {
                Encryption::FromTheStart(_) => url.starts_with("smtps:"),
                Encryption::Upgrade(_) => url.starts_with("smtp:") && !url.contains("tls=none"),
                Encryption::Never => url.contains("tls=none"),
            };
            assert!(fits, "{url}");
        }
    }

    #[test]
    fn user_and_password_are_percent_decoded() {
        let smtp = parsed("smtps://jo%40example.com:p%2Fw%3A%20x@mail.example.com").expect("a URL");
        let login = smtp.login.expect("a login");
        assert_eq!((login.user.as_str(), login.password.expose_secret()), ("jo@example.com", "p/w: x"));
        assert!(parsed("smtps://mail.example.com").expect("a URL").login.is_none());
    }

    #[test]
    fn a_url_that_is_wrong_is_refused_and_its_password_told_to_nobody() {
        for url in [
            "",
            "mail.example.com",
            "https://jo:hunter2@mail.example.com",
            "smtps://",
            "smtps://jo:hunter2@",
            "smtps://jo@mail.example.com",
            "smtps://:hunter2@mail.example.com",
            "smtps://jo:hunter2@mail.example.com/path",
            "smtps://jo:hunter2@mail.example.com?tls=none",
            "smtp://jo:hunter2@mail.example.com?tls=opportunistic",
            "smtp://jo:hunter2@mail.example.com?tls=none&x=1",
            "smtp://jo:hunter2@mail.example.com:99999",
            "smtp://jo:%ff@mail.example.com",
            "smtp://jo:hunter2@mail%00.example.com",
        ] {
            let error = parsed(url).err().unwrap_or_else(|| panic!("{url} was taken"));
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
        }
        let told = format!("{:?}", parsed("smtps://jo:hunter2@mail.example.com").expect("a URL"));
        assert!(told.contains("mail.example.com") && !told.contains("hunter2"), "{told}");
    }

    #[test]
    fn plaintext_is_for_development() {
        let refused = Smtp::parse(&"smtp://127.0.0.1?tls=none".into(), false);
        assert!(matches!(refused, Err(SettingsError::Plain)));
    }

    #[test]
    fn a_sender_is_an_address_with_or_without_a_name() {
        for text in ["no-reply@example.com", "Latchkey <no-reply@example.com>", "\"Acme, Inc.\" <no-reply@example.com>"]
        {
            assert_eq!(Sender::parse(text).expect(text).0.email.to_string(), "no-reply@example.com", "{text}");
        }
        for text in
            ["", "no-reply", "Latchkey", "a@b@example.com", "jö@example.com", "A <a@example.com>, b@example.com"]
        {
            assert!(Sender::parse(text).is_err(), "{text}");
        }
    }
}
