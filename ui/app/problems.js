// What is wrong, before all else: failed tasks with the line of their log that decided,
// tasks that are stuck, workers that cannot work, and full disks.
import { Advice } from './advice.js';
import * as api from './api.js';
import { later } from './budget.js';
import { bytes, count, seconds } from './format.js';
import { html, useEffect } from './lib.js';
import { useLive } from './live.js';
import { Card, Name, Status, Time } from './parts.js';

const TASKS = 3; // that are shown of each job
const WHOLE = 3; // failed jobs that are shown with the reason
const LOOK = 5 * 60_000; // milliseconds after which the manager's computer is asked about again: no event tells of it

export function Problems({ broken, running, workers, now, most }) {
  const { data: files } = useLive('files', api.files, { wakes: (name, event) => name === 'job' && event.previous_status });
  const { data: found, load } = useLive('findings', api.findings);
  const looked = found && !found.checked.startsWith('0001');
  useEffect(() => {
    const timer = setInterval(() => later('findings', load), looked ? LOOK : LOOK / 15);
    return () => clearInterval(timer);
  }, [looked]);
  const computer = found?.findings ?? [];
  const sick = (workers ?? []).filter((w) => w.status === 'error' || w.unable?.length || w.unapproved);
  const low = files && files.free >= 0 && files.free < 2 * files.keep_free;
  const limping = running.filter((job) => failures(job) > 0);
  const jobs = broken.jobs.filter((job) => job.status === 'failed');
  const stuck = now?.stuck ?? [];
  if (!jobs.length && !sick.length && !low && !limping.length && !stuck.length && !computer.length) return null;
  return html`<${Card} title="Problems" kind="problems" side=${broken.total > most && html`<a href="jobs?status=failed">All ${broken.total.toLocaleString('en')} failed jobs</a>`}><ul class="plain-list">
    ${low && html`<li key="disk"><span class="status" data-status="failed">disk</span><span>Only ${bytes(files.free)} are left on the disk of the shared storage.</span></li>`}
    ${computer.map((f) => html`<li class="found" key=${`found ${f.name} ${f.what}`}><span class="status" data-status=${f.level === 'error' ? 'error' : 'paused'}>manager</span><span>${f.what} <span class="quiet">– ${f.why}.</span> ${f.fix}</span></li>`)}
    ${sick.map((w) => html`<li key=${w.id}><span class="status" data-status="error">worker</span><a class="name" href=${`workers/${w.id}`}>${w.name}</a>
      <span>${w.unable?.map((u) => `cannot do ${u.task_types.join(', ')}: ${u.reason}`).join('; ') || (w.unapproved ? 'waits for somebody who approves it' : 'reports an error')}</span></li>`)}
    ${stuck.map((t) => html`<${Stuck} key=${t.id} task=${t} />`)}
    ${limping.map((job) => html`<${Limping} key=${job.id} job=${job} />`)}
    ${jobs.map((job, i) => html`<${Failed} key=${job.id} job=${job} brief=${i >= WHOLE} />`)}</ul></${Card}>`;
}

const failures = (job) => (job.task_counts?.failed ?? 0) + (job.task_counts?.['soft-failed'] ?? 0);

const failedOf = (job) => `jobs/${job.id}?tasks=failed&tasks=soft-failed`;

function Stuck({ task: t }) {
  return html`<li class="stuck"><span class="status" data-status="paused">stuck</span><a class="name" href=${`jobs/${t.job_id}/${t.id}`}><${Name} text=${t.job_name} /> – ${t.name}</a>
    <span>${t.worker.name || 'its worker'} has said nothing for ${seconds(t.silent_seconds)}, ${(t.silent_seconds / Math.max(t.usual_seconds, 0.001)).toLocaleString('en', { maximumFractionDigits: 1 })} times what such tasks take.</span></li>`;
}

// Limping is a job at work in which tasks failed: which, and why.
function Limping({ job }) {
  const { data: tasks } = useLive(`limping ${job.id} ${failures(job)}`, () => reasons(job.id));
  return html`<li><${Status} is=${job.status} /><a class="name" href=${`jobs/${job.id}`}><${Name} text=${job.name} /></a>
    <a class="bad" href=${failedOf(job)}>${count(failures(job), 'task')} failed</a>
    ${tasks?.map(({ task, cause }) => html`<span class="reason" key=${task.id}><a href=${`jobs/${job.id}/${task.id}`}>${task.index_in_job}. ${task.name}</a> ${cause && html`<${Cause} cause=${cause} />`}</span>${cause?.line && html`<code class="line">${cause.line.slice(0, 300)}</code>`}`)}</li>`;
}

async function reasons(job) {
  const tasks = await api.tasks(job, 0, TASKS, ['failed', 'soft-failed']);
  return Promise.all(tasks.map(async (task) => ({ task, cause: (await api.why('tasks', task.id)).cause })));
}

const Cause = ({ cause }) => html`<span class="class">${cause.class}</span> ${cause.means}`;

function Failed({ job, brief }) {
  const { data: why } = useLive(brief ? null : `failed ${job.id} ${job.updated}`, () => api.why('jobs', job.id));
  return html`<li><${Status} is="failed" /><a class="name" href=${`jobs/${job.id}`}><${Name} text=${job.name} /></a><${Time} of=${job.updated} />
    ${failures(job) > 0 && html`<a class="bad" href=${`jobs/${job.id}?tasks=failed`}>${count(failures(job), 'task')} failed</a>`}
    ${why && html`<span class="reason">${why.cause ? html`<${Cause} cause=${why.cause} />` : why.reason}</span>`}${why?.cause?.line && html`<code class="line">${why.cause.line.slice(0, 300)}</code>`}
    ${why?.advice && html`<span class="quiet reason advised">${why.advice}</span>`}<${Advice} actions=${why?.actions} /></li>`;
}
