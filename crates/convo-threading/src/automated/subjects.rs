//! Subjects of automatic answers, where no header helps.

/// Phrases that programs put before a subject, lower case. They must stand at the beginning and
/// be followed by a colon, a dash, a bracket or nothing, so that a sentence is no prefix.
const PREFIXES: &[&str] = &[
    // English
    "automatic reply",
    "automatic response",
    "automated reply",
    "automated response",
    "auto reply",
    "auto-reply",
    "autoreply",
    "auto response",
    "auto-response",
    "autoresponse",
    "out of office autoreply",
    "out of office reply",
    "out of office",
    "out of the office",
    "out-of-office",
    "ooo",
    "vacation reply",
    "vacation response",
    "absence notice",
    "away from my mail",
    // German
    "automatische antwort",
    "automatische rückantwort",
    "autom. antwort",
    "abwesenheitsnotiz",
    "abwesenheitsmeldung",
    "abwesenheitsnachricht",
    "abwesenheitsassistent",
    "automatische abwesenheitsnotiz",
    "nicht im büro",
    "außer haus",
    // French
    "réponse automatique",
    "reponse automatique",
    "réponse d'absence",
    "message d'absence",
    "notification d'absence",
    "absence du bureau",
    "absent du bureau",
    "en dehors du bureau",
    // Spanish
    "respuesta automática",
    "respuesta automatica",
    "fuera de la oficina",
    "fuera de oficina",
    "ausencia de la oficina",
    // Italian
    "risposta automatica",
    "fuori sede",
    "fuori ufficio",
    "assente dall'ufficio",
    // Dutch
    "automatisch antwoord",
    "automatische antwoord",
    "automatische beantwoording",
    "afwezig",
    "afwezigheidsbericht",
    "niet op kantoor",
    // Portuguese
    "resposta automática",
    "resposta automatica",
    "fora do escritório",
    "fora do escritorio",
    "ausência temporária",
    // Nordic
    "automatiskt svar",
    "autosvar",
    "automatisk svar",
    "frånvaro",
    "frånvaromeddelande",
    "inte på kontoret",
    "ikke på kontoret",
    "ikke til stede",
    "fravær",
    "sjálfvirkt svar",
    "automaattinen vastaus",
    "poissa toimistosta",
    "poissa",
    // Eastern Europe
    "odpowiedź automatyczna",
    "odpowiedz automatyczna",
    "automatyczna odpowiedź",
    "poza biurem",
    "automatická odpověď",
    "automatická odpoveď",
    "automatick odpov",
    "mimo kancelář",
    "automatikus válasz",
    "házon kívül",
    "răspuns automat",
    "raspuns automat",
    "automatski odgovor",
    "samodejni odgovor",
    "automatinis atsakymas",
    "automātiska atbilde",
    "automātiskā atbilde",
    "automatvastus",
    "автоматический ответ",
    "автоответ",
    "автоматична відповідь",
    "автоматичен отговор",
    "нет на работе",
    "нет в офисе",
    // South and Near East
    "αυτόματη απάντηση",
    "εκτός γραφείου",
    "otomatik yanıt",
    "otomatik cevap",
    "ofis dışında",
    "רד אוטומטי",
    "תשובה אוטומטית",
    "رد تلقائي",
    // Asia
    "自動応答",
    "自動返信",
    "不在通知",
    "不在のお知らせ",
    "自动答复",
    "自动回复",
    "自動回覆",
    "外出通知",
    "不在办公室",
    "자동 회신",
    "자동 응답",
    "부재중",
    "trả lời tự động",
    "balasan otomatis",
    "การตอบกลับอัตโนมัติ",
];

/// `AUTO:` and `Auto:` count only with their colon.
const WITH_COLON: &[&str] = &[
    "auto",
    "abwesend",
    "absent",
    "absence",
    "abwesenheit",
    "away",
    "ausente",
    "assente",
    "vacation",
];

/// Words by which a program names someone as away, anywhere in a subject that is no reply.
const NAMED: &[&str] = &[
    " is out of the office",
    " is out of office",
    " ist außer haus",
    " ist nicht im büro",
    " est absent du bureau",
    "prombūtne",
    "arpus biroja atrasanas automatiska atbilde",
];

/// The code of a subject that only an automatic answer has.
pub(super) fn automatic(subject: &str) -> Option<&'static str> {
    let subject = normal(subject);
    let subject = subject.trim();
    let prefixed = |phrase: &&str| subject.strip_prefix(*phrase).is_some_and(ends_phrase);
    if PREFIXES.iter().any(prefixed) {
        return Some("subject:automatic-reply");
    }
    let before_colon = subject
        .split_once([':', '：'])
        .map(|(before, _)| before.trim());
    if before_colon.is_some_and(|before| WITH_COLON.contains(&before)) {
        return Some("subject:automatic-reply");
    }
    let reply =
        subject.starts_with("re:") || subject.starts_with("aw:") || subject.starts_with("fw");
    let named = !reply && NAMED.iter().any(|words| subject.contains(words));
    named.then_some("subject:absence")
}

/// Lower case, with plain apostrophes and blanks.
pub(super) fn normal(text: &str) -> String {
    let plain = text.chars().map(|c| match c {
        '\u{2019}' | '\u{02BC}' | '`' => '\'',
        c if c.is_whitespace() => ' ',
        c => c,
    });
    plain.collect::<String>().to_lowercase()
}

fn ends_phrase(rest: &str) -> bool {
    let rest = rest.trim_start();
    rest.is_empty() || rest.starts_with([':', '：', '-', '–', '—', '(', '[', '|', '/', '!', '.'])
}
