// Answers mails of leads by machine: hears of them in the event log, asks the gate, writes, sends.
import { readFile, rename, writeFile } from 'node:fs/promises';

// Nothing is wrong with the mail: it is tried again until it works.
class Later extends Error {}

export function responder({ url, key, file, compose, onDone = () => {}, pause = 1000, tries = 5 }) {
  let stopped = false;
  const wait = () => new Promise(resolve => setTimeout(resolve, pause));

  async function call(method, path, body, once) {
    const response = await fetch(url + path, {
      method,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...(once && { 'idempotency-key': once }) },
      body: body && JSON.stringify(body),
    }).catch(error => { throw new Later(error.message); });
    const answer = await response.json().catch(() => ({ code: 'no_json' }));
    // Sending is off, the key is wrong, the server is busy or away: that ends. Any other refusal is final for this
    // mail: its lead was erased (404), the gate denies it (409), it cannot be sent as it is (413, 422).
    const later = response.status >= 500 || [401, 403, 408, 429].includes(response.status) || ['sending_off', 'no_json'].includes(answer.code);
    if (later) throw new Later(`${path}: ${answer.code}`);
    return { ok: response.ok, ...answer };
  }

  async function answer(conversation, message) {
    const path = `/api/conversation-state/${conversation}`;
    // The same key in every life of every worker: one lease for a mail, found again after a crash.
    const leave = await call('POST', `${path}/may-send`,
      { author: 'ai', purpose: 'reply', answers: message }, `may-send:${message}`);
    // Where an agent has to approve it, `send` keeps a draft, and takes the leave that it needs itself.
    const draft = leave.reasons?.every(reason => reason.code === 'approval');
    if (!leave.allowed && !draft) return leave.reasons ?? leave;
    const seen = await call('GET', `${path}/context`);
    if (!seen.ok) return seen;
    const text = await compose(seen.context);
    // What happened while it was written is judged again: 409 lease_void, and nothing is sent.
    return call('POST', `${path}/send`,
      { author: 'ai', text, ...(draft ? { purpose: 'reply', answers: message } : { lease: leave.lease.id }) }, `send:${message}`);
  }

  async function run() {
    let { epoch, after } = await readFile(file, 'utf8').then(JSON.parse).catch(() => ({}));
    // All of it or nothing: a worker that is killed while it writes has lost no place.
    const keep = async () => {
      await writeFile(`${file}.new`, JSON.stringify({ epoch, after }));
      await rename(`${file}.new`, file);
    };
    let failed = 0;
    while (!stopped) {
      try {
        const page = await call('GET', `/api/events?after=${after ?? 0}&limit=100`);
        // A new worker begins with what comes now; after a restore of the database the numbers begin anew.
        if (after === undefined || epoch !== page.epoch) [epoch, after, page.items] = [page.epoch, page.head, []];
        for (const { seq, type, silent, conversationId, data } of page.items) {
          const { action, message } = data;
          // What is silent was imported: it was written long ago, and nobody waits for a machine's answer.
          if (!silent && type === 'message_thread_updated' && action === 'added' && message?.author === 'lead' && message.kind === 'human') {
            const done = await answer(conversationId, message.id).catch(error => {
              // What cannot be written after some tries is left to people: other mails wait behind it.
              if (error instanceof Later || ++failed < tries) throw error;
              return { gaveUp: error.message };
            });
            onDone(message, done);
          }
          [after, failed] = [seq, 0];
          await keep();
        }
        if (page.items.length === 0) await keep().then(wait);
      } catch (error) {
        console.error(error.message);
        await wait();
      }
    }
  }

  return { done: run(), stop: () => { stopped = true; } };
}
