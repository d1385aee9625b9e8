//! What texts of requests look like, where their length does not say it: patterns of ECMA 262.

use std::collections::BTreeMap;

use utoipa::openapi::schema::{ArrayItems, Object, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};

/// Something that is no blank.
const WORDS: &str = r"[^\s\u0085]";
/// One line.
const LINE: &str = r"^[^\u0000-\u001f\u007f-\u009f]*$";
/// One line with something in it.
const NAME: &str = r"^[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]*$";
/// One `@` with something on both sides.
const ADDRESS: &str = r"^[^\s@<>,;\u0000-\u001f\u007f-\u009f]+@[^\s@<>,;.\u0000-\u001f\u007f-\u009f]([^\s@<>,;\u0000-\u001f\u007f-\u009f]*[^\s@<>,;.\u0000-\u001f\u007f-\u009f])?$";
/// Source: RFC 2045 §5.1.
const MEDIA: &str = r"^[!#$%&'*+\-.0-9A-Z^_`a-z{|}~]+/[!#$%&'*+\-.0-9A-Z^_`a-z{|}~]+$";
/// Source: RFC 4648 §4; bits that pad are zero.
const BASE64: &str =
    "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$";
/// A time of day.
pub const TIME: &str = r"^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,9})?)?$";

/// Schema, member (of a list: each of its entries) and pattern. What has a least length of 1 has [`WORDS`] by itself.
const TEXTS: [(&str, &str, &str); 21] = [
    ("NewLead", "email", ADDRESS),
    ("NewLead", "aliases", ADDRESS),
    ("LeadPatch", "email", ADDRESS),
    ("LeadPatch", "aliases", ADDRESS),
    ("NewAgent", "email", ADDRESS),
    ("NewAgent", "aliases", ADDRESS),
    ("AgentPatch", "email", ADDRESS),
    ("AgentPatch", "aliases", ADDRESS),
    ("NewSuppression", "address", ADDRESS),
    ("NewCampaign", "consentRequired", WORDS),
    ("CampaignPatch", "consentRequired", WORDS),
    ("NewCampaign", "disclosure", LINE),
    ("CampaignPatch", "disclosure", LINE),
    ("Send", "subject", LINE),
    ("SentByOthers", "subject", LINE),
    ("ApproveDraft", "subject", LINE),
    ("Prepare", "subject", LINE),
    ("SendFile", "name", NAME),
    ("SendFile", "contentType", MEDIA),
    ("SendFile", "content", BASE64),
    ("ImportedSuppression", "address", ADDRESS),
];

/// Gives the texts of these schemas their patterns.
pub fn describe(schemas: &mut BTreeMap<String, RefOr<Schema>>) {
    for (schema, member, pattern) in TEXTS {
        if let Some(text) = schemas
            .get_mut(schema)
            .and_then(|schema| text(schema, member))
        {
            text.pattern = Some(pattern.to_owned());
        }
    }
    schemas.values_mut().for_each(words);
}

fn text<'a>(schema: &'a mut RefOr<Schema>, member: &str) -> Option<&'a mut Object> {
    let RefOr::T(Schema::Object(object)) = schema else {
        return None;
    };
    match object.properties.get_mut(member)? {
        RefOr::T(Schema::Object(text)) => Some(text),
        RefOr::T(Schema::Array(list)) => match &mut list.items {
            ArrayItems::RefOrSchema(items) => match items.as_mut() {
                RefOr::T(Schema::Object(text)) => Some(text),
                _ => None,
            },
            ArrayItems::False => None,
        },
        _ => None,
    }
}

