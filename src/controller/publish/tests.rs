use super::*;
use crate::{
    api::Reason,
    domain::{
        mapper::When,
        provider::LoginState,
        reading::Reading,
        testing::{mapper, organization, organization_key, people, provider},
    },
};

struct World {
    publisher: Publisher,
    follow_ups: mpsc::UnboundedReceiver<FollowUp>,
}

impl World {
    fn new() -> Self {
        let (publisher, follow_ups) = Publisher::new(Arc::default());
        Self { publisher, follow_ups }
    }

    /// One that is settled already, with nothing in it.
    fn settled() -> Self {
        let mut world = Self::new();
        world.publisher.initialized(HashSet::new(), true);
        assert_eq!(world.told(), [FollowUp::Settled]);
        world
    }

    fn provider(&self, provider: Provider) {
        self.publisher.provider(&provider.path.clone(), Some(provider));
    }

    fn mapper(&self, mapper: Mapper) {
        self.publisher.mapper(&mapper.path.clone(), Some(mapper));
    }

    /// What the store must be told of since the last time.
    fn told(&mut self) -> Vec<FollowUp> {
        std::iter::from_fn(|| self.follow_ups.try_recv().ok()).collect()
    }

    fn progress(&self) -> (bool, bool) {
        let table = self.publisher.table();
        (table.settled, table.complete)
    }
}

fn grants(uid: &str) -> FollowUp {
    FollowUp::Grants(uid.into())
}

fn sessions(uid: &str) -> FollowUp {
    FollowUp::Sessions(uid.into())
}

fn names() -> HashSet<Name> {
    HashSet::from([
        Name::Organization("default/acme".into()),
        Name::Provider("default/p1".into()),
        Name::Mapper("default/m1".into()),
    ])
}

#[test]
fn the_table_is_settled_once_everything_that_was_listed_has_been_decided() {
    let mut world = World::new();
    world.publisher.organization(&organization_key("acme"), Some(organization()));
    assert_eq!(world.progress(), (false, false));
    world.publisher.initialized(names(), true);
    world.mapper(mapper("m1", "p1", When::Always, &[]));
    assert_eq!((world.progress(), world.told()), ((false, false), vec![]));
    world.provider(provider("p1"));
    assert_eq!((world.progress(), world.told()), ((true, true), vec![grants("p1"), FollowUp::Settled]));
}

#[test]
fn what_was_decided_before_the_listing_ended_counts_and_so_does_what_is_gone() {
    let mut world = World::new();
    world.publisher.organization(&organization_key("acme"), None);
    world.publisher.mapper("default/m1", None);
    world.provider(provider("p1"));
    assert_eq!(world.told(), [grants("p1")]);
    world.publisher.initialized(names(), true);
    assert_eq!((world.progress(), world.told()), ((true, true), vec![FollowUp::Settled]));
    world.provider(provider("p1"));
    assert_eq!(world.told(), [], "once");
}

#[test]
fn an_empty_source_settles_at_once() {
    World::settled();
}

#[test]
fn a_source_that_mends_itself_is_complete_only_once_what_it_hid_has_been_decided() {
    let mut world = World::new();
    world.publisher.initialized(HashSet::new(), false);
    assert_eq!((world.progress(), world.told()), ((true, false), vec![FollowUp::Settled]));

    world.publisher.organization(&organization_key("acme"), Some(organization()));
    world.publisher.initialized(names(), true);
    world.publisher.organization(&organization_key("acme"), Some(organization()));
    world.mapper(mapper("m1", "p1", When::Always, &[]));
    assert_eq!((world.progress(), world.told()), ((true, false), vec![]));
    world.provider(provider("p1"));
    assert_eq!((world.progress(), world.told()), ((true, true), vec![grants("p1"), FollowUp::Settled]));
}

