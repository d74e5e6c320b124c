//! Keys that open with the right key file alone, and generations.

use secrecy::{ExposeSecret, SecretSlice};

use super::*;
use crate::store::{KeyPurpose, StoredKey};

fn key(id: u32, made_at: Timestamp) -> StoredKey {
    StoredKey { id, secret: SecretSlice::from(vec![id as u8; 32]), made_at }
}

async fn ids(store: &dyn Store) -> Vec<u32> {
    store.keys(&KeyPurpose::Cookie).await.unwrap().iter().map(|key| key.id).collect()
}

pub async fn keys_come_back_newest_first_after_a_restart(database: impl Database) {
    let store = open(&database).await;
    assert!(ids(&*store).await.is_empty());
    for key in [key(1, at(10)), key(u32::MAX, at(30)), key(3, at(20))] {
        store.add_key(&KeyPurpose::Cookie, &key, Timestamp::MAX).await.unwrap();
    }
    drop(store);
    let keys = open(&database).await.keys(&KeyPurpose::Cookie).await.unwrap();
    let read: Vec<_> = keys.iter().map(|key| (key.id, key.made_at, key.secret.expose_secret())).collect();
    assert_eq!(read, [(u32::MAX, at(30), &[255; 32][..]), (3, at(20), &[3; 32][..]), (1, at(10), &[1; 32][..])]);
}

pub async fn a_key_id_is_taken_once(database: impl Database) {
    let store = open(&database).await;
    store.add_key(&KeyPurpose::Cookie, &key(1, at(10)), Timestamp::MAX).await.unwrap();
    assert!(store.add_key(&KeyPurpose::Cookie, &key(1, at(20)), Timestamp::MAX).await.is_err());
    assert_eq!(store.keys(&KeyPurpose::Cookie).await.unwrap()[0].made_at, at(10));
}

pub async fn a_key_is_added_unless_a_younger_one_is_there_than_the_caller_knows(database: impl Database) {
    let store = open(&database).await;
    let add = async |id, made_at, unless_after| {
        store.add_key(&KeyPurpose::Cookie, &key(id, at(made_at)), at(unless_after)).await.unwrap()
    };
    assert!(add(1, 10, 0).await, "there is none");
    assert!(!add(2, 20, 9).await);
    assert!(add(2, 20, 10).await, "the other is old enough");
    assert!(!add(3, 30, 19).await);
    assert_eq!(ids(&*store).await, [2, 1]);
    let other = KeyPurpose::Signing(organization_key("acme"));
    assert!(store.add_key(&other, &key(1, at(20)), at(0)).await.unwrap(), "another purpose has its own");
}

pub async fn of_many_who_make_a_key_at_the_same_moment_one_does(database: impl Database) {
    let purpose = KeyPurpose::Signing(organization_key("acme"));
    let mut tasks = Vec::new();
    for id in 0..8 {
        // Each is a replica, and their clocks differ.
        let (store, purpose) = (open(&database).await, purpose.clone());
        let made_at = at(1000 + i64::from(id % 3));
        tasks.push(tokio::spawn(async move {
            let added = store.add_key(&purpose, &key(id, made_at), at(0)).await.unwrap();
            let keys: Vec<_> = store.keys(&purpose).await.unwrap().iter().map(|key| key.id).collect();
            (added.then_some(id), keys)
        }));
    }
    let (mut added, mut seen) = (Vec::new(), Vec::new());
    for task in tasks {
        let (id, keys) = task.await.unwrap();
        added.extend(id);
        seen.push(keys);
    }
    assert_eq!(added.len(), 1, "{added:?}");
    assert!(seen.iter().all(|keys| *keys == added), "{seen:?}");
}

pub async fn the_organizations_that_sign_are_those_with_keys(database: impl Database) {
    let store = open(&database).await;
    let signing = |name: &str| KeyPurpose::Signing(organization_key(name));
    store.add_key(&KeyPurpose::Cookie, &key(1, at(10)), Timestamp::MAX).await.unwrap();
    assert!(store.signing_organizations().await.unwrap().is_empty());
    for (name, id) in [("globex", 1), ("acme", 1), ("acme", 2)] {
        store.add_key(&signing(name), &key(id, at(10)), Timestamp::MAX).await.unwrap();
    }
    let expected = [organization_key("acme"), organization_key("globex")];
    assert_eq!(store.signing_organizations().await.unwrap(), expected);
    store.remove_keys_before(&signing("globex"), at(20)).await.unwrap();
    assert_eq!(store.signing_organizations().await.unwrap(), expected[..1]);
    assert_eq!(store.keys(&signing("acme")).await.unwrap().len(), 2, "of one organization alone");
}

pub async fn old_keys_are_removed_and_young_ones_stay(database: impl Database) {
    let store = open(&database).await;
    for key in [key(1, at(10)), key(2, at(20)), key(3, at(30))] {
        store.add_key(&KeyPurpose::Cookie, &key, Timestamp::MAX).await.unwrap();
    }
    store.remove_keys_before(&KeyPurpose::Cookie, at(20)).await.unwrap();
    assert_eq!(ids(&*store).await, [3, 2]);
}

pub async fn another_key_file_is_refused_at_once(database: impl Database) {
    open(&database).await.add_key(&KeyPurpose::Cookie, &key(1, at(10)), Timestamp::MAX).await.unwrap();
    let kept = std::fs::read(database.key_file()).unwrap();
    std::fs::remove_file(database.key_file()).unwrap();
    let other = SqliteFile::new();
    open(&other).await;
    std::fs::copy(other.key_file(), database.key_file()).unwrap();

    let refused = crate::store::open(&database.url(), Some(&database.key_file())).await;
    assert!(matches!(refused.err(), Some(StoreError::Unsealable { .. })));
    std::fs::write(database.key_file(), kept).unwrap();
    assert_eq!(ids(&*open(&database).await).await, [1]);
}

pub async fn a_lost_key_file_is_not_replaced(database: impl Database) {
    drop(open(&database).await);
    std::fs::remove_file(database.key_file()).unwrap();
    let refused = crate::store::open(&database.url(), Some(&database.key_file())).await;
    assert!(matches!(refused.err(), Some(StoreError::KeyFileMissing { .. })));
    assert!(!database.key_file().exists());
}

pub async fn a_key_is_printed_nowhere(database: impl Database) {
    let store = open(&database).await;
    store.add_key(&KeyPurpose::Cookie, &key(7, at(10)), Timestamp::MAX).await.unwrap();
    let keys = store.keys(&KeyPurpose::Cookie).await.unwrap();
    assert!(!format!("{keys:?}").contains("7, 7"));
}

pub async fn a_generation_counts_changes_of_a_spec_across_restarts(database: impl Database) {
    let mut generations = Vec::new();
    for hash in [1, 1, 2, 2, 1] {
        let store = open(&database).await;
        generations.push(store.generation("uid", &[hash; 32]).await.unwrap());
        assert_eq!(store.generation("other", &[9; 32]).await.unwrap(), 1);
    }
    assert_eq!(generations, [1, 1, 2, 2, 3]);
}

pub async fn concurrent_changes_of_a_spec_count_once_each(database: impl Database) {
    let store = open(&database).await;
    store.generation("uid", &[0; 32]).await.unwrap();
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.generation("uid", &[1; 32]).await.unwrap() })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), 2);
    }
}

pub async fn a_database_that_was_opened_answers(database: impl Database) {
    open(&database).await.ping().await.unwrap();
}
