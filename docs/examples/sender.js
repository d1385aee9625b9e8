// Sends a campaign's mail through a sender of one's own: prepare, hand over, tell.
export async function campaign({ url, key, campaign, leads, subject, write, handOver, batch = 100 }) {
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
  const outcome = { sent: [], denied: [] };

  for (let at = 0; at < leads.length; at += batch) {
    const some = leads.slice(at, at + batch);
    const { items } = await call(`/api/campaigns/${campaign}/prepare`, { leads: some, subject });
    for (const item of items) {
      const denied = reasons => outcome.denied.push({ lead: item.leadId, reasons: reasons.map(reason => reason.code) });
      if (!item.allowed) { denied(item.reasons); continue; }
      const { text, html } = await write(item);
      const words = item.disclosure ? { text: `${text}\n\n${item.disclosure}\n`, html: html && `${html}<p>${item.disclosure}</p>` } : { text, html };
      const told = { lease: item.lease.id, subject: item.subject, ...words };
      // Told first: what has happened since `prepare` is judged now, and a mail that is void does not go out.
      const stored = await call(`/api/conversation-state/${item.conversationId}/sent`, told);
      if (!stored.ok) { denied(stored.reasons); continue; }
      // The header fields make it thread, and bring its answers and its opt-outs back to its conversation.
      const providerMessageId = await handOver({ lead: item.leadId, subject: item.subject, headers: item.headers, variables: item.variables, ...words });
      if (providerMessageId) await call(`/api/conversation-state/${item.conversationId}/sent`, { ...told, providerMessageId });
      outcome.sent.push({ lead: item.leadId, messageId: item.messageId });
    }
  }
  return outcome;
}
