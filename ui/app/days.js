// What a worker rendered on each of the last days.
import { Chart } from './chart.js';
import { count, now, seconds } from './format.js';
import { html } from './lib.js';

const DAY = 86_400_000, SHOWN = 14; // days that the chart has at least
const number = (date) => Date.parse(date) / DAY;
const dateOf = (day) => new Date(day * DAY).toISOString().slice(0, 10);

// Days is a chart of how fast it was each day, and the last of them in words.
export function Days({ days }) {
  if (!days?.length) return html`<p class="hint">It has told of no frame in the last 90 days.</p>`;
  const byDay = new Map(days.map((d) => [number(d.date), d]));
  const here = new Date(now());
  const last = Math.max(number(days.at(-1).date), Date.UTC(here.getFullYear(), here.getMonth(), here.getDate()) / DAY);
  const first = Math.min(number(days[0].date), last - SHOWN + 1);
  const all = Array.from({ length: last - first + 1 }, (_, i) => first + i);
  const midnight = (day) => { const d = new Date(day * DAY); return new Date(d.getUTCFullYear(), d.getUTCMonth(), d.getUTCDate()).getTime() / 1000; };
  const most = Math.max(...days.map((d) => d.frames_per_hour));
  return html`<${Chart} dates times=${all.map(midnight)} values=${all.map((day) => byDay.get(day)?.frames_per_hour ?? null)} label="Speed" unit="frames an hour" text=${`How fast it was on each day it rendered, from ${dateOf(first)} to ${dateOf(last)}: ${tidy(most)} frames an hour at most.`} />
    <ul class="plain-list days">${days.slice(-7).reverse().map((d) => html`<li key=${d.date}><span>${d.date}</span> <span class="quiet">${count(d.frames, 'frame')} in ${seconds(d.seconds)}, ${tidy(d.frames_per_hour)} an hour</span></li>`)}</ul>`;
}

const tidy = (n) => n.toLocaleString('en', { maximumFractionDigits: 1 });
