//! Messages a second of the forest, of single placements and of the header scanner.
#![allow(missing_docs)]

use std::hint::black_box;
use std::time::Duration;

use chrono::{DateTime, Utc};
use convo_threading::incremental::{Known, place};
use convo_threading::message_id::scan;
use convo_threading::{MessageId, Node, build};
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

/// Messages of one conversation.
const LENGTH: usize = 10;

struct Mail {
    id: MessageId,
    chain: Vec<MessageId>,
    at: DateTime<Utc>,
}

/// Conversations of ten messages with whole References, interleaved in time; the first message of
/// every eighth was never stored.
fn mails(count: usize) -> Vec<Mail> {
    let conversations = count.div_ceil(LENGTH);
    let id = |conversation: usize, n: usize| {
        let text = format!(
            "{:016x}.{n}@mail.example.org",
            conversation.wrapping_mul(0x9E37_79B9_7F4A_7C15)
        );
        text.parse::<MessageId>()
            .unwrap_or_else(|error| unreachable!("{error}"))
    };
    let mail = |number: usize| {
        let (conversation, n) = (number % conversations, number / conversations);
        let n = n + usize::from(conversation % 8 == 0);
        let chain = (0..n).map(|n| id(conversation, n)).collect();
        let at = DateTime::from_timestamp(number as i64, 0).unwrap_or_default();
        Mail {
            id: id(conversation, n),
            chain,
            at,
        }
    };
    (0..count).map(mail).collect()
}

fn forest(bench: &mut Criterion) {
    let mut group = bench.benchmark_group("forest");
    group
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(2))
        .sample_size(10);
    for count in [1_000, 10_000, 100_000, 1_000_000] {
        let mails = mails(count);
        let mut nodes = Vec::new();
        for (key, Mail { id, chain, at }) in mails.iter().enumerate() {
            nodes.push(Node {
                key,
                message_id: id,
                chain,
                at: *at,
                hash: &[],
            });
        }
        group.throughput(Throughput::Elements(count as u64));
        group.bench_with_input(
            BenchmarkId::from_parameter(count),
            &nodes,
            |bench, nodes| {
                bench.iter_batched(|| (), |()| build(black_box(nodes)), BatchSize::PerIteration);
            },
        );
    }
    group.finish();
}

fn single(bench: &mut Criterion) {
    let mut group = bench.benchmark_group("single");
    group
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    let ids = mails(LENGTH)
        .pop()
        .map(|mail| mail.chain)
        .unwrap_or_default();
    if let Some((id, chain)) = ids.split_last() {
        group.throughput(Throughput::Elements(1));
        group.bench_function("place below eight known", |bench| {
            bench.iter(|| {
                place(black_box(id), chain, |named| {
                    (named != id).then_some(Known::Message {
                        depth: 1,
                        thread: 1,
                    })
                })
            });
        });
    }
    let line: String = (0..100_000)
        .map(|n| format!("<{n}.abc@mail.example.org>\r\n "))
        .collect();
    group.throughput(Throughput::Bytes(line.len() as u64));
    group.bench_function("scan 100,000 ids", |bench| {
        bench.iter(|| scan(black_box(&line)).count());
    });
    group.finish();
}

criterion_group!(benches, forest, single);
criterion_main!(benches);
