// Submitting from the browser: a .blend that is dropped here, alone or in a folder of which
// what it needs is taken along, or one of the shared storage. The manager looks into it and
// says what the job would be and what is missing, before there is a job.
import * as api from './api.js';
import { bytes, count } from './format.js';
import * as folders from './folder.js';
import { submitted } from './desktop.js';
import { Form } from './form.js';
import { html, useEffect, useRef, useState } from './lib.js';
import { useLive } from './live.js';
import { tell } from './notice.js';
import { Card, Name, Time } from './parts.js';
import { ask, go, place } from './router.js';
import { Sending } from './sending.js';
import * as submissions from './submissions.js';

export function Submit() {
  const { chosen, stored, take, leave, over } = useSubmission();
  const { reading, found, dropped, forget } = useFolder(take);
  return html`<h1 tabindex="-1">Submit</h1>
    ${chosen?.ready ? html`<${Describe} key=${chosen.id} file=${chosen} over=${over} leave=${leave} />`
      : chosen ? html`<${Sends} file=${chosen} />`
        : found ? html`<${Pick} found=${found} leave=${forget} take=${(list, blend) => {
          forget();
          take(list, blend);
        }} />`
          : reading ? html`<${Card} title="Reading the folder" kind="sending"><div class="row"><span role="status">${count(reading.found, 'file')}</span><button type="button" onClick=${reading.cancel}>Cancel</button></div></${Card}>`
            : html`<${Choose} dropped=${dropped} stored=${stored} />`}`;
}

// useSubmission is a file on its way to a job: stored begins with one of the storage, take
// with one of a list of files; leave gives it up, and over says that there is a job now.
function useSubmission() {
  const [chosen, setChosen] = useState(null); // {id, name, sending, needs, progress, ready} of the file
  // A submission that is left is forgotten by the manager, with what was sent.
  const open = useRef(null);
  useEffect(() => () => leave(), []);
  const leave = () => {
    open.current?.sending?.cancel();
    if (open.current) submissions.discard(open.current.id).catch(() => {});
    open.current = null;
    setChosen(null);
  };
  const fail = (refused) => {
    leave();
    if (refused.message) tell(refused.message);
  };
  const stored = async (path) => {
    try {
      open.current = await submissions.begin({ path });
      setChosen({ ...open.current, ready: true });
    } catch (refused) {
      fail(refused);
    }
  };
  // What is sent first is what says what else is needed: the file, then its libraries.
  const take = async (list, blend) => {
    let begun = null;
    const mine = () => begun && open.current?.id === begun.id; // nobody left it
    try {
      begun = await submissions.begin({ name: blend.path, files: list.map(({ path, file }) => ({ path, size: file.size })) });
      const sending = new Sending(begun, new Map(list.map(({ path, file }) => [path, file])), (progress) => setChosen((c) => c && { ...c, progress }));
      open.current = { ...begun, sending };
      setChosen({ ...open.current, of: list.length, cancel: leave });
      let needs = { first: true, send: [blend.path] };
      while (needs.first && mine()) {
        await sending.send(needs.send);
        setChosen((c) => c && { ...c, progress: null });
        if (mine()) needs = await submissions.needs(begun.id);
      }
      if (mine()) setChosen((c) => c && { ...c, needs, ready: true });
    } catch (refused) {
      if (!begun || mine()) fail(refused);
    }
  };
  return { chosen, stored, take, leave, over: () => { open.current = null; } };
}

// useFolder is what was dropped or chosen, from which a file is taken: the only .blend, or
// one that the user picks.
function useFolder(take) {
  const [reading, setReading] = useState(null); // {found, cancel}
  const [found, setFound] = useState(null); // {list, blends}, if there are several
  const dropped = async (read) => {
    const stop = new AbortController();
    try {
      setReading({ found: 0, cancel: () => stop.abort() });
      const list = await read((n) => setReading((r) => r && { ...r, found: n }), stop.signal);
      setReading(null);
      const blends = list.filter(folders.isBlend);
      if (blends.length > 1) setFound({ list, blends });
      else if (list.length === 0) tell('Nothing that can be sent was dropped. Drop a .blend, or its folder.');
      else if (blends.length === 0 && list.length > 1) tell('No .blend file is among what was dropped. Drop the folder that it is in.');
      else await take(list, blends[0] ?? list[0]);
    } catch (error) {
      if (!stop.signal.aborted) tell(error instanceof folders.TooMany ? error.message : 'The browser cannot read what was dropped. Is all of it still there?');
      setReading(null);
    }
  };
  return { reading, found, dropped, forget: () => setFound(null) };
}

