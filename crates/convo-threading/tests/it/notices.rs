//! Absence notices as people write them, in four languages, with the day they name.

use chrono::NaiveDate;
use convo_threading::automated::{Class, Mail, classify};

/// Written on Tuesday, 10 March 2026.
#[track_caller]
fn check(text: &str, expected: &str) {
    let verdict = classify(&Mail {
        headers: &[("Auto-Submitted", "auto-replied")],
        subject: "Re: Your new car",
        from: "lead@customer.example",
        text,
        written_on: NaiveDate::from_ymd_opt(2026, 3, 10),
        ..Mail::default()
    });
    let found = verdict
        .returns_on
        .map_or_else(|| "none".to_owned(), |day| day.to_string());
    assert_eq!(
        (verdict.class, found.as_str()),
        (Class::OutOfOffice, expected),
        "{text}"
    );
}

#[test]
fn english() {
    check(
        "Thank you for your message. I am out of the office until Friday, 20 March 2026 with limited access to e-mail.",
        "2026-03-20",
    );
    check(
        "I'm on annual leave from 9 March and back at my desk on Monday 23 March.",
        "2026-03-23",
    );
    check(
        "I will be out of the office 03/09/2026 through 03/20/2026.",
        "2026-03-20",
    );
    check(
        "I am away until next Monday. For urgent matters call 555-0102.",
        "2026-03-16",
    );
    check(
        "I'm out of the office today and will be back tomorrow.",
        "2026-03-11",
    );
    check("I am on parental leave until the end of May.", "2026-05-31");
    check(
        "I'm on vacation and will be back in two weeks.",
        "2026-03-24",
    );
    check(
        "I am out of office 9-20 March, please contact my colleague.",
        "2026-03-20",
    );
    check(
        "Out of the office from the 9th to the 20th of March.",
        "2026-03-20",
    );
    check(
        "I am currently away. I will return on 20-Mar-2026.",
        "2026-03-20",
    );
    check(
        "I am out of the office and will return on the 23rd.",
        "2026-03-23",
    );
    check("I'm on holiday until the 2nd.", "2026-04-02");
    check(
        "On 23 March I will be back in the office. I am on leave.",
        "2026-03-23",
    );
    check("I am out of the office until next week.", "2026-03-16");
    check(
        "Out of office: returning the day after tomorrow.",
        "2026-03-12",
    );
    check("I am out of the office until December 7th.", "2026-12-07");
}

#[test]
fn german() {
    check(
        "Vielen Dank für Ihre Nachricht. Ich bin bis einschließlich 20.03.2026 nicht im Büro.",
        "2026-03-20",
    );
    check(
        "Ich befinde mich vom 9. bis 20. März im Urlaub.",
        "2026-03-20",
    );
    check(
        "Ich bin ab Montag, den 23.03. wieder für Sie erreichbar und bis dahin im Urlaub.",
        "2026-03-23",
    );
    check(
        "Ich bin im Urlaub und kehre am 1. April zurück.",
        "2026-04-01",
    );
    check(
        "Ich bin derzeit nicht im Haus. Am 20. März bin ich wieder erreichbar.",
        "2026-03-20",
    );
    check("Bis Ende März bin ich in Elternzeit.", "2026-03-31");
    check(
        "Ich bin heute nicht im Büro und morgen wieder für Sie da.",
        "2026-03-11",
    );
    check(
        "Ich bin in zwei Wochen zurück und bis dahin im Urlaub.",
        "2026-03-24",
    );
    check("Ich bin bis Freitag auf Dienstreise.", "2026-03-13");
    check("Am 23.3. bin ich wieder im Büro.", "2026-03-23");
    check(
        "Ich bin vom 09.03.2026 bis zum 20.03.2026 abwesend. Guten Morgen!",
        "2026-03-20",
    );
    check("Ich bin bis nächste Woche nicht erreichbar.", "2026-03-16");
    check("Ich bin bis zum Ende des Monats im Urlaub.", "2026-03-31");
}

#[test]
fn french() {
    check(
        "Je suis absente du bureau jusqu'au vendredi 20 mars 2026 inclus.",
        "2026-03-20",
    );
    check(
        "Je suis en vacances et serai de retour le 23 mars.",
        "2026-03-23",
    );
    check("En congés du 9 au 20 mars 2026.", "2026-03-20");
    check("Je suis absent jusqu’au 20/03/26.", "2026-03-20");
    check(
        "Absent cette semaine, je reprendrai mes fonctions le lundi 23 mars.",
        "2026-03-23",
    );
    check("Je suis absent jusqu'à demain.", "2026-03-11");
    check(
        "En déplacement du lundi 9 au vendredi 20 mars.",
        "2026-03-20",
    );
    check("Je suis en congé jusqu'à fin mars.", "2026-03-31");
    check(
        "Je suis en congé, de retour dans trois semaines.",
        "2026-03-31",
    );
    check(
        "Le 1er avril je serai de retour ; je suis en congé.",
        "2026-04-01",
    );
    check(
        "Je suis absente jusqu'à la semaine prochaine.",
        "2026-03-16",
    );
}

#[test]
fn spanish() {
    check(
        "Estaré fuera de la oficina hasta el 20 de marzo de 2026, inclusive.",
        "2026-03-20",
    );
    check("Estoy de vacaciones del 9 al 20 de marzo.", "2026-03-20");
    check(
        "Estoy ausente. Volveré a estar disponible el lunes 23 de marzo.",
        "2026-03-23",
    );
    check(
        "Estoy de vacaciones y me reincorporaré el 23/03/2026.",
        "2026-03-23",
    );
    check("Fuera de la oficina hasta el próximo lunes.", "2026-03-16");
    check("Estoy fuera de la oficina hasta mañana.", "2026-03-11");
    check("Estaré ausente hasta finales de marzo.", "2026-03-31");
    check(
        "El 23 de marzo estaré de vuelta; estoy de vacaciones.",
        "2026-03-23",
    );
    check(
        "Estoy de vacaciones y volveré en dos semanas.",
        "2026-03-24",
    );
    check(
        "Estoy fuera de la oficina hasta pasado mañana.",
        "2026-03-12",
    );
    check("Estoy ausente hasta la próxima semana.", "2026-03-16");
}

/// Days that are named and are not the end of the absence.
#[test]
fn no_day_of_return() {
    for text in [
        "I am out of the office. Our spring sale begins on 20 March.",
        "I am out of the office. We deliver on 23 March. Back to you soon.",
        "I am out of the office. Call me tomorrow or any day.",
        "Guten Morgen, ich bin nicht im Büro.",
        "Ich bin nicht im Büro. Heute Morgen kam Ihre Nachricht an.",
        "Estoy ausente por la mañana.",
        "I am out of the office in May and June.",
        "I am out of the office. See you at the end of March fair.",
        "I am out of the office until 5 March.",
        "I am out of the office until January 7th.",
        "Ich bin vom 2.3. bis 6.3. nicht im Büro.",
        "Je suis absent. Notre salon ouvre dans deux semaines.",
    ] {
        check(text, "none");
    }
}
