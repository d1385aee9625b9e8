//! What it costs to take a mail apart: short, long, and long without any quote.

use std::hint::black_box;
use std::time::Duration;

use convo_threading::{html, reply};
use criterion::{Criterion, criterion_group, criterion_main};

const SHORT: &str = "Yes, Tuesday suits me.\n\nOn Mon, Feb 5, 2024 at 4:58 PM Ann <ann@example.com> wrote:\n> When do you come?\n";

/// An answer over a quote, `lines` lines together.
fn quoted(lines: usize) -> String {
    let mut mail = String::from(
        "Yes, Tuesday suits me.\n\nOn Mon, Feb 5, 2024 at 4:58 PM Ann <ann@example.com> wrote:\n",
    );
    for line in 0..lines {
        mail.push_str(&format!(
            "> Line {line} of what was said before, with a date 5/2/2024 in it.\n"
        ));
    }
    mail
}

/// Nothing but the writer's words.
fn unquoted(lines: usize) -> String {
    (0..lines)
        .map(|line| {
            format!("Line {line}: some words, as people write them in their mails every day\n")
        })
        .collect()
}

fn extract(c: &mut Criterion) {
    let mut group = c.benchmark_group("reply/extract");
    let mails = [
        ("4 lines", SHORT.to_owned()),
        ("2,000 lines", quoted(1_000) + &unquoted(1_000)),
        ("40,000 lines", quoted(20_000) + &unquoted(20_000)),
        ("40,000 lines unquoted", unquoted(40_000)),
        ("1 MB of >", ">".repeat(1 << 20)),
    ];
    for (name, mail) in &mails {
        group.bench_function(*name, |b| b.iter(|| reply::extract(black_box(mail))));
    }
    group.finish();
}

fn to_text(c: &mut Criterion) {
    let mut group = c.benchmark_group("html/to_text");
    let mails = [
        ("20,000 nested", "<div>".repeat(20_000) + "x"),
        (
            "1 MB",
            "<p>Some <b>words</b> &amp; more of them</p>\n".repeat(25_000),
        ),
    ];
    for (name, mail) in &mails {
        group.bench_function(*name, |b| b.iter(|| html::to_text(black_box(mail))));
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    targets = extract, to_text
}
criterion_main!(benches);