// Choose is a place to drop a file or a folder, and the folders of the storage.
function Choose({ dropped, stored }) {
  const file = useRef(null);
  const folder = useRef(null);
  const [over, setOver] = useState(false);
  const picked = (event) => {
    const list = folders.chosen(event.currentTarget.files);
    event.currentTarget.value = '';
    dropped(async () => list);
  };
  const drop = (event) => {
    event.preventDefault();
    setOver(false);
    const { dataTransfer } = event;
    dropped((found, signal) => folders.dropped(dataTransfer, found, signal));
  };
  return html`<${Card} title="From this computer" kind="drop"><div class=${`drop-zone ${over ? 'over' : ''}`}
      onDragOver=${(event) => { event.preventDefault(); setOver(true); }} onDragLeave=${() => setOver(false)} onDrop=${drop}>
      <p>Drop a .blend here, or the folder with all that it needs, or</p><div class="row"><button type="button" class="strong" onClick=${() => file.current.click()}>Choose a file …</button>
      <button type="button" onClick=${() => folder.current.click()}>Choose a folder …</button></div>
      <input type="file" class="unseen" tabindex="-1" multiple aria-label="Files of this computer" ref=${file} onChange=${picked} />
      <input type="file" class="unseen folder" tabindex="-1" webkitdirectory aria-label="A folder of this computer" ref=${folder} onChange=${picked} />
      <p class="quiet">Of a folder, only what the .blend needs is sent, and of that only what the farm does not have: textures, linked libraries and what these need. Files elsewhere on this computer cannot be taken along; <a href="../farm-addon.zip" download>the add-on</a> does that.</p></div></${Card}>
    <${Storage} take=${({ path }) => stored(path)} />`;
}

// mostShown is how many .blend files of a folder are listed.
const mostShown = 500;

// Pick asks which of several .blend files is to be rendered.
function Pick({ found, take, leave }) {
  const blends = [...found.blends].sort((a, b) => a.path.localeCompare(b.path));
  return html`<${Card} title="Which file is to be rendered?" kind="pick" side=${html`<button type="button" onClick=${leave}>Another folder</button>`}>
    <ul class="files">${blends.slice(0, mostShown).map((blend) => html`<li key=${blend.path}><button type="button" class="plain file" onClick=${() => take(found.list, blend)}><${Name} text=${blend.path} /></button>
      <span class="quiet">${bytes(blend.file.size)}</span><span class="quiet"><${Time} of=${new Date(blend.file.lastModified).toISOString()} /></span></li>`)}</ul>
    ${blends.length > mostShown && html`<p class="hint">${count(blends.length - mostShown, 'more file')} are not shown. Drop a smaller folder, or the file with what it needs.</p>`}</${Card}>`;
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

// Sends shows how far the files are that are sent before it is known what the job needs.
function Sends({ file }) {
  return html`<${Card} title=${html`<${Name} text=${file.name} />`} kind="sending"><div class="row"><${Sent} progress=${file.progress} /><button type="button" onClick=${file.cancel}>Cancel</button></div></${Card}>`;
}

// Sent is how far sending is.
function Sent({ progress }) {
  if (!progress) return html`<span class="quiet" role="status">Looking for what the file needs …</span>`;
  const percent = Math.floor(100 * progress.share);
  return html`<span class="progress"><progress max="100" value=${percent} data-status="active" aria-label=${progress.doing}></progress>
    <span class="number">${percent}%</span></span><span class="quiet">${progress.doing} ${bytes(progress.bytes)} of ${bytes(progress.of)}</span>`;
}

// Along says what of the folder goes with the job.
function Along({ file }) {
  const stay = file.of - file.needs.needed;
  if (file.of < 2) return null;
  return html`<p class="hint along">${count(file.needs.needed, 'file')} of the folder, ${bytes(file.needs.bytes)}, ${file.needs.needed === 1 ? 'goes' : 'go'} with the job${stay > 0 ? `; ${count(stay, 'other')} ${stay === 1 ? 'is' : 'are'} not needed` : ''}.
    What the farm does not have is sent when you submit.</p>`;
}

// Describe is what the job will be: its type and settings, and what is missing.
function Describe({ file, leave, over }) {
  const { query } = place.value;
  const { data: types } = useLive('job types', api.jobTypes);
  const { data: tags } = useLive('tags', api.tags, { wakes: (name) => name === 'tag' });
  const [given, setGiven] = useState({ type: query.get('type') ?? 'simple-blender-render', name: '', priority: 50, tag: '', notify: '', paused: false, allow_missing: false });
  const [edits, setEdits] = useState({});
  const [found, setFound] = useState({ report: null, error: null, busy: true });
  const type = types?.find((t) => t.name === given.type) ?? types?.[0];
  const put = (key, value) => setEdits(({ [key]: _, ...rest }) => (value === null ? rest : { ...rest, [key]: value }));
  const options = () => ({ ...given, type: type.name, priority: Number(given.priority), notify: given.notify.split(',').map((to) => to.trim()).filter(Boolean), settings: known(type, edits) });
  const [sends, setSends] = useState(false);
  const sent = useRef(false); // all that the job needs
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
    setFound((f) => ({ ...f, busy: true, error: null }));
    try {
      setSends(file.needs?.send.length > 0 && !sent.current);
      if (!sent.current) await file.sending?.send(file.needs.send);
      sent.current = true;
      const job = await submissions.submit(file.id, options());
      submitted(job.id);
      over(); // the manager has forgotten the submission
      go(`jobs/${job.id}`);
    } catch (error) {
      setFound((f) => ({ ...f, error: error.message ? error : null, busy: false }));
      if (error.status === 429) setFound((f) => ({ ...f, error: { message: 'The file is still being looked at: try again in a moment.' } }));
    } finally {
      setSends(false);
    }
  };
  const missing = found.report?.missing ?? [];
  const set = (key) => (event) => setGiven({ ...given, [key]: event.currentTarget.type === 'checkbox' ? event.currentTarget.checked : event.currentTarget.value });
  return html`<form class="describe" onSubmit=${send}>
    <${About} file=${file} type=${type} types=${types} tags=${tags} given=${given} set=${set} name=${found.report?.name} leave=${leave} />
    <${Card} title="Settings" kind="describe-settings" side=${found.busy && html`<span class="quiet" role="status">Looking into the file …</span>`}>
      <${Form} type=${type} values=${found.report?.settings} edits=${edits} put=${put} /></${Card}>
    ${found.report?.notes.map((note) => html`<p class="why warn" key=${note}>${note}</p>`)}
    ${missing.length > 0 && html`<${Missing} report=${found.report} look=${look} allowed=${given.allow_missing} allow=${set('allow_missing')} />`}
    ${found.error && html`<p class="why bad" role="alert">${found.error.message}</p>`}
    ${sends && html`<div class="row sending"><${Sent} progress=${file.progress} /><button type="button" onClick=${() => file.sending.cancel()}>Cancel</button></div>`}
    <div class="actions"><button class="strong" disabled=${found.busy || (missing.length > 0 && !given.allow_missing)}>Submit</button><button type="button" onClick=${look} disabled=${found.busy}>Check again</button></div></form>`;
}

