// The frames of a job as a strip: the colour of a bar is how its frame stands, its height
// how long it took. Frames are chosen in it, and rendered again.
import * as api from './api.js';
import { later } from './budget.js';
import { count, seconds, word } from './format.js';
import { Chart, perHour } from './chart.js';
import { Contact } from './contact.js';
import { html, useEffect, useMemo, useRef, useState } from './lib.js';
import { on } from './live.js';
import { ask, tell } from './notice.js';
import { Card, Fold } from './parts.js';
import { ask as askAddress, place, useAddress } from './router.js';
import { draw, frameAt } from './strip.js';

const PAGE = 256; // tasks whose frames come in one answer
const MOST = 16 * PAGE; // tasks whose frames are shown at a time
const SEEN = 700; // milliseconds between two drawings while they are read

// Frames shows those of the tasks behind the one whose number is in the address.
export function Frames({ job, tasks, fps }) {
  const from = Math.max(0, Math.floor((Number(place.value.query.get('from')) || 0) / MOST) * MOST);
  const list = useMemo(() => new FrameList(job, from), [job, from]);
  const [, redraw] = useState(0);
  const [chosen, setChosen] = useState('');
  useAddress('frames', chosen, setChosen);
  list.changed = () => redraw((n) => n + 1);
  useEffect(() => list.follow(), [list]);
  const frames = list.frames;
  const known = frames.filter((f) => f.result?.wall_ms > 0);
  const mean = known.reduce((sum, f) => sum + f.result.wall_ms, 0) / (known.length || 1);
  const wanted = useMemo(() => numbers(chosen), [chosen]);
  // Thousands of frames are drawn when they change, and not with all else.
  const sheet = useMemo(() => html`<${Contact} key=${from} job=${job} fps=${fps} frames=${frames} wanted=${wanted} choose=${setChosen} />`, [job, from, fps, frames, wanted]);
  if (frames.length === 0 && from === 0) return null;
  const stamps = known.map((f) => Date.parse(f.result.saved)).filter((t) => t > 0);
  return html`<${Card} title="Frames" kind="frames" side=${html`<span class="quiet">${summary(frames, known, mean)}</span>`}>
    <${Strip} frames=${frames} wanted=${wanted} choose=${setChosen} />
    <form class="choose" onSubmit=${(event) => { event.preventDefault(); again(job, chosen); }}>
      <label>Frames <input value=${chosen} placeholder="such as 12,20-24" pattern="[\\-0-9, ]+" onInput=${(event) => setChosen(event.currentTarget.value)} /></label>
      <button class="strong" disabled=${wanted.size === 0}>Render again …</button>
      ${notable(frames, mean).map(([label, those]) => html`<button type="button" class="chip" key=${label} onClick=${() => setChosen(ranges(those))}>${label}<span class="count">${those.length}</span></button>`)}
      ${chosen && html`<button type="button" class="plain" onClick=${() => setChosen('')}>Clear</button>`}
      <span class="quiet" aria-live="polite">${wanted.size > 0 ? count(wanted.size, 'frame') : 'Drag over the strip to choose frames, with Ctrl more of them; a double click shows one.'}</span></form>
    ${stamps.length > 2 && html`<${Fold} title="Frames per hour"><${Rate} stamps=${stamps} /></${Fold}>`}
    <${Part} from=${from} tasks=${tasks} />
    ${sheet}</${Card}>`;
}

// Rate is how many of the frames were saved when.
function Rate({ stamps }) {
  const { times, values, step } = perHour(stamps);
  return html`<${Chart} times=${times} values=${values} label="Saved" unit="frames an hour" text=${`${count(stamps.length, 'frame')}, in parts of ${seconds(step)}.`} />`;
}

// Part leads to the frames of other tasks of a job that has very many.
function Part({ from, tasks }) {
  if (tasks <= MOST) return null;
  const lead = (to) => askAddress({ from: to > 0 ? to : null });
  const starts = Array.from({ length: Math.ceil(tasks / MOST) }, (_, i) => i * MOST);
  const name = (start) => `${(start + 1).toLocaleString('en')}–${Math.min(tasks, start + MOST).toLocaleString('en')}`;
  return html`<div class="actions part"><button type="button" disabled=${from === 0} onClick=${() => lead(from - MOST)}>‹ Earlier</button>
    <label>Frames of tasks <select value=${from} onChange=${(event) => lead(Number(event.currentTarget.value))}>${starts.map((start) => html`<option key=${start} value=${start}>${name(start)}</option>`)}</select></label>
    <span class="quiet">of ${tasks.toLocaleString('en')}</span><button type="button" disabled=${from + MOST >= tasks} onClick=${() => lead(from + MOST)}>Later ›</button></div>`;
}

function summary(frames, known, mean) {
  const done = frames.filter((f) => f.status === 'completed').length;
  return `${done.toLocaleString('en')} of ${count(frames.length, 'frame')}${known.length ? `, ${seconds(mean / 1000)} each` : ''}`;
}

// notable is what one might want to choose: [label, frames].
function notable(frames, mean) {
  return [
    ['Failed', frames.filter((f) => f.status === 'failed')],
    ['Flagged', frames.filter((f) => f.warns)],
    ['Old .blend', frames.filter((f) => f.old)],
    ['Slow', frames.filter((f) => f.result?.wall_ms > 3 * mean)],
  ].filter(([, those]) => those.length);
}

// flags of a frame that somebody should look at.
const flags = (f) => [f.result?.flags ?? []].flat().filter((flag) => flag !== 'was-there');

