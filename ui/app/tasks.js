// The tasks of one job: only those near the view are there, as a job may have a hundred
// thousand, and those of a status are found with one click.
import { Actions, shown } from './actions.js';
import * as api from './api.js';
import { later } from './budget.js';
import { useNarrow } from './keys.js';
import { html, useEffect, useMemo, useState } from './lib.js';
import { on } from './live.js';
import { usePicks } from './picks.js';
import { Card, Name, Progress, Status, Time } from './parts.js';
import { ask, go, place } from './router.js';
import { LongTable } from './window.js';
import { word } from './format.js';

const BLOCK = 100, MOST = 1000; // tasks that are asked for at a time, and those of one status

const columns = [['c-pick', ''], ['c-number', '#'], ['c-status', 'Status'], ['c-name', 'Task'], ['c-progress', 'Progress'], ['c-worker wide', 'Worker'], ['c-time', 'Updated']];

export function Tasks({ job, selected }) {
  const statuses = place.value.query.getAll('tasks');
  const counts = job.task_counts ?? {};
  const key = `${job.id} ${statuses}`;
  const list = useMemo(() => new TaskList(job.id, statuses), [key]);
  const [, redraw] = useState(0);
  const narrow = useNarrow(700);
  list.changed = () => redraw((n) => n + 1);
  useEffect(() => list.follow(), [list]);
  useEffect(() => { if (selected) list.find(selected); }, [list, selected]);
  const all = Object.values(counts).reduce((sum, n) => sum + n, 0);
  const total = statuses.length ? list.found.length : all;
  const at = (i) => list.at(i);
  const picks = usePicks(at, total, { kind: 'task', of: key });
  const chosen = picks.items;
  const toggle = (status) => ask({ tasks: statuses.includes(status) ? statuses.filter((s) => s !== status) : [...statuses, status] });
  return html`<${Card} title="Tasks" kind="tasks" side=${html`<div class="chips" role="group" aria-label="Tasks of a status">${Object.entries(counts).sort().map(([status, n]) => html`
      <button type="button" class="chip" key=${status} aria-pressed=${statuses.includes(status) ? 'true' : 'false'} onClick=${() => toggle(status)}>
        <span class="status" data-status=${status}>${word(status)}</span><span class="count">${n.toLocaleString('en')}</span></button>`)}
      ${statuses.filter((s) => !counts[s]).map((s) => html`<button type="button" class="chip" key=${s} aria-pressed="true" onClick=${() => toggle(s)}>${word(s)}<span class="count">0</span></button>`)}</div>`}>
    ${chosen.length > 0 && html`<div class="bulk" role="toolbar" aria-label="What to do with the chosen tasks"><strong>${chosen.length} chosen</strong><${Actions} kind="task" items=${chosen} />
      <button type="button" class="plain" onClick=${picks.clear}>Clear</button></div>`}
    ${list.error && html`<p class="hint">${list.error.message}</p>`}
    <${LongTable} label="Tasks" columns=${columns} total=${total} height=${narrow ? 60 : 38} wants=${list.wants} at=${list.row} onKey=${picks.key}
      row=${(i) => html`<${TaskRow} key=${at(i)?.id ?? i} job=${job.id} task=${at(i)} index=${i} selected=${selected} picks=${picks} />`}
      empty=${html`<p class="hint">${statuses.length ? 'No task is like this now.' : 'This job has no tasks.'}</p>`} />
    ${statuses.length > 0 && list.found.length === MOST && html`<p class="hint">These are the first ${MOST.toLocaleString('en')} of them.</p>`}</${Card}>`;
}

// TaskList is what is known of the tasks of a job, by their row; with statuses, only of those.
class TaskList {
  constructor(job, statuses) {
    Object.assign(this, { job, statuses, rows: new Map(), index: new Map(), found: [], asking: new Map(), view: [0, 0], row: -1 });
    this.wants = (first, last) => {
      this.view = [first, last];
      this.fill();
    };
    if (statuses.length) this.read();
  }

  at(i) {
    return this.statuses.length ? this.found[i] : this.rows.get(i);
  }

  // follow keeps the list true, until what it returns is called.
  follow() {
    return on((name, event) => {
      if (name === 'fresh' || (name === 'job' && event.id === this.job && (event.refresh_tasks || event.previous_status))) {
        later(`tasks ${this.job}`, () => this.again());
      } else if (name === 'task' && event.job_id === this.job) this.apply(event);
    });
  }

