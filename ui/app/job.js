// One job: how it stands, what was asked for, its last image and its tasks.
import { APP } from './address.js';
import * as api from './api.js';
import { el, setText, show, soon } from './dom.js';
import { between, percent, text } from './format.js';
import { newJobActions } from './actions.js';
import { Picture } from './image.js';
import { tell } from './notice.js';
import { card, Facts, Progress, Status, Time } from './parts.js';
import { Task } from './task.js';
import { Tasks } from './tasks.js';
import { Why } from './why.js';

export class Job {
  constructor(farm) {
    this.farm = farm;
    this.id = '';
    this.item = null; // all that is known of the job
    this.status = new Status();
    this.progress = new Progress('Progress of the job');
    this.actions = newJobActions();
    this.facts = new Facts('Activity', 'Steps', 'Done about', 'Type', 'Priority', 'Created', 'Updated', 'ID');
    this.created = new Time();
    this.updated = new Time();
    this.priority = this.newPriority();
    this.picture = new Picture('Its last rendered image appears here', '-small');
    this.settings = new Values('Settings');
    this.metadata = new Values('Metadata');
    this.hint = el('p', { class: 'hint' });
    this.why = new Why(farm, 'jobs');
    this.body = el('div', {},
      el('div', { class: 'row' }, this.status.node, this.progress.node, this.actions.node),
      this.why.node,
      el('div', { class: 'about' }, this.facts.node, this.picture.node),
      this.settings.node, this.metadata.node);
    this.head = card('', { class: 'job' }, this.hint, this.body);
    this.title = this.head.querySelector('h2');
    this.tasks = new Tasks(farm);
    this.task = new Task(farm);
    this.tasks.node.append(this.task.node);
    this.node = el('div', { class: 'column' }, el('a', { class: 'back', href: APP }, '‹ All jobs'), this.head, this.tasks.node);
    this.refetch = soon(() => this.fetch(), 300);
    farm.on('job', (event) => this.apply(event));
    farm.on('image', (event) => event.job_id === this.id && this.picture.update(event.thumbnail, this.alt()));
    farm.on('fresh', (all) => all && this.id && this.fetch());
  }

  newPriority() {
    const input = el('input', { type: 'number', min: 0, max: 100, step: 1, 'aria-label': 'Priority, from 0 to 100; higher goes first',
      title: 'From 0 to 100; higher goes first' });
    input.addEventListener('change', async () => {
      try {
        if (!input.checkValidity() || input.value === '') throw new Error('The priority is a whole number from 0 to 100.');
        await api.setJobPriority(this.id, Number(input.value));
      } catch (error) {
        input.value = this.item.priority;
        tell(error.message);
      }
    });
    return input;
  }

  // open shows a job, and one of its tasks if it is given.
  open(id, taskID) {
    if (id !== this.id) {
      this.id = id;
      this.item = this.farm.jobs.get(id) ?? null;
      this.picture.update(null);
      this.update();
      this.tasks.open(id);
      if (id) this.fetch();
    }
    this.openTask(taskID);
  }

  async openTask(taskID) {
    this.tasks.select(taskID);
    if (taskID === this.task.id) return;
    const task = await this.task.open(this.id, taskID);
    if (!task || task.id !== this.task.id) return;
    this.tasks.select(task.id, task.index_in_job);
    // The task is below the list: bring its beginning up, and keep its row in view.
    const below = this.task.node.getBoundingClientRect().top - innerHeight / 2;
    if (below > 0) scrollBy(0, below);
  }

  async fetch() {
    const id = this.id;
    try {
      const [job, preview] = await Promise.all([api.job(id), api.lastRendered(id)]);
      if (id !== this.id) return;
      this.item = job;
      this.update();
      if (preview) this.picture.update(preview, this.alt());
    } catch (error) {
      if (id !== this.id) return;
      if (error.status === 404 || error.status === 400) this.item = null;
      this.update(error.status === 404 ? 'There is no such job: it may have been deleted.' : error.message);
    }
  }

  // apply takes an event in; what it does not tell is fetched.
  apply(event) {
    if (event.id !== this.id) return;
    if (event.was_deleted) {
      this.item = null;
      this.update('This job was deleted.');
    } else if (this.item) {
      const before = this.item.status;
      this.item = { ...this.item, time_left: null, ...event }; // it is absent where it cannot be told
      this.update();
      if (before !== event.status) this.refetch();
    } else {
      this.refetch();
    }
  }

  alt() {
    return `The last rendered image of ${this.item?.name ?? 'the job'}`;
  }

  update(hint = this.item ? '' : 'Reading the job …') {
    const job = this.item;
    setText(this.hint, hint);
    show(this.hint, Boolean(hint) && !job);
    show(this.body, job);
    show(this.tasks.node, job);
    setText(this.title, job?.name ?? 'Job');
    this.why.about(job && job.status !== 'completed' ? job.id : '');
    if (!job) return;
    this.status.update(job.delete_requested_at ? 'deleting' : job.status);
    this.progress.update(job);
    this.actions.update(job);
    const facts = this.facts;
    facts.set('Activity', job.activity);
    facts.set('Steps', `${job.steps_completed} of ${job.steps_total}`);
    facts.set('Done about', job.time_left ? between(job.time_left.earliest, job.time_left.latest) : '');
    facts.set('Type', job.type);
    if (document.activeElement !== this.priority) this.priority.value = job.priority;
    facts.set('Priority', this.priority);
    this.created.update(job.created);
    facts.set('Created', this.created.node);
    this.updated.update(job.updated);
    facts.set('Updated', this.updated.node);
    facts.set('ID', job.id);
    this.settings.update(job.settings);
    this.metadata.update(job.metadata);
  }

  // caption is the job in a few words, for the title of the window.
  caption() {
    const job = this.item;
    if (!job) return '';
    const done = job.status === 'active' ? `${percent(job.steps_completed, job.steps_total)}% ` : '';
    return `${done}${job.name} · `;
  }
}

// Values shows the settings or the metadata of a job, folded away at first.
class Values {
  constructor(title) {
    this.title = title;
    this.list = el('dl', { class: 'values' });
    this.summary = el('summary');
    this.node = el('details', { hidden: true }, this.summary, this.list);
  }

  update(values) {
    const entries = Object.entries(values ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
    const shown = JSON.stringify(entries);
    show(this.node, entries.length > 0);
    if (shown === this.shown) return;
    this.shown = shown;
    setText(this.summary, `${this.title} (${entries.length})`);
    this.list.replaceChildren(...entries.map(([name, value]) => el('div', {}, el('dt', {}, name), el('dd', {}, text(value)))));
  }
}
