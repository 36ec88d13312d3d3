// What a user can do to jobs, tasks and workers: which button there is in which
// status, what is asked first because work would be lost, what is called, what the thing
// is shown as until the farm says so itself, and what takes it back.
import * as api from './api.js';
import { html, signal } from './lib.js';
import { count } from './format.js';
import { ask, tell } from './notice.js';

const unfinished = ['queued', 'active', 'pause-requested', 'paused', 'requeueing'];

const jobActions = [
  {
    label: 'Pause', in: ['queued', 'active', 'requeueing'], soon: 'pause-requested', run: (job) => api.setJobStatus(job.id, 'pause-requested'),
    undo: (job) => api.setJobStatus(job.id, 'queued'), did: 'paused',
  },
  {
    label: 'Resume', in: ['paused', 'pause-requested'], soon: 'queued', run: (job) => api.setJobStatus(job.id, 'queued'),
    undo: (job) => api.setJobStatus(job.id, 'pause-requested'), did: 'resumed',
  },
  {
    label: 'Requeue failed', when: (job) => job.task_counts?.failed > 0, soon: 'requeueing', run: (job) => api.requeueFailed(job.id),
    hint: 'Do again what failed, and what was canceled because of that',
  },
  {
    label: 'Requeue', in: ['failed', 'canceled'], soon: 'requeueing', run: (job) => api.setJobStatus(job.id, 'requeueing'),
    hint: 'Do again whatever is not completed',
  },
  {
    label: 'Do again…', in: ['completed'], run: (job) => api.setJobStatus(job.id, 'requeueing'),
    title: (jobs) => `Do all of ${named(jobs, 'job')} again?`,
    why: () => 'The job is completed. All of its tasks are queued once more, and frames are rendered anew over those that are there.',
    choices: [['yes', 'Do it all again']],
  },
  {
    label: 'Cancel…', in: unfinished, run: (job) => api.setJobStatus(job.id, 'cancel-requested'),
    title: (jobs) => `Cancel ${named(jobs, 'job')}?`,
    why: () => 'Workers stop at once, and the frames they are at are lost. What is completed stays; requeue the job to go on from there.',
    choices: [['yes', 'Cancel the job']], soon: 'cancel-requested',
  },
  {
    label: 'Delete…', in: [...unfinished, 'completed', 'failed', 'canceled', 'cancel-requested'], danger: true, run: (job) => api.deleteJob(job.id),
    title: (jobs) => `Delete ${named(jobs, 'job')}?`,
    why: (jobs) => `${jobs.some((job) => unfinished.includes(job.status)) ? 'Tasks that run are stopped. ' : ''}Jobs go with their tasks, logs and previews, for good. `
      + 'Rendered frames and .blend files stay where they are.',
    choices: [['yes', 'Delete the job']], soon: 'deleting',
  },
];

const taskActions = [
  {
    label: 'Requeue', in: ['failed', 'canceled', 'soft-failed'], soon: 'queued', run: (task) => api.setTaskStatus(task.id, 'queued'),
  },
  {
    label: 'Do again…', in: ['completed'], run: (task) => api.setTaskStatus(task.id, 'queued'),
    title: (tasks) => `Do ${named(tasks, 'task')} again?`,
    why: () => 'The task is completed. It is done anew, and so are the tasks that build on it, such as the video.',
    choices: [['yes', 'Do it again']],
  },
  {
    label: 'Cancel…', in: ['active', 'queued', 'soft-failed'], run: (task) => api.setTaskStatus(task.id, 'canceled'),
    title: (tasks) => `Cancel ${named(tasks, 'task')}?`,
    why: (tasks) => `${tasks.some((task) => task.status === 'active') ? 'Workers that are at it stop at once, and the frame is lost. ' : ''}Tasks that build on it are canceled with it.`,
    choices: [['yes', 'Cancel the task']],
  },
];

const asleep = (worker) => worker.status_change?.status === 'asleep' || worker.status === 'asleep';
const leaving = (worker) => worker.status_change?.status === 'offline';

