//! Words around dates in several languages.

use chrono::Weekday;

/// Words that lead to an end or a return, lower case, without accents of their own to lose.
pub(super) const CUES: &[&str] = &[
    // en
    "until",
    "till",
    "til",
    "through",
    "thru",
    "back",
    "return",
    "returning",
    "returns",
    "resume",
    // de
    "bis",
    "ab",
    "zurück",
    "zurueck",
    "wieder",
    "einschließlich",
    "rückkehr",
    // fr
    "jusqu'au",
    "jusqu'à",
    "jusqu'a",
    "jusque",
    "retour",
    "reprendrai",
    "reviens",
    "revient",
    // es
    "hasta",
    "regreso",
    "regresaré",
    "vuelta",
    "volveré",
    "vuelvo",
    "retorno",
    "reincorporaré",
    "reincorporo",
    // it
    "fino",
    "rientro",
    "rientrerò",
    "ritorno",
    "tornerò",
    "torno",
    // nl
    "tot",
    "t/m",
    "terug",
    "vanaf",
    "weer",
    // pt
    "até",
    "regresso",
    "voltarei",
    "retornarei",
    // sv, da, nb
    "tills",
    "tillbaka",
    "tilbage",
    "tilbake",
    "igen",
    // pl, cs
    "do",
];

/// Words between two dates of a range: the second is the end.
pub(super) const RANGE: &[&str] = &[
    "to", "-", "–", "—", "bis", "au", "al", "a", "tot", "t/m", "and", "und", "et", "y", "e",
    "through", "until",
];

/// Names of the months, lower case, with their usual short forms.
#[rustfmt::skip]
pub(super) const MONTHS: &[(&str, u32)] = &[
    ("january", 1), ("jan", 1), ("januar", 1), ("jänner", 1), ("janvier", 1), ("enero", 1),
    ("gennaio", 1), ("januari", 1), ("janeiro", 1),
    ("february", 2), ("feb", 2), ("februar", 2), ("février", 2), ("fevrier", 2), ("febrero", 2),
    ("febbraio", 2), ("februari", 2), ("fevereiro", 2),
    ("march", 3), ("mar", 3), ("märz", 3), ("maerz", 3), ("mars", 3), ("marzo", 3), ("maart", 3),
    ("março", 3),
    ("april", 4), ("apr", 4), ("avril", 4), ("abril", 4), ("aprile", 4),
    ("may", 5), ("mai", 5), ("mayo", 5), ("maggio", 5), ("mei", 5), ("maio", 5),
    ("june", 6), ("jun", 6), ("juni", 6), ("juin", 6), ("junio", 6), ("giugno", 6), ("junho", 6),
    ("july", 7), ("jul", 7), ("juli", 7), ("juillet", 7), ("julio", 7), ("luglio", 7),
    ("julho", 7),
    ("august", 8), ("aug", 8), ("août", 8), ("aout", 8), ("agosto", 8), ("augustus", 8),
    ("augusti", 8),
    ("september", 9), ("sept", 9), ("sep", 9), ("septembre", 9), ("septiembre", 9),
    ("settembre", 9), ("setembro", 9),
    ("october", 10), ("oct", 10), ("oktober", 10), ("okt", 10), ("octobre", 10), ("octubre", 10),
    ("ottobre", 10), ("outubro", 10),
    ("november", 11), ("nov", 11), ("novembre", 11), ("noviembre", 11), ("novembro", 11),
    ("december", 12), ("dec", 12), ("dezember", 12), ("dez", 12), ("décembre", 12),
    ("decembre", 12), ("diciembre", 12), ("dicembre", 12), ("dezembro", 12),
];

/// Names of the weekdays, lower case.
#[rustfmt::skip]
pub(super) const WEEKDAYS: &[(&str, Weekday)] = &[
    ("monday", Weekday::Mon), ("montag", Weekday::Mon), ("lundi", Weekday::Mon),
    ("lunes", Weekday::Mon), ("lunedì", Weekday::Mon), ("maandag", Weekday::Mon),
    ("tuesday", Weekday::Tue), ("dienstag", Weekday::Tue), ("mardi", Weekday::Tue),
    ("martes", Weekday::Tue), ("martedì", Weekday::Tue), ("dinsdag", Weekday::Tue),
    ("wednesday", Weekday::Wed), ("mittwoch", Weekday::Wed), ("mercredi", Weekday::Wed),
    ("miércoles", Weekday::Wed), ("mercoledì", Weekday::Wed), ("woensdag", Weekday::Wed),
    ("thursday", Weekday::Thu), ("donnerstag", Weekday::Thu), ("jeudi", Weekday::Thu),
    ("jueves", Weekday::Thu), ("giovedì", Weekday::Thu), ("donderdag", Weekday::Thu),
    ("friday", Weekday::Fri), ("freitag", Weekday::Fri), ("vendredi", Weekday::Fri),
    ("viernes", Weekday::Fri), ("venerdì", Weekday::Fri), ("vrijdag", Weekday::Fri),
    ("saturday", Weekday::Sat), ("samstag", Weekday::Sat), ("samedi", Weekday::Sat),
    ("sábado", Weekday::Sat), ("sabato", Weekday::Sat), ("zaterdag", Weekday::Sat),
    ("sunday", Weekday::Sun), ("sonntag", Weekday::Sun), ("dimanche", Weekday::Sun),
    ("domingo", Weekday::Sun), ("domenica", Weekday::Sun), ("zondag", Weekday::Sun),
];
