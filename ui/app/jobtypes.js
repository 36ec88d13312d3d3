// Job types: what there is to submit as, how its form looks, its script, and scripts that
// cannot be used, with the mistake.
import * as api from './api.js';
import { count } from './format.js';
import { Form, shownOf } from './form.js';
import { html, useState } from './lib.js';
import { useLive } from './live.js';
import { Card, Copy, Drawer, Facts } from './parts.js';
import { ask, place } from './router.js';
import { source } from './submissions.js';

export function JobTypes({ name }) {
  const { data, error, load } = useLive('job types', async () => {
    const [types, broken] = await Promise.all([api.jobTypes(), api.broken()]);
    return { types, broken };
  });
  const one = data?.types.find((t) => t.name === name), bad = data?.broken.find((b) => b.name === name);
  return html`<h1 tabindex="-1">Job types</h1>
    <div class="row"><p class="quiet">What a job is made of: scripts that come with the program, and those in the folder <span class="path">scripts</span> of the manager's home.</p>
      <span class="spread"></span><button type="button" onClick=${load}>Look again</button><a class="button" href="../docs/job-types.html" target="_blank">How to write one</a></div>
    ${!data && html`<p class="hint">${error?.message ?? 'Reading …'}</p>`}
    ${data?.broken.length > 0 && html`<${Card} title="Cannot be used" kind="problems broken-types"><ul class="plain-list">${data.broken.map((b) => html`<li key=${b.file}><span class="status" data-status="failed">script</span>
      <a class="name" href=${`job-types/${encodeURIComponent(b.name)}`}>${b.file}</a><span class="reason path">${b.error}</span></li>`)}</ul></${Card}>`}
    ${data && html`<section class="card types"><ul class="plain-list">${data.types.map((t) => html`<li key=${t.name}><a class="name" href=${`job-types/${encodeURIComponent(t.name)}`}>${t.label}</a>
      <span class="path quiet">${t.name}</span><span>${t.description}</span><span class="spread"></span><span class="quiet">${count(shownOf(t).length, 'setting')}</span>
      <a class="button" href=${`submit?type=${encodeURIComponent(t.name)}`}>Submit</a></li>`)}</ul></section>`}
    ${(one || bad) && html`<${One} key=${name} type=${one} broken=${bad} />`}
    ${data && name && !one && !bad && html`<p class="hint">There is no job type “${name}”.</p>`}`;
}

function One({ type, broken }) {
  const name = (type ?? broken).name;
  const asSource = broken || place.value.query.get('as') === 'source';
  const { data } = useLive(`source ${name} ${type?.etag ?? broken?.error}`, () => source(name));
  return html`<${Drawer} title=${type?.label ?? broken.file} kind="type" close="job-types">
    ${type && html`<div class="row"><div class="chips" role="group" aria-label="What to show">
      <button type="button" class="chip" aria-pressed=${!asSource ? 'true' : 'false'} onClick=${() => ask({ as: null })}>Form</button>
      <button type="button" class="chip" aria-pressed=${asSource ? 'true' : 'false'} onClick=${() => ask({ as: 'source' })}>Script</button></div>
      <span class="spread"></span><a class="button strong" href=${`submit?type=${encodeURIComponent(name)}`}>Submit a file as this</a></div>`}
    ${broken && html`<p class="why bad">${broken.error}</p>`}
    <${Facts} list=${[['Name', html`<span class="path">${name}</span>`], ['Script', data && (data.file || 'comes with the program')], ['About', type?.description]]} />
    ${asSource ? html`<${Source} text=${data?.source} error=${broken?.error} />` : html`<${Preview} type=${type} />`}</${Drawer}>`;
}

// Preview is the form as a submitter sees it, before a file is chosen. Nothing is sent.
function Preview({ type }) {
  const [edits, setEdits] = useState({});
  const put = (key, value) => setEdits(({ [key]: _, ...rest }) => (value === null ? rest : { ...rest, [key]: value }));
  return html`<p class="quiet">As it looks to somebody who submits. What is empty comes from the file.</p><${Form} type=${type} values=${{}} edits=${edits} put=${put} />`;
}

// Source is a script with the numbers of its lines; the one that an error names stands out.
function Source({ text, error }) {
  if (text === undefined) return html`<p class="hint">Reading …</p>`;
  const at = Number(/:(\d+)(?::\d+)?\b/.exec(error ?? '')?.[1] ?? /line (\d+)/i.exec(error ?? '')?.[1]);
  return html`<div class="source-head"><${Copy} text=${text} what="the script" /></div>
    <pre class="source" tabindex="0" role="region" aria-label="The script">${text.split('\n').map((line, i) => html`<span key=${i} class=${i + 1 === at ? 'bad-line' : ''}>${line || ' '}</span>`)}</pre>`;
}
