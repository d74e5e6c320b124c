//! What each way of asking a provider puts on the wire: `docs/reference/requests.md` is made of what a fake provider
//! got, next to the paragraphs that ask for it. `UPDATE_EXPECTED=1` writes it anew.

mod assertion;
mod cases;
mod login;
mod page;
mod reasons;
mod request;

use std::{fs, path::Path};

use crate::support::latchkey::{Latchkey, MANY_VISITORS};

#[tokio::test]
async fn the_reference_of_the_requests_is_what_a_provider_gets() {
    let latchkey = Latchkey::start_with(MANY_VISITORS, &[("secrets.yaml", &cases::secrets())]).await;
    let mut sections = Vec::new();
    for case in cases::CASES {
        sections.push((case, login::sign_in(&latchkey, case).await));
    }
    let log = latchkey.log();
    assert!(!log.contains(cases::SECRET) && !log.contains(cases::PREVIOUS_SECRET), "{log}");
    let written = page::render(&sections);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference/requests.md");
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        fs::write(&path, &written).expect("written");
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    let differs = written.lines().zip(expected.lines()).find(|(written, expected)| written != expected);
    assert!(
        written == expected,
        "docs/reference/requests.md is not what was sent: {differs:?}; run UPDATE_EXPECTED=1 cargo test --test system wire"
    );
}
