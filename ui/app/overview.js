// The first page: how the farm is, what is wrong, what is rendering now, and who renders it.
import * as api from './api.js';
import { bytes, count, farmMeans } from './format.js';
import { Picture } from './image.js';
import { NoJobs } from './jobs.js';
import { html } from './lib.js';
import { connected, farmStatus, useLive } from './live.js';
import { shown } from './actions.js';
import { Card, Left, Name, Progress, Status, Time } from './parts.js';
import { Tiles, useWorkers, NoWorkers } from './workers.js';

const RUNNING = 12, BROKEN = 6; // jobs that are shown of each

const moves = (name, event) => name === 'job' && (event.was_deleted || event.previous_status || !event.steps_completed);

const change = (data, name, event) => {
  const i = name === 'job' ? data.jobs.findIndex((job) => job.id === event.id) : -1;
  return i < 0 ? data : { ...data, jobs: data.jobs.with(i, { ...data.jobs[i], time_left: null, ...event }) };
};

export function Overview() {
  const { data: running } = useLive('running', () => api.jobs([...['active', 'requeueing', 'pause-requested'].map((s) => ['status', s]), ['sort', '-updated'], ['limit', RUNNING]]), { wakes: moves, change });
  const { data: broken } = useLive('broken', () => api.jobs([['status', 'failed'], ['sort', '-updated'], ['limit', BROKEN]]), { wakes: moves, change });
  const { data: waiting } = useLive('waiting', () => api.jobs([['status', 'queued'], ['status', 'paused'], ['sort', '-priority'], ['limit', BROKEN]]), { wakes: moves, change });
  const workers = useWorkers();
  if (!running || !broken || !waiting) return html`<h1 tabindex="-1">Overview</h1><p class="hint">${connected.value ? 'Reading …' : 'Waiting for the manager …'}</p>`;
  const active = running.jobs.filter((job) => ['active', 'requeueing', 'pause-requested'].includes(job.status));
  const empty = running.all === 0;
  return html`<h1 tabindex="-1">${sentence(running, workers)}</h1><p class="quiet means">${farmMeans[farmStatus.value]}</p>
    <${Problems} broken=${broken} running=${active} workers=${workers} />
    ${empty ? html`<section class="card"><${NoJobs} /></section>` : html`<${Card} title="Rendering now" kind="now" side=${html`<a href="jobs?status=active">All jobs at work</a>`}>
      ${active.length === 0 ? html`<p class="hint">No job is at work.</p>` : html`<ul class="sheet">${active.map((job) => html`<${Running} key=${job.id} job=${shown(job)} workers=${workers} />`)}</ul>`}
      ${running.total > RUNNING && html`<a class="more" href="jobs?status=active">and ${count(running.total - RUNNING, 'more job')}</a>`}</${Card}>`}
    ${waiting.jobs.length > 0 && html`<${Card} title="Waiting" kind="waiting" side=${html`<a href="jobs?status=queued&status=paused">All ${waiting.total.toLocaleString('en')}</a>`}><ul class="plain-list">
      ${waiting.jobs.map((job) => html`<li key=${job.id}><${Status} is=${job.status} /><a class="name" href=${`jobs/${job.id}`}><${Name} text=${job.name} /></a><span class="quiet">priority ${job.priority}</span></li>`)}</ul></${Card}>`}
    <${Card} title="Workers" kind="workers" side=${html`<a href="workers">All workers</a>`}>${!workers ? html`<p class="hint">Reading …</p>` : workers.length ? html`<${Tiles} workers=${workers} />` : html`<${NoWorkers} />`}</${Card}>`;
}

// sentence says how the farm is.
function sentence(running, workers) {
  const at = (workers ?? []).filter((w) => w.task?.status === 'active').length;
  const there = (workers ?? []).filter((w) => !['offline', ''].includes(w.status)).length;
  if (at > 0) return `${count(running.total, 'job')} at work on ${at} of ${count(there, 'worker')}`;
  if (running.all === 0 && there === 0) return 'Welcome to your farm';
  if (there === 0) return 'No worker is here';
  return running.total ? `${count(running.total, 'job')} waiting for ${count(there, 'worker')}` : `Nothing to do, ${count(there, 'worker')} ready`;
}