function Strip({ frames, wanted, choose }) {
  const canvas = useRef(null);
  const [over, setOver] = useState(null);
  const drag = useRef(null);
  useEffect(() => {
    const paint = () => canvas.current && draw(canvas.current, frames, wanted); // it may be gone by now
    paint();
    const size = new ResizeObserver(paint);
    if (canvas.current) size.observe(canvas.current);
    const dark = matchMedia('(prefers-color-scheme: dark)');
    dark.addEventListener('change', paint);
    return () => {
      size.disconnect();
      dark.removeEventListener('change', paint);
    };
  }, [frames, wanted]);
  const at = (event) => frameAt(canvas.current, frames, event.clientX);
  const last = useRef(null); // where a drag began
  const move = (event) => {
    const i = at(event);
    setOver(frames[i]);
    if (!drag.current) return;
    const { from, besides } = drag.current;
    choose(ranges([...besides, ...frames.slice(Math.min(from, i), Math.max(from, i) + 1)]));
  };
  const down = (event) => { // with Shift from where the last one began, with Ctrl besides what is chosen
    if (event.button !== 0) return;
    const from = event.shiftKey && last.current !== null ? last.current : at(event);
    drag.current = { from, besides: event.ctrlKey || event.metaKey ? [...wanted] : [] };
    last.current = from;
    event.currentTarget.setPointerCapture(event.pointerId);
    move(event);
  };
  const end = () => { drag.current = null; };
  const open = (event) => {
    const f = frames[at(event)];
    if (f.picture) askAddress({ frame: f.frame }, { step: true });
  };
  return html`<div class="strip"><canvas ref=${canvas} role="img" aria-label=${`The frames ${ranges(frames).slice(0, 200)}: their state as colour, their render time as height`}
      onPointerDown=${down} onPointerMove=${move} onPointerUp=${end} onPointerCancel=${end} onDblClick=${open} onPointerLeave=${() => setOver(null)}></canvas>
    <p class="quiet over">${over ? described(over) : ' '}</p></div>`;
}

// described is a frame in a line.
export function described(f) {
  const r = f.result ?? {};
  return [`Frame ${f.frame}`, word(f.status), r.wall_ms > 0 && seconds(r.wall_ms / 1000), f.worker?.name, ...flags(f), f.old && 'made from an older .blend'].filter(Boolean).join(' · ');
}

// rerender asks, renders frames again, and returns what there is to say then; null if
// the user changed their mind.
export async function rerender(job, frames) {
  const answer = await ask(`Render frames ${frames.slice(0, 60)} again?`, 'Just these, and what is made of them, such as the video. The files that are there are kept in a folder .versions beside them.', [['yes', 'Render again']]);
  if (!answer) return null;
  const done = await api.rerender(job, frames.replaceAll(' ', ''));
  return done.frames ? `Frames ${done.frames} are rendered again.` : `Frames ${done.waiting} were to be rendered anyway.`;
}

async function again(job, frames) {
  try {
    const did = await rerender(job, frames);
    if (did) tell(did, { good: true });
  } catch (error) {
    tell(error.message);
  }
}

// numbers reads frames as people write them: 3,7-9. What cannot be read yet is left out.
export function numbers(text) {
  const all = new Set();
  for (const part of text.split(',')) {
    const [, first, last] = /^\s*(-?\d+)(?:\s*-\s*(-?\d+))?\s*$/.exec(part) ?? [];
    if (first === undefined) continue;
    for (let n = Number(first); n <= Number(last ?? first) && all.size < 100_000; n++) all.add(n);
  }
  return all;
}

// ranges writes the numbers of frames so.
export function ranges(frames) {
  const all = [...new Set(frames.map((f) => f.frame ?? f))].sort((a, b) => a - b);
  const parts = [];
  for (let i = 0; i < all.length; i++) {
    const first = all[i];
    while (all[i + 1] === all[i] + 1) i++;
    parts.push(all[i] === first ? `${first}` : `${first}-${all[i]}`);
  }
  return parts.join(',');
}

// FrameList is the frames of a job's tasks, page by page, kept true by events.
class FrameList {
  constructor(job, from) {
    Object.assign(this, { job, from, pages: new Map(), pageOf: new Map(), frames: [] });
  }

  follow() {
    this.all();
    return on((name, event) => {
      if (name === 'fresh' || (name === 'job' && event.id === this.job && event.refresh_tasks)) later(`frames ${this.job}`, () => this.all());
      if (name !== 'task' || event.job_id !== this.job) return;
      const page = this.pageOf.get(event.id);
      if (page !== undefined) later(`frames ${this.job} ${page}`, () => this.page(page).then(() => this.join()));
    });
  }

  async all() {
    try {
      for (let after = this.from, shown = -SEEN; ;) {
        const next = await this.page(after);
        const end = !next || next >= this.from + MOST;
        if (end || performance.now() - shown > SEEN) { // to draw thousands of frames takes a while
          this.join();
          shown = performance.now();
        }
        if (end) return;
        after = next;
      }
    } catch {
      // The job is gone or the manager away, which the page says.
    }
  }

  // page fetches one page, and returns where the next begins, 0 if there is none.
  async page(after) {
    const { frames, next } = await api.frames(this.job, after, PAGE);
    const before = this.pages.get(after) ?? [];
    this.pages.set(after, frames.map((f, i) => (before[i] && JSON.stringify(f) === JSON.stringify(before[i]) ? before[i] : f))); // what is the same is not drawn again
    for (const f of frames) this.pageOf.set(f.task_id, after);
    return next;
  }

  join() {
    this.frames = [...this.pages.values()].flat().sort((a, b) => a.frame - b.frame);
    this.changed?.();
  }
}
