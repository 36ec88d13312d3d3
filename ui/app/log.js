// The end of a task's log, as it grows.
import * as api from './api.js';
import { el, setAttr, setText, show } from './dom.js';
import { bytes } from './format.js';

// How much of a log is fetched and kept, in bytes and in characters: enough to
// read what went wrong; the rest is a click away.
const FETCHED = 64_000, KEPT = 200_000;

// How long after the log was fetched an event may still tell of what was in it, in
// milliseconds. A text that comes again within that time is taken for the same.
const LATE = 10_000;

// The manager cuts what a program wrote at once to this many bytes in an event.
const CUT = 16 << 10;

export class Log {
  constructor(farm) {
    this.task = '';
    this.early = null; // events that came in while fetching
    this.fetched = -LATE; // when that was done, on the page's clock
    this.text = el('pre', { class: 'log', tabindex: 0, 'aria-label': 'Log' });
    this.full = el('a', { target: '_blank', rel: 'noopener' }, 'Open the full log');
    this.none = el('p', { class: 'hint' }, 'Nothing is logged yet.');
    this.node = el('div', {}, el('div', { class: 'row' }, el('h4', {}, 'Log'), this.full), this.text, this.none);
    farm.on('log', (event) => this.grow(event));
    this.update();
  }

  open(task) {
    if (task !== this.task) setText(this.text, '');
    this.task = task;
    this.update();
    return this.fetch();
  }

  async fetch() {
    const task = this.task;
    const early = this.early = [];
    try {
      const info = await api.logInfo(task);
      const ending = info ? await api.ending(info.url, FETCHED) : '';
      if (task !== this.task || early !== this.early) return; // another call took over
      setAttr(this.full, 'href', info?.url);
      if (info) setText(this.full, `Open the full log (${bytes(Math.max(info.size, ending.length))})`);
      this.put(ending);
    } catch (error) {
      if (early === this.early) this.put(`(${error.message})\n`);
    }
    if (early !== this.early) return;
    this.early = null;
    this.fetched = performance.now();
    for (const chunk of early) this.add(chunk);
  }

  grow(event) {
    if (event.task_id !== this.task) return;
    if (event.log.length >= CUT) return void this.fetch();
    const chunk = event.log.endsWith('\n') ? event.log : `${event.log}\n`;
    if (this.early) return void this.early.push(chunk);
    if (!this.full.hasAttribute('href')) return void this.fetch();
    this.add(chunk);
  }

  // add appends what an event tells, which may be in the file that was fetched, and may not.
  add(chunk) {
    const late = performance.now() - this.fetched < LATE;
    if (!late || !this.text.textContent.includes(chunk)) this.append(chunk);
  }

  put(text) {
    setText(this.text, text);
    this.update();
    this.text.scrollTop = this.text.scrollHeight;
  }

  // append adds a text, and stays at the end if that is where the reader is.
  append(chunk) {
    const box = this.text;
    const atEnd = box.scrollTop + box.clientHeight > box.scrollHeight - 30;
    if (box.textContent.length > KEPT) box.textContent = box.textContent.slice(-KEPT / 2);
    box.append(chunk);
    this.update();
    if (atEnd) box.scrollTop = box.scrollHeight;
  }

  update() {
    const some = this.text.firstChild !== null;
    show(this.text, some);
    show(this.full, some && this.full.hasAttribute('href'));
    show(this.none, !some);
  }
}
