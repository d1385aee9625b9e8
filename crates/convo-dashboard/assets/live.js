// Keeps a page as it is now: hears the event log, asks for the page again when something came, and replaces the parts
// that have changed. Without it every page works the same, only it has to be loaded again.
const root = document.documentElement;
const page = document.body.dataset;
const csrf = document.querySelector('meta[name=csrf]')?.content;
const notice = document.getElementById('connection');

// Times in the viewer's zone, and how long is left of those that something is due by.
const written = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
const spoken = new Intl.RelativeTimeFormat(undefined, { numeric: 'always' });
const until = at => {
  const minutes = Math.round((at - Date.now()) / 60_000);
  if (Math.abs(minutes) < 90) return spoken.format(minutes, 'minute');
  const hours = Math.round(minutes / 60);
  return Math.abs(hours) < 48 ? spoken.format(hours, 'hour') : spoken.format(Math.round(hours / 24), 'day');
};
function showTimes(within) {
  for (const time of within.querySelectorAll('time[datetime]')) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    const clock = 'clock' in time.dataset;
    time.textContent = clock ? until(at) : written.format(at);
    time.title = clock ? written.format(at) : time.dateTime;
    time.classList.toggle('over', clock && at < Date.now());
  }
}

// What each part was when it came; values that differ on every page are no change.
const source = part => part.outerHTML.replace(/ name="once" value="[^"]*"/g, '');
const came = new Map();
for (const part of document.querySelectorAll('[data-part]')) came.set(part.id, source(part));

// Nothing is taken away from under somebody's hands.
const busy = part => {
  const at = document.activeElement;
  return part.contains(at) && at.matches('input, textarea, select') && at.type !== 'hidden';
};
const mark = element => ['id', 'data-fire', 'data-act', 'data-resolve', 'href'].map(name => [name, element.getAttribute(name)])
  .filter(([, value]) => value).map(([name, value]) => `[${name}="${CSS.escape(value)}"]`).join('');

function replace(part, fresh) {
  const opened = [...part.querySelectorAll('details')].map(one => one.open);
  const focused = part.contains(document.activeElement) ? mark(document.activeElement) : '';
  const next = document.importNode(fresh, true);
  const details = next.querySelectorAll('details');
  if (details.length === opened.length) details.forEach((one, at) => { one.open = opened[at]; });
  next.classList.add('fresh');
  showTimes(next);
  part.replaceWith(next);
  if (part.id === 'machine') showState();
  if (focused) next.querySelector(focused)?.focus({ preventScroll: true });
}

let asking = false, again = false, waiting = false, timer;
async function refresh() {
  if (asking) { again = true; return; }
  asking = true;
  try {
    const answer = await fetch(page.self, { headers: { Accept: 'text/html' }, credentials: 'same-origin', cache: 'no-store' });
    if (new URL(answer.url).pathname === '/login') return leave();
    if (!answer.ok) { again = answer.status >= 500; return; }
    const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
    for (const part of document.querySelectorAll('[data-part]')) {
      const next = fresh.getElementById(part.id);
      if (!next) { part.remove(); continue; }
      if (next.dataset.later) continue;
      if (came.get(part.id) === source(next)) continue;
      if (busy(part)) { waiting = true; continue; }
      came.set(part.id, source(next));
      replace(part, next);
    }
  } catch {
    again = true; // Away: asked again in a second.
  } finally {
    asking = false;
    if (again) { again = false; soon(1_000); }
  }
}
// Parts whose cost is that of a span of days: they come after the page, and are looked at again now and then.
const late = [...document.querySelectorAll('[data-later]')].map(part => [part.id, part.dataset.later]);
async function takeLate() {
  for (const address of new Set(late.map(([, from]) => from))) {
    try {
      const answer = await fetch(address, { headers: { Accept: 'text/html' }, credentials: 'same-origin', cache: 'no-store' });
      if (!answer.ok) continue;
      const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
      for (const [id, from] of late) {
        const part = document.getElementById(id), next = fresh.getElementById(id);
        if (from !== address || !part || !next || busy(part) || came.get(id) === source(next)) continue;
        came.set(id, source(next));
        replace(part, next);
      }
    } catch {
      // Away: it is tried again with the next look.
    }
  }
}
// Many events at once are one look.
function soon(after = 120) {
  if (timer !== undefined) return;
  timer = setTimeout(() => { timer = undefined; if (!document.hidden) refresh(); }, after);
}
document.addEventListener('focusout', () => { if (waiting) { waiting = false; soon(); } });
document.addEventListener('visibilitychange', () => { if (!document.hidden) { showTimes(document); soon(0); } });

