// What the list of jobs is filtered by: a text, and chips that say how many there would be.
import * as api from './api.js';
import { html, useEffect, useRef, useState } from './lib.js';
import { useLive } from './live.js';
import { ask, place } from './router.js';
import { word } from './format.js';

const MOST = 8; // chips of a kind; the others are in a list
const TYPING = 200; // milliseconds after the last key

// What runs and what is broken comes first.
const order = ['active', 'failed', 'queued', 'paused', 'pause-requested', 'requeueing', 'under-construction', 'cancel-requested', 'completed', 'canceled'];

export function Filter({ counts, query }) {
  const { data: tags } = useLive('tags', api.tags, { wakes: (name) => name === 'tag' });
  const statuses = Object.keys(counts?.statuses ?? {}).sort((a, b) => order.indexOf(a) - order.indexOf(b));
  const tagName = (id) => (id === 'none' ? 'no tag' : tags?.find((tag) => tag.id === id)?.name ?? id.slice(0, 8));
  return html`<div class="filter" role="search">
    <${Search} text=${query.get('text') ?? ''} />
    <${Chips} name="status" label="Status" values=${statuses} counts=${counts?.statuses} query=${query} show=${word} dot />
    <${Chips} name="type" label="Job type" values=${Object.keys(counts?.types ?? {}).sort()} counts=${counts?.types} query=${query} />
    <${Chips} name="tag" label="Tag" values=${Object.keys(counts?.tags ?? {}).sort()} counts=${counts?.tags} query=${query} show=${tagName} />
    <${Chips} name="submitter" label="Submitted by" values=${Object.keys(counts?.submitters ?? {}).sort()} counts=${counts?.submitters} query=${query} />
    <${Views} query=${query} /></div>`;
}

function Search({ text }) {
  const [typed, setTyped] = useState(null);
  const timer = useRef(0);
  useEffect(() => setTyped(null), [text]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const type = (value) => {
    setTyped(value);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => ask({ text: value.trim() || null }), TYPING);
  };
  return html`<input type="search" id="search" placeholder="Name or id …" aria-label="Jobs with this in their name" maxlength="200"
    value=${typed ?? text} onInput=${(event) => type(event.currentTarget.value)} />`;
}

// Chips are the values of one kind; those that are on filter, and none of them is any.
function Chips({ name, label, values, counts, query, show = String, dot }) {
  const on = query.getAll(name);
  const all = [...new Set([...values, ...on])];
  if (all.length < 2 && on.length === 0) return null;
  const toggle = (value) => ask({ [name]: on.includes(value) ? on.filter((v) => v !== value) : [...on, value] }, { step: true });
  const many = (value) => counts?.[value] ?? 0;
  const first = all.length <= MOST ? all : [...all].sort((a, b) => on.includes(b) - on.includes(a) || many(b) - many(a)).slice(0, Math.max(MOST, on.length));
  const rest = all.filter((value) => !first.includes(value));
  return html`<div class="chips" role="group" aria-label=${label}>${first.map((value) => html`
    <button type="button" key=${value} class="chip" aria-pressed=${on.includes(value) ? 'true' : 'false'} onClick=${() => toggle(value)}>
      ${dot ? html`<span class="status" data-status=${value}>${show(value)}</span>` : show(value)}<span class="count">${many(value).toLocaleString('en')}</span></button>`)}
    ${rest.length > 0 && html`<select aria-label=${`${label}: more`} value="" onChange=${(event) => toggle(event.currentTarget.value)}><option value="">${rest.length} more …</option>
      ${rest.map((value) => html`<option key=${value} value=${value}>${show(value)} (${many(value).toLocaleString('en')})</option>`)}</select>`}</div>`;
}

const KEPT = 'farm-views';

// Views are filters that were given a name, kept in this browser.
function Views({ query }) {
  const [views, setViews] = useState(() => JSON.parse(localStorage.getItem(KEPT) ?? '[]'));
  const [naming, setNaming] = useState(false);
  const text = new URLSearchParams([...query].filter(([name]) => name !== 'chosen')).toString(); // of nobody else's use
  const keep = (list) => {
    localStorage.setItem(KEPT, JSON.stringify(list));
    setViews(list);
    setNaming(false);
  };
  const save = (event) => {
    event.preventDefault();
    const name = new FormData(event.currentTarget).get('name').trim();
    if (name) keep([...views.filter((v) => v.name !== name), { name, query: text }]);
  };
  const kept = views.some((v) => v.query === text);
  return html`<div class="views">${views.map((v) => html`<span class="view" key=${v.name}>
      <a href=${`jobs?${v.query}`} aria-current=${v.query === text ? 'true' : undefined}>${v.name}</a>
      <button type="button" class="plain" aria-label=${`Forget the view ${v.name}`} onClick=${() => keep(views.filter((o) => o !== v))}>×</button></span>`)}
    ${text && html`<a class="quiet" href="jobs">Clear</a>`}
    ${text && !kept && !naming && html`<button type="button" class="plain" onClick=${() => setNaming(true)}>Save this view …</button>`}
    ${naming && html`<form onSubmit=${save}><input name="name" aria-label="Name of the view" placeholder="Name of the view" maxlength="60" required /><button class="strong">Save</button></form>`}</div>`;
}
