//! The fold: one message at a time, in the order of own times.

use super::{Absorbed, Mark, MessageFact, NewestReply, Pending, SignalTally, StoredReply, Tally};
use crate::vocabulary::Direction;
use crate::{Key, Time};

impl<K: Key> Tally<K> {
    /// Takes in one more message; each message is to be given once.
    pub fn absorb(&mut self, fact: &MessageFact<K>) -> Absorbed {
        let dated = fact.is_reply() || fact.is_sent() || fact.is_other();
        if dated
            && self
                .newest()
                .is_some_and(|newest| (fact.at, &fact.id) < (newest.at, &newest.id))
        {
            return Absorbed::NeedsRecompute;
        }
        self.count(fact);
        if fact.is_sent() {
            self.absorb_sent(fact);
        } else if fact.is_reply() {
            self.absorb_reply(fact);
        } else if fact.is_other() {
            self.last_other = Some(mark(fact));
        }
        Absorbed::Done
    }

    /// Folds all messages of a conversation, given in any order.
    #[must_use]
    pub fn recompute<'a>(facts: impl IntoIterator<Item = &'a MessageFact<K>>) -> Self
    where
        K: 'a,
    {
        let mut facts: Vec<&MessageFact<K>> = facts.into_iter().collect();
        facts.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
        let mut tally = Self::default();
        for fact in facts {
            // In order, so that nothing asks to be recomputed.
            let _ = tally.absorb(fact);
        }
        tally
    }

    /// Folds the messages of a conversation, leaving out replies that are not later than `after`.
    #[must_use]
    pub fn recompute_since<'a>(
        after: Time,
        facts: impl IntoIterator<Item = &'a MessageFact<K>>,
    ) -> Self
    where
        K: 'a,
    {
        Self::recompute(facts.into_iter().filter(|fact| counts_since(after, fact)))
    }

    /// The same facts as if no reply had come: equal to [`recompute`](Self::recompute) without replies.
    #[must_use]
    pub fn without_replies(&self) -> Self {
        use crate::vocabulary::{Author, Kind};
        let mut rest = Self {
            inbound: self.inbound.saturating_sub(self.replies),
            outbound: self.outbound,
            automated: self.automated,
            notes: self.notes,
            human: self.human.saturating_sub(self.replies),
            sent: self.sent,
            unanswered: self.sent,
            kinds: self.kinds.clone(),
            authors: self.authors.clone(),
            first_sent: self.first_sent.clone(),
            last_sent: self.last_sent.clone(),
            last_other: self.last_other.clone(),
            ..Self::default()
        };
        take(&mut rest.kinds, Kind::Human, self.replies);
        take(&mut rest.authors, Author::Lead, self.replies);
        rest
    }

    fn count(&mut self, fact: &MessageFact<K>) {
        use crate::vocabulary::Kind;
        match fact.direction {
            Direction::Inbound => bump(&mut self.inbound),
            Direction::Outbound => bump(&mut self.outbound),
        }
        if fact.kind != Kind::Human {
            bump(&mut self.automated);
        } else if fact.note {
            bump(&mut self.notes);
        } else if !fact.is_other() {
            bump(&mut self.human);
        }
        bump(self.kinds.entry(fact.kind).or_default());
        bump(self.authors.entry(fact.author).or_default());
    }

    fn absorb_sent(&mut self, fact: &MessageFact<K>) {
        bump(&mut self.sent);
        bump(&mut self.unanswered);
        if let Some(base) = self.pending.base {
            let count = i64::from(self.pending.count);
            let waited = millis(fact.at, base)
                .saturating_mul(count)
                .saturating_sub(self.pending.sum_ms);
            self.our_latency.add(self.pending.count, waited);
            self.pending = Pending::default();
        }
        self.first_sent.get_or_insert_with(|| mark(fact));
        self.last_sent = Some(mark(fact));
    }

    fn absorb_reply(&mut self, fact: &MessageFact<K>) {
        bump(&mut self.replies);
        // Nothing of ours since the reply before it means that this one answers no new message.
        if self.unanswered > 0 {
            bump(&mut self.exchanges);
        }
        self.unanswered = 0;
        let latency = self.last_sent_at().map(|sent| millis(fact.at, sent));
        if let Some(ms) = latency {
            self.lead_latency.add(1, ms);
            self.promptness.add(ms);
            self.spread.add(ms);
        }
        let base = *self.pending.base.get_or_insert(fact.at);
        self.pending.count = self.pending.count.saturating_add(1);
        self.pending.sum_ms = self.pending.sum_ms.saturating_add(millis(fact.at, base));
        if self.first_reply.is_none() {
            self.first_reply = Some(mark(fact));
            self.first_latency_ms = latency;
        }
        if self.stored_reply.is_none_or(|stored| stored.seq < fact.seq) {
            self.stored_reply = Some(StoredReply {
                seq: fact.seq,
                text_len: fact.text_len,
            });
        }
        self.absorb_reading(fact);
    }

    fn absorb_reading(&mut self, fact: &MessageFact<K>) {
        self.newest_reply = Some(NewestReply {
            mark: mark(fact),
            intent: fact.intent,
            sentiment: fact.sentiment,
            text_len: fact.text_len,
        });
        for signal in &fact.signals {
            let last = mark(fact);
            match self.signals.get_mut(&signal.code) {
                Some(known) => {
                    bump(&mut known.count);
                    known.class = signal.class;
                    known.last = last;
                }
                None => {
                    let tally = SignalTally {
                        class: signal.class,
                        count: 1,
                        last,
                    };
                    self.signals.insert(signal.code.clone(), tally);
                }
            }
        }
        for topic in &fact.topics {
            match self.topics.get_mut(topic) {
                Some(count) => bump(count),
                None => {
                    self.topics.insert(topic.clone(), 1);
                }
            }
        }
    }
}

/// True for a message that counts when only replies later than `after` do.
pub(crate) fn counts_since<K: Key>(after: Time, fact: &MessageFact<K>) -> bool {
    !fact.is_reply() || fact.at > after
}

fn mark<K: Key>(fact: &MessageFact<K>) -> Mark<K> {
    Mark {
        at: fact.at,
        id: fact.id.clone(),
    }
}

fn millis(later: Time, earlier: Time) -> i64 {
    later.signed_duration_since(earlier).num_milliseconds()
}

fn bump(count: &mut u32) {
    *count = count.saturating_add(1);
}

fn take<T: Ord>(counts: &mut std::collections::BTreeMap<T, u32>, key: T, n: u32) {
    if let Some(count) = counts.get_mut(&key) {
        *count = count.saturating_sub(n);
        if *count == 0 {
            counts.remove(&key);
        }
    }
}
