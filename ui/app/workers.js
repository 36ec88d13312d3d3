// The table of workers. In narrow places it shows less of each.
import { APP, MANAGER } from './address.js';
import { el, Rows, setAttr, setText, show } from './dom.js';
import { bytes, word } from './format.js';
import { newWorkerActions } from './actions.js';
import { card, command, Status, table, Time } from './parts.js';

const columns = [['c-status', 'Status'], ['c-name', 'Worker'], ['c-task', 'Task'], ['c-types wide', 'Task types'],
  ['c-version wide', 'Version'], ['c-time', 'Last seen'], ['c-actions wide', '']];

export class Workers {
  constructor(farm) {
    this.farm = farm;
    const { node, body } = table('Workers', columns);
    this.table = node;
    this.rows = new Rows(body, () => new WorkerRow());
    this.empty = noWorkers();
    this.node = card('Workers', { class: 'workers' }, this.empty, this.table);
    farm.on('workers', () => this.update());
    this.update();
  }

  update() {
    const workers = [...this.farm.workers.values()].sort((a, b) => a.name.localeCompare(b.name) || (a.id < b.id ? -1 : 1));
    show(this.empty, this.farm.loaded && workers.length === 0);
    show(this.table, workers.length > 0);
    this.rows.update(workers);
  }
}

class WorkerRow {
  constructor() {
    this.status = new Status();
    this.name = el('span', { class: 'name' });
    this.where = el('span', { class: 'quiet' });
    this.task = el('a');
    this.idle = el('span', { class: 'quiet' }, '–');
    this.types = el('td', { class: 'c-types wide' });
    this.version = el('td', { class: 'c-version wide' });
    this.time = new Time();
    this.actions = newWorkerActions();
    this.node = el('tr', {},
      el('td', { class: 'c-status' }, this.status.node),
      el('td', { class: 'c-name' }, this.name, this.where),
      el('td', { class: 'c-task' }, this.task, this.idle),
      this.types, this.version,
      el('td', { class: 'c-time' }, this.time.node),
      el('td', { class: 'c-actions wide' }, this.actions.node));
  }

  update(worker) {
    this.status.update(worker.status, worker.in_use && worker.status === 'awake' ? `, ${worker.in_use}` : wish(worker));
    setText(this.name, worker.name);
    setAttr(this.name, 'title', worker.id);
    setText(this.where, [worker.platform, worker.ip_address].filter(Boolean).join(' · '));
    // The protocol gives the last task of a worker that has none.
    const task = worker.task?.status === 'active' ? worker.task : null;
    show(this.task, task);
    show(this.idle, !task);
    setText(this.idle, worker.why?.reason ?? '–');
    setAttr(this.idle, 'title', [worker.why?.next, ...worker.why?.details ?? []].filter(Boolean).join('\n'));
    if (task) {
      setText(this.task, task.name);
      setAttr(this.task, 'href', `${APP}jobs/${task.job_id}/${task.id}`);
    }
    setText(this.types, [...worker.supported_task_types ?? [], ...(worker.unable ?? []).map((u) => `not ${u.task_types.join(', ')}`)].join(', '));
    setAttr(this.types, 'title', (worker.unable ?? []).map((u) => `${u.task_types.join(', ')}: ${u.reason}`).join('\n') || null);
    setText(this.version, worker.version);
    setAttr(this.version, 'title', facts(worker.facts) || null);
    this.time.update(worker.last_seen);
    this.actions.update(worker);
  }
}

// facts says what a worker tells of its computer, a line each.
function facts(told) {
  if (!told) return '';
  const computer = [told.arch, told.cpus && `${told.cpus} CPUs`, told.memory && `${bytes(told.memory)} of memory`];
  const blenders = (told.blenders ?? []).map((b) => `Blender ${b.version}: ${b.path}`);
  return [computer.filter(Boolean).join(', '), ...blenders].join('\n');
}

// wish says what a worker was asked to become and is not yet.
function wish(worker) {
  const change = worker.status_change;
  if (!change || change.status === worker.status) return '';
  return ` → ${word(change.status)}${change.is_lazy ? ' after its task' : ''}`;
}

// noWorkers says how to start the first one.
function noWorkers() {
  const local = ['localhost', '127.0.0.1', '[::1]'].includes(location.hostname);
  return el('div', { class: 'empty' },
    el('h3', {}, 'No workers yet'),
    el('p', {}, 'Workers do the rendering. On each computer that shall help, type'),
    command(`farm work --manager ${MANAGER}`),
    local && el('p', { class: 'quiet' }, `On other computers, put this computer's name in place of ${location.hostname}.`));
}
