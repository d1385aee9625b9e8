//! The lines phones and mail apps add below a mail.

use std::collections::HashMap;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

/// The longest such line, in bytes.
const LONGEST: usize = 180;

/// Beginnings that say enough: only an app writes them.
const SURE: &[&str] = &[
    "get outlook for",
    "get [outlook for",
    "holen sie sich outlook",
    "outlook für",
    "télécharger outlook",
    "obtenez outlook",
    "obtener outlook",
    "obtén outlook",
    "descargar outlook",
    "scarica outlook",
    "ottieni outlook",
    "outlook voor",
    "download outlook",
    "hämta outlook",
    "hent outlook",
    "få outlook",
    "skaff deg outlook",
    "last ned outlook",
    "hanki outlook",
    "pobierz outlook",
    "pobierz aplikację outlook",
    "získat outlook",
    "získejte outlook",
    "stáhnout outlook",
    "obter o outlook",
    "obter outlook",
    "baixe o outlook",
    "baixar o outlook",
    "obţineţi outlook",
    "outlook edinin",
    "скачайте outlook",
    "получить outlook",
    "загрузить outlook",
    "von meinem iphone",
    "von meinem ipad",
    "von meinem handy",
    "von meinem mobil",
    "von meinem smartphone",
    "von meinem samsung",
    "von meinem android",
    "diese nachricht wurde von mein",
    "this message was sent from my",
    "this email was sent from my",
    "envoyé de mon",
    "envoyé depuis",
    "envoyé à partir de",
    "envoyé avec",
    "enviado desde mi",
    "enviado desde ",
    "enviado do meu",
    "enviado a partir d",
    "enviado de mi",
    "inviato da ",
    "inviato dal ",
    "inviato dall",
    "verzonden vanaf",
    "verstuurd vanaf",
    "verzonden met",
    "verstuurd met",
    "verstuurd vanuit",
    "verzonden vanuit",
    "skickat från",
    "sendt fra",
    "lähetetty iphone",
    "lähetetty ipad",
    "lähetetty laitteesta",
    "lähetetty puhelimesta",
    "lähetetty android",
    "lähetetty samsung",
    "wysłane z ",
    "wysłano z ",
    "odesláno z",
    "odoslané z",
    "elküldve ",
    "trimis de pe",
    "στάλθηκε από",
    "отправлено с ",
    "отправлено из",
    "отправлено от ",
    "отправлено через",
    "надіслано з ",
    "надіслано із",
    "изпратено от ",
    "изпратено с ",
    "đã gửi từ",
    "dikirim dari",
    "נשלח מ",
    "أرسلت من",
    "تم الإرسال من",
    "poslano s ",
    "poslano z ",
    "enviat des de",
    "發自我的",
    "发自我的",
    "從我的",
    "从我的",
    "發自",
    "发自",
    "나의 ",
    "iphoneから",
    "ipadから",
    "androidから",
    "saadetud minu",
    "sent from my iphone",
    "sent from my ipad",
];

/// Beginnings that need a device or app on the line.
const OPEN: &[&str] = &[
    "sent from ",
    "sent via ",
    "sent with ",
    "sent using ",
    "sent by ",
    "sent on ",
    "sent through ",
    "from my ",
    "written on ",
    "typed on ",
    "someone from ",
    "gesendet von ",
    "gesendet mit ",
    "gesendet via ",
    "gesendet aus ",
    "von unterwegs",
    "envoyé par ",
    "envoyé via ",
    "enviado con ",
    "enviado por ",
    "enviado via ",
    "enviado pelo ",
    "inviato con ",
    "inviato tramite ",
    "sendt med ",
    "sendt via ",
    "skickat med ",
    "skickat via ",
    "lähetetty ",
    "verzonden via ",
    "verstuurd via ",
    "posláno z ",
    "mit der ",
    "de mon ",
];

/// Ends of languages that put the verb last.
const LAST: &[&str] = &[
    "gesendet",
    "gesendet.",
    "から送信",
    "から送信されました",
    "에서 보냄",
    "에서 전송",
    "傳送",
    "发送",
    "傳出",
    "寄出",
    "gönderildi",
    "küldve",
    "küldött",
    "küldtem",
    "versendet",
    "geschickt",
];

