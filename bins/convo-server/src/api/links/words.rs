//! What the pages of links say, in the languages of the lexicon.

use crate::pages::Page;

/// The words of one language.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Words(usize);

/// Tag, title, question, button, what is said when it is done.
const UNSUBSCRIBE: [[&str; 5]; 6] = [
    [
        "en",
        "Unsubscribe",
        "Do you want no more mail of this kind from us?",
        "Send me no more",
        "You will get no more mail of this kind from us.",
    ],
    [
        "de",
        "Abmelden",
        "Möchten Sie keine solchen E-Mails mehr von uns erhalten?",
        "Keine E-Mails mehr",
        "Sie erhalten keine solchen E-Mails mehr von uns.",
    ],
    [
        "fr",
        "Se désabonner",
        "Souhaitez-vous ne plus recevoir de tels messages de notre part ?",
        "Ne plus m’écrire",
        "Vous ne recevrez plus de tels messages de notre part.",
    ],
    [
        "es",
        "Darse de baja",
        "¿Desea no recibir más correos de este tipo?",
        "No me escriban más",
        "No recibirá más correos de este tipo.",
    ],
    [
        "it",
        "Annulla l’iscrizione",
        "Desidera non ricevere più messaggi di questo tipo?",
        "Non scrivetemi più",
        "Non riceverà più messaggi di questo tipo.",
    ],
    [
        "nl",
        "Afmelden",
        "Wilt u zulke e-mails niet meer van ons ontvangen?",
        "Geen e-mails meer",
        "U ontvangt zulke e-mails niet meer van ons.",
    ],
];

impl Words {
    /// The words of a language by its tag, such as `de-AT`; none for one we do not have.
    pub fn of(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next()?.to_ascii_lowercase();
        let found = UNSUBSCRIBE.iter().position(|words| words[0] == primary);
        found.map(Self)
    }

    /// Whether no more mail is wanted.
    pub fn question(self) -> Page {
        let [language, title, text, button, _] = UNSUBSCRIBE[self.0];
        Page {
            language,
            title,
            text,
            button: Some(button),
        }
    }

    /// That no more mail will come.
    pub fn done(self) -> Page {
        let [language, title, _, _, text] = UNSUBSCRIBE[self.0];
        Page {
            language,
            title,
            text,
            button: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_are_known_by_their_first_part() {
        for (tag, expected) in [
            ("de", Some("de")),
            ("de-AT", Some("de")),
            ("FR_ca", Some("fr")),
            ("en", Some("en")),
            ("pt", None),
            ("", None),
            ("*", None),
        ] {
            let found = Words::of(tag).map(|words| words.done().language);
            assert_eq!(found, expected, "{tag}");
        }
        assert_eq!(Words::default().question().language, "en");
    }
}
