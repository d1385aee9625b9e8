//! `inspect` on mail written for it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::PathBuf;

use serde_json::Value;

use super::*;

fn mail(headers: &str, body: &str) -> String {
    format!("Date: Mon, 1 Jan 2024 10:00:00 +0000\r\n{headers}\r\n{body}\r\n").replace("\r\n", "\n")
}

/// Inspects a folder of mails named 1.eml, 2.eml, …
fn inspect(mails: &[String], json: bool, our_addresses: &[&str]) -> (String, Ended) {
    let folder = tempfile::tempdir().unwrap();
    for (n, mail) in mails.iter().enumerate() {
        std::fs::write(folder.path().join(format!("{}.eml", n + 1)), mail).unwrap();
    }
    let our_addresses = our_addresses
        .iter()
        .map(|&address| address.to_owned())
        .collect();
    let args = InspectArgs {
        files: vec![folder.path().to_owned()],
        json,
        our_addresses,
    };
    let mut out = Vec::new();
    let ended = run(&args, &mut out).unwrap();
    (
        String::from_utf8(out)
            .unwrap()
            .replace(&format!("{}/", folder.path().display()), ""),
        ended,
    )
}

fn objects(mails: &[String], our_addresses: &[&str]) -> Vec<Value> {
    inspect(mails, true, our_addresses)
        .0
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn thread() -> Vec<String> {
    vec![
        mail(
            "From: Sales <sales@us.example>\nTo: ann@x.example\nMessage-ID: <1@us>\nSubject: Your new car\n",
            "Would you like to see it?",
        ),
        mail(
            "From: ann@x.example\nTo: sales@us.example\nMessage-ID: <2@x>\nIn-Reply-To: <1@us>\nSubject: Re: Your new car\n",
            "Can I book a test drive?\n\n> Would you like to see it?",
        ),
        mail(
            "From: bob@y.example\nMessage-ID: <3@y>\nReferences: <0@lost> <9@lost>\nSubject: Re: other\n",
            "Sure.",
        ),
        mail(
            "From: cat@y.example\nMessage-ID: <4@y>\nIn-Reply-To: <9@lost>\nSubject: Re: other\n",
            "Please unsubscribe me.",
        ),
    ]
}

#[test]
fn a_line_of_json_says_where_a_message_stands_and_what_it_says() {
    let objects = objects(&thread(), &["Sales@us.example"]);
    let [sent, reply, orphan, sibling] = objects.as_slice() else {
        panic!("{objects:?}")
    };
    assert_eq!(
        (&sent["file"], &sent["direction"], &sent["topics"]),
        (&"1.eml".into(), &"outbound".into(), &Value::Array(vec![]))
    );
    assert_eq!(
        (
            &reply["parentMessageId"],
            &reply["rootMessageId"],
            &reply["depth"]
        ),
        (&"1@us".into(), &"1@us".into(), &1.into())
    );
    assert_eq!(
        (&reply["replyText"], &reply["intent"], &reply["kind"]),
        (
            &"Can I book a test drive?".into(),
            &"test_drive".into(),
            &"human".into()
        )
    );
    assert!(
        reply["signals"]
            .as_array()
            .unwrap()
            .contains(&"test_drive".into()),
        "{reply}"
    );
    assert_eq!(
        (&reply["from"], &reply["date"]),
        (&"ann@x.example".into(), &"2024-01-01T10:00:00.000Z".into())
    );
    assert_eq!(
        (&orphan["parentMessageId"], &orphan["depth"]),
        (&Value::Null, &2.into())
    );
    assert_eq!(orphan["rootMessageId"], sibling["rootMessageId"]);
    assert_eq!(
        (&sibling["kind"], &sibling["intent"]),
        (&"opt_out".into(), &"opt_out".into())
    );
}

#[test]
fn copies_and_mails_without_an_id() {
    let same = mail("From: a@x.example\nMessage-ID: <1@x>\n", "hello");
    let bare = mail("From: a@x.example\n", "no id");
    let objects = objects(&[same.clone(), same, bare.clone(), bare], &[]);
    let duplicates: Vec<&Value> = objects
        .iter()
        .map(|object| &object["duplicateOfFile"])
        .collect();
    assert_eq!(
        duplicates,
        [&Value::Null, &"1.eml".into(), &Value::Null, &"3.eml".into()]
    );
    assert_eq!(
        (&objects[0]["duplicateOf"], &objects[1]["duplicateOf"]),
        (&Value::Null, &"1@x".into())
    );
    assert!(objects[2]["derived"].as_bool().unwrap() && !objects[0]["derived"].as_bool().unwrap());
    assert!(objects[2]["messageId"].as_str().unwrap().contains('@'));
}

#[test]
fn the_tree_is_the_same_for_every_order_of_files() {
    let (text, ended) = inspect(&thread(), false, &[]);
    assert_eq!(ended, Ended::Done);
    assert!(
        text.contains("└─ 2024-01-01 10:00  ann@x.example  Re: Your new car"),
        "{text}"
    );
    assert!(
        text.contains("[missing]") && text.contains("[opt_out]"),
        "{text}"
    );
    let mut turned = thread();
    turned.reverse();
    assert_eq!(inspect(&turned, false, &[]).0, text);
}

#[test]
fn a_file_without_mail_is_told() {
    let (text, ended) = inspect(&[String::new()], true, &[]);
    assert_eq!(
        (text.as_str(), ended),
        (
            "{\"file\":\"1.eml\",\"error\":\"the mail is empty\"}\n",
            Ended::Failed
        )
    );
    let (_, ended) = inspect(
        &[String::new(), mail("From: a@x.example\n", "x")],
        true,
        &[],
    );
    assert_eq!(ended, Ended::Done);
}

#[test]
fn files_that_are_not_there_fail() {
    let args = InspectArgs {
        files: vec![PathBuf::from("/nowhere/at/all")],
        json: true,
        our_addresses: vec![],
    };
    assert!(matches!(
        run(&args, &mut Vec::new()),
        Err(CommandError::File { .. })
    ));
}
