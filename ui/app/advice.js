// What the farm can do about something that is not running: the actions that come with
// the reason, as buttons. What can be taken back has an undo, what cannot asks first.
import * as api from './api.js';
import { change } from './actions.js';
import { rerender } from './frames.js';
import { html } from './lib.js';
import { ask, tell } from './notice.js';
import { go } from './router.js';

const id = encodeURIComponent;

// Those that show lead to an address.
const places = {
  'show-log': ({ job, task }) => (task ? `jobs/${id(job)}/${id(task)}` : `jobs/${id(job)}?tasks=failed`),
  'show-jobs': (_, { job_status }) => `jobs?status=${id(job_status)}`,
  'show-worker': ({ worker }) => `workers/${id(worker)}`,
  'start-worker': (_, { task_type }) => `workers?add=${id(task_type ?? '')}`,
};

// The others are done. Each gets the target and the parameters, and returns what there is
// to say once it is done: {did, undo}; or null if the user changed their mind.
const verbs = {
  async 'resume-job'({ job }) {
    await api.setJobStatus(job, 'queued');
    return { did: 'The job goes on.', undo: () => api.setJobStatus(job, 'pause-requested') };
  },
  async 'requeue-job'({ job }, { tasks }) {
    if (tasks === 'failed') {
      await api.requeueFailed(job);
      return { did: 'What failed is tried again.' };
    }
    const { status } = await api.job(job);
    const explain = status === 'completed' ? 'The job is completed: all of its frames are rendered anew over those that are there.' : 'Whatever is not completed is queued once more.';
    if (!await ask('Do the job again?', explain, [['yes', 'Do it again']])) return null;
    await api.setJobStatus(job, 'requeueing');
    return { did: 'The job is done again.' };
  },
  async 'requeue-task'({ task }) {
    const { status, name } = await api.task(task);
    if (status === 'completed' && !await ask(`Do “${name}” again?`, 'It is completed. It is done anew, and so are the tasks that build on it, such as the video.', [['yes', 'Do it again']])) return null;
    await api.setTaskStatus(task, 'queued');
    return { did: `“${name}” is queued again.` };
  },
  async 'rerender-frames'({ job }, { frames }) {
    const did = await rerender(job, frames);
    return did && { did };
  },
  async 'set-priority'({ job }, { priority }) {
    const { priority: before } = await api.job(job);
    await api.setJobPriority(job, priority);
    return { did: `The job has priority ${priority} now.`, undo: () => api.setJobPriority(job, before) };
  },
  async 'tag-job'({ job }) {
    const [tags, { worker_tag: before }] = await Promise.all([api.tags(), api.job(job)]);
    if (tags.length === 0) {
      go('tags');
      return { did: 'There are no tags yet: make one, and give it to the workers that shall have the job.' };
    }
    const choice = await ask('Which workers shall have the job?', 'Only those that carry the tag get its tasks from now on.', tags.map((tag) => [tag.id, `Only ${tag.name}`]));
    if (!choice) return null;
    await api.setJobTag(job, choice);
    return { did: `Only workers with the tag ${tags.find((tag) => tag.id === choice).name} get its tasks now.`, undo: () => api.setJobTag(job, before) };
  },
  async unblock({ job, worker, worker_name: name }, { task_type: type }) {
    const blocks = (await api.blocklist(job)).filter((b) => (!worker || b.worker_id === worker) && (!type || b.task_type === type));
    if (blocks.length === 0) return { did: 'Nobody is blocked there any more.' };
    const who = worker ? `“${name}”` : blocks.map((b) => b.worker_name || b.worker_id).slice(0, 5).join(', ');
    if (!await ask(worker ? `Unblock ${who}?` : 'Lift the blocks?', `${who} failed tasks of this job too often, and would get them again. What is wrong there should be put right first.`, [['yes', worker ? 'Unblock' : 'Lift the blocks']])) return null;
    await api.unblock(job, blocks);
    return { did: worker ? `${who} gets tasks of the job again.` : 'The blocks are lifted.' };
  },
  async 'add-tag'({ worker, worker_name: name }, { tag, tag_name: called }) {
    const before = ((await api.worker(worker)).tags ?? []).map((t) => t.id);
    await api.setWorkerTags(worker, [...new Set([...before, tag])]);
    return { did: `“${name}” carries the tag ${called}.`, undo: () => api.setWorkerTags(worker, before) };
  },
  async 'wake-worker'({ worker, worker_name: name }) {
    const { status, status_change: asked } = await api.worker(worker);
    await api.setWorkerStatus(worker, 'awake', false);
    return { did: `“${name}” is asked to wake up.`, undo: () => api.setWorkerStatus(worker, asked?.status ?? status, asked?.is_lazy ?? true) };
  },
  async 'approve-worker'({ worker, worker_name: name }) {
    if (!await ask(`Approve “${name}”?`, 'It gets tasks from then on, and what jobs render from. Approve only computers that you know.', [['yes', 'Approve']])) return null;
    await api.approveWorker(worker);
    return { did: `“${name}” is approved.` };
  },
};

async function perform(action) {
  try {
    const done = await verbs[action.verb](action.target, action.parameters ?? {});
    if (done) tell(done.did, { good: true, undo: done.undo && (() => takeBack(done.undo)) });
  } catch (refused) {
    tell(refused.message);
  }
}

const takeBack = (undo) => change([{ id: '', name: '' }], 'change', undo);

// Advice is the buttons of actions, as the manager gives them with a reason. Those of verbs that
// this page does not know, of a manager that is newer, are left out.
export function Advice({ actions }) {
  const here = location.pathname.split('/').pop();
  const known = (actions ?? []).filter((a) => a.verb in verbs || (a.verb in places && !(a.verb === 'show-worker' && a.target.worker === here)));
  if (known.length === 0) return null;
  return html`<div class="actions advice">${known.map((a) => (a.verb in places
    ? html`<a class="button" key=${a.verb + a.label} href=${places[a.verb](a.target, a.parameters ?? {})}>${a.label}</a>`
    : html`<button type="button" key=${a.verb + a.label} title=${a.command} onClick=${() => perform(a)}>${a.label}</button>`))}</div>`;
}
