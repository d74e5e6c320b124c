//! The set of objects that a directory stands for, and the steps from one set to the next. Pure.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use super::{
    finding::{Finding, Problem},
    parse::{Key, Manifest},
};

use crate::source::feed::Object;

/// All objects by their names.
pub type Set = BTreeMap<Key, Manifest>;

/// What changes between two sets.
pub enum Step {
    Delete(Manifest),
    Apply(Manifest),
}

/// The set that files stand for. An object in two files is refused in both: the one that `live` has stays, if any.
pub fn gather<'a>(manifests: impl Iterator<Item = (&'a Path, &'a Manifest)>, live: &Set) -> (Set, Vec<Finding>) {
    let mut places: BTreeMap<Key, Vec<(PathBuf, &Manifest)>> = BTreeMap::new();
    for (path, manifest) in manifests {
        places.entry(Key::from(&manifest.object)).or_default().push((path.to_owned(), manifest));
    }
    let (mut set, mut findings) = (Set::new(), Vec::new());
    for (key, places) in places {
        if let [(_, manifest)] = places.as_slice() {
            set.insert(key, Manifest::clone(manifest));
            continue;
        }
        findings.extend(places.iter().enumerate().map(|(index, place)| duplicate(place, &places, index)));
        if let Some(manifest) = live.get(&key) {
            set.insert(key, manifest.clone());
        }
    }
    findings.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
    (set, findings)
}

/// So many other places are named where an object stands too often.
const OTHERS_TOLD: usize = 3;

fn duplicate((path, manifest): &(PathBuf, &Manifest), places: &[(PathBuf, &Manifest)], index: usize) -> Finding {
    let others = places.iter().enumerate().filter(|(other, _)| *other != index);
    let told = others.map(|(_, (path, of))| format!("{}:{}", path.display(), of.at.line)).take(OTHERS_TOLD);
    let told = told.collect::<Vec<_>>().join(" and ");
    let more = (places.len() - 1).checked_sub(OTHERS_TOLD).filter(|more| *more > 0);
    let more = more.map(|more| format!(" and {more} times more")).unwrap_or_default();
    let message = format!("{:?} is also declared in {told}{more}: both are refused", manifest.object);
    Problem::new(manifest.at, "object/duplicate", message).hint("keep one of them").in_file(path)
}

/// The steps from one set to another: deletions first. What never changes in an object makes another object of it.
pub fn steps(live: &Set, next: &Set) -> Vec<Step> {
    let replaced = |key: &Key, manifest: &Manifest| {
        next.get(key).is_none_or(|next| identity(&next.object) != identity(&manifest.object))
    };
    let deleted = live
        .iter()
        .filter(|(key, manifest)| replaced(key, manifest))
        .map(|(_, manifest)| Step::Delete(manifest.clone()));
    let changed = |(key, manifest): &(&Key, &Manifest)| live.get(key).is_none_or(|live| live.object != manifest.object);
    let applied = next.iter().filter(changed).map(|(_, manifest)| Step::Apply(manifest.clone()));
    deleted.chain(applied).collect()
}

/// The fields that are immutable, with their defaults.
fn identity(object: &Object) -> Option<(&str, &str)> {
    match object {
        Object::Organization(organization) => Some((organization.id(), "")),
        Object::IdentityProvider(provider) => Some((provider.key(), provider.organization_name())),
        _ => None,
    }
}
