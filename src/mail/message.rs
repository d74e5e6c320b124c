//! Makes the mail that asks somebody to confirm an address. Names in it come from outside: none of them may become a header,
//! markup, or longer than a name is.

use askama::Template;
use jiff::{Timestamp, tz::TimeZone};
use lettre::{
    Message,
    message::{
        Mailbox, MultiPart,
        header::{HeaderName, HeaderValue},
    },
};
use uuid::Uuid;

use super::{
    SendError,
    settings::Sender,
    words::{Words, words},
};
use crate::domain::{
    field::{LANGUAGE, LOCALE, TIME_ZONE},
    organization::Organization,
    user::User,
};

/// Longer names are cut, in characters: a mail is no place for somebody else's advertisement.
const LONGEST_NAME: usize = 80;

/// What a mail says that asks somebody to confirm an address.
// No Debug: whoever has the link is close to the address.
#[derive(Clone)]
pub struct Confirmation {
    pub address: String,
    /// What opens the page that confirms.
    pub link: String,
    pub works_until: Timestamp,
    pub organization: String,
    pub user_name: String,
    /// The display name of the provider.
    pub provider: String,
    /// A BCP 47 tag, see `language`.
    pub language: &'static str,
    /// An IANA time zone.
    pub time_zone: Option<String>,
}

impl Confirmation {
    /// Of a user's address.
    pub fn of(
        user: &User,
        address: &str,
        organization: &Organization,
        provider: &str,
        link: String,
        works_until: Timestamp,
    ) -> Self {
        Self {
            address: address.to_owned(),
            link,
            works_until,
            organization: organization.display_name.clone(),
            user_name: user.user_name.clone(),
            provider: provider.to_owned(),
            language: language(user, organization),
            time_zone: user.fields.text(TIME_ZONE).map(str::to_owned),
        }
    }
}

/// The tag of the language that mails to somebody are in.
pub fn language(user: &User, organization: &Organization) -> &'static str {
    let of_user = [LANGUAGE, LOCALE].into_iter().filter_map(|field| user.fields.text(field));
    let default = organization.defaults.iter().find(|(name, _)| *name == LANGUAGE).map(|(_, tag)| tag.as_str());
    words(of_user.chain(default)).tag
}

/// A time as people read it, in their time zone if it is known.
pub fn readable(time: Timestamp, time_zone: Option<&str>) -> String {
    let zone = time_zone.and_then(|name| TimeZone::get(name).ok()).unwrap_or(TimeZone::UTC);
    time.to_zoned(zone).strftime("%Y-%m-%d %H:%M %Z").to_string()
}

#[derive(Template)]
// Here lines matter.
#[template(path = "confirmation.txt", whitespace = "preserve")]
struct PlainText<'a> {
    words: &'a Words,
    said: Said<'a>,
}

#[derive(Template)]
#[template(path = "confirmation.html")]
struct Html<'a> {
    words: &'a Words,
    said: Said<'a>,
}

/// What comes from outside, ready to be shown.
#[derive(Clone)]
struct Said<'a> {
    address: &'a str,
    link: &'a str,
    works_until: String,
    organization: String,
    user_name: String,
    provider: String,
}

/// The mail, as text and as HTML.
///
/// # Errors
/// When the address is none that a mail can be sent to.
pub(super) fn message(mail: &Confirmation, sender: &Sender) -> Result<Message, SendError> {
    let words = words([mail.language]);
    let said = Said {
        address: &mail.address,
        link: &mail.link,
        works_until: readable(mail.works_until, mail.time_zone.as_deref()),
        organization: one_line(&mail.organization),
        user_name: one_line(&mail.user_name),
        provider: one_line(&mail.provider),
    };
    let address = mail.address.parse().map_err(|_| SendError::Address)?;
    let subject = format!("{}{}{}", words.subject.before, said.organization, words.subject.after);
    let render = |template: Result<String, askama::Error>| template.map_err(|_| SendError::Content);
    let text = render(PlainText { words, said: said.clone() }.render())?;
    let html = render(Html { words, said }.render())?;
    Message::builder()
        .from(sender.0.clone())
        .to(Mailbox::new(None, address))
        .subject(subject)
        .message_id(Some(format!("<{}@{}>", Uuid::new_v4(), sender.0.email.domain())))
        // RFC 3834, section 5: nobody's absence is announced to it.
        .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned()))
        .multipart(MultiPart::alternative_plain_html(text, html))
        .map_err(|_| SendError::Content)
}

/// A name without what could end a line or turn the writing around.
fn one_line(name: &str) -> String {
    let odd = |c: char| {
        c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let mut line: String = name.chars().map(|c| if odd(c) { ' ' } else { c }).take(LONGEST_NAME).collect();
    if name.chars().nth(LONGEST_NAME).is_some() {
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests;
