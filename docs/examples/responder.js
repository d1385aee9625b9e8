// Answers mails of leads by machine: hears of them in the event log, asks the gate, writes, sends.
import { readFile, writeFile } from 'node:fs/promises';

export function responder({ url, key, file, compose, onDone = () => {}, pause = 1000 }) {
  let stopped = false;
  const wait = () => new Promise(resolve => setTimeout(resolve, pause));

  async function call(method, path, body, once) {
    const response = await fetch(url + path, {
      method,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...(once && { 'idempotency-key': once }) },
      body: body && JSON.stringify(body),
    });
    const answer = await response.json();
    // 409 and 422 are decisions, and final for this mail. Anything else is tried again later.
    if (!response.ok && response.status !== 409 && response.status !== 422) throw new Error(`${path}: ${answer.code}`);
    return { ok: response.ok, ...answer };
  }

  async function answer(conversation, message) {
    const path = `/api/conversation-state/${conversation}`;
    // The same key in every life of every worker: one lease for a mail, found again after a crash.
    const leave = await call('POST', `${path}/may-send`,
      { author: 'ai', purpose: 'reply', answers: message }, `may-send:${message}`);
    if (!leave.allowed) return leave.reasons ?? leave;
    const { context } = await call('GET', `${path}/context`);
    const text = await compose(context);
    // What happened while it was written is judged again: 409 lease_void, and nothing is sent.
    return call('POST', `${path}/send`, { author: 'ai', lease: leave.lease.id, text }, `send:${message}`);
  }

  async function run() {
    let { epoch, after } = await readFile(file, 'utf8').then(JSON.parse).catch(() => ({}));
    while (!stopped) {
      try {
        const page = await call('GET', `/api/events?after=${after ?? 0}&limit=100`);
        // A new worker begins with what comes now; after a restore of the database the numbers begin anew.
        if (after === undefined || epoch !== page.epoch) [epoch, after, page.items] = [page.epoch, page.head, []];
        for (const { seq, type, conversationId, data } of page.items) {
          const { action, message } = data;
          if (type === 'message_thread_updated' && action === 'added' && message?.author === 'lead' && message.kind === 'human')
            onDone(message, await answer(conversationId, message.id));
          after = seq;
          await writeFile(file, JSON.stringify({ epoch, after }));
        }
        if (page.items.length === 0) await writeFile(file, JSON.stringify({ epoch, after })).then(wait);
      } catch (error) {
        console.error(error.message);
        await wait();
      }
    }
  }

  return { done: run(), stop: () => { stopped = true; } };
}
