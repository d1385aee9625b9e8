//! What holds for every operation: headers, errors, and which members of answers are always there.

use std::collections::BTreeSet;

use utoipa::ToSchema as _;
use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::{ArrayItems, Schema, SchemaType, Type};
use utoipa::openapi::{
    ContentBuilder, Header, ObjectBuilder, OpenApi, Ref, RefOr, Required, Response, ResponseBuilder,
};

use crate::http::idempotency;
use crate::problem::{MEDIA_TYPE, ProblemBody};

const PROBLEM: &str = "Problem";
/// The body that is read as an empty object where there is none.
const MAY_BE_LEFT_OUT: &str = "HandoverRequest";

/// Adds what holds for every route.
pub fn finish(document: &mut OpenApi) {
    let mut asked = BTreeSet::new();
    for item in document.paths.paths.values_mut() {
        let operations = [
            &mut item.get,
            &mut item.post,
            &mut item.put,
            &mut item.patch,
            &mut item.delete,
        ];
        for operation in operations.into_iter().flatten() {
            let bodies = bodies(operation);
            if let Some(RefOr::T(body)) = &mut operation.request_body
                && bodies.iter().any(|name| name == MAY_BE_LEFT_OUT)
            {
                body.required = Some(Required::False);
            }
            asked.extend(bodies);
            describe_answers(operation);
        }
    }
    let Some(components) = &mut document.components else {
        return;
    };
    let mut open: Vec<String> = asked.iter().cloned().collect();
    while let Some(schema) = open.pop().and_then(|name| components.schemas.get(&name)) {
        let mut named = Vec::new();
        references(schema, &mut named);
        open.extend(named.into_iter().filter(|name| asked.insert(name.clone())));
    }
    components
        .responses
        .insert(PROBLEM.to_owned(), RefOr::T(problem()));
    super::texts::describe(&mut components.schemas);
    for (name, schema) in &mut components.schemas {
        if !asked.contains(name) {
            nothing_is_left_out(schema);
        }
    }
}

/// Names of the schemas of an operation's request body.
fn bodies(operation: &Operation) -> Vec<String> {
    let Some(RefOr::T(body)) = &operation.request_body else {
        return Vec::new();
    };
    let schemas = body.content.values().filter_map(|content| match content {
        RefOr::T(content) => content.schema.as_ref(),
        RefOr::Ref(_) => None,
    });
    let names = schemas.filter_map(|schema| match schema {
        RefOr::Ref(named) => named.ref_location.rsplit('/').next(),
        RefOr::T(_) => None,
    });
    names.map(str::to_owned).collect()
}

/// Names of the schemas that a schema refers to.
fn references(schema: &RefOr<Schema>, found: &mut Vec<String>) {
    match schema {
        RefOr::Ref(named) => found.extend(named.ref_location.rsplit('/').next().map(str::to_owned)),
        RefOr::T(Schema::Object(object)) => {
            let members = object.properties.values();
            members.for_each(|member| references(member, found));
        }
        RefOr::T(Schema::Array(array)) => {
            if let ArrayItems::RefOrSchema(items) = &array.items {
                references(items, found);
            }
        }
        RefOr::T(Schema::OneOf(one)) => one.items.iter().for_each(|item| references(item, found)),
        RefOr::T(Schema::AllOf(all)) => all.items.iter().for_each(|item| references(item, found)),
        RefOr::T(_) => {}
    }
}

fn describe_answers(operation: &mut Operation) {
    let remembered = operation
        .parameters
        .iter()
        .flatten()
        .any(|parameter| matches!(parameter, RefOr::T(one) if one.name == idempotency::FIELD));
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else {
            continue;
        };
        if response.description.is_empty() {
            response.description = said(status).to_owned();
        }
        let headers = &mut response.headers;
        headers.insert("X-Request-Id".to_owned(), RefOr::T(request_id()));
        if remembered {
            let replayed = header("`true` when this is the answer of an earlier request");
            headers.insert("Idempotency-Replayed".to_owned(), RefOr::T(replayed));
        }
    }
    operation
        .responses
        .responses
        .entry("default".to_owned())
        .or_insert_with(|| RefOr::Ref(Ref::from_response_name(PROBLEM)));
}

fn said(status: &str) -> &'static str {
    match status {
        "200" => "Done",
        "201" => "Made",
        "202" => "Taken on",
        "204" => "Done; there is nothing to say",
        "503" => "Not now",
        _ => "Answered",
    }
}

fn problem() -> Response {
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name(ProblemBody::name())))
        .build();
    let mut retry = header("Of 429 and 503: seconds after which to try again");
    retry.schema = Some(
        ObjectBuilder::new()
            .schema_type(Type::Integer)
            .minimum(Some(1))
            .into(),
    );
    ResponseBuilder::new()
        .description("An error: RFC 9457")
        .content(MEDIA_TYPE, content)
        .header("X-Request-Id", request_id())
        .header("Retry-After", retry)
        .build()
}

fn request_id() -> Header {
    header("The request's id: the one sent, or one of ours; it stands in the log")
}

fn header(description: &str) -> Header {
    let mut header = Header::new(ObjectBuilder::new().schema_type(Type::String));
    header.description = Some(description.to_owned());
    header
}

/// Members of answers that can be null are always there.
fn nothing_is_left_out(schema: &mut RefOr<Schema>) {
    match schema {
        RefOr::T(Schema::Object(object)) => {
            for (name, member) in &mut object.properties {
                if is_nullable(member) && !object.required.contains(name) {
                    object.required.push(name.clone());
                }
                nothing_is_left_out(member);
            }
        }
        RefOr::T(Schema::Array(array)) => {
            if let ArrayItems::RefOrSchema(items) = &mut array.items {
                nothing_is_left_out(items);
            }
        }
        RefOr::T(Schema::AllOf(all)) => all.items.iter_mut().for_each(nothing_is_left_out),
        _ => {}
    }
}

fn is_nullable(schema: &RefOr<Schema>) -> bool {
    let of_type = |given: &SchemaType| match given {
        SchemaType::Type(one) => *one == Type::Null,
        SchemaType::Array(all) => all.contains(&Type::Null),
        SchemaType::AnyValue => false,
    };
    match schema {
        RefOr::Ref(_) => false,
        RefOr::T(Schema::Object(object)) => of_type(&object.schema_type),
        RefOr::T(Schema::Array(array)) => of_type(&array.schema_type),
        RefOr::T(Schema::OneOf(one)) => one.items.iter().any(is_nullable),
        RefOr::T(_) => false,
    }
}
