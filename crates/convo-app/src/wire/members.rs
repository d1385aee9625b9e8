//! Objects within bodies: serde would take a list of their members for one as well.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// What is an object on the wire, and nothing else.
struct Members<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Members<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Object<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
            type Value = T;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(members))
            }
        }

        from.deserialize_map(Object(PhantomData)).map(Members)
    }
}

/// Reads an object that may be absent or null.
///
/// # Errors
/// Those of its members; anything but an object.
pub(super) fn maybe_object<'de, D, T>(from: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let read = Option::<Members<T>>::deserialize(from)?;
    Ok(read.map(|members| members.0))
}

/// Reads a list of objects that may be absent or null.
///
/// # Errors
/// Those of their members; anything but objects.
pub(super) fn maybe_objects<'de, D, T>(from: D) -> Result<Option<Vec<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let read = Option::<Vec<Members<T>>>::deserialize(from)?;
    Ok(read.map(|all| all.into_iter().map(|members| members.0).collect()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use crate::wire::{ConversationPatch, Send};

    #[test]
    fn a_list_is_no_object() {
        for (body, fits) in [
            (json!({}), true),
            (json!({"integration": null}), true),
            (json!({"integration": {"tracking": false, "more": 1}}), true),
            (json!({"integration": []}), false),
            (json!({"integration": [null, null]}), false),
            (json!({"integration": [true, true, true]}), false),
            (json!({"integration": 1}), false),
        ] {
            let read = serde_json::from_value::<ConversationPatch>(body.clone());
            assert_eq!(read.is_ok(), fits, "{body}");
        }
        let file = json!({"name": "a", "content": ""});
        for (files, fits) in [
            (json!(null), true),
            (json!([]), true),
            (json!([file]), true),
            (json!([file, ["a", null, ""]]), false),
            (json!(file), false),
        ] {
            let body = json!({"author": "ai", "text": "x", "attachments": files});
            assert_eq!(
                serde_json::from_value::<Send>(body).is_ok(),
                fits,
                "{files}"
            );
        }
    }
}
