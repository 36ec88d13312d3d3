// What can be set of jobs, one or many: their priority and their tag.
import * as api from './api.js';
import { change } from './actions.js';
import { html } from './lib.js';
import { useLive } from './live.js';
import { ask } from './notice.js';

export function JobTools({ jobs }) {
  const { data: tags } = useLive('tags', api.tags, { wakes: (name) => name === 'tag' });
  const same = jobs.every((job) => (job.worker_tag ?? '') === (jobs[0].worker_tag ?? '')) ? jobs[0].worker_tag ?? '' : null;
  return html`<button type="button" onClick=${() => prioritize(jobs)}>Priority …</button>
    ${tags?.length > 0 && html`<select aria-label="Workers that may do it" title="Workers that may do it" value=${same ?? '?'} onChange=${(event) => tag(jobs, event.currentTarget.value)}>
      ${same === null && html`<option value="?" disabled>Tags differ</option>`}
      <option value="">Any worker</option>${tags.map((t) => html`<option key=${t.id} value=${t.id}>Only ${t.name}</option>`)}</select>`}`;
}

export async function prioritize(jobs) {
  const answer = await ask('Priority', 'Jobs with a higher one go first. It is a number from 0 to 100; 50 is usual.', [['yes', 'Set']],
    { label: 'Priority', type: 'number', min: 0, max: 100, step: 1, value: jobs[0].priority });
  if (!answer) return;
  await setPriority(jobs, Number(answer.value));
}

// setPriority gives jobs a priority, which can be undone.
export const setPriority = (jobs, value) => change(jobs, 'job', (job) => api.setJobPriority(job.id, value),
  { undo: (job) => api.setJobPriority(job.id, job.priority), did: `got priority ${value}` });

const tag = (jobs, id) => change(jobs, 'job', (job) => api.setJobTag(job.id, id), { undo: (job) => api.setJobTag(job.id, job.worker_tag), did: 'changed workers' });
