// One task: what it does, how it stands, and its log.
import { APP } from './address.js';
import * as api from './api.js';
import { el, setAttr, setText, show, soon } from './dom.js';
import { text } from './format.js';
import { newTaskActions } from './actions.js';
import { Log } from './log.js';
import { Facts, Progress, Status, Time } from './parts.js';

const FAILED = ['failed', 'soft-failed', 'paused'];

// causeOf resolves to why a task failed, as far as its log says; null if it did not.
async function causeOf(task) {
  if (!FAILED.includes(task.status)) return null;
  try {
    return (await api.why('tasks', task.id)).cause ?? null;
  } catch {
    return null; // the page says elsewhere that the manager is away
  }
}

export class Task {
  constructor(farm) {
    this.farm = farm;
    this.id = '';
    this.item = null;
    this.title = el('h3');
    this.status = new Status();
    this.progress = new Progress('Progress of the task');
    this.actions = newTaskActions();
    this.close = el('a', { class: 'close', 'aria-label': 'Close the task', title: 'Close the task' }, '×');
    this.cause = null;
    this.facts = new Facts('Activity', 'Why it failed', 'What to do', 'What its log says', 'Worker', 'Failed by', 'Task type', 'Priority', 'Steps', 'Last sign of life', 'Updated', 'ID');
    this.touched = new Time();
    this.updated = new Time();
    this.commands = el('div', { class: 'commands' });
    this.commandCount = el('summary');
    this.log = new Log(farm);
    this.body = el('div', {},
      el('div', { class: 'row' }, this.status.node, this.progress.node, this.actions.node),
      this.facts.node,
      el('details', {}, this.commandCount, this.commands),
      this.log.node);
    this.missing = el('p', { class: 'hint' });
    this.node = el('section', { class: 'task', 'aria-label': 'Task', hidden: true },
      el('div', { class: 'row title' }, this.title, this.close), this.missing, this.body);
    this.refetch = soon(() => this.fetch(), 300);
    farm.on('task', (event) => this.apply(event));
    // Where many tasks change, or show another status, the job says so and they do not.
    farm.on('job', (event) => {
      if (this.id && event.id === this.job && !event.was_deleted && (event.refresh_tasks || event.previous_status)) this.refetch();
    });
    farm.on('fresh', () => this.id && this.open(this.job, this.id));
  }

  // open shows a task; "" for none. It resolves to the task, or null.
  async open(job, id) {
    const other = id !== this.id;
    this.job = job;
    this.id = id;
    show(this.node, Boolean(id));
    if (!id) return null;
    setAttr(this.close, 'href', `${APP}jobs/${job}`);
    if (other) {
      this.item = null;
      this.cause = null;
      setText(this.title, 'Task');
      show(this.body, false);
      show(this.missing, false);
    }
    this.log.open(id);
    return this.fetch();
  }

  async fetch() {
    const id = this.id;
    try {
      const item = await api.task(id);
      const cause = await causeOf(item);
      if (id !== this.id) return null;
      this.item = item;
      this.cause = cause;
      this.showCommands(item.commands ?? []);
      this.update();
      return item;
    } catch (error) {
      if (id !== this.id) return null;
      setText(this.missing, error.status === 404 ? 'There is no such task: it may have been deleted with its job.' : error.message);
      show(this.missing, !this.item);
      return null;
    }
  }

  // apply takes an event in; what it does not tell is fetched.
  apply(event) {
    if (event.id !== this.id || !this.item) return;
    const before = this.item.status;
    const { worker, ...rest } = event;
    this.item = { ...this.item, ...rest };
    if (worker) this.item.worker = { id: worker.uuid, name: worker.name };
    this.update();
    if (before === event.status) return;
    this.refetch();
    // A task that runs again begins a new log.
    if (event.status === 'active') this.log.open(this.id);
  }

  update() {
    const task = this.item;
    show(this.body, true);
    show(this.missing, false);
    setText(this.title, `${task.index_in_job}. ${task.name}`);
    this.status.update(task.status);
    this.progress.update(task);
    this.actions.update(task);
    const facts = this.facts;
    facts.set('Activity', task.activity);
    const cause = FAILED.includes(task.status) ? this.cause : null;
    facts.set('Why it failed', cause?.means);
    facts.set('What to do', cause?.next);
    facts.set('What its log says', cause && `${cause.line} (${cause.class})`);
    facts.set('Worker', task.worker?.name || task.worker?.id);
    facts.set('Failed by', (task.failed_by_workers ?? []).map((worker) => worker.name || worker.id).join(', '));
    facts.set('Task type', task.task_type);
    facts.set('Priority', task.priority);
    facts.set('Steps', `${task.steps_completed} of ${task.steps_total}`);
    this.touched.update(task.last_touched);
    facts.set('Last sign of life', task.status === 'active' && task.last_touched ? this.touched.node : null);
    this.updated.update(task.updated);
    facts.set('Updated', this.updated.node);
    facts.set('ID', task.id);
  }

  showCommands(commands) {
    setText(this.commandCount, `Commands (${commands.length})`);
    const shown = JSON.stringify(commands);
    if (shown === this.shownCommands) return; // keep what is selected in them
    this.shownCommands = shown;
    this.commands.replaceChildren(...commands.map((command) => el('div', { class: 'command-shown' },
      el('h4', {}, command.name),
      el('dl', { class: 'values' }, ...Object.entries(command.parameters ?? {}).map(([name, value]) =>
        el('div', {}, el('dt', {}, name), el('dd', {}, text(value))))))));
  }
}
