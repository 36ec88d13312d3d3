// The end of a task's log, as it grows: followed, searched, wrapped, in colour, with the
// reason of a failure at the line that decided.
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

// Log shows the log of a task. cause, if it is known why the task failed, is told at the line
// that decided, which is brought into view.
export function Log({ task, cause }) {
  const [log, setLog] = useState({ text: '', url: '', size: 0, error: null, read: false });
  useEffect(() => follow(task, setLog), [task]);
  const [search, setSearch] = useState('');
  const [wrap, setWrap] = useState(true);
  const [stays, setStays] = useState(true); // at the end, as the log grows
  const box = useRef(null);
  const lines = useMemo(() => log.text.split('\n').slice(-5000), [log.text]);
  const wanted = search.toLowerCase();
  const decided = useMemo(() => (cause ? lines.findLast((line) => decides(line, cause)) : undefined), [lines, cause]);
  const shown = wanted ? lines.filter((line) => plain(line).toLowerCase().includes(wanted)) : lines;
  const at = decided === undefined ? -1 : shown.lastIndexOf(decided);
  useLayoutEffect(() => { if (stays && box.current) box.current.scrollTop = box.current.scrollHeight; }, [log.text, stays, wanted]);
  const toReason = () => {
    const line = box.current?.querySelector('.decided');
    if (!line) return;
    setStays(false);
    box.current.scrollTop = line.offsetTop - box.current.clientHeight / 2;
  };
  useLayoutEffect(toReason, [cause?.line, at >= 0]);
  const scrolled = ({ currentTarget: b }) => setStays(b.scrollTop + b.clientHeight > b.scrollHeight - 30);
  if (log.error) return html`<h3>Log</h3><p class="hint">${log.error.message}</p>`;
  if (!log.text) return html`<h3>Log</h3><p class="hint">${log.read ? 'Nothing is logged yet.' : 'Reading the log …'}</p>`;
  return html`<div class="log-head"><h3>Log</h3>
      <input type="search" placeholder="Find …" aria-label="Only lines with this" value=${search} onInput=${(event) => setSearch(event.currentTarget.value)} />
      ${at >= 0 && html`<button type="button" class="plain" onClick=${toReason}>To the reason</button>`}
      <label><input type="checkbox" checked=${wrap} onChange=${() => setWrap(!wrap)} /> Wrap</label>
      <label><input type="checkbox" checked=${stays} onChange=${() => setStays(!stays)} /> Follow</label>
      ${log.url && html`<a href=${log.url} target="_blank" rel="noopener">Open the full log (${bytes(log.size)})</a><a href=${log.url} download=${`task-${task}.txt`}>Download</a>`}</div>
    <pre class=${`log ${wrap ? '' : 'flat'}`} tabindex="0" role="region" aria-label="Log" ref=${box} onScroll=${scrolled}>${shown.map((line, i) => (i === at
      ? html`<span class="decided">${drawn(line, wanted)}${'\n'}</span><span class="explains">${[cause.means, cause.next].filter(Boolean).join(' ')}</span>` : lineOf(line, wanted, i < shown.length - 1 ? '\n' : '')))}</pre>
    ${wanted && html`<p class="hint" role="status">${shown.length} of ${lines.length} lines</p>`}`;
}

// decides says that a line is the one that a cause names, which is cut if it is long.
function decides(line, cause) {
  const text = plain(line).trim(), said = cause.line.trim();
  return said !== '' && (text === said || (said.length > 200 && text.startsWith(said.slice(0, 200))));
}

// kindOf says how a line stands out: the one to read if something failed, a warning, or what
// the farm itself wrote.
function kindOf(line) {
  if (/\b(error|failed|traceback|exception|cannot|out of memory)\b/i.test(line)) return 'bad';
  if (/\bwarn(ing)?\b/i.test(line)) return 'warns';
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\S* /.test(line) ? 'quiet' : '';
}

function lineOf(line, wanted, end) {
  const kind = kindOf(line);
  if (!kind && !wanted && !line.includes(ESC)) return line + end;
  return html`<span class=${kind || undefined}>${drawn(line, wanted)}${end}</span>`;
}

// What programs write for terminals: colours, and other commands, which are left out.
const ESC = '\u001b';
const COMMAND = /\u001b\[([0-9;?]*)[ -/]*[@-~]|\u001b[@-Z\\-_]/g;
const plain = (line) => (line.includes(ESC) ? line.replace(COMMAND, '') : line);
const colours = { 1: 'red', 2: 'green', 3: 'yellow', 4: 'blue', 5: 'magenta', 6: 'cyan' };

// drawn is a line with its colours, in which what was looked for is marked.
function drawn(line, wanted) {
  if (!line.includes(ESC)) return marked(line, wanted);
  const parts = [];
  let colour = '', at = 0;
  const put = (to) => {
    if (to > at) parts.push(html`<span class=${colour ? `in-${colour}` : undefined}>${marked(line.slice(at, to), wanted)}</span>`);
  };
  for (const found of line.matchAll(COMMAND)) {
    put(found.index);
    at = found.index + found[0].length;
    if (!found[0].endsWith('m')) continue;
    for (const code of (found[1] || '0').split(';').map(Number)) {
      if (code === 0 || code === 39) colour = '';
      else if ((code >= 30 && code <= 37) || (code >= 90 && code <= 97)) colour = colours[code % 10] ?? '';
    }
  }
  put(line.length);
  return parts;
}

function marked(text, wanted) {
  if (!wanted) return text;
  const parts = [], lower = text.toLowerCase();
  let at = 0;
  for (let found = lower.indexOf(wanted); found >= 0 && lower.length === text.length; found = lower.indexOf(wanted, at)) {
    parts.push(text.slice(at, found), html`<mark>${text.slice(found, found + wanted.length)}</mark>`);
    at = found + wanted.length;
  }
  return [...parts, text.slice(at)];
}

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
