// Charts of numbers over time, by uPlot, which is fetched when the first one is to be seen.
import { html, useEffect, useRef, useState } from './lib.js';

const SPAN = 3600; // seconds that a chart shows at least

let library;

// load fetches uPlot and its styles.
function load() {
  library ??= (async () => {
    const styles = document.createElement('link');
    styles.rel = 'stylesheet';
    styles.href = '../vendor/uplot/uPlot.min.css';
    document.head.append(styles);
    return (await import('../vendor/uplot/uPlot.esm.js')).default;
  })();
  return library;
}

// Chart draws values at times, which are in seconds. kind is bars, or points for values
// that have nothing between them. dates says that each value is of a day. text says the same
// to those who do not see it.
export function Chart({ times, values, label, unit, kind = 'bars', height = 150, dates = false, text }) {
  const box = useRef(null);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    let plot, tall = height, over = false;
    const make = async () => {
      const Plot = await load();
      if (over || !box.current) return;
      plot?.destroy();
      // Of a single value uPlot would show years.
      const data = times.length === 1 ? [[times[0] - 60, times[0]], [null, values[0]]] : [times, values];
      tall = height * lettersOf(box.current) / 14;
      plot = new Plot(options(Plot, box.current, { label, unit, kind, height: tall, dates }), data, box.current);
    };
    make().catch(() => setFailed(true));
    const size = new ResizeObserver(([{ contentRect }]) => plot?.setSize({ width: contentRect.width, height: tall }));
    size.observe(box.current);
    const dark = matchMedia('(prefers-color-scheme: dark)');
    dark.addEventListener('change', make);
    return () => {
      over = true;
      size.disconnect();
      dark.removeEventListener('change', make);
      plot?.destroy();
    };
  }, [times.join(), values.join(), label, height]);
  return html`<div class="chart" role="img" aria-label=${text}><div ref=${box}></div>${failed && html`<p class="hint">${text}</p>`}</div>`;
}

const lettersOf = (box) => parseFloat(getComputedStyle(box).fontSize);

function options(Plot, box, { label, unit, kind, height, dates }) {
  const after = dates ? SPAN * 12 : SPAN / 60; // the newest value is seen as a whole
  const style = getComputedStyle(box), letters = lettersOf(box);
  const colour = (name) => style.getPropertyValue(name).trim();
  const axis = { stroke: colour('--quiet'), grid: { stroke: colour('--line') }, ticks: { stroke: colour('--line') }, font: `${Math.round(0.86 * letters)}px ${style.fontFamily}` };
  const bars = kind === 'bars';
  return {
    width: box.clientWidth, height, padding: dates ? [null, 2.6 * letters, null, null] : undefined, legend: { live: true },
    scales: { x: { range: (_, least, most) => [Math.min(least - (dates ? after : 0), most - SPAN), most + after] }, y: { range: (_, least, most) => [0, Math.max(1, most * 1.1)] } },
    axes: [{ ...axis, values: stamps, space: (dates ? 6.4 : 4.6) * letters, size: 3.6 * letters }, { ...axis, size: 4 * letters }],
    series: [{ value: dates ? '{YYYY}-{MM}-{DD}' : '{YYYY}-{MM}-{DD} {HH}:{mm}' }, {
      label, stroke: colour('--accent'), fill: bars ? colour('--accent-soft') : undefined, width: 1.5,
      paths: bars ? Plot.paths.bars({ size: [0.8, 40] }) : () => null, points: { show: !bars, size: 7, fill: colour('--accent') },
      value: (_, v) => (v == null ? '–' : `${v.toLocaleString('en', { maximumFractionDigits: 1 })} ${unit}`),
    }],
  };
}

// stamps names points of time below a chart: the time of the day, and the day where it begins.
function stamps(_, times, __, ___, step) {
  let before = '';
  return times.map((t) => {
    const at = new Date(t * 1000), two = (n) => String(n).padStart(2, '0');
    const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
    const fresh = day !== before;
    before = day;
    if (step >= 86_400) return day;
    return `${two(at.getHours())}:${two(at.getMinutes())}${fresh ? `\n${day}` : ''}`;
  });
}

const BINS = 48;
const steps = [60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800]; // seconds

// perHour counts times, in milliseconds, by equal parts of the time between the first and
// the last, and returns {times, values, step}: the beginning of each part, and how many an hour.
export function perHour(stamps) {
  if (stamps.length === 0) return { times: [], values: [], step: 0 };
  const all = stamps.map((t) => t / 1000).sort((a, b) => a - b);
  const first = all[0], last = all.at(-1);
  const step = steps.find((s) => (last - first) / s <= BINS) ?? Math.ceil((last - first) / BINS);
  const begin = Math.floor(first / step) * step;
  const values = Array(Math.floor((last - begin) / step) + 1).fill(0);
  for (const t of all) values[Math.floor((t - begin) / step)] += 3600 / step;
  return { times: values.map((_, i) => begin + i * step), values, step };
}
