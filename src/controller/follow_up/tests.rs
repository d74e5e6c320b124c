use std::{sync::Arc, time::Duration};

use serde_json::json;
use sqlx::Connection;
use tokio::time::timeout;

use super::*;
use crate::{
    controller::publish::{Name, Publisher},
    domain::{
        grant::Granted,
        mapper::{Mapper, When},
        modes::Terms,
        provider::{LoginState, Provider},
        reading::Reading,
        testing::{again, claims, first, login, mapped, mapper, organization, people, provider, role, through},
        user::LoginRecord,
    },
    store::{
        LONGEST_CLAIMS,
        testing::{Files, soon},
    },
};

/// A store that outlives what follows up in it.
struct World {
    files: Files,
    store: Arc<dyn Store>,
    running: Running,
}

/// What is gone after a restart.
struct Running {
    publisher: Publisher,
    receiver: mpsc::UnboundedReceiver<FollowUp>,
    follow_ups: FollowUps,
}

impl World {
    /// Nothing is in the table, and the source is still listing.
    async fn starting() -> Self {
        let files = Files::new();
        let store = files.open().await.unwrap();
        let running = Running::new(&store);
        Self { files, store, running }
    }

    /// With these in the table, and nothing left to do.
    async fn settled(providers: &[Provider], mappers: &[Mapper]) -> Self {
        let mut world = Self::starting().await;
        world.settle(providers, mappers, true).await;
        world
    }

    /// The source lists these, and they are decided and followed.
    async fn settle(&mut self, providers: &[Provider], mappers: &[Mapper], complete: bool) {
        self.list(providers, mappers, complete);
        self.follow().await.unwrap();
    }

    fn list(&self, providers: &[Provider], mappers: &[Mapper], complete: bool) {
        let names = providers.iter().map(|provider| Name::Provider(provider.path.clone()));
        let names = names.chain(mappers.iter().map(|mapper| Name::Mapper(mapper.path.clone())));
        self.running.publisher.initialized(names.collect(), complete);
        self.running.publisher.organization(&organization().key, Some(organization()));
        mappers.iter().cloned().for_each(|mapper| self.mapper(mapper));
        providers.iter().cloned().for_each(|provider| self.provider(provider));
    }

    fn restart(&mut self) {
        self.running = Running::new(&self.store);
    }

    fn provider(&self, provider: Provider) {
        self.running.publisher.provider(&provider.path.clone(), Some(provider));
    }

    fn mapper(&self, mapper: Mapper) {
        self.running.publisher.mapper(&mapper.path.clone(), Some(mapper));
    }

    /// Does what the changes until now ask for.
    async fn follow(&mut self) -> Result<(), StoreError> {
        let Running { receiver, follow_ups, .. } = &mut self.running;
        while let Ok(follow_up) = receiver.try_recv() {
            follow_ups.note(follow_up);
        }
        follow_ups.work().await
    }

    /// Signs somebody in by the table as it is now.
    async fn signs_in(&self, mut login: LoginRecord) -> LoginRecord {
        let table = self.running.publisher.table();
        (login.mapped, login.terms.keep) = due(&table, &login.session.provider_uid, Some(&login.claims));
        self.store.record_login(&login).await.unwrap();
        login
    }

    /// The names of somebody's roles; None when the session has ended.
    async fn roles(&self, login: &LoginRecord) -> Option<Vec<String>> {
        let signed_in = self.store.session(&login.session.id).await.unwrap()?;
        let name = |granted| match granted {
            Granted::Role(name) => name,
            other => panic!("{other:?}"),
        };
        Some(signed_in.grants.into_iter().map(name).collect())
    }
}

impl Running {
    fn new(store: &Arc<dyn Store>) -> Self {
        let table = Arc::<Published>::default();
        let (publisher, receiver) = Publisher::new(table.clone());
        Self { publisher, receiver, follow_ups: FollowUps::new(store.clone(), table) }
    }
}

/// For everybody, since all are in the group "a".
fn giving(uid: &str, role: &str) -> Mapper {
    mapper(uid, "p1", When::Group("a".into()), &[role])
}

fn frozen(uid: &str) -> Mapper {
    Mapper { served: None, ..giving(uid, "") }
}

fn some<const N: usize>(roles: [&str; N]) -> Option<Vec<String>> {
    Some(roles.map(str::to_owned).into())
}