const workerActions = [
  { label: 'Approve', when: (worker) => worker.unapproved, run: (worker) => api.approveWorker(worker.id), hint: 'Let it take tasks' },
  {
    label: 'Wake up', when: (worker) => worker.status !== 'offline' && (asleep(worker) || leaving(worker)),
    run: (worker) => api.setWorkerStatus(worker.id, 'awake', false),
  },
  {
    label: 'Sleep', when: (worker) => worker.status !== 'offline' && !asleep(worker),
    run: (worker) => api.setWorkerStatus(worker.id, 'asleep', true),
    undo: (worker) => api.setWorkerStatus(worker.id, 'awake', false), did: 'asked to sleep',
    hint: 'Take no more tasks once the one in hand is done',
  },
  {
    label: 'Sleep now…', when: (worker) => worker.status === 'awake' && worker.task?.status === 'active',
    run: (worker) => api.setWorkerStatus(worker.id, 'asleep', false),
    title: (workers) => `Send ${named(workers, 'worker')} to sleep at once?`,
    why: () => 'The task in hand goes back to the farm, and the frame it is at is lost. “Sleep” waits for the end of the task.',
    choices: [['yes', 'Sleep now']],
  },
  {
    label: 'Restart…', when: (worker) => worker.can_restart && !['offline', ''].includes(worker.status),
    run: (worker, choice) => api.setWorkerStatus(worker.id, 'restart', choice === 'later'),
    title: (workers) => `Restart ${named(workers, 'worker')}?`,
    why: () => 'The worker program ends, and is started again. “Now” gives the task in hand back to the farm, and the frame it is at is lost.',
    choices: [['later', 'After its task'], ['now', 'Now']],
  },
  {
    label: 'Shut down…', when: (worker) => !['offline', ''].includes(worker.status),
    run: (worker, choice) => api.setWorkerStatus(worker.id, 'offline', choice === 'later'),
    title: (workers) => `Shut down ${named(workers, 'worker')}?`,
    why: () => 'The worker program ends; start it on its computer to have it back. “Now” gives the task in hand back to the farm, and the frame it is at is lost.',
    choices: [['later', 'After its task'], ['now', 'Now']],
  },
  {
    label: 'Remove…', when: (worker) => ['offline', 'error', ''].includes(worker.status),
    run: (worker) => api.deleteWorker(worker.id),
    title: (workers) => `Remove ${named(workers, 'worker')}?`,
    why: () => 'The farm forgets it. If it is started again, it joins as a new worker.',
    choices: [['yes', 'Remove']],
  },
];

// named is what a question calls the things it is about.
function named(items, noun) {
  return items.length === 1 ? `${noun === 'worker' ? 'the worker ' : ''}“${items[0].name}”` : `${count(items.length, noun)}`;
}

// What things are shown as between a click and what the farm makes of it, by id.
const soon = signal({});

// shown is an item with the status that it is about to have.
export const shown = (item) => (soon.value[item.id] ? { ...item, status: soon.value[item.id] } : item);

const put = (items, status) => { soon.value = { ...soon.value, ...Object.fromEntries(items.map((item) => [item.id, status])) }; };

function take(items) {
  const rest = { ...soon.value };
  for (const item of items) delete rest[item.id];
  soon.value = rest;
}

const AT_ONCE = 4; // requests at a time when many things are changed
const EVENTS = 400; // milliseconds after an answer by which its event has arrived

// forAll does something to all items, and returns those it was done to and the errors.
async function forAll(items, what) {
  const left = [...items], done = [], errors = [];
  const some = async () => {
    for (let item = left.shift(); item; item = left.shift()) {
      try {
        await what(item);
        done.push(item);
      } catch (error) {
        errors.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, some));
  return { done, errors };
}

// change does something to all items, shows what they are about to become, and says
// what could not be done.
export async function change(items, noun, what, { status, undo, did } = {}) {
  if (status) put(items, status);
  const { done, errors } = await forAll(items, what);
  // Where the farm said no, its own status shows again.
  if (status) setTimeout(() => take(items), errors.length ? 0 : EVENTS);
  if (errors.length === 1 && items.length === 1) tell(errors[0].message);
  else if (errors.length) tell(`${count(errors.length, noun)} of ${items.length} stayed as they were: ${errors[0].message}`);
  if (undo && done.length) {
    tell(`${done.length === 1 ? `“${done[0].name}”` : count(done.length, noun)} ${did}.`, { good: true, undo: () => change(done, noun, undo) });
  }
}

async function perform(action, items, noun) {
  let choice = null;
  if (action.title) {
    choice = await ask(action.title(items), action.why(items), action.choices);
    if (choice === null) return;
  }
  await change(items, noun, (item) => action.run(item, choice), { status: action.soon, undo: action.undo, did: action.did });
}

const kinds = { job: jobActions, task: taskActions, worker: workerActions };

const applies = (action, item) => !item.delete_requested_at && (action.when ? action.when(item) : action.in.includes(item.status));

// Actions is a row of buttons for what can be done to the items, all of one kind. Of many,
// those that it cannot be done to are left alone.
export function Actions({ kind, items }) {
  const now = items.map(shown);
  return html`<div class="actions">${kinds[kind].map((action) => {
    const those = now.filter((item) => applies(action, item));
    if (those.length === 0) return null;
    return html`<button type="button" key=${action.label} title=${action.hint} class=${action.danger ? 'danger' : ''}
      onClick=${() => perform(action, those, kind)}>${action.label}${items.length > 1 && html` <span class="count">${those.length}</span>`}</button>`;
  })}</div>`;
}
