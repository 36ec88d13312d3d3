// One worker, beside the others: its computer, its tags, when it sleeps, and who changed it.
import { Actions, change } from './actions.js';
import * as api from './api.js';
import { bytes } from './format.js';
import { Changes } from './job.js';
import { html } from './lib.js';
import { useLive } from './live.js';
import { Drawer, Facts, Fold, Progress, Status, Time } from './parts.js';
import { Schedule } from './schedule.js';
import { doing, wish } from './workers.js';

export function Worker({ worker: w }) {
  const { data: costs } = useLive(`worker costs ${w.id}`, () => own(w.id), { wakes: (name, event) => name === 'worker' && event.id === w.id });
  const task = w.task?.status === 'active' ? w.task : null;
  const facts = w.facts ?? {};
  return html`<${Drawer} title=${w.name} kind="worker" close=${`workers${location.search}`}>
    <div class="row"><${Status} is=${w.status} more=${wish(w)} /><${Actions} kind="worker" items=${[w]} /></div>
    ${task ? html`<p class="doing"><a href=${`jobs/${task.job_id}/${task.id}`}>${w.job_name} – ${task.name}</a></p><${Progress} item=${task} />` : html`<p class="why">${doing(w)}</p>`}
    ${w.unable?.map((u) => html`<p class="why bad" key=${u.reason}>It cannot do ${u.task_types.join(', ')}: ${u.reason}</p>`)}
    <${Facts} list=${[
      ['Last seen', html`<${Time} of=${w.last_seen} />`],
      ['Address', w.ip_address], ['Platform', [w.platform, facts.arch].filter(Boolean).join(' ')], ['Version', w.version],
      ['Computer', [facts.cpus && `${facts.cpus} CPUs`, facts.memory && `${bytes(facts.memory)} of memory`].filter(Boolean).join(', ')],
      ['Task types', w.supported_task_types?.join(', ')],
      ['Renders', costs?.rendered > 0 && `${costs.frames_per_hour.toFixed(1)} frames an hour in ${costs.job_name}`],
      ...(facts.blenders ?? []).map((b) => [`Blender ${b.version}`, html`<span class="path">${b.path}</span>${devices(b) && html`<span class="quiet"> ${devices(b)}</span>`}`]),
      ['ID', html`<span class="path">${w.id}</span>`],
    ]} />
    <${Tags} worker=${w} />
    <${Fold} title="Sleep schedule"><${Schedule} worker=${w.id} /></${Fold}>
    <${Fold} title="Log of changes"><${Changes} kind="workers" id=${w.id} /></${Fold}></${Drawer}>`;
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
