//! What it costs to read a mail whole, and of that: taking MIME apart, classifying, finding the sender's own words.
#![allow(missing_docs)]

use std::hint::black_box;
use std::time::Duration;

use convo_email::{InboundParts, Limits, mime};
use convo_threading::automated::{Mail, classify};
use convo_threading::{html, reply};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

const HEAD: &str = "From: Mia <mia@customer.example>\r\nTo: sales@dealer.example\r\nSubject: Re: Your new car\r\n\
                    Date: Tue, 4 Jun 2024 09:30:12 +0200\r\nMessage-ID: <1@customer.example>\r\n\
                    In-Reply-To: <offer-2@dealer.example>\r\nReferences: <offer-1@dealer.example> <offer-2@dealer.example>\r\n\
                    MIME-Version: 1.0\r\n";

/// Mails by what they stand for.
fn mails() -> [(&'static str, Vec<u8>); 5] {
    let bounce = include_bytes!("../tests/mail/bounce.eml").to_vec();
    [
        ("small reply", small()),
        ("long thread", thread()),
        ("newsletter", newsletter()),
        ("bounce", bounce),
        ("hostile nest", nest()),
    ]
}

fn small() -> Vec<u8> {
    let text = "Hello Ms Green,\r\n\r\nSaturday suits me. What would it cost with winter tyres?\r\n\r\nMia\r\n\r\n\
                On Mon, Jun 3, 2024 at 4:58 PM Ann Green <ann@dealer.example> wrote:\r\n> Does Saturday suit you?\r\n";
    format!("{HEAD}Content-Type: text/plain; charset=utf-8\r\n\r\n{text}").into_bytes()
}

/// An answer above a thousand lines that are quoted up to five times.
fn thread() -> Vec<u8> {
    let mut mail =
        format!("{HEAD}Content-Type: text/plain; charset=utf-8\r\n\r\nYes, please.\r\n\r\n");
    for line in 0..1_000 {
        if line % 200 == 0 {
            let marks = "> ".repeat(line / 200);
            mail += &format!(
                "{marks}On Mon, Jun 3, 2024 at 4:58 PM Ann <ann@dealer.example> wrote:\r\n"
            );
        }
        let marks = "> ".repeat(line / 200 + 1);
        mail += &format!(
            "{marks}Line {line} of what was said before, about the blue one on 5/2/2024.\r\n"
        );
    }
    mail.into_bytes()
}

/// About 100 KB of tables, with nothing but HTML.
fn newsletter() -> Vec<u8> {
    let mut mail = format!(
        "{HEAD}List-Unsubscribe: <https://news.example/u/1>\r\nPrecedence: bulk\r\n\
         Content-Type: text/html; charset=utf-8\r\n\r\n<html><head><style>td {{ padding: 4px }}</style></head><body><table>\r\n"
    );
    for row in 0..500 {
        mail += &format!(
            "<tr><td style=\"font: 14px Arial; color: #333\"><a href=\"https://news.example/c/{row}?u=1\">Offer {row}</a>\
             &nbsp;&mdash;&nbsp;<b>now</b> {row}&euro;</td><td><img src=\"https://news.example/i/{row}.png\"></td></tr>\r\n"
        );
    }
    (mail + "</table></body></html>\r\n").into_bytes()
}

/// A multipart in a multipart, twenty thousand times: all but the first 32 are beyond the limit.
fn nest() -> Vec<u8> {
    let kind = |level: u32| format!("Content-Type: multipart/mixed; boundary=b{level}\r\n\r\n");
    let mut mail = HEAD.to_owned() + &kind(0);
    for level in 0..20_000 {
        mail += &format!("--b{level}\r\n{}", kind(level + 1));
    }
    (mail + "--b20000\r\n\r\nthe text\r\n").into_bytes()
}

fn read(bench: &mut Criterion) {
    let limits = Limits::default();
    let mut whole = bench.benchmark_group("read a mail");
    for (name, mail) in &mails() {
        whole.throughput(Throughput::Bytes(mail.len() as u64));
        whole.bench_function(*name, |b| {
            b.iter(|| mime::read(black_box(mail), &limits).is_ok())
        });
    }
    whole.finish();
    let mut apart = bench.benchmark_group("take MIME apart");
    for (name, mail) in &mails() {
        apart.throughput(Throughput::Bytes(mail.len() as u64));
        apart.bench_function(*name, |b| {
            b.iter(|| mime::parts(black_box(mail), &limits).is_ok())
        });
    }
    apart.finish();
}

/// In mails a second: it looks at the head and at the beginning of the text.
fn automatic_or_person(bench: &mut Criterion) {
    let mut group = bench.benchmark_group("classify");
    group.throughput(Throughput::Elements(1));
    for (name, mail) in &mails() {
        let read = mime::read(mail, &Limits::default());
        let (Ok(read), Ok(parts)) = (read, mime::parts(mail, &Limits::default())) else {
            unreachable!("{name} is a mail");
        };
        let fields = read.headers.iter();
        let headers: Vec<(&str, &str)> =
            fields.map(|field| (field.name(), field.value())).collect();
        let part_types: Vec<&str> = parts.part_types.iter().map(String::as_str).collect();
        let report = read.report.is_some();
        let mail = Mail {
            headers: &headers,
            subject: &read.subject,
            from: "mia@customer.example",
            part_types: &part_types,
            report_type: report.then_some("delivery-status"),
            action: report.then_some("failed"),
            text: &read.reply_text,
            ..Mail::default()
        };
        assert_eq!(classify(&mail).class, read.class(), "{name}");
        group.bench_function(*name, |b| b.iter(|| classify(black_box(&mail))));
    }
    group.finish();
}

fn own_words(bench: &mut Criterion) {
    let mut group = bench.benchmark_group("find the sender's words");
    for (name, mail) in &mails() {
        let InboundParts { text, html, .. } =
            mime::parts(mail, &Limits::default()).unwrap_or_default();
        let found = text.as_ref().or(html.as_ref()).map_or(0, String::len);
        group.throughput(Throughput::Bytes(found as u64));
        group.bench_function(*name, |b| {
            b.iter(|| match (&text, &html) {
                (Some(text), _) => reply::extract(black_box(text)).reply,
                (None, Some(html)) => html::reply_and_text(black_box(html)).0.reply,
                (None, None) => String::new(),
            });
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(500));
    targets = read, automatic_or_person, own_words
}
criterion_main!(benches);
