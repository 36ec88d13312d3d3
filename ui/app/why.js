// Why a job or a task waits, in the scheduler's own words. What it says depends on
// the whole farm, so it is asked again when anything changes there, and never
// just because time has passed.
import * as api from './api.js';
import { el, setText, show, soon } from './dom.js';

const PAUSE = 1000; // milliseconds between two questions, at least

export class Why {
  // what is jobs or tasks.
  constructor(farm, what) {
    this.what = what;
    this.id = '';
    this.reason = el('span');
    this.next = el('span', { class: 'quiet' });
    this.node = el('p', { class: 'why', hidden: true }, this.reason, this.next);
    this.ask = soon(() => this.fetch(), PAUSE);
    for (const name of ['jobs', 'workers', 'status']) farm.on(name, () => this.id && this.ask());
  }

  // about asks about an item at once, if it is another one; '' is none.
  about(id) {
    if (id === this.id) return;
    this.id = id;
    show(this.node, false);
    if (id) this.fetch();
  }

  async fetch() {
    const id = this.id;
    if (!id) return;
    let why = null;
    try {
      why = await api.why(this.what, id);
    } catch {
      // It is gone, or the manager is away: the page says that elsewhere.
    }
    if (id !== this.id) return;
    setText(this.reason, why?.reason);
    setText(this.next, why?.next);
    this.node.title = (why?.details ?? []).join('\n');
    show(this.node, why && !why.running);
  }
}
