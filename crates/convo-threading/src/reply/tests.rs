//! Mail we wrote ourselves: one line per form and language.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::prelude::*;

use super::extract;

#[track_caller]
fn check(text: &str, reply: &str) {
    assert_eq!(extract(text).reply, reply, "{text}");
}

/// The intro line over a marked quote, and over an unmarked one, leaves the words above it.
#[track_caller]
fn check_intro(intro: &str) {
    check(
        &format!("Yes please.\n\n{intro}\n\n> When?\n> Today?\n\nAt noon."),
        "Yes please.\n\nAt noon.",
    );
    check(
        &format!("Yes please.\n\n{intro}\n\nWhen do you come?\nToday?"),
        "Yes please.",
    );
}

#[test]
fn nothing_quoted() {
    check("", "");
    check("\n \n\t\n", "");
    check("Hello", "Hello");
    check("Hello\r\n\r\nworld\r\n", "Hello\n\nworld");
    check("Hello\rworld", "Hello\nworld");
    check("\u{feff}Hello  \n", "Hello");
}

#[test]
fn marked_quotes() {
    check("> old\n\nnew", "new");
    check("new\n> old", "new");
    check("> q1\na1\n> q2\na2\n\n>> q3\n\na3", "a1\n\na2\n\na3");
    check(">old\n>> older\nnew", "new");
    check("  > old\nnew", "new");
    check("> old", "");
}

#[test]
fn quote_markers_lost_to_wrapping() {
    let long = "> The quick brown fox jumps over the lazy dog while the cat looks on and";
    check(
        &format!("Fine.\n\n{long}\nwonders\n> what it means.\n"),
        "Fine.",
    );
    check(
        "Fine.\n\n> see\n(https://example.com/x) >\n> there",
        "Fine.",
    );
    check(
        "> Would Tuesday or Wednesday suit you better, or is the week too full?\nwednesday\n> And where?\nhere",
        "wednesday\n\nhere",
    );
}

#[test]
fn intros_of_many_languages() {
    for intro in [
        "On Mon, Feb 5, 2024 at 4:58 PM Ann Miller <ann@example.com> wrote:",
        "On 5 Feb 2024, at 16:58, Ann Miller wrote:",
        "On Monday, February 5, 2024, 4:58 PM, \"Miller, Ann\" <ann@example.com> wrote",
        "Am 05.02.2024 um 16:58 schrieb Ann Miller:",
        "Am Mo., 5. Feb. 2024 um 16:58 Uhr schrieb Ann Miller <ann@example.com>:",
        "Ann Miller <ann@example.com> schrieb am Mo., 5. Feb. 2024 um 16:58:",
        "Le lun. 5 févr. 2024 à 16:58, Ann Miller <ann@example.com> a écrit :",
        "Le 5 févr. 2024 à 16:58, Ann Miller a écrit\u{a0}:",
        "El lun, 5 feb 2024 a las 16:58, Ann Miller (<ann@example.com>) escribió:",
        "Il giorno lun 5 feb 2024 alle ore 16:58 Ann Miller <ann@example.com> ha scritto:",
        "Op ma 5 feb 2024 om 16:58 schreef Ann Miller <ann@example.com>:",
        "Op 5 feb. 2024, om 16:58 heeft Ann Miller <ann@example.com> het volgende geschreven:",
        "Em seg., 5 de fev. de 2024 às 16:58, Ann Miller <ann@example.com> escreveu:",
        "Den mån 5 feb. 2024 kl 16:58 skrev Ann Miller <ann@example.com>:",
        "man. 5. feb. 2024 kl. 16:58 skrev Ann Miller <ann@example.com>:",
        "ma 5. helmik. 2024 klo 16.58 Ann Miller (ann@example.com) kirjoitti:",
        "pon., 5 lut 2024 o 16:58 Ann Miller <ann@example.com> napisał(a):",
        "po 5. 2. 2024 v 16:58 odesílatel Ann Miller <ann@example.com> napsal:",
        "Ann Miller <ann@example.com> ezt írta (időpont: 2024. febr. 5., H, 16:58):",
        "În lun., 5 feb. 2024 la 16:58, Ann Miller <ann@example.com> a scris:",
        "Ann Miller <ann@example.com>, 5 Şub 2024 Pzt, 16:58 tarihinde şunu yazdı:",
        "пн, 5 февр. 2024 г. в 16:58, Ann Miller <ann@example.com>:",
        "5 февраля 2024, 16:58, Ann Miller написала:",
        "пн, 5 лют. 2024 р. о 16:58 Ann Miller <ann@example.com> пише:",
        "На пн, 5.02.2024 г. в 16:58 Ann Miller <ann@example.com> написа:",
        "Στις Δευ 5 Φεβ 2024 στις 4:58 μ.μ., ο χρήστης Ann Miller <ann@example.com> έγραψε:",
        "Vào Th 2, 5 thg 2, 2024 vào lúc 16:58 Ann Miller <ann@example.com> đã viết:",
        "Pada tanggal Sen, 5 Feb 2024 pukul 16.58 Ann Miller <ann@example.com> menulis:",
        "2024年2月5日(月) 16:58 Ann Miller <ann@example.com>:",
        "Ann Miller <ann@example.com> 于2024年2月5日周一 16:58写道：",
        "2024년 2월 5일 (월) 오후 4:58, Ann Miller <ann@example.com>님이 작성:",
        "\u{200f}בתאריך יום ב׳, 5 בפבר׳ 2024 ב-16:58 מאת Ann Miller <\u{200f}ann@example.com\u{200f}>:",
        "في الاثنين، 5 فبراير 2024 في 4:58 م، كتب Ann Miller <ann@example.com>:",
        "------ On 5/2/2024 16:58, Ann Miller wrote -----",
        "05.02.2024, 16:58, \"Ann Miller\" <ann@example.com>:",
        "Monday, 5 February 2024, 4:58 PM +0300 from Ann Miller <ann@example.com>:",
        "Ann Miller via Example Forum <ann@example.com> wrote:",
        "2024-02-05 16:58 GMT+01:00 Ann Miller",
        "Ann Miller schrieb am 05.02.2024 um 16:58:",
        "---- Ann Miller wrote ----",
        "No dia 5 de fevereiro de 2024 às 16:58, Ann Miller escreveu:",
    ] {
        check_intro(intro);
    }
}

