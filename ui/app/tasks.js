// The tasks of one job, a page at a time: a job may have a hundred thousand.
import { APP } from './address.js';
import * as api from './api.js';
import { el, Rows, setAttr, setName, setText, show, soon } from './dom.js';
import { card, Progress, Status, table, Time } from './parts.js';

const PAGE = 100;

const columns = [['c-number', '#'], ['c-status', 'Status'], ['c-name', 'Task'], ['c-progress', 'Progress'],
  ['c-worker wide', 'Worker'], ['c-time', 'Updated']];

export class Tasks {
  constructor(farm) {
    this.job = '';
    this.selected = '';
    this.after = 0; // the number of the last task before this page
    this.tasks = new Map(); // by id: the tasks of this page
    const { node, body } = table('Tasks', columns);
    this.table = node;
    this.rows = new Rows(body, () => new TaskRow(this));
    this.back = el('button', { type: 'button', onclick: () => this.go(this.after - PAGE) }, '‹ Earlier');
    this.forth = el('button', { type: 'button', onclick: () => this.go(this.after + PAGE) }, 'Later ›');
    this.place = el('span', { class: 'quiet' });
    this.number = el('input', { type: 'number', min: 1, step: 1, placeholder: 'Number', 'aria-label': 'Go to the task with this number' });
    this.pager = el('form', { class: 'pager', onsubmit: (event) => this.jump(event) }, this.back, this.place, this.forth, this.number,
      el('button', {}, 'Go'));
    this.hint = el('p', { class: 'hint' }, 'Reading the tasks …');
    this.box = el('div', { class: 'scroll', tabindex: -1 }, this.table);
    this.node = card('Tasks', { class: 'tasks' }, this.hint, this.box, this.pager);
    this.redraw = soon(() => this.update());
    this.refetch = soon(() => this.fetch(), 500);
    farm.on('task', (event) => this.apply(event));
    farm.on('fresh', () => this.job && this.fetch());
    farm.on('job', (event) => {
      if (event.id === this.job && !event.was_deleted && (event.refresh_tasks || event.previous_status)) this.refetch();
    });
  }

  // open shows the first tasks of a job.
  open(job) {
    if (job === this.job) return;
    this.job = job;
    this.after = 0;
    this.tasks = new Map();
    this.last = true;
    this.fetched = false;
    this.update();
    if (job) this.fetch();
  }

  // select marks a task, and turns to its page when its number is given.
  select(id, number = 0) {
    this.selected = id;
    if (number && (number <= this.after || number > this.after + PAGE)) this.go(number - 1 - ((number - 1) % PAGE), true);
    this.redraw();
  }

  go(after) {
    this.after = Math.max(0, after);
    this.fetch().then(() => { this.box.scrollTop = 0; });
  }

  jump(event) {
    event.preventDefault();
    const number = Number(this.number.value);
    if (number >= 1) this.go(number - 1 - ((number - 1) % PAGE));
  }

  async fetch() {
    const { job, after } = this;
    try {
      const tasks = await api.tasks(job, after, PAGE + 1);
      if (job !== this.job || after !== this.after) return; // somewhere else by now
      this.last = tasks.length <= PAGE;
      this.tasks = new Map(tasks.slice(0, PAGE).map((task) => [task.id, task]));
      this.fetched = true;
      this.update();
    } catch (error) {
      setText(this.hint, error.message);
    }
  }

  apply(event) {
    const task = this.tasks.get(event.id);
    if (!task) return;
    const { worker, ...rest } = event;
    this.tasks.set(event.id, { ...task, ...rest, worker: worker ? { id: worker.uuid, name: worker.name } : task.worker });
    this.redraw();
  }

  update() {
    const tasks = [...this.tasks.values()];
    show(this.hint, tasks.length === 0);
    setText(this.hint, !this.fetched ? 'Reading the tasks …' : this.after ? `There is no task ${this.after + 1}.` : 'This job has no tasks.');
    show(this.box, tasks.length > 0);
    show(this.pager, this.after > 0 || !this.last);
    this.back.disabled = this.after === 0;
    this.forth.disabled = this.last;
    setText(this.place, tasks.length ? `${tasks[0].index_in_job} – ${tasks.at(-1).index_in_job}` : '');
    this.rows.update(tasks);
  }
}

class TaskRow {
  constructor(tasks) {
    this.tasks = tasks;
    this.number = el('td', { class: 'c-number' });
    this.status = new Status();
    this.link = el('a', { class: 'name' });
    this.progress = new Progress('Progress');
    this.worker = el('td', { class: 'c-worker wide' });
    this.time = new Time();
    this.node = el('tr', {}, this.number,
      el('td', { class: 'c-status' }, this.status.node),
      el('td', { class: 'c-name' }, this.link),
      el('td', { class: 'c-progress' }, this.progress.node),
      this.worker,
      el('td', { class: 'c-time' }, this.time.node));
  }

  update(task) {
    setText(this.number, task.index_in_job);
    this.status.update(task.status);
    setName(this.link, task.name);
    setAttr(this.link, 'href', `${APP}jobs/${this.tasks.job}/${task.id}`);
    setAttr(this.link, 'title', task.name);
    setAttr(this.node, 'aria-selected', task.id === this.tasks.selected ? 'true' : null);
    setAttr(this.link, 'aria-current', task.id === this.tasks.selected ? 'true' : null);
    this.progress.update(task);
    setText(this.worker, task.worker?.name);
    this.time.update(task.updated);
  }
}
