// The farm's events as they happen, from /api/farm/events.
import { ROOT } from './address.js';

const NAMES = ['hello', 'reset', 'status', 'job', 'worker', 'tag', 'task', 'loads', 'log', 'last-rendered', 'comments'];

// Browsers reconnect by themselves unless the answer was no stream at all, as
// of a proxy whose manager is down. Then we try again after this time.
const RETRY = 2000;

// A computer that slept for a while has a connection that looks alive and is
// not. (Browsers let the timers of hidden pages tick once a minute.)
const TICK = 5000, SLEPT = 90_000;

// A browser makes six connections to a manager at most, over all its tabs, and a stream
// takes one: a page that nobody sees lets go of its own, at once if it was left (it may be
// kept for the way back), else after this time.
const UNSEEN = 20_000;

// Stream is the connection to the events. It calls
//   event(name, data)  for every event
//   fresh(all)         when what follows is complete from now on; all says that
//                      events were missed, and everything must be fetched again
//   needed()           says whether the events are needed while nobody sees the page
//   connected(yes)     when the connection is lost, and when it is back
export class Stream {
  constructor(listener) {
    this.listener = listener;
    this.lost = true; // nothing was heard yet
    let last = Date.now();
    setInterval(() => {
      const slept = Date.now() - last > SLEPT;
      last = Date.now();
      if (!slept) return;
      this.lost = true; // who knows what was missed
      this.connect();
    }, TICK);
    addEventListener('pagehide', () => this.pause());
    addEventListener('pageshow', () => this.resume());
    document.addEventListener('visibilitychange', () => {
      clearTimeout(this.unseen);
      if (document.hidden && !this.listener.needed()) this.unseen = setTimeout(() => this.pause(), UNSEEN);
      else this.resume();
    });
  }

  // pause ends the connection until the page is seen again. Then everything is fetched again.
  pause() {
    clearTimeout(this.retry);
    this.next?.close();
    this.current?.close();
    this.next = this.current = null;
    this.paused = this.lost = true;
  }

  resume() {
    if (!this.paused) return;
    this.paused = false;
    if (this.address) this.connect();
  }

  // follow asks for the events of a job's tasks and of a task's log too; both
  // may be missing. The old connection is kept until the new one speaks, so
  // that nothing is missed in between.
  follow(job, log) {
    const query = new URLSearchParams();
    if (job) query.set('job', job);
    if (log) query.set('log', log);
    const address = `${ROOT}api/farm/events?${query}`;
    if (address === this.address) return;
    this.address = address;
    this.connect();
  }

  connect() {
    if (this.paused) return;
    clearTimeout(this.retry);
    this.next?.close();
    const source = this.next = new EventSource(this.address);
    source.onopen = () => this.opened(source);
    source.onerror = () => this.failed(source);
    for (const name of NAMES) {
      source.addEventListener(name, (message) => this.take(source, name, JSON.parse(message.data)));
    }
  }

  take(source, name, data) {
    if (source === this.next) {
      this.current?.close();
      this.current = source;
      this.next = null;
    } else if (source !== this.current) {
      return; // a connection that was replaced
    }
    if (name === 'hello' || name === 'reset') {
      const all = name === 'reset' || this.lost;
      this.found();
      this.listener.fresh(all);
    }
    this.listener.event(name, data);
  }

  // A connection that comes back with its place kept sends no greeting.
  opened(source) {
    if (source === this.current) this.found();
  }

  failed(source) {
    if (source !== this.current && source !== this.next) return;
    if (source === this.current || !this.current || this.current.readyState !== EventSource.OPEN) {
      this.lost = true;
      this.listener.connected(false);
    }
    if (source.readyState === EventSource.CLOSED) this.retry = setTimeout(() => this.connect(), RETRY);
  }

  found() {
    if (!this.lost) return;
    this.lost = false;
    this.listener.connected(true);
  }
}
