// The list of all jobs: filtered, sorted and counted by the manager, so that a hundred
// thousand of them are as quick as ten.
import { Actions, shown } from './actions.js';
import { MANAGER } from './address.js';
import * as api from './api.js';
import { Filter } from './filter.js';
import { Thumb } from './image.js';
import { useNarrow } from './keys.js';
import { html, useMemo, useRef, useState } from './lib.js';
import { useLive } from './live.js';
import { tell } from './notice.js';
import { ask as askAddress, go, place } from './router.js';
import { Command, Name, Progress, Remaining, Status, Time } from './parts.js';
import { JobTools } from './jobtools.js';
import { usePicks } from './picks.js';
import { Priority, priorityKey } from './priority.js';
import { LongTable } from './window.js';

const BLOCK = 100; // jobs that are asked for at a time
const MOST = 500; // jobs that come in one answer

const columns = [['c-pick', ''], ['c-thumb wide', 'Image'], ['c-status', 'Status', 'status'], ['c-name', 'Job', 'name'], ['c-progress', 'Progress'],
  ['c-left wide', 'Time left'], ['c-number wide', 'Prio', 'priority'], ['c-time', 'Updated', 'updated']];

// asked is what the address asks for, as the query of the manager.
function asked(query) {
  const list = [...query].filter(([name]) => ['status', 'type', 'tag', 'submitter', 'text', 'sort'].includes(name));
  return list.length ? list : [];
}

export function Jobs() {
  const { query } = place.value;
  const wanted = asked(query);
  const key = `jobs?${new URLSearchParams(wanted)}`;
  const [from, setFrom] = useState(0);
  const view = useRef({ first: 0, last: BLOCK });
  const list = useMemo(() => Object.assign(new Map(), { index: new Map() }), [key]); // jobs by row, and rows by id
  const { data, error, stale } = useLive(key, () => fetchBlocks(wanted, view.current), { wakes, change: (found, name, event) => change(found, list, name, event) });
  const [, redraw] = useState(0);
  merge(list, data);
  const wants = useMemo(() => (first, last) => {
    view.current = { first, last };
    fill(list, wanted, Math.max(0, first - BLOCK / 2), Math.min(last + BLOCK, list.data?.total ?? last)).then((more) => more && redraw((n) => n + 1), () => {});
  }, [list]);
  const total = data?.total ?? stale?.total ?? 0;
  const at = (i) => list.get(i);
  // What is chosen stays so in another order, but not where it may not be seen.
  const picks = usePicks(at, total, { kind: 'job', of: `${new URLSearchParams(wanted.filter(([name]) => name !== 'sort'))}`, fetch: api.job });
  const narrow = useNarrow(700);
  const sort = query.get('sort') ?? '-created';
  if (data && data.all === 0) return html`<h1 tabindex="-1">Jobs</h1><section class="card jobs"><${NoJobs} /></section>`;
  const chosen = picks.items;
  const pictures = hasPictures(list);
  return html`<h1 tabindex="-1">Jobs</h1>
    <${Filter} counts=${data ?? stale} query=${query} />
    <section class="card jobs">
      ${chosen.length > 0 && html`<div class="bulk" role="toolbar" aria-label="What to do with the chosen jobs"><strong>${chosen.length} chosen</strong>
        <${Actions} kind="job" items=${chosen} /><${JobTools} jobs=${chosen} />
        ${chosen.length < total && total <= MOST && html`<button type="button" class="plain" onClick=${() => all(wanted, picks)}>Choose all ${total.toLocaleString('en')}</button>`}<button type="button" class="plain" onClick=${picks.clear}>Clear</button></div>`}
      ${error && html`<p class="hint">${error.message}</p>`}
      ${!data && !stale && !error && html`<p class="hint">Reading the jobs …</p>`}
      <${LongTable} label="Jobs" columns=${pictures ? columns : columns.filter(([kind]) => !kind.startsWith('c-thumb'))} total=${total} height=${narrow ? 76 : 42} sort=${sort} wants=${wants}
        onSort=${(next) => askAddress({ sort: next === '-created' ? null : next }, { step: true })} onKey=${(event) => priorityKey(event, at) || picks.key(event)}
        row=${(i) => html`<${JobRow} key=${at(i)?.id ?? i} job=${at(i)} index=${i} picks=${picks} pictures=${pictures} />`}
        empty=${data && html`<p class="hint">No job is like this. <a href="jobs">Show all ${data.all.toLocaleString('en')}</a></p>`} />
    </section>`;
}

// wakes says which events change which jobs there are, and where in the list they are.
function wakes(name, event) {
  return name === 'job' && (event.was_deleted || event.previous_status || event.refresh_tasks || !event.steps_completed);
}

// change notes in a row what an event tells of it, wherever the row is. What is absent where
// it cannot be told goes.
function change(data, list, name, event) {
  if (name === 'last-rendered' && list.get(list.index.get(event.job_id))?.last_rendered === undefined) return first(data, list, event);
  const i = name === 'job' && !event.was_deleted ? list.index.get(event.id) : undefined;
  if (i === undefined) return data;
  list.set(i, { ...list.get(i), time_left: null, delete_requested_at: undefined, worker_tag: undefined, ...event });
  return { ...data };
}

