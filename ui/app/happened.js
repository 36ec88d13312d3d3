// What happened while this page was open: what became of jobs and workers, which tasks of
// the open job failed, what was answered to actions, and whether the manager was there.
import { exactly, word } from './format.js';
import { effect, html, signal, useEffect, useRef } from './lib.js';
import { connected, everConnected, on } from './live.js';
import { happened, note } from './notice.js';
import { Time } from './parts.js';

const open = signal(false);
const names = new Map(); // of jobs and workers, for when they go

export const showHappened = () => { open.value = true; };

const failed = ['failed', 'soft-failed'];

on((name, event) => {
  if (name === 'job') job(event);
  else if (name === 'worker') worker(event);
  else if (name === 'task' && event.previous_status && failed.includes(event.status)) {
    note(`${event.name}: ${word(event.status)}${event.activity ? `, ${event.activity}` : ''}`, `jobs/${event.job_id}/${event.id}`);
  }
});

function job(event) {
  if (event.was_deleted) note(`${named(event.id, 'A job')} was deleted`);
  else if (event.previous_status && event.previous_status !== event.status) note(`${event.name}: ${word(event.status)}`, `jobs/${event.id}`);
  if (event.was_deleted) names.delete(event.id);
  else names.set(event.id, event.name);
}

function worker(event) {
  names.set(event.id, event.name);
  if (event.deleted_at) note(`${event.name} was removed`);
  else if (event.previous_status !== undefined && event.previous_status !== event.status) note(`${event.name}: ${word(event.status)}`, `workers/${event.id}`);
}

const named = (id, otherwise) => names.get(id) ?? otherwise;

let there = null;
effect(() => {
  const now = connected.value, before = there;
  if (!everConnected.value) return;
  there = now;
  if (before !== null && now !== before) note(now ? 'The manager answers again' : 'The connection to the manager was lost');
});

export function Happened() {
  const dialog = useRef(null);
  useEffect(() => { if (open.value) dialog.current.showModal(); }, [open.value]);
  if (!open.value) return null;
  return html`<dialog ref=${dialog} class="happened" aria-label="What happened" onClose=${() => { open.value = false; }}><h2>What happened</h2>
    ${happened.value.length === 0 ? html`<p class="hint">Nothing yet, since this page was opened.</p>` : html`<ol class="changes" tabindex="0" aria-label="What happened, the newest first">${happened.value.map((h) => html`<li key=${h.id} title=${exactly(h.time)}>
      <${Time} of=${h.time} />${h.href ? html`<a href=${h.href} onClick=${() => dialog.current.close()}>${h.text}</a>` : html`<span>${h.text}</span>`}</li>`)}</ol>`}
    <div class="actions"><button type="button" onClick=${() => dialog.current.close()}>Close</button></div></dialog>`;
}
