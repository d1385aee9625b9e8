//! Subjects of automatic answers, and subjects that only look like them.

use convo_threading::automated::{Class, Mail, classify};

fn check_subject(subject: &str, class: Class) {
    let verdict = classify(&Mail {
        subject,
        from: "lead@customer.example",
        text: "Thank you for your message.",
        ..Mail::default()
    });
    assert_eq!(verdict.class, class, "{subject}");
}

#[test]
fn subjects_of_many_languages() {
    use Class::{AutoReply, Human, OutOfOffice};
    for subject in [
        "Automatic reply: Your offer",
        "AUTO: Your offer",
        "Auto: Re: Your offer",
        "Auto-Reply: Your offer",
        "Automatische Antwort: Angebot",
        "Réponse automatique : Votre offre",
        "Réponse automatique\u{a0}: Votre offre",
        "Respuesta automática: Oferta",
        "Risposta automatica: Offerta",
        "Automatisch antwoord: Aanbod",
        "Resposta automática: Oferta",
        "Automatiskt svar: Erbjudande",
        "Automatisk svar: Tilbud",
        "Autosvar: Tilbud",
        "Automaattinen vastaus: Tarjous",
        "Odpowiedź automatyczna: Oferta",
        "Automatická odpověď: Nabídka",
        "Automatikus válasz: Ajánlat",
        "Автоматический ответ: Предложение",
        "Автоответ",
        "Αυτόματη απάντηση: Προσφορά",
        "Otomatik yanıt: Teklif",
        "自動応答：お見積り",
        "自动回复: 报价",
        "자동 회신: 견적",
    ] {
        check_subject(subject, AutoReply);
    }
    for subject in [
        "Out of Office",
        "Out of Office AutoReply: Your offer",
        "AUTO: Bo Lee is out of the office (returning 07/01/2024)",
        "Bo Lee is out of the office.",
        "Abwesenheitsnotiz: Angebot",
        "Fuori sede",
        "Afwezig: Aanbod",
        "Frånvaro: Erbjudande",
        "Absence du bureau",
        "不在通知",
    ] {
        check_subject(subject, OutOfOffice);
    }
    for subject in [
        "Re: Out of office chairs in stock?",
        "Out of office chairs in stock?",
        "Automatic reply feature?",
        "Automatic gearbox: available?",
        "Auto kaufen",
        "Autos: which ones do you have?",
        "Re: Automatic reply: your offer",
        "Absence of a spare wheel",
        "My vacation plans",
        "",
    ] {
        check_subject(subject, Human);
    }
}