#[test]
fn intros_broken_over_lines() {
    check_intro("On Mon, Feb 5, 2024 at 4:58 PM Ann Miller <ann@example.com>\nwrote:");
    check_intro("On Mon, Feb 5, 2024 at 4:58 PM Ann Miller <\nann@example.com> wrote:");
    check_intro("On Mon, Feb 5, 2024 at 4:58 PM\nAnn Miller\n<ann@example.com>\nwrote:");
    check_intro(
        "Op 5 feb. 2024 16:58 schreef \"Ann Miller\" <ann@example.com> het\nvolgende geschreven:",
    );
    check_intro(
        "On Mon, Feb 5, 2024 at 4:58 PM Ann Miller\n\n<\nmailto:Ann Miller <ann@example.com>\n> wrote:",
    );
    check_intro("ons. 5. feb. 2024 kl. 16:58 skrev Ann Miller <ann@example.com\n>:");
}

#[test]
fn intros_typed_over_marked_quotes() {
    check("Ann Miller said:\n> When?\n\nNow.", "Now.");
    check("Miller, Ann wrote:\n> When?\n\nNow.", "Now.");
    check("John P. Miller wrote:\n> When?\nNow.", "Now.");
    check(
        "Quoting Ann Miller (ann@example.com):\n> When?\n\nNow.",
        "Now.",
    );
    check(
        "On Feb 5, 2024, Ann wrote:\n[...]\n> When?\n\nNow.",
        "[...]\n\nNow.",
    );
    check(
        "Sure On Mon, Feb 5, 2024 at 4:58 PM, ann@example.com wrote:\n> When?",
        "Sure",
    );
}

#[test]
fn other_quote_prefixes() {
    check(
        "On Feb 5, 2024 at 16:58, Ann wrote:\n\n| When?\n| Where?\n\nNow and here.",
        "Now and here.",
    );
    check(
        "On Feb 5, 2024 at 16:58, Ann wrote:\n# When?\n# Where?\n\nNow.",
        "Now.",
    );
    check("Ann Miller wrote:\n\nAM> When?\nAM> Where?\n\nNow.", "Now.");
}

