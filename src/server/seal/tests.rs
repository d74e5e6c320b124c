use std::collections::HashSet;

use super::*;
use crate::{domain::testing::at, store::testing::Files};

const DAY: i64 = 24 * 60 * 60 * 1000;

async fn sealer() -> (Files, Arc<dyn Store>, Sealer) {
    let files = Files::new();
    let store = files.open().await.unwrap();
    let sealer = Sealer::load(&*store, at(0)).await.unwrap();
    (files, store, sealer)
}

#[tokio::test]
async fn what_was_sealed_opens_for_its_purpose_alone() {
    let (_files, _, sealer) = sealer().await;
    for plain in [&b""[..], b"x", &[0; 1000]] {
        let sealed = sealer.seal("session\ndefault/acme", plain).unwrap();
        assert_eq!(sealer.open("session\ndefault/acme", &sealed).as_deref(), Some(plain));
        for other in ["", "session\ndefault/acm", "session\ndefault/globex", "login attempt\ndefault/acme"] {
            assert_eq!(sealer.open(other, &sealed), None, "{other}");
        }
    }
}

#[tokio::test]
async fn nothing_is_sealed_twice_alike_and_nothing_shows() {
    let (_files, _, sealer) = sealer().await;
    let sealed: HashSet<_> = (0..100).map(|_| sealer.seal("a", b"the same secret").unwrap()).collect();
    assert_eq!(sealed.len(), 100);
    for sealed in sealed {
        let bytes = URL_SAFE_NO_PAD.decode(&sealed).unwrap();
        assert!(!bytes.windows(6).any(|window| window == b"secret"));
    }
}

#[tokio::test]
async fn what_was_changed_or_made_up_does_not_open() {
    let (_files, _, sealer) = sealer().await;
    let sealed = sealer.seal("a", b"plain").unwrap();
    for at in 0..sealed.len() {
        let mut changed = sealed.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        assert_eq!(sealer.open("a", std::str::from_utf8(&changed).unwrap()), None, "{at}");
        assert_eq!(sealer.open("a", &sealed[..at]), None, "{at}");
    }
    let longer = format!("{sealed}A");
    let padded = format!("{sealed}=");
    let large = "A".repeat(MAX_SEALED + 1);
    for made_up in ["", "A", "AAAA", "not base64!", "ü", &longer, &padded, &large, &large[1..]] {
        assert_eq!(sealer.open("a", made_up), None, "{made_up}");
    }
}

#[tokio::test]
async fn the_key_of_another_installation_opens_nothing() {
    let (_files, _, ours) = sealer().await;
    let (_other_files, _, theirs) = sealer().await;
    assert_eq!(theirs.open("a", &ours.seal("a", b"plain").unwrap()), None);
}

#[tokio::test]
async fn keys_stay_across_restarts() {
    let (_files, store, sealer) = sealer().await;
    let sealed = sealer.seal("a", b"plain").unwrap();
    let restarted = Sealer::load(&*store, at(1)).await.unwrap();
    assert_eq!(restarted.open("a", &sealed).as_deref(), Some(&b"plain"[..]));
    assert_eq!(store.keys(&KeyPurpose::Cookie).await.unwrap().len(), 1);
}

#[tokio::test]
async fn keys_rotate_with_overlap() {
    let (_files, store, sealer) = sealer().await;
    let first = sealer.seal("a", b"first").unwrap();
    for (day, keys, opens) in
        [(30, 1, true), (31, 2, true), (61, 2, true), (62, 3, true), (120, 4, true), (121, 3, false)]
    {
        sealer.rotate(&*store, at(day * DAY)).await.unwrap();
        assert_eq!(store.keys(&KeyPurpose::Cookie).await.unwrap().len(), keys, "day {day}");
        assert_eq!(sealer.open("a", &first).is_some(), opens, "day {day}");
        let now = sealer.seal("a", b"now").unwrap();
        assert_eq!(sealer.open("a", &now).as_deref(), Some(&b"now"[..]), "day {day}");
    }
}

#[tokio::test]
async fn a_new_key_seals_at_once_and_another_replica_takes_it_up() {
    let (_files, store, ours) = sealer().await;
    let theirs = Sealer::load(&*store, at(0)).await.unwrap();
    ours.rotate(&*store, at(31 * DAY)).await.unwrap();
    let sealed = ours.seal("a", b"plain").unwrap();
    assert_eq!(theirs.open("a", &sealed), None);
    theirs.rotate(&*store, at(31 * DAY)).await.unwrap();
    assert_eq!(theirs.open("a", &sealed).as_deref(), Some(&b"plain"[..]));
    assert_eq!(store.keys(&KeyPurpose::Cookie).await.unwrap().len(), 2, "no third one");
}
