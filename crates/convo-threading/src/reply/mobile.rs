//! The lines phones and mail apps add below a mail.

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

/// Whether a client wrote the line: `Sent from my iPhone`, `Get Outlook for Android`.
pub(super) fn is_line(text: &str) -> bool {
    if text.len() > LONGEST || !text.contains(' ') && text.is_ascii() {
        return false;
    }
    let told = text
        .trim_matches([
            '<', '>', '(', ')', '[', '*', '_', '-', '—', '–', ' ', '\u{a0}',
        ])
        .to_lowercase();
    if SURE.iter().any(|start| told.starts_with(start)) {
        return is_short(&told, 14);
    }
    if let Some(rest) = ["sent from my ", "sent from a ", "sent from an "]
        .iter()
        .find_map(|start| told.strip_prefix(start))
    {
        return is_short(rest, 7) && !rest.contains(',') || has_excuse(rest);
    }
    let has_device = || DEVICES.iter().any(|device| has_word(&told, device));
    (OPEN.iter().any(|start| told.starts_with(start)) && is_short(&told, 9)
        || LAST.iter().any(|end| told.ends_with(end)) && is_short(&told, 12))
        && has_device()
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

/// The device as a word, or as the beginning of one (`iphone's`, `galaxy s5`).
fn has_word(told: &str, device: &str) -> bool {
    told.match_indices(device).any(|(at, _)| {
        let starts = told
            .get(..at)
            .and_then(|before| before.chars().next_back())
            .is_none_or(|c| !c.is_alphanumeric() || !c.is_ascii());
        let ends = device.len() > 4
            || told
                .get(at + device.len()..)
                .and_then(|after| after.chars().next())
                .is_none_or(|c| !c.is_alphanumeric());
        starts && ends
    })
}
