// When a worker sleeps: windows with exact times, and a week to paint them in.
import * as api from './api.js';
import { html, useEffect, useRef, useState } from './lib.js';
import { useLive } from './live.js';
import { tell } from './notice.js';
import { exactly } from './format.js';
import { cells, days, DAY, windowsOf } from './week.js';

const names = { mo: 'Mon', tu: 'Tue', we: 'Wed', th: 'Thu', fr: 'Fri', sa: 'Sat', su: 'Sun' };

export function Schedule({ worker }) {
  const { data, error, load } = useLive(`schedule ${worker}`, async () => (await api.schedule(worker)) ?? { active: false, windows: [] }, { wakes: (name, event) => name === 'worker' && event.id === worker });
  const [draft, setDraft] = useState(null);
  if (!data) return html`<p class="hint">${error?.message ?? 'Reading …'}</p>`;
  const now = draft ?? data;
  const save = async (next) => {
    try {
      if (next.windows.length) await api.setSchedule(worker, { active: next.active, windows: next.windows });
      else await api.removeSchedule(worker);
      setDraft(null);
      load();
    } catch (refused) {
      tell(refused.message);
    }
  };
  const put = (windows) => setDraft({ ...now, windows, active: draft || data.windows.length ? now.active : true });
  return html`<div class="schedule">
    <label><input type="checkbox" checked=${now.active} onChange=${() => setDraft({ ...now, active: !now.active })} /> The worker sleeps at these times${data.time_zone && html` <span class="quiet">(${data.time_zone})</span>`}</label>
    ${data.wants && html`<p class="quiet">It wants to be ${data.wants} now${data.next_change && `, until ${exactly(data.next_change)}`}.</p>`}
    <${Week} windows=${now.windows} put=${put} />
    ${now.windows.map((w, i) => html`<${Window} key=${i} window=${w} put=${(next) => put(now.windows.map((o, k) => (k === i ? next : o)))} remove=${() => put(now.windows.filter((_, k) => k !== i))} />`)}
    <div class="actions"><button type="button" onClick=${() => put([...now.windows, { days: 'mo tu we th fr', from: '09:00', to: '18:00' }])}>Add a time</button>
      ${draft && html`<button type="button" class="strong" onClick=${() => save(draft)}>Save</button><button type="button" onClick=${() => setDraft(null)}>Leave it</button>`}</div></div>`;
}

function Window({ window: w, put, remove }) {
  const on = w.days ? w.days.split(' ') : days;
  const toggle = (day) => put({ ...w, days: days.filter((d) => (d === day ? !on.includes(d) : on.includes(d))).join(' ') || on.join(' ') });
  return html`<div class="sleep-window"><div class="chips">${days.map((day) => html`<button type="button" class="chip" key=${day} aria-pressed=${on.includes(day) ? 'true' : 'false'} onClick=${() => toggle(day)}>${names[day]}</button>`)}</div>
    <input type="time" value=${w.from || '00:00'} aria-label="From" onChange=${(event) => put({ ...w, from: event.currentTarget.value })} /> –
    <input type="time" value=${w.to === '24:00' || !w.to ? '00:00' : w.to} aria-label="Until" onChange=${(event) => put({ ...w, to: event.currentTarget.value === '00:00' ? '24:00' : event.currentTarget.value })} />
    <button type="button" class="plain" aria-label="Remove this time" onClick=${remove}>×</button></div>`;
}

// Week is seven days of half hours; dragging from one to another paints sleep between them, over
// several days too, or takes it away.
function Week({ windows, put }) {
  const asleep = cells(windows);
  const paint = useRef(null);
  const grid = useRef(null);
  useEffect(() => {
    const end = () => { paint.current = null; };
    addEventListener('pointerup', end);
    return () => removeEventListener('pointerup', end);
  }, []);
  const at = (event) => {
    const box = grid.current.getBoundingClientRect();
    const day = Math.floor(((event.clientY - box.top) / box.height) * 7), half = Math.floor(((event.clientX - box.left) / box.width) * DAY);
    return [Math.max(0, Math.min(6, day)), Math.max(0, Math.min(DAY - 1, half))];
  };
  const move = (event) => {
    if (!paint.current) return;
    const { from, before, on, last } = paint.current, to = at(event);
    if (String(to) === String(last)) return;
    paint.current.last = to;
    const within = (i, k) => i >= Math.min(from[k], to[k]) && i <= Math.max(from[k], to[k]);
    put(windowsOf(before.map((was, i) => (within(Math.floor(i / DAY), 0) && within(i % DAY, 1) ? on : was))));
  };
  const down = (event) => {
    const from = at(event);
    paint.current = { from, before: asleep, on: !asleep[from[0] * DAY + from[1]] };
    move(event);
  };
  return html`<div class="week" aria-hidden="true"><div class="week-days">${days.map((day) => html`<span key=${day}>${names[day]}</span>`)}</div>
    <div class="week-grid" ref=${grid} onPointerDown=${down} onPointerMove=${move}>${asleep.map((on, i) => html`<i key=${i} class=${on ? 'on' : ''}></i>`)}</div>
    <div class="week-hours">${[0, 6, 12, 18, 24].map((h) => html`<span key=${h}>${h}</span>`)}</div></div>`;
}
