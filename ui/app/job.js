// One job: how it stands, its frames and its tasks, what was asked for, and who changed it.
import { Actions, change as changeAll, shown } from './actions.js';
import * as api from './api.js';
import { bytes, count, pace, percent, seconds, text } from './format.js';
import { Frames } from './frames.js';
import { Picture } from './image.js';
import { JobTools } from './jobtools.js';
import { html, useEffect, useMemo } from './lib.js';
import { follow, useLive } from './live.js';
import { Output } from './output.js';
import { Copy, Facts, Fold, Left, Progress, Remaining, Status, Time } from './parts.js';
import { Task } from './task.js';
import { Tasks } from './tasks.js';
import { Why } from './why.js';

export function Job({ id, task }) {
  useEffect(() => {
    follow(id, task);
    return () => follow();
  }, [id, task]);
  const { data, error } = useLive(`job ${id}`, () => fetchJob(id), {
    wakes: (name, event) => name === 'job' && event.id === id && event.previous_status,
    change: (job, name, event) => (name === 'job' && event.id === id ? changed(job, event) : job),
  });
  useEffect(() => { if (data) document.title = title(data); }, [data]);
  // The heading stays the same element while the job is read: the focus is on it.
  const known = data && !data.deleted;
  return html`<div class="job" data-close="jobs"><a class="back" href="jobs">‹ All jobs</a>
    <header class="head"><h1 tabindex="-1">${known ? data.name : 'Job'}</h1>${known && html`<${Head} data=${data} />`}</header>
    ${known ? html`<${Body} data=${data} task=${task} />` : html`<section class="card"><p class="hint">${missing(data ? null : error, data?.deleted)}</p></section>`}</div>`;
}

function Head({ data }) {
  const job = shown(data);
  const status = job.delete_requested_at ? 'deleting' : job.status;
  return html`<div class="row"><${Status} is=${status} /><${Progress} item=${job} label="Progress of the job" />
      <${Actions} kind="job" items=${[data]} /><${JobTools} jobs=${[data]} /></div>
    <${Why} kind="jobs" id=${job.id} over=${status === 'completed'} />`;
}

function Body({ data, task }) {
  const job = shown(data);
  const many = Object.values(job.task_counts ?? {}).reduce((sum, n) => sum + n, 0), fps = Number(job.settings?.fps) || undefined;
  // The frames follow events of their own, and are not drawn with each of the job's.
  const frames = useMemo(() => html`<${Frames} job=${job.id} tasks=${many} fps=${fps} />`, [job.id, many, fps]);
  return html`<section class="card about"><${About} job=${job} />
      <${Picture} job=${job.id} info=${data.last_rendered} alt=${`The last rendered image of ${job.name}`} /></section>
    <${Output} job=${job} />
    ${frames}
    <${Tasks} job=${data} selected=${task} />
    <section class="card more"><${More} job=${job} /></section>
    ${task && html`<${Task} key=${task} job=${job.id} id=${task} />`}`;
}

async function fetchJob(id) {
  const [job, last] = await Promise.all([api.job(id), api.lastRendered(id)]);
  return { ...job, last_rendered: last };
}

// changed is a job after an event. What is absent where it cannot be told goes.
function changed(job, event) {
  if (event.was_deleted) return { ...job, deleted: true };
  return { ...job, time_left: null, delete_requested_at: undefined, worker_tag: undefined, ...event };
}

// title says in the list of windows how the job is going.
const title = (job) => `${job.status === 'active' ? `${percent(job.steps_completed, job.steps_total)}% ` : ''}${job.name}`;

function missing(error, deleted) {
  if (deleted) return 'This job was deleted.';
  return error?.status === 404 || error?.status === 400 ? 'There is no such job: it may have been deleted.' : error?.message ?? 'Reading the job …';
}

