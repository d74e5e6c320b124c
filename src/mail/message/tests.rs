use serde_json::{Value, json};

use super::*;
use crate::domain::testing::{login, organization, written};

fn mail() -> Confirmation {
    Confirmation {
        address: "jo@example.com".to_owned(),
        link: "https://sso.example/o/acme/verify-email?token=AAAA".to_owned(),
        works_until: "2026-11-23T20:00:00Z".parse().expect("a time"),
        organization: "Acme".to_owned(),
        user_name: "jo".to_owned(),
        provider: "Contoso".to_owned(),
        language: "en",
        time_zone: None,
    }
}

fn sent(mail: &Confirmation) -> String {
    let sender = Sender::parse("Latchkey <no-reply@sso.example>").expect("a sender");
    let message = message(mail, &sender).expect("a message");
    String::from_utf8(message.formatted()).expect("ASCII")
}

/// Name and value of each line before the first empty one, unfolded.
fn headers(mail: &str) -> Vec<(String, String)> {
    let head = mail.split("\r\n\r\n").next().expect("a head").replace("\r\n ", " ");
    let header = |line: &str| {
        let (name, value) = line.split_once(": ").expect("a header");
        (name.to_owned(), value.to_owned())
    };
    head.split("\r\n").map(header).collect()
}

fn names(mail: &str) -> Vec<String> {
    headers(mail).into_iter().map(|(name, _)| name).collect()
}

#[test]
fn a_mail_has_two_parts_and_says_that_it_was_made_by_a_machine() {
    let text = sent(&mail());
    assert_eq!(
        names(&text),
        ["From", "To", "Subject", "Message-ID", "Auto-Submitted", "MIME-Version", "Date", "Content-Type"]
    );
    let value = |name: &str| headers(&text).into_iter().find(|(other, _)| other == name).expect("a header").1;
    assert_eq!(value("From"), "Latchkey <no-reply@sso.example>");
    assert_eq!(value("To"), "jo@example.com");
    assert_eq!(value("Subject"), "Confirm your e-mail address for Acme");
    assert_eq!(value("Auto-Submitted"), "auto-generated");
    assert!(value("Message-ID").ends_with("@sso.example>"), "{text}");
    assert!(value("Content-Type").starts_with("multipart/alternative"), "{text}");
    let parts = [text.find("text/plain"), text.find("text/html")].map(|at| at.expect("a part"));
    assert!(parts[0] < parts[1], "the best comes last");
}

#[test]
fn what_comes_from_outside_becomes_no_header_and_no_markup() {
    let hostile = "Acme\r\nBcc: eve@evil.example\r\n\r\n<script>alert(1)</script>\u{202e}";
    let mail = Confirmation {
        organization: hostile.to_owned(),
        user_name: hostile.to_owned(),
        provider: hostile.to_owned(),
        ..mail()
    };
    let text = sent(&mail);
    assert!(!names(&text).iter().any(|name| name.eq_ignore_ascii_case("bcc")), "{text}");
    assert_eq!(names(&text).len(), 8, "{text}");
    let (_, html) = text.split_once("text/html").expect("HTML");
    assert!(!html.contains("<script>"), "{html}");
    assert_eq!(one_line(hostile), "Acme  Bcc: eve@evil.example    <script>alert(1)</script> ");
    let long = "x".repeat(200);
    assert_eq!(one_line(&long), format!("{}…", "x".repeat(80)));
}

#[test]
fn nothing_is_sent_to_what_is_no_address() {
    let sender = Sender::parse("no-reply@sso.example").expect("a sender");
    for odd in [
        "",
        "jo",
        "jo@example.com\r\nRCPT TO:<eve@evil.example>",
        "jo@example.com>",
        "jo@example.com, eve@evil.example",
    ] {
        let mail = Confirmation { address: odd.to_owned(), ..mail() };
        assert_eq!(message(&mail, &sender).err(), Some(SendError::Address), "{odd:?}");
    }
}

#[test]
fn every_language_says_everything() {
    for language in ["en", "de", "fr", "es"] {
        let words = words([language]);
        let mail = Confirmation { language, ..mail() };
        let said = Said {
            address: &mail.address,
            link: &mail.link,
            works_until: "then".to_owned(),
            organization: "Acme".to_owned(),
            user_name: "jo".to_owned(),
            provider: "Contoso".to_owned(),
        };
        let text = PlainText { words, said: said.clone() }.render().expect("text");
        let html = Html { words, said }.render().expect("HTML");
        insta::with_settings!({ omit_expression => true }, {
            insta::assert_snapshot!(format!("{language}_text"), text);
            insta::assert_snapshot!(format!("{language}_html"), html);
        });
    }
}

#[test]
fn the_language_is_the_users_before_the_organizations() {
    let default = |tag: &str| crate::domain::organization::Organization {
        defaults: vec![(LANGUAGE, tag.to_owned())],
        ..organization()
    };
    let speaking = |fields: &[(&str, &str)]| {
        let fields =
            fields.iter().map(|(name, text)| ((*name).to_owned(), json!({ "value": text, "by": { "provider": "" } })));
        let fields = serde_json::from_value(Value::Object(fields.collect())).expect("fields");
        User { fields, ..written(&login("jo")) }
    };
    for (fields, default_tag, expected) in [
        (vec![(LANGUAGE, "de-AT"), (LOCALE, "fr-FR")], "es", "de"),
        (vec![(LOCALE, "fr-FR")], "es", "fr"),
        (vec![(LOCALE, "ja")], "es", "es"),
        (vec![], "es-MX", "es"),
        (vec![], "ja", "en"),
    ] {
        assert_eq!(language(&speaking(&fields), &default(default_tag)), expected, "{fields:?} {default_tag}");
    }
}

#[test]
fn times_are_in_the_persons_time_zone() {
    let time = "2026-11-23T20:00:00Z".parse().expect("a time");
    assert_eq!(readable(time, None), "2026-11-23 20:00 UTC");
    assert_eq!(readable(time, Some("Europe/Berlin")), "2026-11-23 21:00 CET");
    assert_eq!(readable(time, Some("Mars/Olympus")), "2026-11-23 20:00 UTC");
}