#[tokio::test]
async fn a_changed_mapper_reaches_everybody_who_is_signed_in() {
    let mut world = World::settled(&[provider("p1"), provider("p2")], &[giving("m1", "viewer")]).await;
    let mut people = Vec::new();
    // More than are read at once.
    for number in 0..=BATCH {
        people.push(world.signs_in(login(&format!("person{number}"))).await);
    }
    let other = world.signs_in(first(through(&login("ada"), "p2", Vec::new()))).await;
    assert_eq!(world.roles(&people[0]).await, some(["viewer"]));

    world.mapper(giving("m1", "admin"));
    world.follow().await.unwrap();
    for person in &people {
        assert_eq!(world.roles(person).await, some(["admin"]));
    }
    assert_eq!(world.roles(&other).await, some([]));
}

#[tokio::test]
async fn a_mapper_that_is_gone_takes_its_grants_along_and_no_others() {
    let mut world = World::settled(&[provider("p1")], &[giving("m1", "viewer"), giving("m2", "admin")]).await;
    let ada = world.signs_in(login("ada")).await;
    world.running.publisher.mapper("default/m1", None);
    world.follow().await.unwrap();
    assert_eq!(world.roles(&ada).await, some(["admin"]));
}

#[tokio::test]
async fn a_new_mapper_gives_to_whom_it_matches() {
    let mut world = World::settled(&[provider("p1")], &[]).await;
    let ada = world.signs_in(login("ada")).await;
    let elsewhere = LoginRecord { claims: claims(json!({"sub": "bob", "groups": ["z"]})).into(), ..login("bob") };
    let bob = world.signs_in(elsewhere).await;
    world.mapper(giving("m1", "viewer"));
    world.follow().await.unwrap();
    assert_eq!((world.roles(&ada).await, world.roles(&bob).await), (some(["viewer"]), some([])));
}

#[tokio::test]
async fn a_mapper_of_which_nothing_is_served_keeps_its_grants() {
    let mut world = World::settled(&[provider("p1")], &[giving("m1", "viewer"), giving("m2", "admin")]).await;
    let ada = world.signs_in(login("ada")).await;
    world.mapper(frozen("m1"));
    world.mapper(giving("m2", "auditor"));
    world.follow().await.unwrap();
    assert_eq!(world.roles(&ada).await, some(["auditor", "viewer"]));

    world.restart();
    world.settle(&[provider("p1")], &[frozen("m1")], true).await;
    assert_eq!(world.roles(&ada).await, some(["viewer"]));
}

#[tokio::test]
async fn a_provider_that_reads_another_claim_gives_by_it() {
    let mut world = World::settled(&[provider("p1")], &[giving("m1", "viewer")]).await;
    let ada = world.signs_in(login("ada")).await;
    let mut elsewhere = people();
    elsewhere.readings.groups = Some(Reading::claim("teams"));
    world.provider(Provider { people: Some(Arc::new(elsewhere)), ..provider("p1") });
    world.follow().await.unwrap();
    assert_eq!(world.roles(&ada).await, some([]));
}

#[tokio::test]
async fn a_suspended_provider_ends_its_sessions_and_takes_nothing_else() {
    let mut world = World::settled(&[provider("p1"), provider("p2")], &[giving("m1", "viewer")]).await;
    let ada = world.signs_in(login("ada")).await;
    let other = world.signs_in(through(&ada, "p2", Vec::new())).await;
    world.provider(Provider { suspended: true, login: LoginState::Suspended, ..provider("p1") });
    world.follow().await.unwrap();
    assert_eq!((world.roles(&ada).await, world.roles(&other).await), (None, some(["viewer"])));
}

#[tokio::test]
async fn a_provider_that_is_gone_ends_its_sessions_and_takes_its_grants_along() {
    let mut world = World::settled(&[provider("p1"), provider("p2")], &[giving("m1", "viewer")]).await;
    let ada = world.signs_in(login("ada")).await;
    let other = world.signs_in(through(&ada, "p2", Vec::new())).await;
    world.running.publisher.provider("default/p1", None);
    world.follow().await.unwrap();
    assert_eq!((world.roles(&ada).await, world.roles(&other).await), (None, some([])));
}

#[tokio::test]
async fn what_changed_while_latchkey_was_down_is_caught_up_with() {
    let providers = ["p1", "p2", "p3"].map(provider);
    let mut world = World::settled(&providers, &[giving("m1", "viewer"), giving("m2", "admin")]).await;
    let ada = world.signs_in(login("ada")).await;
    let of_suspended = world.signs_in(through(&ada, "p2", Vec::new())).await;
    let of_gone = world.signs_in(through(&ada, "p3", Vec::new())).await;
    let of_p3 = Terms { keep: Keep::AllBut(vec!["m3".into()]), ..Terms::default() };
    world.store.reapply(ada.user.id, "p3", 1, &mapped(vec![role("m3", "of p3")]), &of_p3).await.unwrap();
    assert_eq!(world.roles(&ada).await, some(["admin", "of p3", "viewer"]));

    world.restart();
    let suspended = Provider { suspended: true, login: LoginState::Suspended, ..provider("p2") };
    world.list(&[provider("p1"), suspended], &[giving("m1", "auditor")], true);
    world.follow().await.unwrap();
    assert_eq!(world.roles(&ada).await, some(["auditor"]));
    assert_eq!((world.roles(&of_suspended).await, world.roles(&of_gone).await), (None, None));
}

