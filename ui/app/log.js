// The end of a task's log, as it grows: followed, searched, wrapped.
import * as api from './api.js';
import { bytes } from './format.js';
import { html, useEffect, useLayoutEffect, useMemo, useRef, useState } from './lib.js';
import { on } from './live.js';

// How much of a log is fetched and kept, in bytes and in characters: enough to
// read what went wrong; the rest is a click away.
const FETCHED = 64_000, KEPT = 200_000;

// How long after the log was fetched an event may still tell of what was in it, in
// milliseconds. A text that comes again within that time is taken for the same.
const LATE = 10_000;

// The manager cuts what a program wrote at once to this many bytes in an event.
const CUT = 16 << 10;

export function Log({ task }) {
  const [log, setLog] = useState({ text: '', url: '', size: 0, error: null, read: false });
  useEffect(() => follow(task, setLog), [task]);
  const [search, setSearch] = useState('');
  const [wrap, setWrap] = useState(true);
  const [stays, setStays] = useState(true); // at the end, as the log grows
  const box = useRef(null);
  const lines = useMemo(() => log.text.split('\n').slice(-5000), [log.text]);
  const wanted = search.toLowerCase();
  const shown = wanted ? lines.filter((line) => line.toLowerCase().includes(wanted)) : lines;
  useLayoutEffect(() => { if (stays && box.current) box.current.scrollTop = box.current.scrollHeight; }, [log.text, stays, wanted]);
  const scrolled = ({ currentTarget: b }) => setStays(b.scrollTop + b.clientHeight > b.scrollHeight - 30);
  if (log.error) return html`<h3>Log</h3><p class="hint">${log.error.message}</p>`;
  if (!log.text) return html`<h3>Log</h3><p class="hint">${log.read ? 'Nothing is logged yet.' : 'Reading the log …'}</p>`;
  return html`<div class="log-head"><h3>Log</h3>
      <input type="search" placeholder="Find …" aria-label="Only lines with this" value=${search} onInput=${(event) => setSearch(event.currentTarget.value)} />
      <label><input type="checkbox" checked=${wrap} onChange=${() => setWrap(!wrap)} /> Wrap</label>
      <label><input type="checkbox" checked=${stays} onChange=${() => setStays(!stays)} /> Follow</label>
      ${log.url && html`<a href=${log.url} target="_blank" rel="noopener">Open the full log (${bytes(log.size)})</a><a href=${log.url} download=${`task-${task}.txt`}>Download</a>`}</div>
    <pre class=${`log ${wrap ? '' : 'flat'}`} tabindex="0" role="region" aria-label="Log" ref=${box} onScroll=${scrolled}>${shown.map((line, i) => (bad(line) ? html`<span class="bad">${line}${i < shown.length - 1 && '\n'}</span>` : line + (i < shown.length - 1 ? '\n' : '')))}</pre>
    ${wanted && html`<p class="hint">${shown.length} of ${lines.length} lines</p>`}`;
}

// bad says that a line is likely the one to read.
const bad = (line) => /\b(error|failed|traceback|exception|cannot|out of memory)\b/i.test(line);

// follow fetches a log, and adds to it what events tell; what it returns ends that.
function follow(task, put) {
  const state = { text: '', early: null, fetched: -LATE, over: false };
  const add = (chunk) => {
    // An event may tell of what is in the file that was fetched, and may not.
    const late = performance.now() - state.fetched < LATE;
    if (late && state.text.includes(chunk)) return;
    state.text = (state.text.length > KEPT ? state.text.slice(-KEPT / 2) : state.text) + chunk;
    put((log) => ({ ...log, text: state.text, size: Math.max(log.size, state.text.length) }));
  };
  const fetch = async () => {
    const early = state.early = []; // events that come in while fetching
    try {
      const info = await api.logInfo(task);
      const ending = info ? await api.ending(info.url, FETCHED) : '';
      if (state.over || early !== state.early) return; // another call took over
      state.text = ending;
      state.url = info?.url;
      put({ text: ending, url: info?.url, size: Math.max(info?.size ?? 0, ending.length), error: null, read: true });
    } catch (error) {
      if (!state.over && early === state.early) put((log) => ({ ...log, error: log.text ? null : error, read: true }));
    }
    if (early !== state.early) return;
    state.early = null;
    state.fetched = performance.now();
    early.forEach(add);
  };
  const off = on((name, event) => {
    if (name === 'fresh') fetch();
    if (name !== 'log' || event.task_id !== task) return;
    const chunk = event.log.endsWith('\n') ? event.log : `${event.log}\n`;
    if (event.log.length >= CUT || (!state.early && !state.url)) fetch();
    else if (state.early) state.early.push(chunk);
    else add(chunk);
  });
  fetch();
  return () => {
    state.over = true;
    off();
  };
}
