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
    "reprends",
    "reviens",
    "reviendrai",
    "revient",
    "rentre",
    "rentrerai",
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
    "incorporaré",
    "regresar",
    "volver",
    "reincorporar",
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

/// Words that lead to an end or a return from behind.
pub(super) const AFTER_CUES: &[&str] = &[
    "back", "zurück", "zurueck", "wieder", "retour", "vuelta", "regreso", "terug", "weer",
    "tillbaka", "tilbage", "tilbake",
];

/// Words between two dates of a range: the second is the end.
pub(super) const RANGE: &[&str] = &[
    "to", "-", "–", "—", "bis", "au", "al", "a", "tot", "t/m", "and", "und", "et", "y", "e",
    "through", "until",
];

/// Words before the day on which an absence begins.
pub(super) const STARTS: &[&str] = &[
    "from", "since", "vom", "von", "seit", "du", "depuis", "dès", "del", "desde", "dal", "van",
];

/// Words that may stand between `to` and the end of a range.
pub(super) const ARTICLES: &[&str] = &["the", "den", "dem", "zum", "le", "el", "il", "de", "on"];

/// Words for tomorrow, by how many days they are away, and words they do not follow then.
pub(super) const TOMORROW: &[(&str, u64, &[&str])] = &[
    ("tomorrow", 1, &[]),
    ("morgen", 1, &["guten", "heute", "am", "jeden", "goede"]),
    ("übermorgen", 2, &[]),
    ("uebermorgen", 2, &[]),
    ("overmorgen", 2, &[]),
    ("demain", 1, &[]),
    ("après-demain", 2, &[]),
    ("apres-demain", 2, &[]),
    ("mañana", 1, &["la", "cada"]),
    ("domani", 1, &[]),
    ("dopodomani", 2, &[]),
];

/// Words for the week after this one.
pub(super) const NEXT_WEEK: &[&[&str]] = &[
    &["next", "week"],
    &["nächste", "woche"],
    &["nächster", "woche"],
    &["naechste", "woche"],
    &["kommende", "woche"],
    &["kommender", "woche"],
    &["semaine", "prochaine"],
    &["próxima", "semana"],
    &["proxima", "semana"],
    &["semana", "próxima"],
    &["semana", "que", "viene"],
    &["prossima", "settimana"],
    &["settimana", "prossima"],
    &["volgende", "week"],
];

/// Words before a distance.
pub(super) const IN: &[&str] = &["in", "dans", "en", "tra", "fra", "over", "de"];

/// Small numbers in words.
#[rustfmt::skip]
pub(super) const HOW_MANY: &[(&str, u32)] = &[
    ("a", 1), ("one", 1), ("einem", 1), ("einer", 1), ("un", 1), ("une", 1), ("una", 1), ("een", 1),
    ("two", 2), ("zwei", 2), ("deux", 2), ("dos", 2), ("due", 2), ("twee", 2),
    ("three", 3), ("drei", 3), ("trois", 3), ("tres", 3), ("tre", 3), ("drie", 3),
    ("four", 4), ("vier", 4), ("quatre", 4), ("cuatro", 4), ("quattro", 4),
    ("five", 5), ("fünf", 5), ("cinq", 5), ("cinco", 5), ("cinque", 5), ("vijf", 5),
    ("six", 6), ("sechs", 6), ("seis", 6), ("sei", 6), ("zes", 6),
];

/// What a distance is measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Day,
    Week,
    Month,
}

/// Words for days, weeks and months.
#[rustfmt::skip]
pub(super) const UNITS: &[(&str, Unit)] = &[
    ("day", Unit::Day), ("days", Unit::Day), ("tag", Unit::Day), ("tagen", Unit::Day),
    ("jour", Unit::Day), ("jours", Unit::Day), ("día", Unit::Day), ("días", Unit::Day),
    ("dia", Unit::Day), ("dias", Unit::Day), ("giorni", Unit::Day), ("dagen", Unit::Day),
    ("week", Unit::Week), ("weeks", Unit::Week), ("woche", Unit::Week), ("wochen", Unit::Week),
    ("semaine", Unit::Week), ("semaines", Unit::Week), ("semana", Unit::Week), ("semanas", Unit::Week),
    ("settimana", Unit::Week), ("settimane", Unit::Week), ("weken", Unit::Week),
    ("month", Unit::Month), ("months", Unit::Month), ("monat", Unit::Month), ("monaten", Unit::Month),
    ("mois", Unit::Month), ("mes", Unit::Month), ("meses", Unit::Month), ("mese", Unit::Month),
    ("mesi", Unit::Month), ("maand", Unit::Month), ("maanden", Unit::Month),
];

/// Words for the end of a month, before its name.
pub(super) const END_OF: &[&str] = &["end", "ende", "fin", "finales", "fine", "eind", "einde"];

/// Words for the month that it is now.
pub(super) const MONTH_WORDS: &[&str] = &["month", "monats", "mois", "mes", "mese", "maand"];

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
