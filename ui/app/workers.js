// The workers, as tiles and as a table: who is there, what each does, and if nothing, why.
import { Actions } from './actions.js';
import { MANAGER } from './address.js';
import { AddComputer } from './addcomputer.js';
import * as api from './api.js';
import { bytes, count, percent, word } from './format.js';
import { html, memo } from './lib.js';
import { useLive, version } from './live.js';
import { Gauges, Seen } from './load.js';
import { usePicks } from './picks.js';
import { Command, Name, Progress, Status } from './parts.js';
import { ask, go, place } from './router.js';
import { Updates } from './updates.js';
import { Worker } from './worker.js';

const byName = (a, b) => a.name.localeCompare(b.name) || (a.id < b.id ? -1 : 1);

// useWorkers is all workers with what each is doing, null while they are read.
export function useWorkers() {
  const { data } = useLive('workers', async () => (await api.workers()).sort(byName), {
    // Why one idles depends on the jobs too.
    wakes: (name, event) => name === 'worker' || name === 'tag' || (name === 'job' && !event.was_deleted),
    change: (list, name, event) => (name === 'worker' ? changed(list, event) : name === 'loads' ? loaded(list, event.workers) : list),
  });
  return data;
}

// changed is the list after an event. What is absent in it is none.
function changed(list, event) {
  if (event.deleted_at) return list.filter((w) => w.id !== event.id);
  const { status_change, unable, in_use, unapproved } = event;
  return list.map((w) => (w.id === event.id ? { ...w, ...event, status_change, unable, in_use, unapproved } : w));
}

// loaded is the list after some of them told how busy they are.
function loaded(list, told) {
  const by = new Map(told.map((w) => [w.id, w]));
  return list.map((w) => (by.has(w.id) ? { ...w, last_seen: by.get(w.id).last_seen, load: by.get(w.id).load } : w));
}

export function Workers({ id }) {
  const workers = useWorkers();
  const asTable = place.value.query.get('as') === 'table';
  const picks = usePicks((i) => workers?.[i], workers?.length ?? 0, { kind: 'worker' });
  if (!workers) return html`<h1 tabindex="-1">Workers</h1><p class="hint">Reading the workers …</p>`;
  if (workers.length === 0) return html`<h1 tabindex="-1">Workers</h1><section class="card workers"><${NoWorkers} types=${place.value.query.get('add')} /></section>`;
  const one = workers.find((w) => w.id === id);
  const chosen = picks.items;
  return html`<h1 tabindex="-1">Workers</h1>
    <div class="filter"><div class="chips" role="group" aria-label="How to show them">
      <button type="button" class="chip" aria-pressed=${!asTable ? 'true' : 'false'} onClick=${() => ask({ as: null })}>Tiles</button>
      <button type="button" class="chip" aria-pressed=${asTable ? 'true' : 'false'} onClick=${() => ask({ as: 'table' })}>Table</button></div><${Summary} workers=${workers} /></div>
    <${Updates} old=${workers.filter((w) => other(w) && ['awake', 'asleep'].includes(w.status))} />
    <section class="card workers" onKeyDown=${picks.key}>
      ${chosen.length > 0 && html`<div class="bulk" role="toolbar" aria-label="What to do with the chosen workers"><strong>${chosen.length} chosen</strong><${Actions} kind="worker" items=${chosen} />
        <button type="button" class="plain" onClick=${picks.clear}>Clear</button></div>`}
      ${asTable ? html`<${Table} workers=${workers} picks=${picks} />` : html`<${Tiles} workers=${workers} large />`}</section>
    <details class="card" open=${place.value.query.has('add')}><summary>Add a computer</summary><${NoWorkers} more types=${place.value.query.get('add')} /></details>
    ${one && html`<${Worker} key=${id} worker=${one} />`}
    ${id && !one && html`<p class="hint">There is no such worker: it may have been removed.</p>`}`;
}

function Summary({ workers }) {
  const counts = {};
  for (const w of workers) counts[w.status || 'new'] = (counts[w.status || 'new'] ?? 0) + 1;
  return html`<span class="quiet">${Object.entries(counts).map(([status, n]) => `${n} ${word(status)}`).join(', ')}</span>`;
}

// Tiles shows many workers in little space: a colour, a name, and what it does.
export function Tiles({ workers, large }) {
  return html`<ul class=${`tiles ${large ? 'large' : ''}`}>${workers.map((w) => html`<${Tile} key=${w.id} worker=${w} large=${large} />`)}</ul>`;
}

// Found says that something is wrong with a worker's computer.
function Found({ findings }) {
  if (!findings?.length) return null;
  return html`<span class="found" data-level=${findings.some((f) => f.level === 'error') ? 'error' : 'warning'} title=${findings.map((f) => f.what).join('\n')}>${count(findings.length, 'finding')}</span>`;
}

const Tile = memo(({ worker: w, large }) => html`<li class="worker-tile" data-status=${w.unable?.length || w.unapproved ? 'error' : w.task?.status === 'active' ? 'active' : w.status || 'new'}>
    <a class="name" href=${`workers/${w.id}`} title=${doing(w)}>${w.name}</a><span class="quiet">${doing(w)}</span>
    ${w.task?.status === 'active' && html`<progress max="100" value=${percent(w.task.steps_completed, w.task.steps_total)} data-status="active" aria-label=${`Progress of ${w.name}`}></progress>`}
    ${large && html`<${Gauges} worker=${w} />`}<${Found} findings=${w.facts?.findings} /></li>`);