/// Devices, systems and apps.
const DEVICES: &[&str] = &[
    "iphone",
    "ipad",
    "ipod",
    "ios",
    "android",
    "samsung",
    "galaxy",
    "blackberry",
    "mobile",
    "mobil",
    "phone",
    "handy",
    "tablet",
    "outlook",
    "windows",
    "mailbox",
    "mailspring",
    "yahoo",
    "proton",
    "gmail",
    "airmail",
    "sparrow",
    "huawei",
    "honor",
    "xiaomi",
    "redmi",
    "nokia",
    "htc",
    "sony",
    "xperia",
    "motorola",
    "moto g",
    "oneplus",
    "pixel",
    "alcatel",
    "wiko",
    "nexus",
    "device",
    "t-mobile",
    "verizon",
    "at&t",
    "superhuman",
    "thunderbird",
    "spark",
    "aquamail",
    "aqua mail",
    "k-9",
    "bluemail",
    "blue mail",
    "gmx",
    "web.de",
    "freenet",
    "móvil",
    "movil",
    "celular",
    "telemóvel",
    "téléphone",
    "telefon",
    "teléfono",
    "cellulare",
    "телефон",
    "айфон",
    "手机",
    "手機",
    "mail app",
    "mail for",
    "mail für",
    "[mail]",
    "fairphone",
    "oppo",
    "vivo",
    "realme",
    "zte",
    "asus",
    "palm",
    "webos",
    "laptop",
    "macbook",
    "zimbra",
    "orange",
    "free mobile",
    "hey.com",
    "fastmail",
    "libero",
    "tiscali",
    "virgilio",
    "mail.ru",
    "yandex",
    "tutanota",
    "app",
    "smartphone",
    "pc",
    "mac",
    "computer",
    "email",
    "mail",
    "courrier",
    "correo",
];

/// Beginnings by their first character, in both cases; those of [`OPEN`] are marked.
static BY_FIRST: LazyLock<HashMap<char, Vec<(&'static str, bool)>>> = LazyLock::new(|| {
    let mut all: HashMap<char, Vec<(&str, bool)>> = HashMap::new();
    let sure = SURE.iter().map(|start| (*start, false));
    for (start, is_open) in sure.chain(OPEN.iter().map(|start| (*start, true))) {
        let Some(first) = start.chars().next() else {
            continue;
        };
        for first in first.to_uppercase().chain([first]) {
            all.entry(first).or_default().push((start, is_open));
        }
    }
    all
});

static DEVICE: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| AhoCorasick::new(DEVICES).ok());

/// Whether a client wrote the line: `Sent from my iPhone`, `Get Outlook for Android`.
pub(super) fn is_line(text: &str) -> bool {
    if text.len() > LONGEST || !text.contains(' ') && text.is_ascii() {
        return false;
    }
    let text = text.trim_matches([
        '<', '>', '(', ')', '[', '*', '_', '-', '—', '–', ' ', '\u{a0}',
    ]);
    let starts = text.chars().next().and_then(|first| BY_FIRST.get(&first));
    let ends = LAST.iter().any(|end| text.ends_with(end));
    if starts.is_none() && !ends {
        return false;
    }
    let told = text.to_lowercase();
    if ends && is_short(&told, 12) && has_device(&told) {
        return true;
    }
    starts.into_iter().flatten().any(|(start, is_open)| {
        told.strip_prefix(start)
            .is_some_and(|rest| is_sent(&told, rest, *is_open))
    })
}

/// The line starts as one of a client's does; `rest` follows that beginning.
fn is_sent(told: &str, rest: &str, is_open: bool) -> bool {
    if !is_open {
        return is_short(told, 14);
    }
    let own = ["my ", "a ", "an "]
        .iter()
        .find_map(|article| rest.strip_prefix(article));
    match own {
        Some(device) if told.starts_with("sent from ") => {
            is_short(device, 7) && !device.contains(',') || has_excuse(device)
        }
        _ => is_short(told, 9) && has_device(told),
    }
}

/// Few words, and no sentence goes on behind them.
fn is_short(told: &str, words: usize) -> bool {
    told.split_whitespace().take(words + 1).count() <= words && !told.ends_with('?')
        || has_excuse(told)
}

/// "Please excuse any typos."
fn has_excuse(told: &str) -> bool {
    [
        "excuse",
        "typo",
        "sorry for",
        "brevity",
        "pardon",
        "forgive",
        "tippfehler",
        "kürze",
        "autocorrect",
    ]
    .iter()
    .any(|word| told.contains(word))
}

/// A device or app as a word, or as the beginning of one (`iphone's`, `galaxy s5`).
fn has_device(told: &str) -> bool {
    let Some(devices) = DEVICE.as_ref() else {
        return false;
    };
    devices.find_overlapping_iter(told).any(|found| {
        let before = told
            .get(..found.start())
            .and_then(|before| before.chars().next_back());
        let after = told
            .get(found.end()..)
            .and_then(|after| after.chars().next());
        before.is_none_or(|c| !c.is_alphanumeric() || !c.is_ascii())
            && (found.len() > 4 || after.is_none_or(|c| !c.is_alphanumeric()))
    })
}
