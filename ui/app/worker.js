// One worker, beside the others: its computer, its tags, when it sleeps, and who changed it.
import { Actions, change } from './actions.js';
import * as api from './api.js';
import { Chart } from './chart.js';
import { Days } from './days.js';
import { bytes, count, seconds } from './format.js';
import { Changes } from './job.js';
import { html } from './lib.js';
import { useLive } from './live.js';
import { Gauge, gauges, Seen } from './load.js';
import { Drawer, Facts, Fold, Name, Progress, Status, Time } from './parts.js';
import { Schedule } from './schedule.js';
import { Why } from './why.js';
import { other, wish } from './workers.js';

export function Worker({ worker: w }) {
  const { data: costs } = useLive(`worker costs ${w.id}`, () => own(w.id), { wakes: (name, event) => name === 'worker' && event.id === w.id });
  const task = w.task?.status === 'active' ? w.task : null;
  const facts = w.facts ?? {};
  return html`<${Drawer} title=${w.name} kind="worker" close=${`workers${location.search}`}>
    <div class="row"><${Status} is=${w.status} more=${wish(w)} /><${Actions} kind="worker" items=${[w]} /></div>
    ${task ? html`<p class="doing"><a href=${`jobs/${task.job_id}/${task.id}`}>${w.job_name} – ${task.name}</a></p><${Progress} item=${task} />` : html`<${Why} kind="workers" id=${w.id} />`}
    ${w.unable?.map((u) => html`<p class="why bad" key=${u.reason}>It cannot do ${u.task_types.join(', ')}: ${u.reason}</p>`)}
    <${Findings} of=${facts.findings} />
    <${Facts} list=${[
      ['Last seen', html`<${Seen} worker=${w} />`], ['In use', w.in_use],
      ...gauges(w).map((g) => [g.name, html`<${Gauge} of=${g} name=${w.name} />`]),
      ['Address', w.ip_address], ['Platform', [w.platform, facts.arch].filter(Boolean).join(' ')], ['Version', [w.version, other(w)].filter(Boolean).join(', ')],
      ['Computer', [facts.cpus && `${facts.cpus} CPUs`, facts.memory && `${bytes(facts.memory)} of memory`].filter(Boolean).join(', ')],
      ['Task types', w.supported_task_types?.join(', ')],
      ['Renders', costs?.rendered > 0 && `${costs.frames_per_hour.toFixed(1)} frames an hour in ${costs.job_name}`],
      ...(facts.blenders ?? []).map((b) => [`Blender ${b.version}`, html`<span class="path">${b.path}</span>${devices(b) && html`<span class="quiet"> ${devices(b)}</span>`}`]),
      ...Object.entries(facts.variables ?? {}).map(([name, value]) => [`{${name}}`, html`<span class="path">${value}</span>`]),
      ['ID', html`<span class="path">${w.id}</span>`],
    ]} />
    <${Tags} worker=${w} />
    <${Fold} title="Frames per hour" open><${Speeds} id=${w.id} /></${Fold}>
    <${Fold} title="Sleep schedule"><${Schedule} worker=${w.id} /></${Fold}>
    <${Fold} title="Log of changes"><${Changes} kind="workers" id=${w.id} /></${Fold}></${Drawer}>`;
}

// Speeds is how fast it was on the last days, and in the jobs that changed last.
function Speeds({ id }) {
  const { data, error } = useLive(`speeds ${id}`, () => api.workerHistory(id));
  if (!data) return html`<p class="hint">${error?.message ?? 'Reading …'}</p>`;
  const jobs = (data.jobs ?? []).filter((j) => j.frames_per_hour > 0);
  return html`<${Days} days=${data.days} />${jobs.length > 0 && html`<${Parts} jobs=${jobs} />`}`;
}

function Parts({ jobs }) {
  return html`<h3>In its last jobs</h3><${Chart} kind="points" times=${jobs.map((j) => Date.parse(j.last) / 1000)} values=${jobs.map((j) => j.frames_per_hour)} label="Speed" unit="frames an hour" text="How fast it was in each job, at the time of its last frame." />
    <ul class="plain-list">${jobs.slice(-8).reverse().map((j) => html`<li key=${j.job_id}><a class="name" href=${`jobs/${j.job_id}`}><${Name} text=${j.job_name} /></a>
      <span class="quiet">${j.frames_per_hour.toLocaleString('en', { maximumFractionDigits: 1 })} frames an hour, ${count(j.rendered, 'frame')} in ${seconds(j.seconds)}, <${Time} of=${j.last} /></span></li>`)}</ul>`;
}

// Findings are what is wrong with a computer, why it matters, and what to do about it.
function Findings({ of }) {
  if (!of?.length) return null;
  return html`<ul class="findings">${of.map((f) => html`<li class=${f.level === 'error' ? 'why bad' : 'why'} key=${f.name + f.what}>${f.what} <span class="quiet">– ${f.why}.</span> ${f.fix}</li>`)}</ul>`;
}

const devices = (b) => [...new Set((b.devices ?? []).map((d) => d.name))].join(', ');

const own = (id) => api.workerCosts(id);

// Tags says which jobs the worker takes.
function Tags({ worker: w }) {
  const { data: tags } = useLive('tags', api.tags, { wakes: (name) => name === 'tag' });
  if (!tags?.length) return html`<p class="hint">It takes jobs of any kind: there are no <a href="tags">tags</a>.</p>`;
  const has = new Set((w.tags ?? []).map((tag) => tag.id));
  const toggle = (id) => {
    const next = has.has(id) ? [...has].filter((t) => t !== id) : [...has, id];
    change([w], 'worker', () => api.setWorkerTags(w.id, next));
  };
  return html`<fieldset><legend>Tags</legend><div class="chips">${tags.map((tag) => html`<button type="button" class="chip" key=${tag.id} aria-pressed=${has.has(tag.id) ? 'true' : 'false'} onClick=${() => toggle(tag.id)}>${tag.name}</button>`)}</div>
    <p class="quiet">${has.size ? 'It takes jobs with one of these tags, and those without any.' : 'It takes only jobs without a tag.'}</p></fieldset>`;
}
