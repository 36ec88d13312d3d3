// Short messages at the edge of the page, and questions before work is lost.
import { now } from './format.js';
import { html, signal, useEffect, useRef } from './lib.js';

const STAYS = 8000; // milliseconds
const KEPT = 1000; // things that happened
const MOST = 300; // letters of one

// happened is what happened while this page was open, the newest first: {id, time, text, href}.
export const happened = signal([]);

// note keeps that something happened; href is where that is to be seen.
export function note(text, href) {
  happened.value = [{ id: ++count, time: new Date(now()).toISOString(), text: text.slice(0, MOST), href }, ...happened.value.slice(0, KEPT - 1)];
}

const notices = signal([]);
const question = signal(null);
let count = 0;

// tell shows a message for a while; undo is what takes back what it tells of.
export function tell(text, { undo, good = false } = {}) {
  const notice = { id: ++count, text, undo, good };
  notices.value = [...notices.value.slice(-4), notice];
  note(text);
  setTimeout(() => dismiss(notice), STAYS);
}

function dismiss(notice) {
  notices.value = notices.value.filter((n) => n !== notice);
}

// ask asks a question and returns what was chosen, or null when the user wants none of it.
// Choices are [[value, label], …]; with a field, {label, value, type, min, max}, the answer is
// {choice, value}.
export function ask(title, explanation, choices, field) {
  return new Promise((resolve) => { question.value = { title, explanation, choices, field, resolve }; });
}

export function Notices() {
  return html`<div id="notices" aria-live="polite">${notices.value.map((n) => html`
    <div class=${`notice ${n.good ? 'good' : ''}`} key=${n.id}><span>${n.text}</span>
      ${n.undo && html`<button type="button" onClick=${() => { dismiss(n); n.undo(); }}>Undo</button>`}
      <button type="button" class="plain" aria-label="Dismiss" onClick=${() => dismiss(n)}>×</button></div>`)}</div>`;
}

export function Question() {
  const q = question.value;
  const dialog = useRef(null);
  useEffect(() => {
    if (q) dialog.current.showModal();
  }, [q]);
  if (!q) return null;
  const close = (answer) => {
    question.value = null;
    q.resolve(answer);
  };
  const choose = (choice) => {
    const field = dialog.current.querySelector('input');
    if (field && !field.reportValidity()) return;
    close(q.field ? { choice, value: field.value } : choice);
  };
  return html`<dialog ref=${dialog} aria-label=${q.title} onCancel=${() => close(null)} onClose=${() => question.value === q && close(null)}>
    <h2>${q.title}</h2><p>${q.explanation}</p>
    ${q.field && html`<form onSubmit=${(event) => { event.preventDefault(); choose(q.choices[0][0]); }}>
      <label class="field">${q.field.label}<input required ...${attributes(q.field)} /></label></form>`}
    <div class="actions">
      <button type="button" onClick=${() => close(null)}>Leave it</button>
      ${q.choices.map(([value, label]) => html`<button type="button" class=${q.field ? 'strong' : 'danger'} onClick=${() => choose(value)}>${label}</button>`)}
    </div></dialog>`;
}

const attributes = ({ label, ...rest }) => rest;
