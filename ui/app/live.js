// What this page knows of the farm, and how it stays true: one stream of events, and
// what is fetched again when they say that it changed.
import * as api from './api.js';
import { forget, later } from './budget.js';
import { signal, useEffect, useRef, useState } from './lib.js';
import { Stream } from './stream.js';

export const connected = signal(false);
export const everConnected = signal(false);
export const farmStatus = signal('');
export const version = signal(null);

const listeners = new Set();

// on calls fn(name, data) for every event: those of the stream under their names, and
// "fresh" when what is shown must be fetched again. It returns what ends that.
export function on(fn) {
  listeners.add(fn);
  return () => listeners.delete(fn);
}

// Events are handed on together, ten times a second at most, and of those about the same
// thing the last: a page is drawn once for all of them, however much happens on the farm.
const PAUSE = 100; // milliseconds

let waiting = new Map(); // events that are not handed on yet, by what they are about
let timer = 0, last = -PAUSE, count = 0;

function say(name, data) {
  const key = name === 'log' || name === 'loads' ? `${name} ${count++}` : `${name} ${data?.id ?? data?.tag?.id ?? data?.job_id ?? ''}`;
  const before = name === 'fresh' ? null : waiting.get(key)?.[1];
  waiting.delete(key); // what is told last stands last
  if (before?.previous_status) data.previous_status ??= before.previous_status;
  if (before?.refresh_tasks) data.refresh_tasks = true;
  waiting.set(key, [name, data]);
  timer ||= setTimeout(handOn, Math.max(0, last + PAUSE - performance.now()));
}

function handOn() {
  const list = [...waiting.values()];
  waiting = new Map();
  timer = 0;
  for (const [name, data] of list) for (const fn of [...listeners]) fn(name, data);
  last = performance.now();
}

let began;
const begun = new Promise((resolve) => { began = resolve; });
const PATIENCE = 500; // milliseconds to wait for the stream before the first fetches go without it

// unseen says whether events are needed while nobody sees the page; who needs them sets it.
export const unseen = { needed: () => false };

const stream = new Stream({
  needed: () => unseen.needed(),
  event(name, data) {
    if ((name === 'hello' || name === 'status') && data.status) farmStatus.value = data.status;
    say(name, data);
  },
  fresh(all) {
    began();
    say('fresh', all);
  },
  connected(yes) {
    connected.value = yes;
    if (!yes) return;
    everConnected.value = true;
    checkVersion();
  },
});

let followed = 0;

// follow makes the events of a job's tasks and of a task's log arrive too. Of several
// calls in a row, as when one page takes the place of another, the last one counts.
export function follow(job, task) {
  clearTimeout(followed);
  followed = setTimeout(() => stream.follow(job, task));
}

setTimeout(() => began(), PATIENCE);

// A manager that was updated brings a new page with it.
async function checkVersion() {
  try {
    const now = await api.version();
    if (version.value && version.value.version !== now.version) location.reload();
    version.value = now;
  } catch {
    later('version', checkVersion);
  }
}

// useLive keeps what fetch returns. key says what that is: with another one it is
// fetched anew; null is for nothing. wakes(name, data) says of an event whether it makes
// a fetch necessary; change(data, name, event) may return what an event makes of it
// without one. Both are asked for every event. It returns {data, error, load, set}.
export function useLive(key, fetch, { wakes, change } = {}) {
  const [state, setState] = useState({ key: null, data: null, error: null });
  const now = useRef({}).current;
  Object.assign(now, { key, fetch, wakes, change });
  now.load ??= () => load(now, setState);
  useEffect(() => {
    if (key === null) return undefined;
    now.loaded = false;
    begun.then(() => now.key === key && now.load());
    const off = on((name, event) => take(now, setState, name, event));
    return () => {
      off();
      forget(key);
    };
  }, [key]);
  const set = (fn) => setState((s) => (s.data ? { ...s, data: fn(s.data) } : s));
  const mine = state.key === key;
  return { data: mine ? state.data : null, error: mine ? state.error : null, stale: mine ? null : state.data, load: now.load, set };
}

// load fetches, and once more if something happened meanwhile that the answer may lack.
async function load(now, setState) {
  const { key, fetch } = now;
  const turn = now.turn = {};
  now.missed = now.away = false;
  let next;
  try {
    const data = await fetch();
    next = () => ({ key, data, error: null });
  } catch (error) {
    now.away = error.status === 0; // no answer at all: it is asked again until there is one
    next = (s) => ({ key, data: s.key === key && error.status !== 404 ? s.data : null, error });
  }
  if (now.turn !== turn || now.key !== key) return;
  now.turn = null;
  now.loaded = true;
  setState(next);
  if (now.missed || now.away) later(key, now.load);
}

function take(now, setState, name, event) {
  if (name === 'fresh') {
    if (now.loaded || now.turn) now.load();
    return;
  }
  if (now.wakes?.(name, event)) {
    if (now.turn) now.missed = true;
    else later(now.key, now.load);
  }
  if (!now.change) return;
  setState((s) => {
    if (s.key !== now.key || !s.data) return s;
    const data = now.change(s.data, name, event);
    if (data === s.data) return s;
    if (now.turn) now.missed = true;
    return { ...s, data };
  });
}
