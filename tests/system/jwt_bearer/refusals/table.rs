//! `refusals.txt`.

use std::collections::BTreeMap;

use super::{application, assertion, person, provider, request};

/// What has to come of a case: status, error and code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub status: u16,
    pub error: &'static str,
    pub code: &'static str,
}

/// The rows by case.
pub fn rows() -> BTreeMap<&'static str, Row> {
    let text = include_str!("../refusals.txt");
    let lines = text.lines().skip_while(|line| !line.starts_with("# ")).filter(|line| line.contains(" | "));
    let mut rows = BTreeMap::new();
    for line in lines {
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        let [case, status, error, code] = cells[..] else { panic!("{line}") };
        let row = Row { status: status.parse().expect("a status"), error, code };
        assert_eq!(rows.insert(case, row), None, "{case} is there twice");
    }
    rows
}

#[test]
fn every_row_of_the_table_is_played_and_nothing_else() {
    let played = [
        assertion::CASES.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
        request::CASES.iter().map(|(name, _)| *name).collect(),
        application::CASES.iter().map(|(name, _)| *name).collect(),
        person::CASES.iter().map(|(name, _)| *name).collect(),
        provider::CASES.iter().map(|(name, _)| *name).collect(),
        provider::THAT_CHANGE.to_vec(),
    ];
    let mut played = played.concat();
    played.sort_unstable();
    assert_eq!(played, rows().into_keys().collect::<Vec<_>>());
}