#[test]
fn original_messages() {
    for line in [
        "-----Original Message-----",
        "----- Original Message -----",
        "*-------- Original Message --------*",
        "-----Ursprüngliche Nachricht-----",
        "-------- Message d'origine --------",
        "-----Mensaje original-----",
        "-----Messaggio originale-----",
        "-----Oorspronkelijk bericht-----",
        "-----Mensagem original-----",
        "-----Ursprungligt meddelande-----",
        "-----Oprindelig meddelelse-----",
        "-----Opprinnelig melding-----",
        "-----Alkuperäinen viesti-----",
        "-----Wiadomość oryginalna-----",
        "-----Původní zpráva-----",
        "-----Исходное сообщение-----",
        "-----Orijinal Mesaj-----",
        "-----元のメッセージ-----",
        "-----邮件原件-----",
        "-----원본 메시지-----",
    ] {
        check(
            &format!("Yes please.\n\n{line}\n\nWhen do you come?"),
            "Yes please.",
        );
    }
    check(
        "Yes.\n\n----- Something -----\nFrom: Ann <ann@example.com>\nold",
        "Yes.",
    );
}

#[test]
fn header_blocks() {
    for block in [
        "From: Ann <ann@example.com>\nSent: Monday, February 5, 2024 4:58 PM\nTo: Bob\nSubject: Car",
        "*From:* Ann <ann@example.com>\n*Sent:* Monday\n*To:* Bob\n*Subject:* Car",
        "**From:** Ann <ann@example.com>\n**Date:** Monday\n**To:** Bob",
        "Von: Ann <ann@example.com>\nGesendet: Montag, 5. Februar 2024 16:58\nAn: Bob\nBetreff: Auto",
        "De : Ann <ann@example.com>\nEnvoyé : lundi 5 février 2024 16:58\nÀ : Bob\nObjet : Voiture",
        "De: Ann <ann@example.com>\nEnviado: lunes, 5 de febrero de 2024 16:58\nPara: Bob\nAsunto: Coche",
        "Da: Ann <ann@example.com>\nInviato: lunedì 5 febbraio 2024 16:58\nA: Bob\nOggetto: Auto",
        "Van: Ann <ann@example.com>\nVerzonden: maandag 5 februari 2024 16:58\nAan: Bob\nOnderwerp: Auto",
        "Från: Ann <ann@example.com>\nSkickat: den 5 februari 2024 16:58\nTill: Bob\nÄmne: Bil",
        "Fra: Ann <ann@example.com>\nSendt: 5. februar 2024 16:58\nTil: Bob\nEmne: Bil",
        "Lähettäjä: Ann <ann@example.com>\nLähetetty: maanantai 5. helmikuuta 2024\nVastaanottaja: Bob\nAihe: Auto",
        "Od: Ann <ann@example.com>\nWysłano: poniedziałek, 5 lutego 2024 16:58\nDo: Bob\nTemat: Auto",
        "De: Ann <ann@example.com>\nEnviada em: segunda-feira, 5 de fevereiro de 2024\nPara: Bob\nAssunto: Carro",
        "Od: Ann <ann@example.com>\nOdesláno: pondělí 5. února 2024 16:58\nKomu: Bob\nPředmět: Auto",
        "От: Ann <ann@example.com>\nОтправлено: 5 февраля 2024 г. 16:58\nКому: Bob\nТема: Машина",
        "Kimden: Ann <ann@example.com>\nGönderildi: 5 Şubat 2024 Pazartesi\nKime: Bob\nKonu: Araba",
        "差出人: Ann <ann@example.com>\n送信日時: 2024年2月5日 16:58\n宛先: Bob\n件名: 車",
        "发件人: Ann <ann@example.com>\n发送时间: 2024年2月5日 16:58\n收件人: Bob\n主题: 车",
        "发件人：Ann <ann@example.com>\n发送时间：2024年2月5日 16:58\n收件人：Bob\n主题：车",
        "보낸 사람: Ann <ann@example.com>\n보낸 날짜: 2024년 2월 5일\n받는 사람: Bob\n제목: 차",
        "________________________________\nFrom: Ann <ann@example.com>\nSent: Monday\nTo: Bob\nSubject: Car",
        "From: Ann\n<ann@example.com>\nSent: Monday, February 5, 2024\nTo: Bob\nSubject: Car",
        "From: ann@example.com Date: Mon, 5 Feb 2024 16:58:00 +0100",
        "Message du : 05/02/2024 16:58\nDe : Ann <ann@example.com>\nA : bob@example.com",
    ] {
        check(
            &format!("Yes please.\n\n{block}\n\nWhen do you come?\n"),
            "Yes please.",
        );
    }
    check(
        "-----Original Message-----\nFrom: Ann <ann@example.com>\nTo: Bob\n\n> When?\n\nNow.",
        "Now.",
    );
}