// About is what is said of the job beside its settings.
function About({ file, type, types, tags, given, set, name, leave }) {
  return html`<${Card} title=${html`<${Name} text=${file.name} />`} kind="describe-job" side=${html`<button type="button" onClick=${leave}>Another file</button>`}>
      <div class="form">
        <div class="form-row"><label for="job-name">Name of the job</label><span class="form-value"><input id="job-name" maxlength="1000" placeholder=${name ?? file.name.replace(/\.blend$/i, '')} value=${given.name} onInput=${set('name')} /></span></div>
        <div class="form-row"><label for="job-type">Job type</label><span class="form-value"><select id="job-type" value=${type.name} onChange=${set('type')}>${types.map((t) => html`<option key=${t.name} value=${t.name}>${t.label}</option>`)}</select></span>
          ${type.description && html`<span class="form-about">${type.description}</span>`}</div>
        <div class="form-row"><label for="job-priority">Priority</label><span class="form-value"><input id="job-priority" type="number" min="0" max="100" step="1" required value=${given.priority} onInput=${set('priority')} /></span></div>
        ${tags?.length > 0 && html`<div class="form-row"><label for="job-tag">Workers</label><span class="form-value"><select id="job-tag" value=${given.tag} onChange=${set('tag')}><option value="">Any worker</option>
          ${tags.map((t) => html`<option key=${t.id} value=${t.id}>Only ${t.name}</option>`)}</select></span></div>`}
        <${Tell} value=${given.notify} put=${set('notify')} />
        <div class="form-row"><label for="job-paused">Paused</label><span class="form-value"><input id="job-paused" type="checkbox" checked=${given.paused} onChange=${set('paused')} /></span><span class="form-about">It waits until somebody resumes it.</span></div>
      </div>${file.needs && html`<${Along} file=${file} />`}</${Card}>`;
}

// Tell asks who is told of the job.
const Tell = ({ value, put }) => html`<div class="form-row"><label for="job-notify">Tell</label><span class="form-value"><input id="job-notify" maxlength="2000" value=${value} onInput=${put} aria-describedby="job-notify-about" /></span>
  <span class="form-about" id="job-notify-about">Who hears of it: <a href="notifications">ways</a>, mail addresses or URLs that the farm allows, with commas between them.</span></div>`;

// known is those edits that the job type has a setting for.
const known = (type, edits) => Object.fromEntries(Object.entries(edits).filter(([key]) => type.settings.some((s) => s.key === key)));

// Missing lists what the file needs and cannot be found.
function Missing({ report, allowed, allow }) {
  const n = report.missing.length + report.more;
  return html`<${Card} title=${`${count(n, 'file')} ${n === 1 ? 'is' : 'are'} missing`} kind="problems missing"><ul class="plain-list">${report.missing.map((m, i) => html`<li key=${i}><span class="path">${m.path}</span>
      <span class="quiet">${m.kind} “${m.owner}”${m.library && `, for ${m.library}`}: ${m.why}</span></li>`)}</ul>
    ${report.more > 0 && html`<p class="hint">and ${count(report.more, 'more')}</p>`}
    <label><input type="checkbox" checked=${allowed} onChange=${allow} /> Submit anyway, without ${n === 1 ? 'it' : 'them'}</label></${Card}>`;
}
