// Small parts that several parts of the page use.
import { html, memo, signal, useEffect, useRef, useState } from './lib.js';
import { ago, between, exactly, percent, remaining, word } from './format.js';

// The clock of the page: what shows how long ago something was is drawn again with it.
const tick = signal(0);
setInterval(() => { tick.value++; }, 5000); // the resolution of ago

// Time shows how long ago something was; it grows old by itself.
export const Time = memo(({ of }) => {
  tick.value;
  return html`<time datetime=${of ?? ''} title=${exactly(of)}>${ago(of)}</time>`;
});

// Status shows a status as a coloured dot and a word.
export const Status = memo(({ is, more }) => html`<span class="status" data-status=${is || 'new'}>${word(is)}${more}</span>`);

// Progress shows how many steps are done.
export function Progress({ item, label = 'Progress' }) {
  const done = item.status === 'completed' ? 100 : percent(item.steps_completed, item.steps_total);
  return html`<span class="progress" title=${`${item.steps_completed ?? 0} of ${item.steps_total ?? 0} steps`}>
    <progress max="100" value=${done} aria-label=${label} data-status=${item.status}></progress><span class="number">${done}%</span></span>`;
}

// Left is when a job will be over, as a range.
export function Left({ job }) {
  if (!job.time_left) return null;
  const { earliest, latest } = job.time_left;
  return html`<span class="left" title="When it will be done, as far as its frames so far tell">${between(earliest, latest)}</span>`;
}

// Remaining is how long a job takes yet, as a range.
export function Remaining({ job, more = '' }) {
  tick.value;
  if (!job.time_left) return null;
  const { earliest, latest } = job.time_left;
  return html`<span class="left" title=${`Done about ${between(earliest, latest)}, as far as its frames so far tell`}>${remaining(earliest, latest)}${more}</span>`;
}

// Name is a name in a narrow place: it may break after the marks that file names are made of.
export const Name = memo(({ text }) => String(text).slice(0, SHOWN).split(/(?<=[_.\-/])/).flatMap((part, i) => (i ? [html`<wbr />`, part] : [part])));

const SHOWN = 400; // of a name, in a list; the whole is on the page of the thing

// Facts is a list of names and values; those without a value are left out.
export function Facts({ list }) {
  const shown = list.filter(([, value]) => value != null && value !== '' && value !== false);
  return html`<dl class="facts">${shown.map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}

// Card is a titled section.
export function Card({ title, kind = '', side, children }) {
  return html`<section class=${`card ${kind}`}><div class="card-head"><h2>${title}</h2>${side}</div>${children}</section>`;
}

// Fold is a section that is folded away at first; its content is made once it is opened.
export function Fold({ title, children, open = false }) {
  const [seen, setSeen] = useState(open);
  return html`<details open=${open} onToggle=${(event) => event.currentTarget.open && setSeen(true)}><summary>${title}</summary>${seen && children}</details>`;
}

// Command is a line to type in a terminal, with a button that copies it.
export function Command({ line }) {
  return html`<div class="command"><code>${line}</code><${Copy} text=${line} what="the command" /></div>`;
}

// Copy copies a text.
export function Copy({ text, what, label = 'Copy' }) {
  const [done, setDone] = useState('');
  const button = useRef(null);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setDone('Copied');
    } catch { // only secure pages and localhost may write to the clipboard
      if (button.current.previousElementSibling) getSelection().selectAllChildren(button.current.previousElementSibling);
      setDone('Selected');
    }
    setTimeout(() => setDone(''), 2000);
  };
  return html`<button type="button" class="copy" ref=${button} title=${`Copy ${what}`} onClick=${copy}>${done || label}</button>`;
}

// stillThere is an element, or the link to the same place that was drawn in its stead.
const stillThere = (element) => (element.isConnected ? element : [...document.querySelectorAll('main a.name')].find((link) => link.href === element.href));

// Drawer is what is opened beside the page: the focus moves into it, Esc closes it, and then
// the focus is where it was.
export function Drawer({ title, kind, close, children }) {
  const heading = useRef(null);
  useEffect(() => {
    const before = document.activeElement, drawer = heading.current.closest('.drawer');
    heading.current.focus();
    return () => {
      const inside = drawer.contains(document.activeElement) || document.activeElement === document.body;
      if (inside) setTimeout(() => document.activeElement === document.body && stillThere(before)?.focus({ preventScroll: true }));
    };
  }, []);
  return html`<aside class=${`drawer ${kind}`} aria-label=${title} data-close=${close}>
    <div class="drawer-head"><h2 tabindex="-1" ref=${heading}>${title}</h2><a class="close" href=${close} aria-label="Close (Esc)" title="Close (Esc)">×</a></div>
    ${children}</aside>`;
}