#[tokio::test]
async fn sessions_that_are_over_when_a_stop_is_asked_for_are_ended_before_it() {
    let mut world = World::settled(&[provider("p1"), provider("p2")], &[]).await;
    let of_suspended = world.signs_in(login("ada")).await;
    let of_gone = world.signs_in(through(&of_suspended, "p2", Vec::new())).await;
    world.restart();
    world.list(&[provider("p1")], &[], true);
    world.provider(Provider { suspended: true, login: LoginState::Suspended, ..provider("p1") });
    let World { files: _files, store, running } = world;
    let stop = CancellationToken::new();
    stop.cancel();
    running.follow_ups.run(running.receiver, stop).await;
    for login in [of_suspended, of_gone] {
        assert!(store.session(&login.session.id).await.unwrap().is_none(), "it would come back with its provider");
    }
}

#[tokio::test]
async fn nothing_is_taken_away_before_everything_has_been_looked_at() {
    let mut world = World::settled(&[provider("p1"), provider("p2")], &[giving("m1", "viewer")]).await;
    let ada = world.signs_in(login("ada")).await;
    let other = world.signs_in(through(&ada, "p2", Vec::new())).await;
    world.restart();
    world.provider(provider("p1"));
    world.mapper(giving("m2", "admin"));
    world.follow().await.unwrap();
    assert_eq!(world.roles(&ada).await, some(["viewer"]));
    assert!(world.roles(&other).await.is_some());
}

#[tokio::test]
async fn what_a_broken_source_may_hide_stays_until_it_is_whole() {
    let before = [provider("p1"), provider("p2")];
    let mut world = World::settled(&before, &[giving("m1", "viewer"), giving("m2", "admin")]).await;
    let ada = world.signs_in(login("ada")).await;
    let hidden = world.signs_in(through(&ada, "p2", Vec::new())).await;
    world.restart();
    world.settle(&[provider("p1")], &[giving("m2", "auditor")], false).await;
    assert_eq!(world.roles(&ada).await, some(["auditor", "viewer"]));
    assert_eq!(world.roles(&hidden).await, some(["auditor", "viewer"]));

    // The mapper is gone indeed; the provider was only hidden, and comes last.
    let names = ["p1", "p2"].map(|uid| Name::Provider(format!("default/{uid}")));
    world.running.publisher.initialized(names.into(), true);
    world.provider(provider("p1"));
    world.follow().await.unwrap();
    assert!(world.roles(&hidden).await.is_some());
    world.provider(provider("p2"));
    world.follow().await.unwrap();
    assert_eq!(world.roles(&hidden).await, some(["auditor"]));
}

#[tokio::test]
async fn a_mapper_that_turns_to_another_provider_takes_its_grants_along_though_the_source_is_broken() {
    let mut world = World::starting().await;
    world.settle(&[provider("p1"), provider("p2")], &[giving("m1", "viewer")], false).await;
    let ada = world.signs_in(login("ada")).await;
    assert_eq!(world.roles(&ada).await, some(["viewer"]));
    world.mapper(Mapper { providers: vec!["p2".into()], ..giving("m1", "viewer") });
    world.follow().await.unwrap();
    assert_eq!(world.roles(&ada).await, some([]));
}

#[tokio::test]
async fn who_signed_in_between_two_changes_has_what_the_second_says() {
    let mut world = World::settled(&[provider("p1")], &[giving("m1", "viewer")]).await;
    world.mapper(giving("m1", "admin"));
    let ada = world.signs_in(login("ada")).await;
    assert_eq!(world.roles(&ada).await, some(["admin"]));
    world.mapper(giving("m1", "viewer"));
    world.follow().await.unwrap();
    assert_eq!(world.roles(&ada).await, some(["viewer"]));
}

#[tokio::test]
async fn a_re_evaluation_that_was_cut_short_is_made_up_for_after_a_restart() {
    for patience in 0..8_u64 {
        let mut world = World::settled(&[provider("p1")], &[giving("m1", "viewer")]).await;
        let mut people = Vec::new();
        for number in 0..30 {
            people.push(world.signs_in(login(&format!("person{number}"))).await);
        }
        world.mapper(giving("m1", "admin"));
        let _ = timeout(Duration::from_millis(patience * 2), world.follow()).await;

        world.restart();
        world.settle(&[provider("p1")], &[giving("m1", "viewer")], true).await;
        for person in &people {
            assert_eq!(world.roles(person).await, some(["viewer"]));
        }
    }
}

