// What a user can do to jobs, tasks and workers: which button there is in which
// status, what is asked first because work would be lost, and what is called.
import * as api from './api.js';
import { el, show } from './dom.js';
import { ask, tell } from './notice.js';

const unfinished = ['queued', 'active', 'pause-requested', 'paused', 'requeueing'];

const jobActions = [
  { label: 'Pause', in: ['queued', 'active', 'requeueing'], run: (job) => api.setJobStatus(job.id, 'pause-requested') },
  { label: 'Resume', in: ['paused', 'pause-requested'], run: (job) => api.setJobStatus(job.id, 'queued') },
  {
    label: 'Requeue', in: ['failed', 'canceled'], run: (job) => api.setJobStatus(job.id, 'requeueing'),
  },
  {
    label: 'Do again…', in: ['completed'], run: (job) => api.setJobStatus(job.id, 'requeueing'),
    title: (job) => `Do all of “${job.name}” again?`,
    why: () => 'The job is completed. All of its tasks are queued once more, and frames are rendered anew over those that are there.',
    choices: [['yes', 'Do it all again']],
  },
  {
    label: 'Cancel…', in: unfinished, run: (job) => api.setJobStatus(job.id, 'cancel-requested'),
    title: (job) => `Cancel “${job.name}”?`,
    why: () => 'Workers stop at once, and the frames they are at are lost. What is completed stays; requeue the job to go on from there.',
    choices: [['yes', 'Cancel the job']],
  },
  {
    label: 'Delete…', in: [...unfinished, 'completed', 'failed', 'canceled', 'cancel-requested'], danger: true, run: (job) => api.deleteJob(job.id),
    title: (job) => `Delete “${job.name}”?`,
    why: (job) => `${unfinished.includes(job.status) ? 'Its tasks are stopped. ' : ''}The job, its tasks, logs and previews are removed from the farm for good. `
      + 'Rendered frames and .blend files stay where they are.',
    choices: [['yes', 'Delete the job']],
  },
];

const taskActions = [
  {
    label: 'Requeue', in: ['failed', 'canceled', 'soft-failed'], run: (task) => api.setTaskStatus(task.id, 'queued'),
  },
  {
    label: 'Do again…', in: ['completed'], run: (task) => api.setTaskStatus(task.id, 'queued'),
    title: (task) => `Do “${task.name}” again?`,
    why: () => 'The task is completed. It is done anew, and so are the tasks that build on it, such as the video.',
    choices: [['yes', 'Do it again']],
  },
  {
    label: 'Cancel…', in: ['active', 'queued', 'soft-failed'], run: (task) => api.setTaskStatus(task.id, 'canceled'),
    title: (task) => `Cancel “${task.name}”?`,
    why: (task) => `${task.status === 'active' ? 'Its worker stops at once, and the frame it is at is lost. ' : ''}Tasks that build on it are canceled with it.`,
    choices: [['yes', 'Cancel the task']],
  },
];

const asleep = (worker) => worker.status_change?.status === 'asleep' || worker.status === 'asleep';
const leaving = (worker) => worker.status_change?.status === 'offline';

const workerActions = [
  {
    label: 'Wake up', when: (worker) => worker.status !== 'offline' && (asleep(worker) || leaving(worker)),
    run: (worker) => api.setWorkerStatus(worker.id, 'awake', false),
  },
  {
    label: 'Sleep', when: (worker) => worker.status !== 'offline' && !asleep(worker),
    run: (worker) => api.setWorkerStatus(worker.id, 'asleep', true),
    hint: 'Take no more tasks once the one in hand is done',
  },
  {
    label: 'Shut down…', when: (worker) => !['offline', ''].includes(worker.status),
    run: (worker, choice) => api.setWorkerStatus(worker.id, 'offline', choice === 'later'),
    title: (worker) => `Shut down the worker ${worker.name}?`,
    why: () => 'The worker program ends; start it on its computer to have it back. “Now” gives the task in hand back to the farm, and the frame it is at is lost.',
    choices: [['later', 'After its task'], ['now', 'Now']],
  },
  {
    label: 'Remove…', when: (worker) => ['offline', 'error', ''].includes(worker.status),
    run: (worker) => api.deleteWorker(worker.id),
    title: (worker) => `Remove the worker ${worker.name}?`,
    why: () => 'The farm forgets it. If it is started again, it joins as a new worker.',
    choices: [['yes', 'Remove']],
  },
];

// Actions is a row of buttons for one kind of thing.
class Actions {
  constructor(actions) {
    this.item = null;
    this.buttons = actions.map((action) => [action, el('button', {
      type: 'button', title: action.hint, class: action.danger ? 'danger' : '', onclick: (event) => this.run(action, event.currentTarget),
    }, action.label)]);
    this.node = el('div', { class: 'actions' }, ...this.buttons.map(([, button]) => button));
  }

  // update shows the buttons of what can be done to the item now.
  update(item) {
    this.item = item;
    for (const [action, button] of this.buttons) {
      show(button, !item.delete_requested_at && (action.when ? action.when(item) : action.in.includes(item.status)));
    }
  }

  async run(action, button) {
    const item = this.item;
    let choice = null;
    if (action.title) {
      choice = await ask(action.title(item), action.why(item), action.choices);
      if (choice === null) return;
    }
    button.disabled = true;
    try {
      await action.run(item, choice);
    } catch (error) {
      tell(error.message);
    }
    button.disabled = false;
  }
}

export const newJobActions = () => new Actions(jobActions);
export const newTaskActions = () => new Actions(taskActions);
export const newWorkerActions = () => new Actions(workerActions);