function say(state, text = '') {
  root.dataset.connection = state;
  if (!notice) return;
  notice.textContent = text;
  notice.hidden = text === '';
}

// The log: since the number the page was made at, so that nothing is missed between the two.
let epoch = page.epoch, last = Number(page.seq), attempts = 0, left = false;
function leave() {
  left = true;
  say('lost', 'You are logged out. Load the page again to log in.');
}
async function connect() {
  if (left) return;
  if (root.dataset.connection === 'off') say('connecting');
  const asked = await fetch('/live/ticket', { method: 'POST', headers: { 'X-CSRF-Token': csrf }, credentials: 'same-origin' });
  if (asked.status === 401 || asked.status === 403) return leave();
  if (!asked.ok) throw new Error('no ticket');
  const { ticket } = await asked.json();
  const socket = new WebSocket(`${location.origin.replace(/^http/, 'ws')}/ws?ticket=${encodeURIComponent(ticket)}`);
  let heard = Date.now(), greeted;
  const watch = setInterval(() => { if (Date.now() - heard > 75_000) socket.close(); }, 15_000);
  socket.onmessage = message => {
    heard = Date.now();
    const frame = JSON.parse(message.data);
    switch (frame.type) {
      case 'connected':
        greeted = frame.epoch;
        return;
      case 'authenticated':
        return socket.send(JSON.stringify({ type: 'subscribe_state_updates', subscriptions: page.subscribe.split(' '), since: last, epoch }));
      case 'resync_required':
        [epoch, last] = [greeted, frame.seq];
        return soon(0);
      case 'subscribed':
        attempts = 0;
        say('live');
        if (frame.replayed > 0) soon(0);
        return;
      case 'ping': case 'pong':
        last = Math.max(last, frame.last);
        return;
      case 'auth_error':
        return socket.close();
      default:
        if (frame.seq === undefined || frame.prev === undefined) return;
        last = frame.seq;
        soon();
    }
  };
  socket.onclose = () => { clearInterval(watch); retry(); };
}
function retry() {
  if (left) return;
  say('lost', 'Connection lost: what you see may be old. Trying again …');
  const pause = Math.min(15_000, 300 * 2 ** attempts++) * (0.5 + Math.random() / 2);
  setTimeout(() => connect().catch(retry), pause);
}

// On a narrow screen the machine is wider than its part: the present state is what is to be seen of it.
function showState() {
  const lit = document.querySelector('.machine .lit rect'), frame = lit?.closest('.scroll');
  if (!frame) return;
  const [box, seen] = [lit.getBoundingClientRect(), frame.getBoundingClientRect()];
  frame.scrollLeft += box.left + box.width / 2 - seen.left - seen.width / 2;
}
showState();
showTimes(document);
if (late.length > 0) {
  takeLate();
  setInterval(() => { if (!document.hidden) takeLate(); }, 60_000);
}
setInterval(() => showTimes(document), 30_000);
// A refusal is read first.
document.querySelector('#alert[tabindex]')?.focus();
// A second tap on a button while the first is under way does nothing.
document.addEventListener('submit', event => {
  if (event.target.dataset.sent) return event.preventDefault();
  if (event.target.method === 'post') event.target.dataset.sent = 'yes';
});
addEventListener('pageshow', () => { for (const form of document.forms) delete form.dataset.sent; });
if (page.self) {
  if (page.poll) setInterval(() => soon(0), Number(page.poll) * 1_000);
  if (page.subscribe && csrf) connect().catch(retry);
}