#[tokio::test]
async fn whose_claims_were_too_large_loses_only_what_mappers_gave_that_are_gone() {
    let mappers = [giving("m1", "viewer"), giving("m2", "admin"), frozen("m3")];
    let mut world = World::settled(&[provider("p1"), provider("p2")], &mappers).await;
    let large = claims(json!({"sub": "ada", "groups": ["a", "x".repeat(LONGEST_CLAIMS)]}));
    let ada = world.signs_in(LoginRecord { claims: large.into(), ..login("ada") }).await;
    let other = world.signs_in(LoginRecord { claims: login("ada").claims, ..through(&ada, "p2", Vec::new()) }).await;

    world.mapper(giving("m2", "auditor"));
    world.follow().await.unwrap();
    assert_eq!(world.roles(&ada).await, some(["admin", "viewer"]), "looked at again at the next login");

    world.restart();
    world.settle(&[provider("p1"), provider("p2")], &[giving("m2", "auditor")], false).await;
    assert_eq!(world.roles(&ada).await, some(["admin", "viewer"]), "m1 may still exist");

    world.settle(&[provider("p1"), provider("p2")], &[giving("m2", "auditor")], true).await;
    assert_eq!(world.roles(&ada).await, some(["admin"]));

    world.running.publisher.provider("default/p1", None);
    world.follow().await.unwrap();
    assert_eq!(world.roles(&other).await, some([]));
}

#[tokio::test]
async fn claims_that_cannot_be_read_hold_nobody_else_up() {
    let elsewhere = Mapper { providers: vec!["p2".into()], ..giving("m2", "viewer") };
    let mut world = World::settled(&[provider("p1"), provider("p2")], &[giving("m1", "viewer"), elsewhere]).await;
    world.signs_in(login("ada")).await;
    let bob = world.signs_in(first(through(&login("bob"), "p2", Vec::new()))).await;
    let mut stranger = world.files.stranger().await;
    sqlx::query("UPDATE claims SET sealed = X'00' WHERE provider_uid = 'p1'").execute(&mut stranger).await.unwrap();

    world.mapper(giving("m1", "admin"));
    world.mapper(Mapper { providers: vec!["p2".into()], ..giving("m2", "admin") });
    assert!(matches!(world.follow().await, Err(StoreError::Damaged { .. })));
    assert_eq!(world.roles(&bob).await, some(["admin"]));
}

#[tokio::test]
async fn a_store_that_fails_is_told_again_when_it_is_back() {
    let mut world = World::settled(&[provider("p1"), provider("p2")], &[giving("m1", "viewer")]).await;
    let ada = world.signs_in(login("ada")).await;
    let of_suspended = world.signs_in(through(&ada, "p2", Vec::new())).await;
    let mut stranger = world.files.stranger().await;
    let lock = stranger.begin_with("BEGIN IMMEDIATE").await.unwrap();
    world.mapper(giving("m1", "admin"));
    world.provider(Provider { suspended: true, login: LoginState::Suspended, ..provider("p2") });
    assert!(world.follow().await.is_err());
    assert_eq!(world.roles(&ada).await, some(["viewer"]));
    lock.rollback().await.unwrap();

    let World { files: _files, store, running } = world;
    let stop = CancellationToken::new();
    let task = tokio::spawn(running.follow_ups.run(running.receiver, stop.clone()));
    soon(async || {
        let roles = store.session(&ada.session.id).await.unwrap().unwrap().grants;
        let ended = store.session(&of_suspended.session.id).await.unwrap().is_none();
        ended && roles == [Granted::Role("admin".to_owned())]
    })
    .await;
    stop.cancel();
    timeout(Duration::from_secs(10), task).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_newer_login_has_the_last_word() {
    let mut world = World::settled(&[provider("p1")], &[giving("m1", "viewer")]).await;
    let ada = world.signs_in(login("ada")).await;
    let store = world.store.clone();
    for role in ["admin", "auditor", "viewer", "admin"] {
        world.signs_in(again(&ada)).await;
        let left = LoginRecord { claims: claims(json!({"sub": "ada", "groups": []})).into(), ..again(&ada) };
        world.mapper(giving("m1", role));
        let left = LoginRecord { mapped: mapped(Vec::new()), ..left };
        let (recorded, followed) = tokio::join!(store.record_login(&left), world.follow());
        recorded.unwrap();
        followed.unwrap();
        assert_eq!(world.roles(&left).await, some([]));
    }
}
