// Sends a campaign's mail through a sender of one's own: prepare, tell, hand over. What is done stands in a file: a run
// that was cut off goes on where it was, and another run of the same file writes to nobody twice.
import { randomUUID } from 'node:crypto';
import { appendFile, readFile } from 'node:fs/promises';

const escaped = text => text.replace(/[&<>"]/g, sign => `&#${sign.charCodeAt(0)};`);

export async function campaign({ url, key, campaign, leads, subject, write, handOver, file, batch = 100 }) {
  const call = async (path, body, once) => {
    const response = await fetch(url + path, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...(once && { 'idempotency-key': once }) },
      body: JSON.stringify(body),
    });
    const answer = await response.json();
    if (!response.ok && response.status !== 409) throw new Error(`${path}: ${answer.code}`);
    return { ok: response.ok, ...answer };
  };
  const note = line => appendFile(file, `\n${JSON.stringify(line)}`);
  const outcome = { sent: [], denied: [] };

  // A line for each run, and for each mail before and after it was handed over; the last may be torn.
  const text = await readFile(file, 'utf8').catch(() => '');
  const lines = text.split('\n').flatMap(line => { try { return [JSON.parse(line)]; } catch { return []; } });
  const done = new Set(), handing = new Map();
  let run = null;
  for (const line of lines) {
    if ('run' in line) run = line.run && line;
    else if (line.done) { done.add(line.lead); handing.delete(line.lead); }
    else handing.set(line.lead, line);
  }
  if (!run) {
    run = { run: randomUUID(), leads: leads.filter(lead => !done.has(lead)) };
    await note(run);
  }

  const pass = async ({ lead, path, told, mail }, again) => {
    // `again`: the last run ended in between, and nobody knows whether the mail went out. Its Message-ID is the same.
    const providerMessageId = await handOver({ ...mail, again });
    if (providerMessageId) await call(path, { ...told, providerMessageId });
    await note({ lead, done: true });
    outcome.sent.push({ lead, messageId: mail.headers['Message-ID'].slice(1, -1) });
    done.add(lead);
  };
  for (const one of handing.values()) await pass(one, true);

  for (let at = 0; at < run.leads.length; at += batch) {
    const some = run.leads.slice(at, at + batch);
    // The same key in every life of a run: the leases of a batch are found again.
    const { items } = await call(`/api/campaigns/${campaign}/prepare`, { leads: some, subject }, `${run.run}:${at}`);
    for (const item of items) {
      if (done.has(item.leadId)) continue;
      const denied = reasons => outcome.denied.push({ lead: item.leadId, reasons: reasons.map(reason => reason.code) });
      if (!item.allowed) { denied(item.reasons); continue; }
      let { text, html } = await write(item);
      if (item.disclosure) {
        text = `${text}\n\n${item.disclosure}\n`;
        html = html && `${html}<p>${escaped(item.disclosure)}</p>`;
      }
      const told = { lease: item.lease.id, subject: item.subject, text, html };
      const path = `/api/conversation-state/${item.conversationId}/sent`;
      // The header fields make it thread, and bring its answers and its opt-outs back to its conversation.
      const mail = { lead: item.leadId, subject: item.subject, headers: item.headers, variables: item.variables, text, html };
      // Told first: what has happened since `prepare` is judged now, and a mail that is void does not go out.
      const stored = await call(path, told);
      if (!stored.ok) { denied(stored.reasons ?? [stored]); continue; }
      const one = { lead: item.leadId, path, told, mail };
      await note(one);
      await pass(one, false);
    }
  }
  await note({ run: null });
  return outcome;
}