#[test]
fn forwards() {
    for line in [
        "---------- Forwarded message ---------\nFrom: Ann <ann@example.com>\nSubject: Car",
        "-------- Weitergeleitete Nachricht --------\nBetreff: Auto\nVon: Ann <ann@example.com>",
        "Begin forwarded message:\n\n> From: Ann <ann@example.com>",
        "Anfang der weitergeleiteten Nachricht:\n\nVon: Ann <ann@example.com>",
        "Début du message réexpédié :\n\nDe: Ann <ann@example.com>",
        "Inicio del mensaje reenviado:\n\nDe: Ann <ann@example.com>",
        "Inizio messaggio inoltrato:\n\nDa: Ann <ann@example.com>",
        "Begin doorgestuurd bericht:\n\nVan: Ann <ann@example.com>",
        "> Begin forwarded message:\n>\n> From: Ann <ann@example.com>",
    ] {
        let found = extract(&format!("Please take over.\n\n{line}\n\n> Old words\n"));
        assert_eq!(
            (found.reply.as_str(), found.forwarded),
            ("Please take over.", true),
            "{line}"
        );
        let found = extract(&format!("{line}\n\n> Old words\n"));
        assert_eq!(
            (found.reply.as_str(), found.forwarded),
            ("", true),
            "{line}"
        );
    }
    assert!(!extract("Yes.\n\n> When?").forwarded);
}

#[test]
fn signatures() {
    let check = |text: &str, reply: &str, signature: Option<&str>| {
        let found = extract(text);
        assert_eq!(
            (found.reply.as_str(), found.signature.as_deref()),
            (reply, signature),
            "{text}"
        );
    };
    check(
        "Yes.\n-- \nAnn\nExample Ltd",
        "Yes.",
        Some("--\nAnn\nExample Ltd"),
    );
    check("Yes.\n\n--\nAnn\n\n> When?", "Yes.", Some("--\nAnn"));
    check("Yes.\n\n---\nAnn Miller", "Yes.", Some("---\nAnn Miller"));
    check("Kind regards\nAnn", "Kind regards\nAnn", None);
    check(
        "Thanks,\nAnn\n+1 555 123 4567",
        "Thanks,\nAnn\n+1 555 123 4567",
        None,
    );
    check(
        "Yes.\n\nKind regards,\nAnn Miller\nSales\nTel: +1 555 123 4567\nwww.example.com",
        "Yes.\n\nKind regards,\nAnn Miller",
        Some("Sales\nTel: +1 555 123 4567\nwww.example.com"),
    );
    check(
        "Yes.\n-----BEGIN PGP SIGNATURE-----\nabc\n-----END PGP SIGNATURE-----",
        "Yes.",
        Some("-----BEGIN PGP SIGNATURE-----\nabc\n-----END PGP SIGNATURE-----"),
    );
}

#[test]
fn mobile_signatures() {
    for line in [
        "Sent from my iPhone",
        "Sent from my Fairphone 4 5G",
        "Sent from my phone, please excuse any typos.",
        "Sent via mobile",
        "Sent from Outlook for Android",
        "(sent from a phone)",
        "Get Outlook for iOS<https://example.com>",
        "Von meinem iPhone gesendet",
        "Gesendet von Mail für Windows",
        "Gesendet mit der GMX Mail App",
        "Holen Sie sich Outlook für iOS",
        "Envoyé de mon iPhone",
        "Envoyé depuis mon mobile",
        "Télécharger Outlook pour Android",
        "Enviado desde mi iPhone",
        "Obtener Outlook para iOS",
        "Inviato da iPhone",
        "Inviato dal mio cellulare",
        "Verstuurd vanaf mijn iPhone",
        "Verzonden met BlackBerry",
        "Enviado do meu iPhone",
        "Skickat från min iPhone",
        "Sendt fra min iPhone",
        "Lähetetty iPhonesta",
        "Wysłane z iPhone'a",
        "Odesláno z iPhonu",
        "Отправлено с iPhone",
        "Надіслано з iPhone",
        "Az iPhone-omról küldve",
        "iPhone'umdan gönderildi",
        "iPhoneから送信",
        "发自我的 iPhone",
        "從我的 iPhone 傳送",
        "나의 iPhone에서 보냄",
    ] {
        check(&format!("Yes please.\n\n{line}"), "Yes please.");
        check(
            &format!("Yes please.\n\n{line}\n\n> When?\n"),
            "Yes please.",
        );
    }
    check("Sent from my iPhone\n\nYes please.", "Yes please.");
}

