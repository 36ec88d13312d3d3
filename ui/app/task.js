// One task, beside its job: how it stands, why, what it runs, and its log.
import { Actions, shown } from './actions.js';
import * as api from './api.js';
import { html } from './lib.js';
import { useLive } from './live.js';
import { Log } from './log.js';
import { Drawer, Facts, Fold, Progress, Status, Time } from './parts.js';
import { Why } from './why.js';
import { text } from './format.js';

export function Task({ job, id }) {
  const close = `jobs/${job}${location.search}`;
  const { data, error } = useLive(`task ${id}`, () => api.task(id), {
    wakes: (name, event) => name === 'task' && event.id === id,
    change: (task, name, event) => (name === 'task' && event.id === id ? { ...task, ...event, worker: event.worker ? { id: event.worker.uuid, name: event.worker.name } : task.worker } : task),
  });
  if (!data) {
    const says = error?.status === 404 || error?.status === 400 ? 'There is no such task: its job may have been deleted.' : error?.message ?? 'Reading the task …';
    return html`<${Drawer} title="Task" kind="task" close=${close}><p class="hint">${says}</p></${Drawer}>`;
  }
  const task = shown(data);
  return html`<${Drawer} title=${`${task.index_in_job}. ${task.name}`} kind="task" close=${close}>
    <div class="row"><${Status} is=${task.status} /><${Progress} item=${task} label="Progress of the task" /><${Actions} kind="task" items=${[data]} /></div>
    ${task.status !== 'completed' && task.status !== 'active' ? html`<${Why} kind="tasks" id=${id} key=${task.status} />` : null}
    <${Facts} list=${[
      ['Activity', task.activity],
      ['Worker', task.worker?.id && html`<a href=${`workers/${task.worker.id}`}>${task.worker.name || 'gone'}</a>`],
      ['Failed by', task.failed_by_workers?.length > 0 && task.failed_by_workers.map((w) => w.name || w.id).join(', ')],
      ['Type', task.task_type],
      ['Updated', html`<${Time} of=${task.updated} />`],
      ['Last sign', task.status === 'active' && task.last_touched && html`<${Time} of=${task.last_touched} />`],
      ['ID', html`<span class="path">${task.id}</span>`],
    ]} />
    <${Fold} title=${`Commands (${task.commands.length})`}>${task.commands.map((command, i) => html`<div class="command-shown" key=${i}><h3>${command.name}</h3>
      <dl class="values">${Object.entries(command.parameters).map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${text(value)}</dd></div>`)}</dl></div>`)}</${Fold}>
    <${Log} task=${id} status=${task.status} /></${Drawer}>`;
}
