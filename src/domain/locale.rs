//! Languages, cultures and time zones: which texts are any, and how they are written.

use std::{collections::HashMap, sync::LazyLock};

use icu_locale_core::{LanguageIdentifier, Locale};
use icu_time::zone::{TimeZone, WindowsParser, iana::IanaParserExtended};

/// A language tag in the usual spelling (BCP 47, section 2.1.1), such as `de-CH` for `DE_ch`; None when it is none.
/// Subtags are checked by their form: `xx` is a tag, `English` is not.
pub fn language_tag(text: &str) -> Option<String> {
    let locale = Locale::try_from_str(&text.replace('_', "-")).ok()?;
    (locale.id != LanguageIdentifier::UNKNOWN).then(|| locale.to_string())
}

/// The IANA name of a time zone in its usual spelling, also for its Windows ID; None when there is no such zone. Names
/// that have become links stay as they are.
pub fn time_zone(text: &str) -> Option<String> {
    let named = IanaParserExtended::new().parse(text);
    if named.time_zone != TimeZone::UNKNOWN {
        return Some(named.normalized.to_owned());
    }
    let zone = WindowsParser::new().parse(text, None)?;
    NAMES.get(&zone).map(|name| (*name).to_owned())
}

/// The canonical IANA names of the Unicode time zones (CLDR).
static NAMES: LazyLock<HashMap<TimeZone, &'static str>> =
    LazyLock::new(|| IanaParserExtended::new().iter().map(|zone| (zone.time_zone, zone.canonical)).collect());

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn language_tags_are_spelt_as_usual() {
        for (given, expected) in [
            ("en", Some("en")),
            ("DE_ch", Some("de-CH")),
            ("zh-hant-tw", Some("zh-Hant-TW")),
            ("de-CH-1901", Some("de-CH-1901")),
            ("English", None),
            ("", None),
            ("und", None),
            ("x-private", None),
            ("en-", None),
            ("e", None),
            ("en US", None),
            ("en\u{0}", None),
            ("de-ÄÖ", None),
        ] {
            assert_eq!(language_tag(given).as_deref(), expected, "{given:?}");
        }
    }

    #[test]
    fn time_zones_have_iana_names_also_by_their_windows_ids() {
        for (given, expected) in [
            ("Europe/Berlin", Some("Europe/Berlin")),
            ("europe/berlin", Some("Europe/Berlin")),
            ("Asia/Calcutta", Some("Asia/Calcutta")),
            ("UTC", Some("UTC")),
            ("W. Europe Standard Time", Some("Europe/Berlin")),
            ("Pacific Standard Time", Some("America/Los_Angeles")),
            ("India Standard Time", Some("Asia/Kolkata")),
            ("Mars/Olympus", None),
            ("Etc/Unknown", None),
            ("Central Standard Time/US", None),
            ("", None),
            ("Zürich", None),
        ] {
            assert_eq!(time_zone(given).as_deref(), expected, "{given:?}");
        }
    }
}
