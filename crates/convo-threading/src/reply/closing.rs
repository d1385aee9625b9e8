//! The contact lines of a company signature below a closing: `Kind regards, Ann`, then title,
//! telephone, address of the firm.
//!
//! The closing and the name stay with the reply; a single telephone number typed below them does
//! too, since it may be the answer.

use super::lines::{Line, is_ruler};
use super::segments::Role;

/// Most lines with text below a closing.
const MOST_LINES: usize = 16;
/// Most words on a closing line.
const MOST_WORDS: usize = 6;

/// How letters close, in lower case.
const CLOSINGS: &[&str] = &[
    "best",
    "best regards",
    "kind regards",
    "kindest regards",
    "warm regards",
    "regards",
    "best wishes",
    "many thanks",
    "thanks",
    "thank you",
    "cheers",
    "sincerely",
    "yours sincerely",
    "yours faithfully",
    "yours truly",
    "respectfully",
    "all the best",
    "br",
    "rgds",
    "mit freundlichen grüßen",
    "mit freundlichen gruessen",
    "mit freundlichen grüssen",
    "mit freundlichem gruß",
    "mit besten grüßen",
    "mit herzlichen grüßen",
    "viele grüße",
    "viele grüsse",
    "liebe grüße",
    "beste grüße",
    "beste grüsse",
    "freundliche grüße",
    "freundliche grüsse",
    "herzliche grüße",
    "schöne grüße",
    "gruß",
    "grüße",
    "mfg",
    "lg",
    "vg",
    "hochachtungsvoll",
    "cordialement",
    "bien cordialement",
    "bien à vous",
    "sincères salutations",
    "salutations",
    "meilleures salutations",
    "merci",
    "amicalement",
    "saludos",
    "un saludo",
    "saludos cordiales",
    "atentamente",
    "un cordial saludo",
    "gracias",
    "cordiali saluti",
    "distinti saluti",
    "saluti",
    "grazie",
    "un saluto",
    "met vriendelijke groet",
    "met vriendelijke groeten",
    "vriendelijke groet",
    "vriendelijke groeten",
    "groeten",
    "groet",
    "mvg",
    "hartelijke groet",
    "bedankt",
    "atenciosamente",
    "cumprimentos",
    "com os melhores cumprimentos",
    "obrigado",
    "obrigada",
    "med vänliga hälsningar",
    "med vänlig hälsning",
    "vänliga hälsningar",
    "hälsningar",
    "mvh",
    "med venlig hilsen",
    "venlig hilsen",
    "de bedste hilsner",
    "med vennlig hilsen",
    "vennlig hilsen",
    "hilsen",
    "ystävällisin terveisin",
    "terveisin",
    "pozdrawiam",
    "z poważaniem",
    "s pozdravem",
    "s pozdravom",
    "üdvözlettel",
    "cu stimă",
    "с уважением",
    "з повагою",
    "saygılarımla",
    "iyi çalışmalar",
];

/// Cuts the contact lines below the last closing.
pub(super) fn cut(lines: &[Line<'_>], roles: &mut [Role]) {
    let mut found = 0;
    let mut closing = None;
    let is_last_stretch = |role: &Role| matches!(role, Role::New | Role::Shared(_));
    let new = lines.iter().zip(roles.iter()).enumerate().rev();
    for (at, (line, role)) in new {
        if !is_last_stretch(role) {
            if found > 0 {
                break;
            }
            continue;
        }
        if line.text.is_empty() || is_ruler(line.text) {
            continue;
        }
        if is_closing(line.text) {
            closing = Some(at);
            break;
        }
        found += 1;
        if found > MOST_LINES || line.fenced {
            break;
        }
    }
    if let Some(closing) = closing {
        cut_below(lines, roles, closing);
    }
}

fn cut_below(lines: &[Line<'_>], roles: &mut [Role], closing: usize) {
    let block = || {
        lines
            .iter()
            .zip(roles.iter())
            .enumerate()
            .skip(closing + 1)
            .filter(|(_, (line, role))| **role == Role::New && !line.text.is_empty())
            .map(|(at, (line, _))| (at, line.text))
    };
    let contacts = block().filter(|(_, text)| is_contact(text)).count();
    let has_sentence =
        block().any(|(_, text)| text.ends_with('?') || text.split_whitespace().count() > 14);
    if has_sentence || contacts == 0 || (contacts == 1 && block().count() < 4) {
        return;
    }
    // the first line is the name, unless it is a contact line itself
    let first = block()
        .enumerate()
        .find(|(nth, (_, text))| *nth > 0 || is_contact(text));
    let Some((_, (start, _))) = first else { return };
    for role in roles.iter_mut().skip(start) {
        if *role == Role::New {
            *role = Role::Signature;
        }
    }
}

fn is_closing(text: &str) -> bool {
    if text.len() > 80 || text.split_whitespace().count() > MOST_WORDS {
        return false;
    }
    let told = text.to_lowercase();
    let head = told
        .split([',', '!', '.'])
        .next()
        .unwrap_or_default()
        .trim();
    CLOSINGS.contains(&head)
}

/// A line that is a telephone number, an address of the net, or starts by saying so.
pub(super) fn is_contact(text: &str) -> bool {
    if text.len() > 200 {
        return false;
    }
    let told = text.to_lowercase();
    let words = told.split_whitespace().count();
    let is_labelled = [
        "tel", "phone", "mob", "cell", "fax", "fon", "handy", "office", "direct", "t:", "m:", "p:",
        "f:", "e:", "w:", "t +", "m +", "email", "e-mail", "mail:", "web", "www.", "http", "skype",
        "linkedin", "tél", "móvil", "cel", "puh", "gsm", "тел", "моб",
    ]
    .iter()
    .any(|start| told.starts_with(start));
    let digits = told.chars().filter(char::is_ascii_digit).count();
    let others = told.chars().filter(|c| c.is_alphabetic()).count();
    let is_number = digits >= 7 && others <= 6;
    let is_address =
        words <= 3 && (told.contains('@') || told.contains("www.") || told.contains("://"));
    is_labelled && (digits >= 6 || told.contains('@') || told.contains('.'))
        || is_number
        || is_address
}