#[test]
fn a_provider_tells_what_its_change_means_for_sessions_and_grants() {
    let mut groups_elsewhere = people();
    groups_elsewhere.readings.groups = Some(Reading::claim("roles"));
    let changes: [(&str, Provider, &[FollowUp]); 8] = [
        ("nothing", provider("p1"), &[]),
        ("its name", Provider { display_name: "Other".into(), ..provider("p1") }, &[]),
        ("it fails", Provider { login: LoginState::Unavailable(Reason::Timeout), ..provider("p1") }, &[]),
        ("it is refused", Provider { login: LoginState::Refused(Reason::KeyConflict), ..provider("p1") }, &[]),
        (
            "it is suspended",
            Provider { suspended: true, login: LoginState::Suspended, ..provider("p1") },
            &[sessions("p1")],
        ),
        ("its key", Provider { key: "other".into(), ..provider("p1") }, &[sessions("p1")]),
        (
            "its organization",
            Provider { organization: organization_key("globex"), ..provider("p1") },
            &[sessions("p1")],
        ),
        (
            "what it says of its people",
            Provider { people: Some(Arc::new(groups_elsewhere)), ..provider("p1") },
            &[grants("p1")],
        ),
    ];
    for (what, changed, told) in changes {
        let mut world = World::settled();
        world.provider(provider("p1"));
        assert_eq!(world.told(), [grants("p1")], "new");
        world.provider(changed);
        assert_eq!(world.told(), told, "{what}");
    }
}

#[test]
fn a_provider_that_is_suspended_when_it_is_first_seen_has_no_sessions_even_if_it_goes_on_at_once() {
    let mut world = World::settled();
    world.provider(Provider { suspended: true, login: LoginState::Suspended, ..provider("p1") });
    world.provider(provider("p1"));
    assert_eq!(world.told(), [sessions("p1"), grants("p1")]);
}

#[test]
fn a_provider_that_is_gone_takes_its_sessions_and_grants_along() {
    let mut world = World::settled();
    world.provider(provider("p1"));
    world.told();
    world.publisher.provider("default/p1", None);
    assert_eq!(world.told(), [sessions("p1"), grants("p1")]);
    assert!(world.publisher.table().provider_by_uid("p1").is_none());
    world.publisher.provider("default/p1", None);
    assert_eq!(world.told(), []);
}

#[test]
fn another_provider_under_the_same_name_is_another_provider() {
    let mut world = World::settled();
    world.provider(provider("p1"));
    world.told();
    world.provider(Provider { path: "default/p1".into(), ..provider("p2") });
    assert_eq!(world.told(), [sessions("p1"), grants("p1"), grants("p2")]);
    let table = world.publisher.table();
    assert!(table.provider_by_uid("p1").is_none() && table.provider_by_uid("p2").is_some());
    assert!(table.provider(&organization_key("acme"), "key-of-p1").is_none());
}

#[test]
fn a_mapper_tells_whose_people_it_touches_now_and_touched_before() {
    let mut world = World::settled();
    world.provider(provider("p1"));
    world.provider(provider("p2"));
    world.told();
    world.mapper(mapper("m1", "p1", When::Always, &["viewer"]));
    assert_eq!(world.told(), [grants("p1")]);
    world.mapper(mapper("m1", "p1", When::Always, &["viewer"]));
    assert_eq!(world.told(), [], "the same again");
    world.mapper(mapper("m1", "p2", When::Always, &["viewer"]));
    assert_eq!(world.told(), [grants("p1"), grants("p2")]);
    world.publisher.mapper("default/m1", None);
    assert_eq!(world.told(), [grants("p2")]);
}

#[test]
fn another_mapper_under_the_same_name_is_another_mapper() {
    let mut world = World::settled();
    world.provider(provider("p1"));
    world.provider(provider("p2"));
    world.mapper(mapper("m1", "p1", When::Always, &["viewer"]));
    world.told();
    world.mapper(Mapper { path: "default/m1".into(), ..mapper("m2", "p2", When::Always, &["viewer"]) });
    assert_eq!(world.told(), [grants("p1"), grants("p2")]);
    assert!(world.publisher.table().mapper("m1").is_none());
}

#[test]
fn people_of_a_provider_that_is_not_here_yet_wait_for_it() {
    let mut world = World::settled();
    world.mapper(mapper("m1", "p1", When::Always, &["viewer"]));
    assert_eq!(world.told(), []);
    world.provider(provider("p1"));
    assert_eq!(world.told(), [grants("p1")]);
}

#[test]
fn an_organization_comes_and_goes() {
    let world = World::settled();
    world.publisher.organization(&organization_key("acme"), Some(organization()));
    assert!(world.publisher.table().organization("acme").is_some());
    world.publisher.organization(&organization_key("acme"), None);
    assert!(world.publisher.table().organization("acme").is_none());
}
