// Why a job or a task waits, in the scheduler's own words. What it says depends on
// the whole farm, so it is asked again when anything changes there, and never
// just because time has passed.
import { Advice } from './advice.js';
import * as api from './api.js';
import { html } from './lib.js';
import { useLive } from './live.js';

const wakes = (name) => name === 'job' || name === 'worker' || name === 'status' || name === 'task';

// useWhy returns why a thing of a kind, jobs, tasks or workers, is not at work; null until that
// is known, and for the id ''. It is asked anew when the status becomes another one; of what is
// over only when it changes itself.
export function useWhy(kind, id, status = '', over = false) {
  return useLive(id ? `why ${id} ${status}` : null, () => api.why(kind, id), { wakes: over ? (name, event) => name === 'job' && event.id === id : wakes }).data;
}

export function Why({ kind, id, over }) {
  return html`<${Because} why=${useWhy(kind, id, '', over)} over=${over} />`;
}

// Because shows what useWhy returns. Of what runs, or is over, it has only warnings, and what
// can be done about them.
export function Because({ why, over }) {
  if (!why) return null;
  const warnings = why.warnings?.length > 0 && html`<div class="why warn">${why.warnings.map((text) => html`<p key=${text}>${text}</p>`)}
    <${Advice} actions=${why.actions.filter((a) => a.verb === 'rerender-frames')} /></div>`;
  if (why.running || over) return warnings;
  return html`${warnings}<div class=${`why ${why.cause ? 'bad' : ''}`}><p>${why.reason}</p>
    ${why.advice && html`<p class="quiet">${why.advice}</p>`}<${Advice} actions=${why.actions.filter((a) => a.verb !== 'rerender-frames')} />
    ${why.cause?.line && html`<pre class="line">${why.cause.line}</pre>`}
    ${why.details?.length > 0 && html`<details><summary>More</summary><ul>${why.details.map((text) => html`<li key=${text}>${text}</li>`)}</ul></details>`}</div>`;
}
