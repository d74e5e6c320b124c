//! What the mails say in each language, one struct for all, so that a language that lacks a sentence does not compile.

/// A mail that asks to confirm an address, in one language.
pub struct Words {
    /// A BCP 47 tag.
    pub tag: &'static str,
    /// With the organization's display name.
    pub subject: Phrase,
    pub greeting: &'static str,
    /// Between address and organization.
    pub request: [&'static str; 3],
    pub button: &'static str,
    pub or_copy: &'static str,
    /// With a time.
    pub works_until: Phrase,
    /// Between user name and provider.
    pub asked_for_by: [&'static str; 3],
    pub same_person: &'static str,
    pub not_you: &'static str,
}

/// A sentence with a name in it.
pub struct Phrase {
    pub before: &'static str,
    pub after: &'static str,
}

/// The words of the first of these language tags that there are words for, by its primary subtag; else English.
pub fn words<'a>(wanted: impl IntoIterator<Item = &'a str>) -> &'static Words {
    let known = |tag: &str| {
        let primary = tag.split(['-', '_']).next().unwrap_or_default();
        ALL.into_iter().find(|words| words.tag.eq_ignore_ascii_case(primary))
    };
    wanted.into_iter().find_map(known).unwrap_or(&ENGLISH)
}

static ALL: [&Words; 4] = [&ENGLISH, &GERMAN, &FRENCH, &SPANISH];

static ENGLISH: Words = Words {
    tag: "en",
    subject: Phrase { before: "Confirm your e-mail address for ", after: "" },
    greeting: "Hello,",
    request: ["please confirm that ", " is your e-mail address at ", "."],
    button: "Confirm e-mail address",
    or_copy: "If the button doesn’t work, copy this address into your browser:",
    works_until: Phrase { before: "The link works once, until ", after: "." },
    asked_for_by: ["This mail was asked for by the user ", ", who signed in with ", "."],
    same_person: "In another browser than the one that you signed in with, you will be asked to sign in first.",
    not_you: "If that was not you, ignore this mail: nothing happens.",
};

static GERMAN: Words = Words {
    tag: "de",
    subject: Phrase { before: "Bestätigen Sie Ihre E-Mail-Adresse für ", after: "" },
    greeting: "Guten Tag,",
    request: ["bitte bestätigen Sie, dass ", " Ihre E-Mail-Adresse bei ", " ist."],
    button: "E-Mail-Adresse bestätigen",
    or_copy: "Falls die Schaltfläche nicht funktioniert, kopieren Sie diese Adresse in Ihren Browser:",
    works_until: Phrase { before: "Der Link funktioniert einmal, bis ", after: "." },
    asked_for_by: ["Diese E-Mail wurde vom Benutzer ", " angefordert, der sich mit ", " angemeldet hat."],
    same_person: "In einem anderen Browser als dem, in dem Sie sich angemeldet haben, werden Sie zuerst um Anmeldung gebeten.",
    not_you: "Wenn Sie das nicht waren, ignorieren Sie diese E-Mail: Es geschieht nichts.",
};

static FRENCH: Words = Words {
    tag: "fr",
    subject: Phrase { before: "Confirmez votre adresse e-mail pour ", after: "" },
    greeting: "Bonjour,",
    request: ["veuillez confirmer que ", " est votre adresse e-mail chez ", "."],
    button: "Confirmer l’adresse e-mail",
    or_copy: "Si le bouton ne fonctionne pas, copiez cette adresse dans votre navigateur :",
    works_until: Phrase { before: "Le lien fonctionne une seule fois, jusqu’au ", after: "." },
    asked_for_by: ["Cet e-mail a été demandé par l’utilisateur ", ", qui s’est connecté avec ", "."],
    same_person: "Dans un autre navigateur que celui de votre connexion, il vous sera d’abord demandé de vous connecter.",
    not_you: "Si ce n’était pas vous, ignorez cet e-mail : il ne se passera rien.",
};

static SPANISH: Words = Words {
    tag: "es",
    subject: Phrase { before: "Confirme su dirección de correo electrónico para ", after: "" },
    greeting: "Hola:",
    request: ["confirme que ", " es su dirección de correo electrónico en ", "."],
    button: "Confirmar la dirección",
    or_copy: "Si el botón no funciona, copie esta dirección en su navegador:",
    works_until: Phrase { before: "El enlace funciona una sola vez, hasta el ", after: "." },
    asked_for_by: ["Este correo lo ha pedido el usuario ", ", que ha iniciado sesión con ", "."],
    same_person: "En un navegador distinto de aquel en el que inició sesión, se le pedirá primero que inicie sesión.",
    not_you: "Si no ha sido usted, ignore este correo: no ocurrirá nada.",
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_language_that_there_are_words_for_counts_by_its_primary_subtag() {
        for (wanted, tag) in [
            (vec!["de"], "de"),
            (vec!["de-CH", "fr"], "de"),
            (vec!["DE_at"], "de"),
            (vec!["ja", "fr-CA"], "fr"),
            (vec!["es-419"], "es"),
            (vec!["ja", "ko"], "en"),
            (vec!["den", ""], "en"),
            (vec![], "en"),
        ] {
            assert_eq!(words(wanted.iter().copied()).tag, tag, "{wanted:?}");
        }
    }
}