  // again fetches what is in view, and drops the rest.
  async again() {
    if (this.statuses.length) return this.read();
    const [first, last] = this.view;
    for (const i of [...this.rows.keys()]) {
      if (i < first || i >= last) this.rows.delete(i);
    }
    return this.fill(true);
  }

  // read fetches the tasks of the statuses.
  async read() {
    try {
      this.found = await api.tasks(this.job, 0, MOST, this.statuses);
      this.error = null;
    } catch (error) {
      this.error = error;
    }
    this.changed?.();
  }

  // fill fetches the rows in view that are not known, or all of them.
  async fill(anyway = false) {
    if (this.statuses.length) return;
    const [first, last] = this.view;
    const blocks = [];
    for (let b = Math.floor(first / BLOCK); b * BLOCK < last; b++) {
      let lacks = anyway;
      for (let i = Math.max(first, b * BLOCK); i < Math.min(last, (b + 1) * BLOCK); i++) lacks ||= !this.rows.has(i);
      if (lacks && !this.asking.has(b)) blocks.push(this.block(b));
    }
    await Promise.all(blocks);
  }

  async block(b) {
    this.asking.set(b, []); // events that come in meanwhile
    try {
      const tasks = await api.tasks(this.job, b * BLOCK, BLOCK);
      for (const task of tasks) this.keep(task);
      this.error = null;
    } catch (error) {
      this.error = error;
    }
    const early = this.asking.get(b);
    this.asking.delete(b);
    for (const event of early) this.apply(event);
    this.changed?.();
  }

  keep(task) {
    this.rows.set(task.index_in_job - 1, task);
    this.index.set(task.id, task.index_in_job - 1);
  }

  apply(event) {
    for (const early of this.asking.values()) early.push(event);
    if (this.statuses.length) {
      const known = this.found.findIndex((task) => task.id === event.id);
      if (known >= 0) this.found = this.found.with(known, merged(this.found[known], event));
      if (event.previous_status) later(`tasks ${this.job}`, () => this.read());
    } else {
      const i = this.index.get(event.id);
      if (!this.rows.has(i)) return;
      this.rows.set(i, merged(this.rows.get(i), event));
    }
    this.soon ??= requestAnimationFrame(() => { // many events come at once
      this.soon = undefined;
      this.changed?.();
    });
  }

  // find brings a task into view.
  async find(id) {
    if (this.statuses.length) return;
    try {
      const task = this.index.has(id) ? this.rows.get(this.index.get(id)) : await api.task(id);
      if (task) this.row = task.index_in_job - 1;
      this.changed?.();
    } catch {
      // The task itself says that there is none.
    }
  }
}

// merged is a task after an event, which calls the worker's id another name.
function merged(task, { worker, ...rest }) {
  return { ...task, ...rest, worker: worker ? { id: worker.uuid, name: worker.name } : task.worker };
}

function TaskRow({ job, task: given, index, selected, picks }) {
  if (!given) return html`<tr class="blank" aria-rowindex=${index + 2}><td colspan=${columns.length}></td></tr>`;
  const task = shown(given);
  const href = `jobs/${job}/${task.id}${location.search}`;
  const open = (event) => {
    if (event.target.closest('a, button, input, label') || getSelection().type === 'Range') return;
    if (event.ctrlKey || event.metaKey || event.shiftKey) picks.click(index, event);
    else go(href);
  };
  const picked = picks.has(task.id);
  return html`<tr aria-rowindex=${index + 2} aria-selected=${picked || task.id === selected ? 'true' : 'false'} data-index=${index} onClick=${open}
      onMouseDown=${(event) => event.shiftKey && event.preventDefault()}>
    <td class="c-pick"><label><input type="checkbox" checked=${picked} aria-label=${`Choose task ${task.index_in_job}`} onClick=${(event) => picks.click(index, event)} /></label></td>
    <td class="c-number">${task.index_in_job}</td>
    <td class="c-status"><${Status} is=${task.status} /></td>
    <td class="c-name"><a class="name" href=${href} title=${task.name} aria-current=${task.id === selected ? 'true' : undefined}><${Name} text=${task.name} /></a></td>
    <td class="c-progress"><${Progress} item=${task} /></td>
    <td class="c-worker wide">${task.worker?.id && html`<a href=${`workers/${task.worker.id}`}>${task.worker.name || 'gone'}</a>`}</td>
    <td class="c-time"><${Time} of=${task.updated} /></td></tr>`;
}
