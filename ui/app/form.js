// The settings of a job type as a form, as somebody who submits sees them.
import { Fold } from './parts.js';
import { html } from './lib.js';
import { text } from './format.js';

// shownOf is those settings that people see before they submit. The file is chosen elsewhere.
export const shownOf = (type) => type.settings.filter((s) => ['', 'visible', 'submission'].includes(s.visible ?? '') && s.key !== 'blendfile');

const hiddenOf = (type) => type.settings.filter((s) => !shownOf(type).includes(s) && s.key !== 'blendfile');

export const labelOf = (s) => s.label || s.key.replaceAll('_', ' ').replace(/^./, (c) => c.toUpperCase());

// Form shows a setting as what the user gave it, in edits by key, else as it is in values,
// else its default. put(key, text) takes what they type; null takes it back.
export function Form({ type, values, edits, put, disabled }) {
  const hidden = hiddenOf(type);
  return html`<div class="form">${shownOf(type).map((s) => html`<${Field} key=${s.key} setting=${s} value=${edits[s.key] ?? values?.[s.key] ?? s.default}
      edited=${s.key in edits} put=${(value) => put(s.key, value)} disabled=${disabled || s.editable === false} />`)}</div>
    ${hidden.length > 0 && html`<${Fold} title=${`Decided by the file and the job type (${hidden.length})`}><dl class="values">${hidden.map((s) => html`<div key=${s.key}><dt>${s.key}</dt>
      <dd>${values?.[s.key] !== undefined ? text(values[s.key]) : s.default !== undefined ? text(s.default) : s.eval ? html`<span class="quiet">${s.eval}</span>` : ''}</dd></div>`)}</dl></${Fold}>`}`;
}

function Field({ setting: s, value, edited, put, disabled }) {
  const id = `setting-${s.key}`;
  const about = [s.description, s.evalInfo?.description].filter(Boolean).join('; ');
  const common = { id, disabled, 'aria-describedby': about ? `${id}-about` : undefined };
  const change = (event) => put(event.currentTarget.value);
  return html`<div class="form-row"><label for=${id}>${labelOf(s)}${s.required && html`<span class="quiet" title="A job needs it"> *</span>`}</label>
    <span class="form-value">${s.type === 'bool'
      ? html`<input type="checkbox" ...${common} checked=${value === true || value === 'true'} onChange=${(event) => put(String(event.currentTarget.checked))} />`
      : s.choices?.length ? html`<select ...${common} value=${String(value ?? '')} onChange=${change}>${[...new Set([...(value == null ? [''] : []), ...s.choices])].map((c) => html`<option key=${c} value=${c}>${c}</option>`)}</select>`
        : s.type === 'int32' || s.type === 'float' ? html`<input type="number" ...${common} ...${bounds(s)} value=${value ?? ''} onChange=${change} />`
          : html`<input type="text" ...${common} spellcheck="false" value=${value ?? ''} onChange=${change} />`}
      ${edited && html`<button type="button" class="plain" aria-label=${`Take back ${labelOf(s)}`} title="Take it back" onClick=${() => put(null)}>↺</button>`}</span>
    ${about && html`<span class="form-about" id=${`${id}-about`}>${about}</span>`}</div>`;
}

// bounds are those of a number, as Blender has them.
function bounds({ type, propargs: p = {} }) {
  return { min: p.min, max: p.max, step: type === 'int32' ? 1 : 'any' };
}
