// How busy the computers of workers are, as far as they tell.
import { bytes, exactly, percent } from './format.js';
import { html } from './lib.js';
import { Time } from './parts.js';

// present says whether a worker is there. Then it was heard of just now, or the manager
// would have noticed.
export const present = (w) => ['starting', 'awake', 'asleep', 'testing'].includes(w.status);

// gauges lists what is known of the load: {name, used, text}; used is in percent, null if
// it is not known of how much.
export function gauges(w) {
  if (!w.load || !present(w)) return [];
  const { cpu, memory_free: free, gpus = [] } = w.load;
  const of = (name, left, all) => ({ name, used: all > 0 ? percent(all - left, all) : null, text: all > 0 ? `${bytes(left)} of ${bytes(all)} free` : `${bytes(left)} free` });
  return [cpu != null && { name: 'CPU', used: cpu, text: `${cpu} %` }, free > 0 && of('Memory', free, w.facts?.memory), ...gpus.map((g) => of(g.name || 'GPU', g.memory_free, g.memory))].filter(Boolean);
}

// Gauge is one of them as a bar, and in words unless that is left to the tooltip.
export function Gauge({ of, name, short }) {
  const label = `${of.name}: ${of.text}`;
  return html`<span class="gauge" title=${label}>${short && html`<span>${short}</span>`}${of.used !== null && html`<meter min="0" max="100" value=${of.used} aria-label=${`${of.name} of ${name} in use, in percent`}></meter>`}${!short && html`<span>${of.text}</span>`}</span>`;
}

// Gauges are processors and memory in little space, and the fullest card.
export function Gauges({ worker: w }) {
  const all = gauges(w), own = all.filter((g) => g.name === 'CPU' || g.name === 'Memory');
  const card = all.filter((g) => !own.includes(g)).sort((a, b) => b.used - a.used)[0];
  if (all.length === 0) return null;
  return html`<span class="gauges">${own.map((g) => html`<${Gauge} key=${g.name} of=${g} name=${w.name} short=${g.name === 'CPU' ? `CPU ${g.text}` : 'Mem'} />`)}${card && html`<${Gauge} of=${card} name=${w.name} short="GPU" />`}</span>`;
}

// Seen is when a worker was last heard of.
export function Seen({ worker: w }) {
  return present(w) ? html`<span title=${exactly(w.last_seen)}>here</span>` : html`<${Time} of=${w.last_seen} />`;
}