// doing says what a worker does, in a few words.
export function doing(w) {
  if (w.unapproved) return 'new, waits for approval';
  if (w.status === 'offline') return 'offline';
  if (w.unable?.length) return w.unable[0].reason;
  if (w.task?.status === 'active') return `${w.in_use ? `${w.in_use}: ` : ''}${w.job_name ?? ''} – ${w.task.name}`;
  return w.in_use || w.idle || word(w.status);
}

const columns = [['c-pick', ''], ['c-status', 'Status'], ['c-name', 'Worker'], ['c-task', 'Task'], ['c-load wider', 'Load'], ['c-types wide', 'Computer'], ['c-version wide', 'Version'], ['c-time', 'Last seen']];

function Table({ workers, picks }) {
  return html`<table aria-label="Workers"><thead><tr>${columns.map(([kind, title]) => html`<th key=${kind} class=${kind} scope="col">${title || html`<span class="unseen">Choose</span>`}</th>`)}</tr></thead>
    <tbody>${workers.map((w, i) => html`<${Row} key=${w.id} worker=${w} index=${i} picks=${picks} />`)}</tbody></table>`;
}

function Row({ worker: w, index, picks }) {
  const picked = picks.has(w.id);
  const open = (event) => {
    if (event.target.closest('a, button, input, label') || getSelection().type === 'Range') return;
    if (event.ctrlKey || event.metaKey || event.shiftKey) picks.click(index, event);
    else go(`workers/${w.id}${location.search}`);
  };
  return html`<tr data-index=${index} aria-selected=${picked ? 'true' : 'false'} onClick=${open} onMouseDown=${(event) => event.shiftKey && event.preventDefault()}>
    <td class="c-pick"><label><input type="checkbox" checked=${picked} aria-label=${`Choose ${w.name}`} onClick=${(event) => picks.click(index, event)} /></label></td>
    <${Cells} worker=${w} search=${location.search} /></tr>`;
}

const Cells = memo(({ worker: w, search }) => {
  const task = w.task?.status === 'active' ? w.task : null; // the protocol gives the last task of a worker that has none
  return html`<td class="c-status"><${Status} is=${w.status} more=${wish(w)} /></td>
    <td class="c-name"><a class="name" href=${`workers/${w.id}${search}`}><${Name} text=${w.name} /></a><span class="quiet">${[w.platform, w.ip_address].filter(Boolean).join(' · ')}</span></td>
    <td class="c-task">${task ? html`<a href=${`jobs/${task.job_id}/${task.id}`}>${w.job_name} – ${task.name}</a><${Progress} item=${task} />` : html`<span class="quiet">${doing(w)}</span>`}</td>
    <td class="c-load wider"><${Gauges} worker=${w} /></td>
    <td class="c-types wide">${computer(w).join(' · ')}<span class="quiet">${[...w.supported_task_types ?? [], ...(w.unable ?? []).map((u) => `not ${u.task_types.join(', ')}`)].join(', ')}</span><${Found} findings=${w.facts?.findings} /></td>
    <td class="c-version wide">${w.version}${other(w) && html`<span class="quiet">${other(w)}</span>`}</td>
    <td class="c-time"><${Seen} worker=${w} /></td>`;
});

// computer says what a worker has to render with, as far as it told.
function computer(w) {
  const { cpus, memory, blenders = [] } = w.facts ?? {};
  const cards = new Set(blenders.flatMap((b) => b.devices ?? []).filter((d) => d.type !== 'CPU').map((d) => d.name));
  const versions = [...new Set(blenders.map((b) => b.version))];
  return [cpus && count(cpus, 'CPU'), memory && bytes(memory), ...cards, versions.length > 0 && `Blender ${versions.join(', ')}`].filter(Boolean);
}

// wish says what a worker was asked to become and is not yet, or who keeps it from work.
export function wish(w) {
  if (w.in_use && w.status === 'awake') return `, ${w.in_use}`;
  const change = w.status_change;
  if (!change || change.status === w.status) return '';
  return ` → ${word(change.status)}${change.is_lazy ? ' after its task' : ''}`;
}

// NoWorkers says how to start one.
export function NoWorkers({ more, types }) {
  return html`<div class="empty">${!more && html`<h2>No workers yet</h2>`}
    <p>Workers do the rendering. Where Farm is installed, <code>farm work</code> finds this manager in its network. Where it does not, type</p><${Command} line=${`farm work --manager ${MANAGER}${types ? ` --task-types ${types}` : ''}`} />
    ${LOCAL && html`<p class="quiet">On other computers, put this computer's name in place of ${location.hostname}.</p>`}
    <p>For a computer without Farm, or where the key of the farm is not known:</p><${AddComputer} /></div>`;
}

const LOCAL = ['localhost', '127.0.0.1', '[::1]'].includes(location.hostname);

// other says that a worker's program is not of the manager's version.
export const other = (w) => w.version && version.value && w.version !== version.value.version && `not the manager's ${version.value.version}`;