function About({ job }) {
  const { data: costs } = useLive(`costs ${job.id}`, () => api.costs(job.id), { wakes: (name, event) => name === 'job' && event.id === job.id });
  const { data: by } = useLive(`by ${job.id}`, () => submitter(job.id));
  return html`<${Facts} list=${[
    ['Activity', /^Changed to status /.test(job.activity) ? '' : job.activity], // the status is above
    ['Steps', `${job.steps_completed} of ${job.steps_total}`],
    ['Done about', job.time_left && html`<${Left} job=${job} /> <span class="quiet">(<${Remaining} job=${job} more=" left" />)</span>`],
    ['Rendered', costs?.rendered > 0 && `${count(costs.rendered, 'frame')}, ${seconds(costs.seconds / costs.rendered)} each`],
    ['Pace', job.time_left?.frames_per_hour > 0 && pace(job.time_left.frames_per_hour)],
    ['Memory', costs?.memory > 0 && `${bytes(costs.memory)} at most`],
    ['Energy', costs?.energy_kwh > 0 && energy(costs.energy_kwh)],
    ['Workers', costs?.workers?.length > 0 && html`<span>${costs.workers.map((w, i) => html`${i > 0 && ', '}<a href=${`workers/${w.id}`}>${w.name || 'one that is gone'}</a> (${w.rendered})`)}</span>`],
    ['Type', job.type], ['Priority', job.priority], ['Blender', job.blender_version],
    ['Created', html`<${Time} of=${job.created} />`], ['Updated', html`<${Time} of=${job.updated} />`],
    ['Submitted by', by && [by.name, by.address].filter(Boolean).join(' · ')],
    ['ID', html`<span class="path">${job.id}</span><${Copy} text=${job.id} what="the id" />`],
  ]} />`;
}

// submitter is who submitted a job, null if that is not kept any more.
async function submitter(id) {
  const { changes, dropped } = await api.audit('jobs', id);
  return dropped === 0 && changes[0]?.what.startsWith('Submitted') ? changes[0].by : null;
}

function More({ job }) {
  const settings = Object.entries(job.settings ?? {}).sort(byName), metadata = Object.entries(job.metadata ?? {}).sort(byName);
  return html`${settings.length > 0 && html`<${Fold} title=${`Settings (${settings.length})`}><${Values} list=${settings} /></${Fold}>`}
    ${metadata.length > 0 && html`<${Fold} title=${`Metadata (${metadata.length})`}><${Values} list=${metadata} /></${Fold}>`}
    <${Fold} title="Log of changes"><${Changes} kind="jobs" id=${job.id} /></${Fold}>
    <${Fold} title="Blocked workers"><${Blocklist} job=${job.id} /></${Fold}>`;
}

const byName = ([a], [b]) => (a < b ? -1 : 1);

const Values = ({ list }) => html`<dl class="values">${list.map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${text(value)}</dd></div>`)}</dl>`;

// Changes is who did what to a job or a worker, the newest first.
export function Changes({ kind, id }) {
  const wakes = (name, event) => name === kind.slice(0, -1) && event.id === id;
  const { data, error } = useLive(`audit ${id}`, () => api.audit(kind, id), { wakes });
  if (!data) return html`<p class="hint">${error?.message ?? 'Reading …'}</p>`;
  if (data.changes.length === 0) return html`<p class="hint">Nobody changed anything.</p>`;
  return html`<ol class="changes">${[...data.changes].reverse().map((c) => html`<li key=${c.time + c.what}><${Time} of=${c.time} /><span>${c.what}</span>
    <span class="quiet">${[c.by.name, c.by.address, c.by.agent?.split(' ')[0]].filter(Boolean).join(' · ')}</span></li>`)}</ol>
    ${data.dropped > 0 && html`<p class="hint">${count(data.dropped, 'older change')} are not kept.</p>`}`;
}

function Blocklist({ job }) {
  const { data, error, load } = useLive(`blocklist ${job}`, () => api.blocklist(job), { wakes: (name, event) => name === 'task' || (name === 'job' && event.id === job) });
  if (!data) return html`<p class="hint">${error?.message ?? 'Reading …'}</p>`;
  if (data.length === 0) return html`<p class="hint">No worker is blocked. One that fails too many tasks of a type gets no more of them from this job.</p>`;
  const lift = async (block) => {
    await changeAll([{ id: job, name: block.worker_name }], 'block', () => api.unblock(job, [block]));
    load();
  };
  return html`<ul class="blocks">${data.map((b) => html`<li key=${b.worker_id + b.task_type}><a href=${`workers/${b.worker_id}`}>${b.worker_name || b.worker_id}</a>
    <span class="quiet">gets no more ${b.task_type} tasks</span><button type="button" onClick=${() => lift(b)}>Unblock</button></li>`)}</ul>`;
}

// energy says how much of it was used, in a unit in which it is not 0.00.
const energy = (kwh) => (kwh < 0.1 ? `${(kwh * 1000).toPrecision(2)} Wh` : `${kwh.toFixed(2)} kWh`);
