// Submitting from the browser: a .blend that is dropped here, or one of the shared storage.
// The manager looks into it and says what the job would be and what is missing, before
// there is a job.
import * as api from './api.js';
import { bytes, count } from './format.js';
import { submitted } from './desktop.js';
import { Form } from './form.js';
import { html, useEffect, useRef, useState } from './lib.js';
import { useLive } from './live.js';
import { tell } from './notice.js';
import { Card, Name, Time } from './parts.js';
import { ask, go, place } from './router.js';
import * as submissions from './submissions.js';

export function Submit() {
  const [chosen, setChosen] = useState(null); // {id, name, sending, share} of the file
  const fail = (refused) => {
    setChosen(null);
    if (refused.message) tell(refused.message);
  };
  // A submission that is left is forgotten by the manager, with the file that was sent.
  const open = useRef(null);
  open.current = chosen?.id;
  useEffect(() => () => { if (open.current) submissions.discard(open.current).catch(() => {}); }, []);
  const take = async (file) => {
    try {
      const begun = await submissions.begin(file.path ? file : { name: file.name, size: file.size });
      if (file.path) {
        setChosen({ ...begun, ready: true });
        return;
      }
      const sending = submissions.send(begun.id, file, (share) => setChosen((c) => c && { ...c, share }));
      setChosen({ ...begun, cancel: sending.cancel, share: 0, size: file.size });
      await sending.done;
      setChosen((c) => c && { ...c, ready: true });
    } catch (refused) {
      if (open.current) submissions.discard(open.current).catch(() => {});
      fail(refused);
    }
  };
  return html`<h1 tabindex="-1">Submit</h1>
    ${!chosen ? html`<${Choose} take=${take} />`
      : !chosen.ready ? html`<${Sending} file=${chosen} />`
        : html`<${Describe} key=${chosen.id} file=${chosen} over=${() => { open.current = null; }} leave=${() => {
          submissions.discard(chosen.id).catch(() => {});
          setChosen(null);
        }} />`}`;
}

// Choose is a place to drop a file, and the folders of the storage.
function Choose({ take }) {
  const input = useRef(null);
  const [over, setOver] = useState(false);
  const dropped = (list) => {
    if (list.length > 1) tell('One file at a time: drop a .blend, or submit from Blender to take along what it needs.');
    else if (list[0]) take(list[0]);
  };
  return html`<${Card} title="From this computer" kind="drop"><div class=${`drop-zone ${over ? 'over' : ''}`}
      onDragOver=${(event) => { event.preventDefault(); setOver(true); }} onDragLeave=${() => setOver(false)}
      onDrop=${(event) => { event.preventDefault(); setOver(false); dropped([...event.dataTransfer.files]); }}>
      <p>Drop a .blend here, or</p><button type="button" class="strong" onClick=${() => input.current.click()}>Choose a file …</button>
      <input type="file" class="unseen" tabindex="-1" accept=".blend" aria-label="A .blend of this computer" ref=${input} onChange=${(event) => { dropped([...event.currentTarget.files]); event.currentTarget.value = ''; }} />
      <p class="quiet">Only the file itself is sent. What it needs, such as textures, has to be packed into it (File › External Data › Pack Resources) or in the shared storage; <a href="../farm-addon.zip" download>the add-on</a> takes all of it along.</p></div></${Card}>
    <${Storage} take=${take} />`;
}

// Storage is a folder of the shared storage. Which, is in the address.
function Storage({ take }) {
  const at = place.value.query.get('folder') ?? '';
  const { data, error, load } = useLive(`folder ${at}`, () => submissions.folder(at));
  const parts = at.split('/').filter(Boolean);
  const open = (path) => ask({ folder: path || null }, { step: true });
  return html`<${Card} title="From the shared storage" kind="storage" side=${html`<button type="button" class="plain" onClick=${load}>Look again</button>`}>
    <nav class="crumbs" aria-label="Folders"><button type="button" class="plain" onClick=${() => open('')}>storage</button>${parts.map((part, i) => html`<span key=${i}>/</span>
      <button type="button" class="plain" key=${`${i}b`} onClick=${() => open(parts.slice(0, i + 1).join('/'))}>${part}</button>`)}</nav>
    ${!data && html`<p class="hint">${error?.message ?? 'Reading …'}</p>`}
    ${data?.entries.length === 0 && html`<p class="hint">No folders and no .blend files are here.</p>`}
    ${data?.entries.length > 0 && html`<ul class="files">${data.entries.map((e) => html`<li key=${e.name}><button type="button" class="plain file" data-folder=${e.folder ? 'true' : 'false'}
      onClick=${() => (e.folder ? open([...parts, e.name].join('/')) : take({ path: [...parts, e.name].join('/') }))}><${Name} text=${e.name} />${e.folder ? '/' : ''}</button>
      <span class="quiet">${!e.folder && bytes(e.size)}</span><span class="quiet"><${Time} of=${e.modified} /></span></li>`)}</ul>`}
    ${data?.more > 0 && html`<p class="hint">${count(data.more, 'more entry').replace('entrys', 'entries')} are not shown.</p>`}</${Card}>`;
}

function Sending({ file }) {
  const percent = Math.floor(100 * (file.share ?? 0));
  return html`<${Card} title=${html`<${Name} text=${file.name} />`} kind="sending"><div class="row"><span class="progress"><progress max="100" value=${percent} data-status="active" aria-label="Sent"></progress>
      <span class="number">${percent}%</span></span><span class="quiet">${bytes(Math.round((file.share ?? 0) * file.size))} of ${bytes(file.size)}</span>
    <button type="button" onClick=${file.cancel}>Cancel</button></div></${Card}>`;
}

