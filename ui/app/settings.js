// The manager's settings: grouped, explained, checked by the manager, and shown as a diff
// before they are saved. Only what was changed is sent, so that nothing else is lost.
import { own } from './api.js';
import { count, text } from './format.js';
import { html, useEffect, useLayoutEffect, useRef, useState } from './lib.js';
import { useLive } from './live.js';
import { tell } from './notice.js';
import { Card, Command, Copy, Fold } from './parts.js';
import { ask as askAddress, place } from './router.js';
import { Variables } from './variables.js';

const fetchKeys = () => own('GET', 'configuration');
const post = (changes, check) => own('POST', 'configuration', { changes, check });
const reload = () => own('POST', 'configuration/reload');

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
const shown = (value) => (value === '' || value == null ? '—' : Array.isArray(value) && !value.length ? 'none' : text(value));

// settled is who decides a key, if not this page: the environment or a flag.
const settled = (key) => (/^(default|farm\.yaml|)$/.test(key.from ?? '') ? '' : key.from);

export function Settings() {
  const { data, error, load } = useLive('settings', fetchKeys);
  const [draft, setDraft] = useState({});
  const [review, setReview] = useState(null);
  const [refused, setRefused] = useState('');
  const query = place.value.query, wanted = (query.get('text') ?? '').toLowerCase();
  useLayoutEffect(() => {
    const warn = (event) => event.preventDefault();
    if (Object.keys(draft).length) addEventListener('beforeunload', warn);
    return () => removeEventListener('beforeunload', warn);
  }, [draft]);
  if (!data) return html`<h1 tabindex="-1">Settings</h1><p class="hint">${error?.message ?? 'Reading …'}</p>`;
  const put = (key, value) => {
    setRefused('');
    setDraft(({ [key.name]: _, ...rest }) => (same(value, key.value) ? rest : { ...rest, [key.name]: value }));
  };
  const changed = Object.keys(draft).length;
  const look = async () => {
    try {
      setReview((await post(draft, true)).changes);
    } catch (no) {
      setRefused(no.message);
    }
  };
  const save = async () => {
    setReview(null);
    try {
      const { changes } = await post(draft, false);
      setDraft({});
      load();
      const later = changes.filter((c) => c.restart).length;
      tell(`${count(changes.length, 'setting')} saved.${later ? ' Restart the manager for what needs it.' : ''}`, { good: true });
    } catch (no) {
      setRefused(no.message);
    }
  };
  const keys = data.keys.filter((k) => [k.name, k.label, k.about].some((t) => t?.toLowerCase().includes(wanted)));
  const groups = [...new Set(keys.map((k) => k.group))];
  return html`<h1 tabindex="-1">Settings</h1>
    <div class="filter"><input type="search" aria-label="Find a setting" placeholder="Find a setting" value=${query.get('text') ?? ''} onInput=${(event) => askAddress({ text: event.currentTarget.value || null })} />
      <span class="quiet">In <span class="path">${data.file}</span></span><${Copy} text=${data.file} what="the path" />
      ${data.may_change_guarded && html`<button type="button" title="After somebody edited it" onClick=${() => reread(load, setRefused)}>Read the file again</button>`}<a class="button" href="setup">Set up again</a></div>
    ${data.pending?.length > 0 && html`<p class="why warn">Saved, and used after the next start of the manager: <span class="path">${data.pending.join(', ')}</span>.</p>`}
    ${!data.may_change_guarded && html`<p class="why">What names files of the manager's computer, or says who may reach it, is changed there, or with the farm key. Here it can be read.</p>`}
    ${groups.map((group) => html`<${Card} key=${group} title=${group} kind="settings-group"><div class="form">${keys.filter((k) => k.group === group).map((k) => html`<${Key} key=${k.name} of=${k}
      value=${k.name in draft ? draft[k.name] ?? k.default : k.value} edited=${k.name in draft} locked=${k.guarded && !data.may_change_guarded} put=${(value) => put(k, value)}
      take=${() => put(k, k.value)} toDefault=${() => (same(k.value, k.default) ? put(k, k.value) : put(k, null))} />`)}</div></${Card}>`)}
    ${keys.length === 0 && html`<p class="hint">No setting is about that.</p>`}
    <section class="card more"><${Fold} title="As the file has it"><${File} keys=${data.keys} /></${Fold}></section>
    ${(changed > 0 || refused) && html`<div class="save-bar" role="region" aria-label="Changes"><strong>${count(changed, 'change')}</strong>${refused && html`<span class="bad" role="alert">${refused}</span>`}
      <span class="spread"></span><button type="button" onClick=${() => { setDraft({}); setRefused(''); }}>Leave it</button><button type="button" class="strong" disabled=${!changed} onClick=${look}>Review …</button></div>`}
    ${review && html`<${Review} changes=${review} save=${save} close=${() => setReview(null)} />`}`;
}

// reread has the manager read its file again, which somebody edited.
async function reread(load, refuse) {
  try {
    const { changes } = await reload();
    tell(changes.length ? `The file was read: ${changes.map((c) => c.name).join(', ')} changed.` : 'The file was read, and nothing changed.', { good: true });
    load();
  } catch (no) {
    refuse(no.message);
  }
}

// Review shows what would change, and asks.
function Review({ changes, save, close }) {
  const dialog = useRef(null);
  useEffect(() => dialog.current.showModal(), []);
  return html`<dialog ref=${dialog} class="review" aria-label="What changes" onClose=${close}><h2>What changes</h2>
    ${changes.length === 0 && html`<p>Nothing: the manager has it like this already.</p>`}
    <dl class="diff">${changes.map((c) => html`<div key=${c.name}><dt class="path">${c.name}</dt><dd><del>${shown(c.from)}</del> <ins>${shown(c.to)}</ins>${c.restart && html` <span class="quiet">after a restart</span>`}</dd></div>`)}</dl>
    <div class="actions"><button type="button" onClick=${() => dialog.current.close()}>Go back</button>${changes.length > 0 && html`<button type="button" class="strong" onClick=${save}>Save</button>`}</div></dialog>`;
}

function Key({ of: k, value, edited, locked, put, take, toDefault }) {
  const id = `key-${k.name}`, by = settled(k);
  const off = locked || Boolean(by);
  return html`<div class=${`form-row ${edited ? 'edited' : ''}`}><label for=${id}>${k.label || k.name}<span class="path quiet key-name">${k.name}</span></label>
    <span class="form-value"><${Value} id=${id} of=${k} value=${value} put=${put} disabled=${off} />
      ${k.unit && html`<span class="quiet">${k.unit}</span>`}
      ${edited && html`<button type="button" class="plain" aria-label=${`Take back ${k.name}`} title="Take it back" onClick=${take}>↺</button>`}
      ${!off && !same(value, k.default) && k.kind !== 'secret' && html`<button type="button" class="plain" title=${`The default is ${shown(k.default)}`} onClick=${toDefault}>Default</button>`}</span>
    <span class="form-about" id=${`${id}-about`}>${k.about}${k.zero && ` 0: ${k.zero}.`}${limits(k)}${k.restart && ' Needs a restart.'}${by && ` It comes from ${by}, which wins over the file.`}${k.see && html` <a href=${`../${k.see}`} target="_blank">More</a>`}</span>
    ${locked && html`<${Command} line=${`farm config set ${k.name} ${quoted(value)}`} />`}</div>`;
}

// limits says between what a value may be; that it cannot be negative goes without saying.
function limits({ least, most }) {
  const parts = [least && least !== '0' && `at least ${least}`, most && `at most ${most}`].filter(Boolean).join(', ');
  return parts && ` ${parts[0].toUpperCase()}${parts.slice(1)}.`;
}

const quoted = (value) => (typeof value === 'object' || /^[\w.:/-]+$/.test(String(value ?? '')) ? String(typeof value === 'object' ? JSON.stringify(value) : value) : `"${value ?? ''}"`);

// Value is the control for a key of its kind.
function Value({ id, of: k, value, put, disabled }) {
  const common = { id, disabled, 'aria-describedby': `${id}-about` };
  const typed = (event) => put(event.currentTarget.value);
  switch (k.kind) {
    case 'boolean': return html`<input type="checkbox" ...${common} checked=${Boolean(value)} onChange=${(event) => put(event.currentTarget.checked)} />`;
    case 'choice': return html`<select ...${common} value=${String(value ?? '')} onChange=${typed}>${[...new Set([...k.choices, String(value ?? '')])].map((c) => html`<option key=${c} value=${c}>${c || '—'}</option>`)}</select>`;
    case 'integer': case 'number': return html`<input type="number" ...${common} step=${k.kind === 'integer' ? 1 : 'any'} value=${value ?? ''} onInput=${(event) => put(event.currentTarget.value === '' ? '' : Number(event.currentTarget.value))} />`;
    case 'list': return html`<textarea ...${common} rows=${Math.max(2, value?.length ?? 0)} spellcheck="false" placeholder="One a line" value=${(value ?? []).join('\n')} onInput=${(event) => put(event.currentTarget.value.split('\n').map((l) => l.trim()).filter(Boolean))}></textarea>`;
    case 'secret': return html`<form onSubmit=${(event) => event.preventDefault()}><input type="text" class="unseen" autocomplete="username" tabindex="-1" aria-hidden="true" /><input type="password" ...${common} autocomplete="new-password" placeholder="unchanged" value=${value ?? ''} onInput=${typed} /></form>`;
    case 'variables': return html`<${Variables} id=${id} value=${value} put=${put} disabled=${disabled} />`;
  }
  return html`<input type="text" ...${common} spellcheck="false" value=${value ?? ''} onInput=${typed} />`;
}

// File is what differs from the defaults, as farm.yaml has it. JSON is YAML, too.
function File({ keys }) {
  const tree = {};
  for (const k of keys) {
    if (same(k.value, k.default) || k.kind === 'secret') continue;
    const path = k.name.split('.');
    const last = path.pop();
    let at = tree;
    for (const part of path) at = at[part] ??= {};
    at[last] = k.value;
  }
  const yaml = `# What differs from the defaults, without passwords.\n${lines(tree, '')}`;
  return html`<div class="source-head"><${Copy} text=${yaml} what="the settings" /><a class="button" download="farm.yaml" href=${`data:application/yaml;charset=utf-8,${encodeURIComponent(yaml)}`}>Download</a></div>
    <pre class="source" tabindex="0" role="region" aria-label="The settings as YAML">${yaml}</pre>`;
}

const lines = (tree, indent) => Object.entries(tree).map(([key, value]) => (value && typeof value === 'object' && !Array.isArray(value)
  ? `${indent}${key}:\n${lines(value, `${indent}  `)}` : `${indent}${key}: ${JSON.stringify(value)}\n`)).join('');