fn words(schema: &mut RefOr<Schema>) {
    let RefOr::T(Schema::Object(object)) = schema else {
        return;
    };
    let is_text = match &object.schema_type {
        SchemaType::Type(one) => *one == Type::String,
        SchemaType::Array(all) => all.contains(&Type::String),
        SchemaType::AnyValue => false,
    };
    if is_text && object.min_length == Some(1) && object.pattern.is_none() {
        object.pattern = Some(WORDS.to_owned());
    }
    object.properties.values_mut().for_each(words);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use convo_app::wire;
    use serde_json::{Value, json};

    use super::*;

    /// What the document and what the server says of a text at `$` in a body, for each of these texts.
    fn check<Body: serde::de::DeserializeOwned>(
        pattern: &str,
        body: impl Fn(&str) -> Value,
        takes: fn(&mut Body) -> bool,
        texts: &[&str],
    ) {
        let pattern = regex::Regex::new(pattern).unwrap();
        let mut both = [false, false];
        for text in texts {
            let mut read: Body = serde_json::from_value(body(text)).unwrap();
            let taken = takes(&mut read);
            assert_eq!(pattern.is_match(text), taken, "{text:?}");
            both[usize::from(taken)] = true;
        }
        assert_eq!(both, [true, true], "one of each");
    }

    #[test]
    fn patterns_are_what_is_taken() {
        check::<wire::NewLead>(
            ADDRESS,
            |text| json!({"email": text}),
            |lead| lead.check().is_ok(),
            &[
                "a@b",
                "ä@ö.example",
                "a.b+c@d.example",
                "\"a\"@b",
                "",
                "a",
                "@b",
                "a@",
                "a@.b",
                "a@b.",
                "a@b@c",
                "a b@c",
                "a@b c",
                "a\u{85}@b",
                "a\u{a0}@b",
                "a\u{1}@b",
                "<a@b>",
                "a,b@c",
                "a@b;",
                "a@b\n",
                "a@b.c.d",
                "a@.",
                "a@..b",
            ],
        );
        check::<wire::NewAgent>(
            WORDS,
            |text| json!({"name": text, "email": "a@b"}),
            |agent| agent.check().is_ok(),
            &["a", " a ", "\u{1}", "", " ", "\u{a0}\u{85}\t\n", "\u{2003}"],
        );
        let send = |subject: &str| json!({"author": "ai", "text": "x", "subject": subject});
        let taken = |send: &mut wire::Send| send.check().is_ok();
        check::<wire::Send>(
            LINE,
            send,
            taken,
            &[
                "", "a b", "ä\u{a0}", "a\nb", "a\u{85}", "\u{7f}", "\0", "a\r",
            ],
        );
        let file = |name: &str, media: &str, content: &str| json!({"author": "ai", "text": "x", "attachments": [{"name": name, "contentType": media, "content": content}]});
        let names = [
            "a", " a ", "ä.pdf", "", " ", "\u{a0}", "a\nb", "\n", "a\u{85}",
        ];
        check::<wire::Send>(NAME, |name| file(name, "a/b", ""), taken, &names);
        let media = [
            "a/b",
            "text/x-a+b.c",
            "a",
            "/",
            "a/",
            "/b",
            "a/b/c",
            "a/b; c",
            "a /b",
            "ä/b",
            "a/b\n",
            "^`{|}~/!#$%&'*+-._",
        ];
        check::<wire::Send>(MEDIA, |media| file("a", media, ""), taken, &media);
        let content = [
            "", "AAAA", "AA==", "AAA=", "+/+/", "A", "AA", "AAA", "A===", "AB==", "AAB=", "AAAA=",
            "A-_A", "AA==AA==",
        ];
        let decoded = |send: &mut wire::Send| send.take_files().is_ok();
        check::<wire::Send>(
            BASE64,
            |content| file("a", "a/b", content),
            decoded,
            &content,
        );
    }

    #[test]
    fn every_member_of_the_table_is_a_text() {
        let document = crate::api::documented().document();
        let mut schemas = document.components.unwrap().schemas;
        for (schema, member, pattern) in TEXTS {
            let found = schemas
                .get_mut(schema)
                .and_then(|schema| text(schema, member));
            assert_eq!(
                found.unwrap().pattern.as_deref(),
                Some(pattern),
                "{schema}.{member}"
            );
        }
    }
}
