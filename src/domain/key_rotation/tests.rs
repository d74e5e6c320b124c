use proptest::{
    prelude::{Strategy, prop_oneof},
    prop_assert, proptest,
};

use super::*;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).expect("a time")
}

fn of(made_at: &[i64], now: i64) -> Rotation {
    rotation(&made_at.iter().copied().map(at).collect::<Vec<_>>(), at(now))
}

#[test]
fn keys_come_and_go_by_this_table() {
    let second = 30 * DAY;
    for (what, made_at, now, signer, published, is_due) in [
        ("there is none", &[][..], 0, None, 0, true),
        ("the first one signs at once", &[0], 0, Some(0), 1, false),
        ("for 30 days", &[0], 30 * DAY - 1, Some(0), 1, false),
        ("then the next one is due", &[0], 30 * DAY, Some(0), 1, true),
        ("and published", &[second, 0], second, Some(1), 2, false),
        ("for a day before it signs", &[second, 0], second + DAY - 1, Some(1), 2, false),
        ("then it does", &[second, 0], second + DAY, Some(0), 2, false),
        ("the one before stays published", &[second, 0], second + 2 * DAY + HOUR - 1, Some(0), 2, false),
        ("until its tokens are over", &[second, 0], second + 2 * DAY + HOUR, Some(0), 1, false),
        ("nobody looked for a year", &[second, 0], second + 365 * DAY, Some(0), 1, true),
        ("two before", &[2 * second, second, 0], 2 * second, Some(1), 2, false),
        ("the clock was set back before both", &[second, 0], -DAY, Some(1), 2, false),
        ("between them", &[second, 0], 2 * DAY, Some(1), 2, false),
        ("before the only one", &[second], 0, Some(0), 1, false),
        ("two at once", &[0, 0], 0, Some(1), 2, false),
        ("two at once, later", &[0, 0], DAY, Some(0), 2, false),
    ] {
        assert_eq!(of(made_at, now), Rotation { signer, published, is_due }, "{what}");
    }
}

/// When somebody looks after the keys, or signs or asks for them: after so many seconds more.
fn gaps() -> impl Strategy<Value = Vec<i64>> {
    let gap = prop_oneof![4 => 1..2 * MINUTE, 4 => HOUR..3 * DAY, 1 => 20 * DAY..100 * DAY];
    proptest::collection::vec(gap, 1..200)
}

/// The keys as the store has them, the newest first, after somebody has looked after them.
fn look_after(keys: &mut Vec<Timestamp>, now: Timestamp) {
    if rotation(keys, now).is_due {
        keys.insert(0, now);
    }
    keys.truncate(rotation(keys, now).published);
}

proptest! {
    #[test]
    fn whoever_verifies_finds_the_key_of_every_token_that_is_good(gaps in gaps(), looked_after in proptest::collection::vec(proptest::bool::ANY, 200)) {
        let mut now = at(0);
        let mut keys = Vec::new();
        look_after(&mut keys, now);
        let first = keys[0];
        // When which key has signed.
        let mut signed: Vec<(Timestamp, Timestamp)> = Vec::new();
        // What a verifier got when.
        let mut fetched: Vec<(Timestamp, Vec<Timestamp>)> = vec![(now, keys.clone())];
        for (gap, looked_after) in gaps.into_iter().zip(looked_after) {
            now += SignedDuration::from_secs(gap);
            if looked_after {
                look_after(&mut keys, now);
            }
            let rotation = rotation(&keys, now);
            let signer = keys[rotation.signer.expect("a key")];
            let published = &keys[..rotation.published];
            prop_assert!(published.contains(&signer), "the signer is published");
            let known_for = now.duration_since(signer);
            prop_assert!(signer == first || known_for >= PUBLISHED_BEFORE, "it has been for a day, or is the first");
            signed.push((now, signer));
            fetched.push((now, published.to_vec()));
            let cached = fetched.iter().filter(|(at, _)| now.duration_since(*at) <= SignedDuration::from_mins(15));
            for (_, keys) in cached {
                prop_assert!(keys.contains(&signer), "who fetched keys a quarter of an hour ago has it");
            }
            let still_good = signed.iter().filter(|(at, _)| now.duration_since(*at) <= SignedDuration::from_hours(25));
            for (_, key) in still_good {
                prop_assert!(published.contains(key), "what has signed for the last day and an hour is published");
            }
        }
    }

    #[test]
    fn whatever_the_clock_does_one_published_key_signs(times in proptest::collection::vec(-100 * DAY..100 * DAY, 1..100)) {
        let mut keys = Vec::new();
        for now in times.into_iter().map(at) {
            look_after(&mut keys, now);
            let rotation = rotation(&keys, now);
            prop_assert!(rotation.signer.is_some_and(|signer| signer < rotation.published));
            prop_assert!(keys.is_sorted_by(|newer, older| newer >= older) && keys.len() < 10, "{keys:?}");
        }
    }
}