function Running({ job, workers }) {
  const its = (workers ?? []).filter((w) => w.task?.status === 'active' && w.task.job_id === job.id);
  return html`<li class="tile"><${Picture} job=${job.id} info=${job.last_rendered} alt=${`The last rendered image of ${job.name}`} hint="No image yet" />
    <div class="tile-text"><a class="name" href=${`jobs/${job.id}`} title=${job.name.slice(0, 1000)}><${Name} text=${job.name} /></a>
      <${Progress} item=${job} /><span class="quiet">${[its.length === 1 ? its[0].name : its.length > 1 ? count(its.length, 'worker') : job.activity].filter(Boolean).join(' ')}</span>
      <span class="quiet"><${Left} job=${job} /></span>${job.task_counts?.failed > 0 && html`<a class="bad" href=${`jobs/${job.id}?tasks=failed`}>${count(job.task_counts.failed, 'task')} failed</a>`}</div></li>`;
}

// Problems come first: failed jobs with what their logs say, tasks that failed or are
// stuck in jobs at work, workers that cannot work, and a full disk.
function Problems({ broken, running, workers }) {
  const { data: files } = useLive('files', api.files, { wakes: (name, event) => name === 'job' && event.previous_status });
  const sick = (workers ?? []).filter((w) => w.status === 'error' || w.unable?.length || w.unapproved);
  const low = files && files.free >= 0 && files.free < 2 * files.keep_free;
  const limping = running.filter((job) => job.task_counts?.failed > 0 || job.task_counts?.['soft-failed'] > 0);
  const jobs = broken.jobs.filter((job) => job.status === 'failed');
  if (!jobs.length && !sick.length && !low && !limping.length) return null;
  return html`<${Card} title="Problems" kind="problems" side=${broken.total > BROKEN && html`<a href="jobs?status=failed">All ${broken.total.toLocaleString('en')} failed jobs</a>`}><ul class="plain-list">
    ${low && html`<li key="disk"><span class="status" data-status="failed">disk</span><span>Only ${bytes(files.free)} are left on the disk of the shared storage.</span></li>`}
    ${sick.map((w) => html`<li key=${w.id}><span class="status" data-status="error">worker</span><a class="name" href=${`workers/${w.id}`}>${w.name}</a>
      <span>${w.unable?.map((u) => `cannot do ${u.task_types.join(', ')}: ${u.reason}`).join('; ') || (w.unapproved ? 'waits for somebody who approves it' : 'reports an error')}</span></li>`)}
    ${limping.map((job) => html`<li key=${job.id}><${Status} is=${job.status} /><a class="name" href=${`jobs/${job.id}`}><${Name} text=${job.name} /></a>
      <a class="bad" href=${`jobs/${job.id}?tasks=failed&tasks=soft-failed`}>${count((job.task_counts.failed ?? 0) + (job.task_counts['soft-failed'] ?? 0), 'task')} failed</a></li>`)}
    ${jobs.map((job) => html`<${Failed} key=${job.id} job=${job} />`)}</ul></${Card}>`;
}

function Failed({ job }) {
  const { data: why } = useLive(`failed ${job.id} ${job.updated}`, () => api.why('jobs', job.id));
  const failed = job.task_counts?.failed ?? 0;
  return html`<li><${Status} is="failed" /><a class="name" href=${`jobs/${job.id}`}><${Name} text=${job.name} /></a><${Time} of=${job.updated} />
    ${failed > 0 && html`<a class="bad" href=${`jobs/${job.id}?tasks=failed`}>${count(failed, 'task')} failed</a>`}
    ${why && html`<span class="reason">${why.cause?.means ?? why.reason}</span>`}${why?.cause?.line && html`<code class="line">${why.cause.line.slice(0, 300)}</code>`}</li>`;
}
