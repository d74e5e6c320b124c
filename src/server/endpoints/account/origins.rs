//! Who gave somebody what they have, or said what is noted of them, as people are told.

use crate::{
    domain::{field::Maker, table::LoginTable, update::Held},
    server::pages::Origin,
};

/// Who gave something.
pub fn of_grant<'a>(held: &Held, table: &'a LoginTable) -> Origin<'a> {
    let (mapper, provider) = (&held.grant.mapper_uid, &held.provider_uid);
    if held.is_by_hand() {
        Origin::Administrator
    } else if mapper == provider {
        table.provider_by_uid(provider).map_or(Origin::Gone, |provider| Origin::Everybody(&provider.display_name))
    } else {
        of_mapper(mapper, table)
    }
}

/// Who said something.
pub fn of_field<'a>(by: &Maker, table: &'a LoginTable) -> Origin<'a> {
    match &by.mapper {
        _ if by.is_by_hand() => Origin::Administrator,
        Some(mapper) => of_mapper(mapper, table),
        None => table
            .provider_by_uid(&by.provider)
            .map_or(Origin::Gone, |provider| Origin::Provider(&provider.display_name)),
    }
}

/// By its name alone: the namespace is nothing to people.
fn of_mapper<'a>(uid: &str, table: &'a LoginTable) -> Origin<'a> {
    table.mapper(uid).map_or(Origin::Gone, |mapper| Origin::Mapper(mapper.name()))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::{
        grant::{Grant, Granted},
        mapper::When,
        testing::{mapper, provider},
    };

    fn table() -> LoginTable {
        let mut table = LoginTable::default();
        table.set_provider("p1", Some(Arc::new(provider("p1"))));
        table.set_mapper("m1", Some(Arc::new(mapper("m1", "p1", When::Always, &["admin"]))));
        table
    }

    #[test]
    fn who_gave_something_is_named_as_the_manifests_name_them() {
        let table = table();
        for (provider, mapper, origin) in [
            ("p1", "m1", Origin::Mapper("m1")),
            ("p1", "gone", Origin::Gone),
            ("p1", "p1", Origin::Everybody("Provider p1")),
            ("gone", "gone", Origin::Gone),
            ("", "", Origin::Administrator),
        ] {
            let grant = Grant { mapper_uid: mapper.into(), granted: Granted::Administrator };
            let held = Held { provider_uid: provider.into(), grant };
            assert_eq!(of_grant(&held, &table), origin, "{provider} {mapper}");
        }
    }

    #[test]
    fn who_said_something_is_a_mapper_or_the_provider_itself_or_an_administrator() {
        let table = table();
        let by =
            |provider: &str, mapper: Option<&str>| Maker { provider: provider.into(), mapper: mapper.map(Arc::from) };
        for (by, origin) in [
            (by("p1", Some("m1")), Origin::Mapper("m1")),
            (by("p1", Some("gone")), Origin::Gone),
            (by("p1", None), Origin::Provider("Provider p1")),
            (by("gone", None), Origin::Gone),
            (Maker::by_hand(), Origin::Administrator),
        ] {
            assert_eq!(of_field(&by, &table), origin, "{by:?}");
        }
    }
}
