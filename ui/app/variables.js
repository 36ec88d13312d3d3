// The variables of the configuration: names with a value for each platform and audience.
import { html } from './lib.js';

const platforms = ['all', 'linux', 'windows', 'darwin'], audiences = ['all', 'workers', 'users'];

export function Variables({ id, value, put, disabled }) {
  const all = Object.entries(value ?? {});
  const set = (name, next) => put(Object.fromEntries(all.map(([n, v]) => (n === name ? [n, { ...v, ...next }] : [n, v]))));
  const rename = (name, to) => put(Object.fromEntries(all.map(([n, v]) => [n === name ? to : n, v])));
  const fresh = () => {
    let n = 1;
    while (`variable${n}` in (value ?? {})) n++;
    put({ ...value, [`variable${n}`]: { values: [{ platform: 'all', value: '' }] } });
  };
  return html`<div class="variables" id=${id}>${all.map(([name, v], i) => html`<fieldset key=${i} disabled=${disabled}><legend class="unseen">${name}</legend>
      <div class="row"><input class="path" aria-label="Name of the variable" value=${name} onChange=${(event) => rename(name, event.currentTarget.value.trim())} />
        <label title="Paths are turned into this variable, and back"><input type="checkbox" checked=${v.is_twoway} onChange=${(event) => set(name, { is_twoway: event.currentTarget.checked })} /> both ways</label>
        <button type="button" class="plain" aria-label=${`Remove ${name}`} onClick=${() => put(Object.fromEntries(all.filter(([n]) => n !== name)))}>×</button></div>
      ${(v.values ?? []).map((one, k) => html`<${One} key=${k} of=${one} put=${(next) => set(name, { values: v.values.with(k, next) })} remove=${() => set(name, { values: v.values.toSpliced(k, 1) })} />`)}
      <button type="button" class="plain" onClick=${() => set(name, { values: [...v.values ?? [], { platform: 'linux', value: '' }] })}>Another value for ${name}</button></fieldset>`)}
    ${!disabled && html`<button type="button" onClick=${fresh}>Add a variable</button>`}</div>`;
}

function One({ of: one, put, remove }) {
  // A value is for one platform or for several of them; all that this page does not show stays.
  const several = one.platforms?.length > 1;
  const platform = one.platforms?.[0] ?? one.platform ?? 'all';
  return html`<div class="row variable-value">${several ? html`<span class="quiet">${one.platforms.join(', ')}</span>`
    : html`<select aria-label="Platform" value=${platform} onChange=${(event) => put({ ...one, platforms: undefined, platform: event.currentTarget.value })}>${[...new Set([...platforms, platform])].map((p) => html`<option key=${p} value=${p}>${p}</option>`)}</select>`}
    <select aria-label="Audience" value=${one.audience || 'all'} onChange=${(event) => put({ ...one, audience: event.currentTarget.value })}>${audiences.map((a) => html`<option key=${a} value=${a}>${a}</option>`)}</select>
    <input class="path" aria-label="Value" value=${one.value ?? ''} onInput=${(event) => put({ ...one, value: event.currentTarget.value })} /><button type="button" class="plain" aria-label="Remove this value" onClick=${remove}>×</button></div>`;
}
