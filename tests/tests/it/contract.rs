//! The OpenAPI document is true: every operation it describes is called here and answers as it says.
//! (That answers are as documented is checked in all tests, by the client they share.)

use std::collections::BTreeSet;

mod analytics;
mod bodies;
pub(crate) mod calls;
mod gate;
mod handover;
mod outgoing;

use convo_tests::{Options, PlayedMailgun, on_both};
use serde_json::{Value, json};

on_both!(
    every_documented_answer_is_given,
    required_members_are_required_and_enough,
);

/// Members that have a value only in what is not brought about here: imports, failures of ours, trees
/// deeper than 100, notices to agents, mail that is forged, risks of a pack; and cursors of lists that have one page.
const ELSEWHERE: [&str; 17] = [
    "EmailRow.silent",
    "HandoverRow.silent",
    "JourneyRow.silent",
    "StateRow.silent",
    "ThreadRow.silent",
    "ThreadTree.truncated",
    "Receipt.nextAttemptAt",
    "Lead.erasedAt",
    "KeyList.nextCursor",
    "RuleList.nextCursor",
    "OutgoingMail.agentId",
    "OutgoingMail.notice",
    "SendDenial.until",
    "MessageFlag",
    "PackRisk",
    "PackRisk.risk",
    "PackRisk.evidence",
];

async fn every_documented_answer_is_given(options: Options) {
    let mailgun = PlayedMailgun::start().await;
    let server = options.sending(&mailgun).start().await;
    calls::all(&server, &mailgun).await;

    let contract = server.contract();
    let operations = contract.operations();
    let ids: BTreeSet<_> = operations
        .iter()
        .map(|(_, _, operation)| operation["operationId"].as_str())
        .collect();
    assert_eq!(ids.len(), operations.len(), "each has a name of its own");
    let document = contract.document();
    let schemes = &document["components"]["securitySchemes"];
    let of_all = document["security"].as_array().unwrap();
    let of_one = operations
        .iter()
        .filter_map(|(_, _, operation)| operation["security"].as_array());
    for way in of_one.flatten().chain(of_all) {
        for name in names_of(way) {
            assert!(
                schemes[&name].is_object(),
                "{name} is no way to authenticate"
            );
        }
    }
    let mut open = vec![document];
    while let Some(value) = open.pop() {
        contract.resolve(value);
        open.extend(value.as_object().into_iter().flat_map(|all| all.values()));
        open.extend(value.as_array().into_iter().flatten());
    }
    let answered = contract.answered();
    let never: Vec<_> = contract
        .promised()
        .into_iter()
        .filter(|promised| !answered.contains(promised))
        .collect();
    assert!(never.is_empty(), "documented, but not answered: {never:#?}");
    let met = contract.met();
    let never: Vec<_> = contract
        .meetable()
        .into_iter()
        .filter(|name| !met.contains(name) && !ELSEWHERE.contains(&name.as_str()))
        .collect();
    assert!(never.is_empty(), "described, but in no answer: {never:#?}");
    server.verify().await;
}

async fn required_members_are_required_and_enough(options: Options) {
    let mailgun = PlayedMailgun::start().await;
    let server = options.sending(&mailgun).start().await;
    let cases = bodies::minimal(&server).await;
    let contract = server.contract();
    for (method, template, operation) in contract.operations() {
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        // Of what agents do, the key says who does it; without that the body must, which is tested with handovers.
        let by_key = template.contains("/handover/");
        if schema.is_null() || by_key || template.starts_with("/api/webhooks/") {
            continue;
        }
        let case = cases
            .iter()
            .find(|case| (case.0, case.1) == (method, template));
        let Some((_, _, path, body)) = case else {
            panic!("{method} {template} has no minimal body here");
        };
        let required = names(&contract.resolve(schema)["required"]);
        let said = format!("{method} {template}");
        let method = method.to_ascii_uppercase();
        let nothing = server.call(&method, path).json(&json!({})).send().await;
        if template.ends_with("/validate-transition") {
            // Nothing alone is required: an event or a pair of states is.
            nothing.problem(422, "validation_failed");
        } else if required.is_empty() {
            assert!(
                matches!(nothing.status, 200 | 202),
                "{said}: {}",
                nothing.text()
            );
        } else {
            let problem = nothing.problem(422, "validation_failed");
            let violations = problem["violations"].as_array().unwrap();
            let missing: BTreeSet<String> = violations
                .iter()
                .filter(|violation| violation["message"] == "is missing")
                .map(|violation| violation["field"].as_str().unwrap().to_owned())
                .collect();
            assert_eq!(missing, required, "{said}");
            let given: BTreeSet<String> = body.as_object().unwrap().keys().cloned().collect();
            assert_eq!(given, required, "{said}");
        }
    }
    // In the order of the table: what moves the conversation comes before what ends it.
    for (method, template, path, body) in cases {
        // The empty body has decided it.
        if template.starts_with("/api/drafts/") {
            continue;
        }
        let method = method.to_ascii_uppercase();
        let answer = server.call(&method, &path).json(&body).send().await;
        let said = answer.text();
        assert!(
            matches!(answer.status, 200..=202),
            "{method} {path}: {said}"
        );
    }
}

fn names_of(value: &Value) -> Vec<String> {
    value.as_object().unwrap().keys().cloned().collect()
}

fn names(value: &Value) -> BTreeSet<String> {
    let names = value.as_array().into_iter().flatten();
    names
        .map(|name| name.as_str().unwrap().to_owned())
        .collect()
}
