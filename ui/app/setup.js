// The set-up assistant: a few questions from an empty farm to one that renders. Each answer
// applies at once, each step can be gone back to, and all of it can be left out.
import { AddComputer } from './addcomputer.js';
import { own } from './api.js';
import { html, useEffect, useRef, useState } from './lib.js';
import { ask as askAddress, go, place } from './router.js';

const post = (what, body) => own('POST', `setup/${what}`, body);

const steps = [['network', 'Who takes part'], ['storage', 'Where renders go'], ['blender', 'Blender'], ['ffmpeg', 'FFmpeg'], ['computers', 'More computers']];

export function SetUp() {
  const [how, setHow] = useState(null), [programs, setPrograms] = useState(null), [error, setError] = useState('');
  const [look, setLook] = useState(0);
  useEffect(() => { own('GET', 'setup').then(setHow, (no) => setError(no.message)); }, []);
  useEffect(() => {
    if (!how?.may_set_up) return;
    setPrograms(null);
    own('GET', 'setup/programs').then(setPrograms, (no) => setError(no.message));
  }, [how?.may_set_up, look]);
  const wanted = steps.findIndex(([name]) => name === place.value.query.get('step'));
  const at = Math.max(0, wanted);
  const before = useRef(at);
  useEffect(() => {
    if (before.current !== at) document.querySelector('main h1')?.focus({ preventScroll: true });
    before.current = at;
  }, [at]);
  if (!how) return html`<h1 tabindex="-1">Set up the farm</h1><p class="hint">${error || 'Reading …'}</p>`;
  if (!how.may_set_up) {
    return html`<h1 tabindex="-1">Set up the farm</h1><p class="why">This farm is set up already. Its folders and programs are changed on the manager's own computer, or with the farm key; <a href="settings">the settings</a> show how they are.</p>`;
  }
  const lead = (to) => { setError(''); askAddress({ step: steps[to][0] }, { step: true }); };
  const leave = async (to) => {
    try {
      await post('done');
      go(to);
    } catch (no) {
      setError(no.message);
    }
  };
  const tried = async (work) => {
    setError('');
    try {
      return await work();
    } catch (no) {
      setError(no.message);
      return null;
    }
  };
  const [name, title] = steps[at];
  const Step = { network: Network, storage: Storage, blender: Blender, ffmpeg: FFmpeg, computers: Computers }[name];
  return html`<h1 tabindex="-1">${title}</h1>
    <nav class="steps" aria-label="Steps"><ol>${steps.map(([step, label], i) => html`<li key=${step}><button type="button" class="plain" aria-current=${i === at ? 'step' : undefined} onClick=${() => lead(i)}>${i + 1}. ${label}</button></li>`)}</ol></nav>
    <section class="card set-up" data-step=${name}>
      <${Step} how=${how} setHow=${setHow} programs=${programs} again=${() => setLook(look + 1)} tried=${tried} />
      ${error && html`<p class="why bad" role="alert">${error}</p>`}</section>
    <div class="set-up-ways">${at > 0 && html`<button type="button" onClick=${() => lead(at - 1)}>Back</button>`}
      <button type="button" class="plain" onClick=${() => leave('')}>${how.first_run ? 'Skip all this' : 'Close'}</button><span class="spread"></span>
      ${at < steps.length - 1 ? html`<button type="button" class="strong" onClick=${() => lead(at + 1)}>Next: ${steps[at + 1][1]}</button>`
        : html`<button type="button" class="strong" onClick=${() => leave('submit')}>Render something</button>`}</div>`;
}

// Choice is one of several answers.
function Choice({ group, checked, disabled, choose, title, children }) {
  return html`<label class="choice"><input type="radio" name=${group} checked=${checked} disabled=${disabled} onChange=${choose} /><span><strong>${title}</strong><span class="quiet">${children}</span></span></label>`;
}

function Network({ how, setHow, tried }) {
  const [busy, setBusy] = useState(false);
  const choose = async (here) => {
    setBusy(true);
    const now = await tried(() => post('network', { only_here: here }));
    setBusy(false);
    setHow(now ?? { ...how });
  };
  return html`<fieldset class="choices"><legend>Which computers shall reach this farm?</legend>
    <${Choice} group="network" checked=${how.only_here} disabled=${busy || !how.may_move} choose=${() => choose(true)} title="This computer only">Nobody else in the network sees the farm. You can change that at any time.</${Choice}>
    <${Choice} group="network" checked=${!how.only_here} disabled=${busy || !how.may_move} choose=${() => choose(false)} title="The computers of the network">They can render, and people can submit from them. Everybody who reaches the farm can have it run programs, so keep it off the internet; a <a href="../docs/security.html#the-farm-key">farm key</a> lets in only those who have it.</${Choice}></fieldset>
    ${!how.may_move && html`<p class="hint">The manager answers at <span class="path">${how.listen}</span>. This can be changed here only on its own computer, and if it was not started with an address; otherwise by the key <span class="path">listen</span> in <span class="path">${how.file}</span>.</p>`}`;
}

