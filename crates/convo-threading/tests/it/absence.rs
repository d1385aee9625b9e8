//! Until when an absent person is away.

use chrono::NaiveDate;
use convo_threading::automated::{Class, Mail, classify};

fn check_return(subject: &str, text: &str, expected: Option<&str>) {
    let verdict = classify(&Mail {
        headers: &[("Auto-Submitted", "auto-replied")],
        subject,
        from: "lead@customer.example",
        text,
        // A Tuesday.
        written_on: NaiveDate::from_ymd_opt(2024, 6, 4),
        ..Mail::default()
    });
    let found = verdict.returns_on.map(|day| day.to_string());
    assert_eq!(found.as_deref(), expected, "{subject} | {text}");
    if expected.is_some() {
        assert_eq!(verdict.class, Class::OutOfOffice);
    }
}

#[test]
fn the_day_of_return() {
    let check = |text: &str, expected: &str| check_return("Re: offer", text, Some(expected));
    check("I am out of the office until June 17, 2024.", "2024-06-17");
    check("I am out of the office until 17 June.", "2024-06-17");
    check(
        "I'm on vacation and will be back on Monday, June 17th.",
        "2024-06-17",
    );
    check(
        "I am away from the office from 3 June to 14 June 2024.",
        "2024-06-14",
    );
    check("I am on annual leave, returning 2024-06-17.", "2024-06-17");
    check("I am out of the office until Monday.", "2024-06-10");
    check("I am out of the office until Tuesday.", "2024-06-11");
    check("I am out of the office until Wednesday.", "2024-06-05");
    check("I am out of the office until Friday.", "2024-06-07");
    check("23. Juni bin ich wieder da, jetzt im Urlaub.", "2024-06-23");
    check("On leave until January 2.", "2025-01-02");
    check("Ich bin bis zum 14.06.2024 im Urlaub.", "2024-06-14");
    check("Ich bin vom 3.6. bis 14.6. nicht im Büro.", "2024-06-14");
    check(
        "Ich bin abwesend und ab dem 17. Juni wieder erreichbar.",
        "2024-06-17",
    );
    check("Ich bin bis Montag nicht im Büro.", "2024-06-10");
    check(
        "Je suis absente jusqu'au 14 juin 2024 inclus.",
        "2024-06-14",
    );
    check(
        "Je suis en congé. De retour le lundi 1er juillet.",
        "2024-07-01",
    );
    check("Je suis absent du bureau jusqu’à lundi.", "2024-06-10");
    check(
        "Estaré fuera de la oficina hasta el 14 de junio de 2024.",
        "2024-06-14",
    );
    check(
        "Estoy de vacaciones del 3 al 14 de junio, regreso el 17 de junio.",
        "2024-06-17",
    );
    check("Estoy fuera de la oficina hasta el lunes.", "2024-06-10");
    check("Sono in ferie fino al 14 giugno.", "2024-06-14");
    check("Ik ben tot en met 14 juni met vakantie.", "2024-06-14");
    check("Out of office until 14/06/2024.", "2024-06-14");
    check("Out of office until 06/14/2024.", "2024-06-14");
    check_return(
        "AUTO: Bo is out of the office (returning 07/08/2024)",
        "",
        Some("2024-07-08"),
    );
}

#[test]
fn no_day_of_return() {
    let none = |text: &str| check_return("Re: offer", text, None);
    none("I am out of the office.");
    none("I am out of the office until June 3, 2024.");
    none("I am out of the office. Our 24/7 hotline is 555-01-02.");
    none("I am out of the office until 31 February.");
    // Nobody is away for decades: the year is a misreading.
    none("I am out of the office until 3 January 2199.");
    none("Ich bin bis zum 14.06.2042 im Urlaub.");
    none("I am out of the office. Our fair is on June 20.");
    none("I am out of the office until 99.99.9999.");
    none("We received your request and will answer by June 20.");
}

/// The mail was written on Tuesday, 4 June 2024.
#[test]
fn days_in_many_forms() {
    for (day, expected) in [
        ("14th of August", "2024-08-14"),
        ("14. August", "2024-08-14"),
        ("14 August 2025", "2025-08-14"),
        ("14th of August 2025", "2025-08-14"),
        ("14 de agosto de 2025", "2025-08-14"),
        ("14 August. 2025 will be calmer", "2024-08-14"),
        ("9-14 August", "2024-08-14"),
        ("August 14th", "2024-08-14"),
        ("August 14, 2025", "2025-08-14"),
        ("August 14. 2025 will be calmer", "2024-08-14"),
        ("14-Aug-2025", "2025-08-14"),
        ("14-Aug-25", "2025-08-14"),
        ("14/Aug/25", "2025-08-14"),
        ("2025-08-14", "2025-08-14"),
        ("14.8.", "2024-08-14"),
        ("14.8.25", "2025-08-14"),
        ("14/08", "2024-08-14"),
        ("1 August", "2024-08-01"),
        ("31 August", "2024-08-31"),
        ("the end of March", "2025-03-31"),
        ("the end of June", "2024-06-30"),
        ("the end of the month", "2024-06-30"),
        ("the 5th", "2024-06-05"),
        ("the 4th", "2024-07-04"),
        ("the 3rd", "2024-07-03"),
        ("the 23rd", "2024-06-23"),
        ("next week", "2024-06-10"),
        ("tomorrow", "2024-06-05"),
    ] {
        let text = format!("I am out of the office until {day}.");
        check_return("Re: offer", &text, Some(expected));
    }
    for (time, expected) in [
        ("in two weeks", "2024-06-18"),
        ("in 10 days", "2024-06-14"),
        ("in a month", "2024-07-04"),
        ("the day after tomorrow", "2024-06-06"),
    ] {
        let text = format!("I am out of the office and will be back {time}.");
        check_return("Re: offer", &text, Some(expected));
    }
}

/// A day that is past is not taken for the same number of the next month.
#[test]
fn days_that_are_past_or_none() {
    for day in [
        "3rd June 2024",
        "3rd of June 2024",
        "June 3rd, 2024",
        "32 August",
        "0 August",
        "14-Aug-1925",
        "14-Aug-25-1",
        "2.5 pm",
        "the 32nd",
        "August",
    ] {
        let text = format!("I am out of the office until {day}.");
        check_return("Re: offer", &text, None);
    }
}
