//! Reading of an ordinary mail and of the largest one.
#![allow(missing_docs)]

use std::hint::black_box;

use convo_core::lexicon::{AUTOMOTIVE_PACKS, Lexicon};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

const MAIL: &str = "Hello Ms Green, thanks for your message. I'm not interested in the red one, but I would \
                    like a test drive of the blue on Saturday. What would it cost with winter tyres? \
                    You can call me on 0171 1234567. Kind regards";

fn lexicon(c: &mut Criterion) {
    let lexicon = Lexicon::automotive();
    let mut group = c.benchmark_group("lexicon");
    group.bench_function("compile", |b| {
        b.iter(|| Lexicon::with_industry(black_box(AUTOMOTIVE_PACKS)).is_ok());
    });
    let large = format!("{MAIL}\n\n").repeat(1_000_000 / MAIL.len());
    let hostile = "stop ".repeat(200_000);
    for (name, text) in [("mail", MAIL), ("1 MB", &large), ("1 MB of stop", &hostile)] {
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.sample_size(if text.len() > 1000 { 10 } else { 100 });
        group.bench_function(name, |b| {
            b.iter(|| lexicon.read(black_box(text), None));
        });
    }
    group.finish();
}

criterion_group!(benches, lexicon);
criterion_main!(benches);