function Storage({ how, setHow, tried }) {
  const elsewhere = how.storage !== how.default_storage;
  const [other, setOther] = useState(elsewhere), [path, setPath] = useState(elsewhere ? how.storage : ''), [found, setFound] = useState(null), [busy, setBusy] = useState(false);
  const use = async (wanted, create) => {
    setBusy(true);
    setFound(null);
    const result = await tried(() => post('storage', { path: wanted, use: true, create }));
    setBusy(false);
    setFound(result);
    if (result?.used) setHow({ ...how, storage: result.path, first_run: false });
  };
  const windows = how.platform === 'windows';
  return html`<fieldset class="choices"><legend>Where do the files and frames of jobs go?</legend>
    <${Choice} group="storage" checked=${!other} disabled=${busy} choose=${() => { setOther(false); use('', true); }} title="Into Farm's own folder">${how.default_storage}. It works without further ado, also with more computers: they fetch what they need, and send the frames back.</${Choice}>
    <${Choice} group="storage" checked=${other} disabled=${busy} choose=${() => { setOther(true); setFound(null); }} title="Into another folder, as on a NAS">Large projects are faster when every computer reads them where they are.</${Choice}></fieldset>
    ${other && html`<form class="make" onSubmit=${(event) => { event.preventDefault(); use(path, false); }}><input class="wide-field" aria-label="Folder on the manager's computer" aria-describedby="storage-about" required spellcheck="false" placeholder=${windows ? 'Z:\\farm' : '/mnt/farm'} value=${path} onInput=${(event) => setPath(event.currentTarget.value)} />
      <button class="strong" disabled=${busy}>${busy ? 'Trying …' : 'Try and use it'}</button></form>
      <p class="hint" id="storage-about">As the manager's computer knows it${windows ? ': with the letter of the drive, and not as \\\\NAS\\farm' : ', where the share is mounted'}.</p>`}
    ${how.storage_from && html`<p class="why warn">${how.storage_from} names the storage when the manager starts, and goes before what is chosen here.</p>`}
    ${found && html`<${Result} good=${found.usable}><strong>${found.usable ? 'This works' : 'This does not work'}: ${found.cause}.</strong>
      ${found.advice.length > 0 && html`<ul>${found.advice.map((a) => html`<li>${a}</li>`)}</ul>`}
      ${found.missing && html`<div class="actions"><button type="button" onClick=${() => use(path, true)}>Make the folder</button></div>`}</${Result}>`}
    <p class="hint">In use: <span class="path in-use">${how.storage}</span></p>`;
}

function Result({ good, children }) {
  return html`<div class=${`why ${good ? '' : 'bad'}`} role="status" data-usable=${String(good)}>${children}</div>`;
}

const places = { path: 'on the PATH', system: 'in a usual folder', opener: 'opens .blend files', input: 'named by you' };

function Blender({ programs, again, tried }) {
  const [path, setPath] = useState(''), [found, setFound] = useState(null), [busy, setBusy] = useState(false);
  if (!programs) return html`<p class="hint" role="status">Starting each Blender of the manager's computer to ask for its version …</p>`;
  const good = programs.blenders.filter((b) => b.usable), bad = programs.blenders.filter((b) => !b.usable);
  const use = async (event) => {
    event.preventDefault();
    setBusy(true);
    const result = await tried(() => post('blender', { path, use: true }));
    setBusy(false);
    setFound(result);
    if (result?.usable) again();
  };
  return html`${good.length ? html`<p>${good.length === 1 ? 'This Blender was' : 'These Blenders were'} found and started. A job is rendered by the version that saved its file, where there is one.</p>`
    : html`<p class="why bad">No Blender was found on this computer. Install one from blender.org and look again, or name its place below. Without one, this computer renders nothing; others can.</p>`}
    <ul class="plain-list programs">${good.map((b) => html`<li key=${b.path}><strong>Blender ${b.version}</strong><span class="path">${b.path}</span><span class="quiet">${places[b.source] ?? ''}</span></li>`)}
      ${bad.map((b) => html`<li key=${b.input}><strong class="bad">Does not run</strong><span class="path">${b.input}</span><span class="quiet">${b.cause}</span></li>`)}</ul>
    <form class="make" onSubmit=${use}><input class="wide-field" aria-label="Another Blender" required spellcheck="false" placeholder="Another Blender: its program, or the folder it is in" value=${path} onInput=${(event) => setPath(event.currentTarget.value)} />
      <button disabled=${busy}>${busy ? 'Starting it …' : 'Try and use it'}</button><button type="button" class="plain" onClick=${again}>Look again</button></form>
    ${found && html`<${Result} good=${found.usable}>${found.usable ? `Blender ${found.version} runs, and the worker of this computer uses it.` : found.cause}</${Result}>`}`;
}

function FFmpeg({ programs, again }) {
  if (!programs) return html`<p class="hint" role="status">Looking for FFmpeg …</p>`;
  const { ffmpeg } = programs;
  return html`<p>FFmpeg makes a video of the frames. Without it, frames are rendered all the same.</p>
    ${ffmpeg.usable ? html`<ul class="plain-list programs"><li><strong>FFmpeg ${ffmpeg.version}</strong><span class="path">${ffmpeg.path}</span></li></ul>` : html`<p class="why warn">${ffmpeg.cause}</p>`}
    <div class="actions"><button type="button" class="plain" onClick=${again}>Look again</button></div>`;
}

function Computers({ how }) {
  if (how.only_here) return html`<p>Only this computer reaches the farm, as you chose in the <a href="setup?step=network">first step</a>. Change that to have others render, too.</p>`;
  return html`<p>Every computer of the network can help. It needs this program and Blender, and no common folder.</p><${AddComputer} />
    <p class="hint">The <a href="workers">page of workers</a> shows when it is there. The page on <a href="../docs/worker.html">workers</a> and <a href="../docs/five-computers.html">from one computer to five</a> have more.</p>`;
}