#[test]
fn left_alone() {
    for text in [
        "On Monday I can come.\nOn Tuesday not.",
        "On 5 May 2024 I wrote down:\nmilk, bread",
        "Am 05.02.2024 um 16:58 schrieb ich Folgendes:\nHallo",
        "See https://example.com/2024/05/on-what-she-wrote: good read",
        "I had a hard time, so I wrote one of my own:\n\nhttps://example.com/2024-02-05-how-to",
        "From what I hear, it is fine.\nTo be honest, I like it.",
        "From: Berlin\nTo: Munich\nis the route",
        "Date: Wednesday 3 October 2024\nTime: 7:00\nAddress: 1 Main Street",
        "It is -- as I said -- fine.",
        "Kind regards to your wife, she was very helpful.",
        "The original message was lost.",
        "Below is what Ann wrote on 5 May 2024 at 10:00 to me: nothing",
        "My notes on what we said:\n- 12:30 lunch",
        "Please forward this message to Bob.",
        "Sent from my desk, this is much easier to write.",
        "It was sent via DHL yesterday.",
        "Prices:\n- Golf: 20,000\n- Polo: 15,000",
        "a > b and b < c",
        ">90 % of the price is fine",
        "Look\n>>> here <<<\nplease",
        "```\n# title\n--\n> not quoted\n```\nend",
        "Subject: to change, of course.",
        "Best time is 2 pm",
    ] {
        check(text, text);
    }
    check(
        "Hello\n\n>From what I hear it is fine.\n\nBye",
        "Hello\n\n>From what I hear it is fine.\n\nBye",
    );
}

#[test]
fn rulers_at_the_edges_go() {
    check("Yes.\n\n____________\n", "Yes.");
    check("=====\nYes.\n***\n", "Yes.");
    check("a\n-----\nb ?", "a\n-----\nb ?");
}

#[test]
fn quoted_part_is_kept_beside() {
    let found = extract("Yes.\n\nOn 5 Feb 2024 at 16:58, Ann wrote:\n> unsubscribe?\n");
    assert_eq!(
        found.quoted,
        "On 5 Feb 2024 at 16:58, Ann wrote:\n> unsubscribe?"
    );
}

/// Lines as they stand in mail, and noise.
fn mail() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        4 => "[ -~äß年>]{0,60}",
        1 => Just("On Mon, Feb 5, 2024 at 4:58 PM Ann <ann@example.com> wrote:".to_owned()),
        1 => Just("> quoted".to_owned()),
        1 => Just("-- ".to_owned()),
        1 => Just("```".to_owned()),
        1 => Just("From: Ann <ann@example.com>".to_owned()),
        1 => Just("To: Bob".to_owned()),
        1 => Just("-----Original Message-----".to_owned()),
        1 => Just("Sent from my iPhone".to_owned()),
        2 => Just(String::new()),
    ];
    let end = prop_oneof![Just("\n"), Just("\r\n"), Just("\r")];
    proptest::collection::vec((line, end), 0..40)
        .prop_map(|lines| lines.into_iter().map(|(line, end)| line + end).collect())
}

proptest! {
    #[test]
    fn any_text_has_an_answer(text in any::<String>()) {
        let _ = extract(&text);
    }

    #[test]
    fn lines_of_the_reply_are_lines_of_the_mail(text in mail()) {
        let found = extract(&text);
        let lines: Vec<&str> = text.split(['\n', '\r']).collect();
        for line in found.reply.lines().chain(found.quoted.lines()) {
            prop_assert!(lines.iter().any(|from| from.starts_with(line)), "{line:?}");
        }
    }

    #[test]
    fn nothing_is_in_two_parts(text in mail()) {
        let found = extract(&text);
        let words = |text: &str| text.split_whitespace().count();
        let parts = words(&found.reply) + words(&found.quoted) + words(found.signature.as_deref().unwrap_or(""));
        prop_assert!(parts <= words(&text));
    }

    #[test]
    fn a_typical_reply_is_all_reply(words in "[A-Za-z]{1,12}( [a-z]{1,9}){0,9}[.!?]", more in "[A-Z][a-z]{1,9}( [a-z]{1,9}){0,9}[.!?]") {
        let reply = format!("{words}\n\n{more}");
        let mail = format!("{reply}\n\nOn Mon, Feb 5, 2024 at 4:58 PM Ann <ann@example.com> wrote:\n\n> {more}\n");
        let once = extract(&mail).reply;
        prop_assert_eq!(&once, &reply);
        prop_assert_eq!(&extract(&once).reply, &once);
    }
}