// Describe is what the job will be: its type and settings, and what is missing.
function Describe({ file, leave, over }) {
  const { query } = place.value;
  const { data: types } = useLive('job types', api.jobTypes);
  const { data: tags } = useLive('tags', api.tags, { wakes: (name) => name === 'tag' });
  const [given, setGiven] = useState({ type: query.get('type') ?? 'simple-blender-render', name: '', priority: 50, tag: '', paused: false, allow_missing: false });
  const [edits, setEdits] = useState({});
  const [found, setFound] = useState({ report: null, error: null, busy: true });
  const type = types?.find((t) => t.name === given.type) ?? types?.[0];
  const put = (key, value) => setEdits(({ [key]: _, ...rest }) => (value === null ? rest : { ...rest, [key]: value }));
  const options = () => ({ ...given, type: type.name, priority: Number(given.priority), settings: known(type, edits) });
  const turn = useRef(0);
  const look = async () => {
    const mine = ++turn.current;
    setFound((f) => ({ ...f, busy: true }));
    try {
      const report = await submissions.check(file.id, options());
      if (turn.current === mine) setFound({ report, error: null, busy: false });
    } catch (error) {
      if (turn.current !== mine) return;
      if (error.status === 429) setTimeout(look, 500); // the look before is not over
      else setFound((f) => ({ report: f.report, error, busy: false }));
    }
  };
  const depends = type && JSON.stringify([type.etag, known(type, edits), given.tag]);
  useEffect(() => { if (type) look(); }, [depends]);
  if (!type) return html`<p class="hint">Reading …</p>`;
  const send = async (event) => {
    event.preventDefault();
    turn.current++;
    setFound((f) => ({ ...f, busy: true }));
    try {
      const job = await submissions.submit(file.id, options());
      submitted(job.id);
      over(); // the manager has forgotten the submission
      go(`jobs/${job.id}`);
    } catch (error) {
      setFound((f) => ({ ...f, error, busy: false }));
      if (error.status === 429) setFound((f) => ({ ...f, error: { message: 'The file is still being looked at: try again in a moment.' } }));
    }
  };
  const missing = found.report?.missing ?? [];
  const set = (key) => (event) => setGiven({ ...given, [key]: event.currentTarget.type === 'checkbox' ? event.currentTarget.checked : event.currentTarget.value });
  return html`<form class="describe" onSubmit=${send}>
    <${Card} title=${html`<${Name} text=${file.name} />`} kind="describe-job" side=${html`<button type="button" onClick=${leave}>Another file</button>`}>
      <div class="form">
        <div class="form-row"><label for="job-name">Name of the job</label><span class="form-value"><input id="job-name" maxlength="1000" placeholder=${found.report?.name ?? file.name.replace(/\.blend$/i, '')} value=${given.name} onInput=${set('name')} /></span></div>
        <div class="form-row"><label for="job-type">Job type</label><span class="form-value"><select id="job-type" value=${type.name} onChange=${set('type')}>${types.map((t) => html`<option key=${t.name} value=${t.name}>${t.label}</option>`)}</select></span>
          ${type.description && html`<span class="form-about">${type.description}</span>`}</div>
        <div class="form-row"><label for="job-priority">Priority</label><span class="form-value"><input id="job-priority" type="number" min="0" max="100" step="1" required value=${given.priority} onInput=${set('priority')} /></span></div>
        ${tags?.length > 0 && html`<div class="form-row"><label for="job-tag">Workers</label><span class="form-value"><select id="job-tag" value=${given.tag} onChange=${set('tag')}><option value="">Any worker</option>
          ${tags.map((t) => html`<option key=${t.id} value=${t.id}>Only ${t.name}</option>`)}</select></span></div>`}
        <div class="form-row"><label for="job-paused">Paused</label><span class="form-value"><input id="job-paused" type="checkbox" checked=${given.paused} onChange=${set('paused')} /></span><span class="form-about">It waits until somebody resumes it.</span></div>
      </div></${Card}>
    <${Card} title="Settings" kind="describe-settings" side=${found.busy && html`<span class="quiet" role="status">Looking into the file …</span>`}>
      <${Form} type=${type} values=${found.report?.settings} edits=${edits} put=${put} /></${Card}>
    ${found.report?.notes.map((note) => html`<p class="why warn" key=${note}>${note}</p>`)}
    ${missing.length > 0 && html`<${Missing} report=${found.report} look=${look} allowed=${given.allow_missing} allow=${set('allow_missing')} />`}
    ${found.error && html`<p class="why bad" role="alert">${found.error.message}</p>`}
    <div class="actions"><button class="strong" disabled=${found.busy || (missing.length > 0 && !given.allow_missing)}>Submit</button><button type="button" onClick=${look} disabled=${found.busy}>Check again</button></div></form>`;
}

// known is those edits that the job type has a setting for.
const known = (type, edits) => Object.fromEntries(Object.entries(edits).filter(([key]) => type.settings.some((s) => s.key === key)));

// Missing lists what the file needs and cannot be found.
function Missing({ report, allowed, allow }) {
  const n = report.missing.length + report.more;
  return html`<${Card} title=${`${count(n, 'file')} ${n === 1 ? 'is' : 'are'} missing`} kind="problems missing"><ul class="plain-list">${report.missing.map((m, i) => html`<li key=${i}><span class="path">${m.path}</span>
      <span class="quiet">${m.kind} “${m.owner}”${m.library && `, for ${m.library}`}: ${m.why}</span></li>`)}</ul>
    ${report.more > 0 && html`<p class="hint">and ${count(report.more, 'more')}</p>`}
    <label><input type="checkbox" checked=${allowed} onChange=${allow} /> Submit without ${n === 1 ? 'it' : 'them'}</label></${Card}>`;
}
