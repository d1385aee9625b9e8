// Hears Convo's events and misses none: connects again after every loss and resumes where it was.
export function live(url, { token, ticket, subscriptions, onEvent, onResync = () => {}, WebSocket = globalThis.WebSocket }) {
  let socket, greeted, epoch, last, prev, stopped = false, attempts = 0;

  async function connect() {
    const query = ticket ? `?ticket=${encodeURIComponent(await ticket())}` : '';
    socket = new WebSocket(url + query);
    const say = frame => socket.send(JSON.stringify(frame));
    const subscribe = () => say({
      type: 'subscribe_state_updates', subscriptions,
      ...(last === undefined ? {} : { since: last, epoch }),
    });
    socket.onmessage = async message => {
      const frame = JSON.parse(message.data);
      switch (frame.type) {
        case 'connected':
          greeted = frame.epoch;
          if (!ticket) say({ type: 'authenticate', token: await token() });
          break;
        case 'authenticated': return subscribe();
        case 'resync_required':
          last = undefined;
          return onResync(frame);
        case 'subscribed':
          attempts = 0;
          if (last === undefined) [epoch, last] = [greeted, frame.seq];
          prev = last;
          break;
        case 'ping': case 'pong':
          last = Math.max(last ?? 0, frame.last);
          break;
        case 'auth_error': case 'error':
          console.error(frame.type, frame.code ?? '', frame.message);
          break;
        default:
          if (frame.prev === undefined) break;
          // Never happens on one connection; if it did, the log has what is missing.
          if (frame.prev !== prev) return socket.close();
          prev = last = frame.seq;
          onEvent(frame);
      }
    };
    socket.onclose = again;
    socket.onerror = () => {};
  }

  function again() {
    if (stopped) return;
    const pause = Math.min(30_000, 250 * 2 ** attempts++) * (0.5 + Math.random() / 2);
    setTimeout(() => connect().catch(again), pause);
  }

  connect().catch(again);
  return { stop() { stopped = true; socket?.close(); }, position: () => ({ epoch, last }) };
}
