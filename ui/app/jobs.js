// The table of all jobs, newest first.
import { APP, MANAGER } from './address.js';
import { el, Rows, setAttr, setName, setText, show } from './dom.js';
import { count } from './format.js';
import { card, command, Progress, Status, table, Time } from './parts.js';

// How many rows are made at first, and more on each wish: a farm keeps its jobs
// for years, and nobody reads them all.
const SHOWN = 100;

const columns = [['c-status', 'Status'], ['c-name', 'Job'], ['c-progress', 'Progress'], ['c-number wide', 'Prio'], ['c-time', 'Updated']];

export class Jobs {
  constructor(farm) {
    this.farm = farm;
    this.selected = '';
    this.shown = SHOWN;
    const { node, body } = table('Jobs', columns);
    this.table = node;
    this.rows = new Rows(body, () => new JobRow(this));
    this.more = el('button', { type: 'button', class: 'more', onclick: () => this.showMore() });
    this.empty = noJobs();
    this.waiting = el('p', { class: 'hint' }, 'Reading the jobs …');
    this.node = card('Jobs', { class: 'jobs' }, this.waiting, this.empty, this.table, this.more);
    farm.on('jobs', () => this.update());
    this.update();
  }

  select(id) {
    this.selected = id;
    this.update();
  }

  showMore() {
    this.shown += SHOWN;
    this.update();
  }

  update() {
    const jobs = [...this.farm.jobs.values()].sort(newestFirst);
    show(this.waiting, !this.farm.loaded);
    show(this.empty, this.farm.loaded && jobs.length === 0);
    show(this.table, jobs.length > 0);
    show(this.more, jobs.length > this.shown);
    setText(this.more, `Show more of the ${count(jobs.length, 'job')}`);
    this.rows.update(jobs.slice(0, this.shown));
  }
}

function newestFirst(a, b) {
  if (a.created !== b.created) return a.created < b.created ? 1 : -1;
  return a.id < b.id ? 1 : -1;
}

class JobRow {
  constructor(jobs) {
    this.jobs = jobs;
    this.status = new Status();
    this.link = el('a', { class: 'name' });
    this.type = el('span', { class: 'quiet' });
    this.progress = new Progress('Progress');
    this.priority = el('td', { class: 'c-number wide' });
    this.time = new Time();
    this.node = el('tr', {},
      el('td', { class: 'c-status' }, this.status.node),
      el('td', { class: 'c-name' }, this.link, this.type),
      el('td', { class: 'c-progress' }, this.progress.node),
      this.priority,
      el('td', { class: 'c-time' }, this.time.node));
  }

  update(job) {
    this.status.update(job.delete_requested_at ? 'deleting' : job.status);
    setName(this.link, job.name);
    setAttr(this.link, 'href', `${APP}jobs/${job.id}`);
    setAttr(this.link, 'title', job.name);
    setAttr(this.node, 'aria-selected', job.id === this.jobs.selected ? 'true' : null);
    setAttr(this.link, 'aria-current', job.id === this.jobs.selected ? 'true' : null);
    setText(this.type, job.type);
    this.progress.update(job);
    setText(this.priority, job.priority);
    this.time.update(job.updated);
  }
}

// noJobs says how to make the first one.
function noJobs() {
  return el('div', { class: 'empty' },
    el('h3', {}, 'No jobs yet'),
    el('p', {}, 'Render your first scene: open a terminal in its folder, and type'),
    command(`farm submit FILE.blend --manager ${MANAGER}`),
    el('p', { class: 'quiet' }, 'with the name of your scene in place of FILE.blend. The job appears here at once.'));
}
