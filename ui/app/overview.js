// The first page: how the farm is, what is wrong, what is rendering now, and who renders it.
import * as api from './api.js';
import { Chart } from './chart.js';
import { bytes, count, farmMeans, now as clock, pace as rateOf } from './format.js';
import { Picture } from './image.js';
import { NoJobs } from './jobs.js';
import { html, useEffect } from './lib.js';
import { connected, farmStatus, useLive } from './live.js';
import { shown } from './actions.js';
import { later } from './budget.js';
import { Card, Left, Name, Progress, Remaining, Status } from './parts.js';
import { Problems } from './problems.js';
import { go } from './router.js';
import { Tiles, useWorkers, NoWorkers } from './workers.js';

const RUNNING = 12, BROKEN = 6; // jobs that are shown of each
const AGAIN = 20_000; // milliseconds

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
  const { data: pace, load } = useLive('now', api.farmNow);
  useEffect(() => { // what is silent makes no event
    const timer = setInterval(() => later('now', load), AGAIN);
    return () => clearInterval(timer);
  }, []);
  const empty = running?.all === 0;
  useEffect(() => { // nobody has set up the farm: that comes first
    if (empty) api.own('GET', 'setup').then((how) => how.first_run && how.may_set_up && go('setup', { replace: true }), () => {});
  }, [empty]);
  if (!running || !broken || !waiting) return html`<h1 tabindex="-1">Overview</h1><p class="hint">${connected.value ? 'Reading …' : 'Waiting for the manager …'}</p>`;
  const active = running.jobs.filter((job) => ['active', 'requeueing', 'pause-requested'].includes(job.status));
  return html`<h1 tabindex="-1">${sentence(running, workers)}</h1><p class="quiet means">${farmMeans[farmStatus.value]}</p>
    <div class="overview"><div class="side"><${Problems} broken=${broken} running=${active} workers=${workers} now=${pace} most=${BROKEN} />
      ${waiting.jobs.length > 0 && html`<${Waiting} waiting=${waiting} />`}</div>
    <div class="middle">${empty ? html`<section class="card"><${NoJobs} /></section>` : html`<${Card} title="Rendering now" kind="now" side=${html`<a href="jobs?status=active">All jobs at work</a>`}>
      ${active.length === 0 ? html`<p class="hint">No job is at work.</p>` : html`<ul class=${active.length > 2 ? 'sheet' : 'sheet few'}>${active.map((job) => html`<${Running} key=${job.id} job=${shown(job)} workers=${workers} />`)}</ul>`}
      ${running.total > RUNNING && html`<a class="more" href="jobs?status=active">and ${count(running.total - RUNNING, 'more job')}</a>`}</${Card}>`}
    ${pace && html`<${Pace} now=${pace} />`}</div></div>
    <${Card} title="Workers" kind="workers" side=${html`<a href="workers">All workers</a>`}>${!workers ? html`<p class="hint">Reading …</p>` : workers.length ? html`<${Tiles} workers=${workers} />` : html`<${NoWorkers} />`}</${Card}>`;
}

// sentence says how the farm is.
function sentence(running, workers) {
  const at = (workers ?? []).filter((w) => w.task?.status === 'active').length;
  const there = (workers ?? []).filter((w) => !['offline', ''].includes(w.status)).length;
  if (at > 0) return `${count(running.total, 'job')} at work on ${at} of ${count(there, 'worker')}`;
  if (running.total > 0 && farmStatus.value === 'active') return `${count(running.total, 'job')} at work`; // its worker is between two tasks
  if (running.all === 0 && there === 0) return 'Welcome to your farm';
  if (there === 0) return 'No worker is here';
  return running.total ? `${count(running.total, 'job')} waiting for ${count(there, 'worker')}` : `Nothing to do, ${count(there, 'worker')} ready`;
}

function Waiting({ waiting }) {
  return html`<${Card} title="Waiting" kind="waiting" side=${html`<a href="jobs?status=queued&status=paused">All ${waiting.total.toLocaleString('en')}</a>`}><ul class="plain-list">
    ${waiting.jobs.map((job) => html`<li key=${job.id}><${Status} is=${job.status} /><a class="name" href=${`jobs/${job.id}`}><${Name} text=${job.name} /></a><span class="quiet">priority ${job.priority}</span></li>`)}</ul></${Card}>`;
}

function Running({ job, workers }) {
  const its = (workers ?? []).filter((w) => w.task?.status === 'active' && w.task.job_id === job.id);
  return html`<li class="tile"><${Picture} job=${job.id} info=${job.last_rendered} alt=${`The last rendered image of ${job.name}`} hint="No image yet" />
    <div class="tile-text"><a class="name" href=${`jobs/${job.id}`} title=${job.name.slice(0, 1000)}><${Name} text=${job.name} /></a>
      <${Progress} item=${job} /><span class="time-left"><${Remaining} job=${job} more=" left" />${job.time_left && html`<span class="quiet"> · <${Left} job=${job} /></span>`}</span>
      <span class="quiet doing">${[its.length === 1 ? its[0].name : its.length > 1 ? count(its.length, 'worker') : /^Changed to status/.test(job.activity) ? '' : job.activity, job.time_left?.frames_per_hour > 0 && rateOf(job.time_left.frames_per_hour)].filter(Boolean).join(' · ')}</span>
      ${job.task_counts?.failed > 0 && html`<a class="bad" href=${`jobs/${job.id}?tasks=failed`}>${count(job.task_counts.failed, 'task')} failed</a>`}</div></li>`;
}

// Pace is how many frames the farm saved in each minute of the last hour, and on which
// disk how much room is left.
function Pace({ now }) {
  const minutes = now.frames, hour = minutes.reduce((sum, n) => sum + n, 0);
  if (hour === 0) return null;
  const end = Math.floor(clock() / 60_000) * 60;
  const times = minutes.map((_, i) => end - 60 * (minutes.length - 1 - i));
  // A farm that has just begun says nothing about an hour.
  const rate = minutes.length >= 10 && `, ${Math.round((hour * 60) / minutes.length).toLocaleString('en')} an hour`;
  const rooms = Map.groupBy(now.disks, (d) => Math.round(d.free / 1e8));
  const free = [...rooms.values()].map((disks) => `${bytes(disks[0].free)} for ${disks.map((d) => d.of).join(', ')}`).join('; ');
  return html`<${Card} title="Pace" kind="pace" side=${html`<span class="quiet">${count(hour, 'frame')} in ${count(minutes.length, 'minute')}${rate}${free && ` · free: ${free}`}</span>`}>
    <${Chart} times=${times} values=${minutes} label="Saved" unit="frames in this minute" height=${130} text=${`${count(hour, 'frame')} were saved in the last ${count(minutes.length, 'minute')}.`} /></${Card}>`;
}
