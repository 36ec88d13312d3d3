// One task, beside its job: how it stands, why, who had it, what it runs, and its log.
import { Actions, shown } from './actions.js';
import { placed } from './address.js';
import * as api from './api.js';
import { html } from './lib.js';
import { useLive } from './live.js';
import { Log } from './log.js';
import { Drawer, Facts, Fold, Progress, Status, Time } from './parts.js';
import { Because, useWhy } from './why.js';
import { seconds, text } from './format.js';

export function Task({ job, id }) {
  const close = `jobs/${job}${location.search}`;
  const { data, error } = useLive(`task ${id}`, () => api.task(id), {
    wakes: (name, event) => name === 'task' && event.id === id,
    change: (task, name, event) => (name === 'task' && event.id === id ? { ...task, ...event, worker: event.worker ? { id: event.worker.uuid, name: event.worker.name } : task.worker } : task),
  });
  const idle = data && data.status !== 'completed' && data.status !== 'active';
  const why = useWhy('tasks', idle ? id : '', data?.status);
  if (!data) {
    const says = error?.status === 404 || error?.status === 400 ? 'There is no such task: its job may have been deleted.' : error?.message ?? 'Reading the task …';
    return html`<${Drawer} title="Task" kind="task" close=${close}><p class="hint">${says}</p></${Drawer}>`;
  }
  const task = shown(data);
  return html`<${Drawer} title=${`${task.index_in_job}. ${task.name}`} kind="task" close=${close}>
    <div class="row"><${Status} is=${task.status} /><${Progress} item=${task} label="Progress of the task" /><${Actions} kind="task" items=${[data]} /></div>
    <${Because} why=${why} />
    <${Facts} list=${[
      ['Activity', task.activity],
      ['Worker', task.worker?.id && html`<a href=${`workers/${task.worker.id}`}>${task.worker.name || 'gone'}</a>`],
      ['Failed by', task.failed_by_workers?.length > 0 && task.failed_by_workers.map((w) => w.name || w.id).join(', ')],
      ['Type', task.task_type],
      ['Updated', html`<${Time} of=${task.updated} />`],
      ['Last sign', task.status === 'active' && task.last_touched && html`<${Time} of=${task.last_touched} />`],
      ['ID', html`<span class="path">${task.id}</span>`],
    ]} />
    <${Attempts} id=${id} />
    <${Fold} title=${`Commands (${task.commands.length})`}>${task.commands.map((command, i) => html`<div class="command-shown" key=${i}><h3>${command.name}</h3>
      <dl class="values">${Object.entries(command.parameters).map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${text(value)}</dd></div>`)}</dl></div>`)}</${Fold}>
    <${Log} task=${id} cause=${why?.cause} /></${Drawer}>`;
}

const SHOWN = 5; // attempts; those before are folded away

// Attempts is who had the task and when, the last first. Logs are kept of two runs.
function Attempts({ id }) {
  const { data } = useLive(`attempts ${id}`, () => api.attempts(id), { wakes: (name, event) => name === 'task' && event.id === id && event.previous_status });
  if (!data?.length) return null;
  const list = data.toReversed(), last = list.slice(0, SHOWN), rest = list.slice(SHOWN);
  return html`<section class="attempts"><h3>Attempts</h3><ul class="plain-list">${last.map((a) => html`<${Attempt} key=${a.number} of=${a} />`)}</ul>
    ${rest.length > 0 && html`<${Fold} title=${`Those before (${rest.length})`}><ul class="plain-list">${rest.map((a) => html`<${Attempt} key=${a.number} of=${a} />`)}</ul></${Fold}>`}</section>`;
}

function Attempt({ of: a }) {
  const took = a.began && a.ended ? (Date.parse(a.ended) - Date.parse(a.began)) / 1000 : null;
  return html`<li><span class="number">${a.number}</span><${Status} is=${a.status === 'queued' ? 'returned' : a.status} />
    <a href=${`workers/${a.worker.id}`}>${a.worker.name || 'one that is gone'}</a>
    <span class="quiet">${a.began ? html`<${Time} of=${a.began} />` : a.ended && html`<${Time} of=${a.ended} />`}${took !== null && `, ${seconds(took)}`}</span>
    ${a.log && html`<a href=${placed(a.log)} target="_blank" rel="noopener">Log</a>`}
    ${a.reason && html`<span class="reason quiet">${a.reason}</span>`}</li>`;
}