// first notes that a job has an image now.
function first(data, list, { job_id: id, thumbnail }) {
  const i = list.index.get(id);
  if (i === undefined) return data;
  list.set(i, { ...list.get(i), last_rendered: thumbnail });
  return { ...data };
}

// hasPictures says whether a column for them makes sense.
function hasPictures(list) {
  for (const job of list.values()) if (job.last_rendered) return true;
  return false;
}

function put(list, i, job) {
  list.set(i, job);
  list.index.set(job.id, i);
}

// fetchBlocks fetches the part of the list that is in view.
async function fetchBlocks(wanted, { first, last }) {
  const offset = Math.floor(first / BLOCK) * BLOCK;
  const limit = Math.min(MOST, Math.ceil((last - offset) / BLOCK) * BLOCK || BLOCK);
  const answer = await api.jobs([...wanted, ['offset', offset], ['limit', limit]]);
  return { ...answer, offset };
}

// merge puts what was fetched last into the list; what is elsewhere in it may be another
// job by now, and is fetched again once it comes into view.
function merge(list, data) {
  if (!data || list.data === data) return;
  if (list.fetched !== data.jobs) {
    list.clear();
    list.index.clear();
    data.jobs.forEach((job, i) => put(list, data.offset + i, job));
  }
  Object.assign(list, { data, fetched: data.jobs });
}

// all chooses all jobs of the list.
async function all(wanted, picks) {
  try {
    picks.add((await api.jobs([...wanted, ['limit', MOST]])).jobs);
  } catch (error) {
    tell(error.message);
  }
}

// fill fetches what the list lacks of a view, and tells whether there was any.
async function fill(list, wanted, first, last) {
  let more = false;
  for (let offset = Math.floor(first / BLOCK) * BLOCK; offset < last; offset += BLOCK) {
    let lacks = false;
    for (let i = Math.max(first, offset); i < Math.min(last, offset + BLOCK); i++) lacks ||= !list.has(i);
    const asking = list.asking ??= new Set();
    if (!lacks || asking.has(offset) || !list.data) continue;
    asking.add(offset);
    try {
      const { jobs } = await api.jobs([...wanted, ['offset', offset], ['limit', BLOCK]]);
      jobs.forEach((job, i) => put(list, offset + i, job));
      more = true;
    } finally {
      asking.delete(offset);
    }
  }
  return more;
}

function JobRow({ job: given, index, picks, pictures }) {
  if (!given) return html`<tr class="blank" aria-rowindex=${index + 2}><td colspan=${columns.length}></td></tr>`;
  const job = shown(given);
  const picked = picks.has(job.id);
  const open = (event) => {
    if (event.target.closest('a, button, input, label') || getSelection().type === 'Range') return;
    if (event.ctrlKey || event.metaKey || event.shiftKey) picks.click(index, event);
    else go(`jobs/${job.id}`);
  };
  return html`<tr aria-rowindex=${index + 2} aria-selected=${picked ? 'true' : 'false'} data-index=${index} onClick=${open}
      onMouseDown=${(event) => event.shiftKey && event.preventDefault()}>
    <td class="c-pick"><label><input type="checkbox" checked=${picked} aria-label=${`Choose ${job.name.slice(0, 80)}`} onClick=${(event) => picks.click(index, event, true)} /></label></td>
    ${pictures && html`<td class="c-thumb wide"><${Thumb} key=${job.id} job=${job} /></td>`}
    <td class="c-status"><${Status} is=${job.delete_requested_at ? 'deleting' : job.status} /></td>
    <td class="c-name"><a class="name" href=${`jobs/${job.id}`} title=${job.name.slice(0, 1000)}><${Name} text=${job.name} /></a>
      <span class="quiet">${[job.type, job.submitter].filter(Boolean).join(' · ')}${job.time_left && html`<span class="slim"> · <${Remaining} job=${job} more=" left" /></span>`}${job.task_counts?.failed > 0 && html` · <span class="bad">${job.task_counts.failed} failed</span>`}</span></td>
    <td class="c-progress"><${Progress} item=${job} /></td>
    <td class="c-left wide"><${Remaining} job=${job} /></td>
    <td class="c-number wide"><${Priority} job=${job} /></td>
    <td class="c-time"><${Time} of=${job.updated} /></td></tr>`;
}

// NoJobs says how to make the first one.
export function NoJobs() {
  return html`<div class="empty"><h2>No jobs yet</h2>
    <p>Render your first scene: choose a <code>.blend</code> of this computer or of the storage.</p>
    <p><a class="button strong" href="submit">Submit a file</a></p>
    <p>Or open a terminal in its folder, and type</p>
    <${Command} line=${`farm submit FILE.blend --manager ${MANAGER}`} />
    <p class="quiet">with the name of your scene in place of FILE.blend. The job appears here at once. From Blender it is submitted with the
      <a href="../farm-addon.zip" download> add-on</a>, which knows the address of this farm.</p></div>`;
}
