// Small parts that several parts of the page use.
import { el, setAttr, setText } from './dom.js';
import { ago, exactly, percent, word } from './format.js';

// Time shows how long ago something was; it grows old by itself.
export class Time {
  constructor() {
    this.node = el('time');
  }

  update(value) {
    setAttr(this.node, 'datetime', value ?? '');
    setAttr(this.node, 'title', exactly(value));
    setText(this.node, ago(value));
  }
}

const AGEING = 5000; // milliseconds; the resolution of ago

setInterval(() => {
  for (const node of document.querySelectorAll('time')) setText(node, ago(node.dateTime));
}, AGEING);

// Status shows a status as a coloured dot and a word.
export class Status {
  constructor() {
    this.node = el('span', { class: 'status' });
  }

  update(status, more = '') {
    setAttr(this.node, 'data-status', status || 'new');
    setAttr(this.node, 'title', status);
    setText(this.node, word(status) + more);
  }
}

// Progress shows how many steps are done.
export class Progress {
  constructor(label) {
    this.bar = el('progress', { max: 100, 'aria-label': label });
    this.number = el('span', { class: 'number' });
    this.node = el('span', { class: 'progress' }, this.bar, this.number);
  }

  update(item) {
    const done = item.status === 'completed' ? 100 : percent(item.steps_completed, item.steps_total);
    if (this.bar.value !== done) this.bar.value = done;
    setAttr(this.bar, 'data-status', item.status);
    setText(this.number, `${done}%`);
    setAttr(this.node, 'title', `${item.steps_completed ?? 0} of ${item.steps_total ?? 0} steps`);
  }
}

// Facts is a list of names and values; those without a value are left out.
export class Facts {
  // names gives the facts in their order.
  constructor(...names) {
    this.node = el('dl', { class: 'facts' });
    this.values = new Map();
    for (const name of names) {
      const value = el('dd');
      const pair = el('div', {}, el('dt', {}, name), value);
      this.values.set(name, { pair, value });
      this.node.append(pair);
    }
  }

  // set gives a fact its value: text, a node, or nothing.
  set(name, value) {
    const fact = this.values.get(name);
    fact.pair.hidden = value == null || value === '';
    if (value instanceof Node) {
      if (fact.value.firstChild !== value || fact.value.childNodes.length > 1) fact.value.replaceChildren(value);
    } else {
      setText(fact.value, value);
    }
  }
}

// card makes a titled section.
export function card(title, properties = {}, ...children) {
  const heading = el('h2', {}, title);
  return el('section', { ...properties, class: `card ${properties.class ?? ''}` }, heading, ...children);
}

// table makes a table with the columns [[class, title], …] and an empty body.
export function table(label, columns) {
  const body = el('tbody');
  const head = el('tr', {}, ...columns.map(([kind, title]) => el('th', { class: kind, scope: 'col' }, title)));
  const node = el('table', { 'aria-label': label }, el('thead', {}, head), body);
  return { node, body };
}

// command shows a line to type in a terminal, with a button that copies it.
export function command(line) {
  const copy = el('button', { type: 'button', class: 'copy', title: 'Copy the command' }, 'Copy');
  copy.addEventListener('click', async () => {
    const code = copy.previousSibling;
    try {
      await navigator.clipboard.writeText(line);
      setText(copy, 'Copied');
    } catch { // only secure pages and localhost may write to the clipboard
      getSelection().selectAllChildren(code);
      setText(copy, 'Selected');
    }
    setTimeout(() => setText(copy, 'Copy'), 2000);
  });
  return el('div', { class: 'command' }, el('code', {}, line), copy);
}
