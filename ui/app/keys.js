// The keyboard, and what is known of the window.
import { html, signal, useEffect, useRef, useState } from './lib.js';
import { ask, go, place } from './router.js';

const keys = [
  ['?', 'This list'], ['/', 'Search the jobs'], ['g then o, j, w, t', 'Overview, jobs, workers, tags'], ['g then y, n, s, l, u', 'Job types, notifications, settings, last rendered, submit'],
  ['↑ ↓ or k j', 'In a list: to another row'], ['Enter', 'Open the row'], ['Space', 'Choose the row'], ['Shift with ↑ ↓ or a click', 'Choose a range'],
  ['Alt with ↑ ↓', 'In the list of jobs: a higher or lower priority, with Shift by ten'], ['Ctrl+A', 'Choose all that were read'], ['Esc', 'Choose none, or close what is open'], ['f', 'Wall: the overview on the whole screen'],
];

const open = signal(false);
const pages = { o: '', j: 'jobs', w: 'workers', t: 'tags', y: 'job-types', n: 'notifications', s: 'settings', l: 'last-rendered', u: 'submit' };
let led = 0; // when g was pressed

addEventListener('keydown', (event) => {
  const { target, key } = event;
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (target.matches('input:not([type=checkbox]), textarea, select') || document.querySelector('dialog[open]')) {
    if (key === 'Escape' && target.matches('input')) target.blur();
    return;
  }
  if (key === 'Escape') leave();
  else if (key === '?') open.value = true;
  else if (key === '/') search();
  else if (key === 'f') wall();
  else if (key === 'g') led = event.timeStamp;
  else if (event.timeStamp - led < 1500 && key in pages) go(pages[key]);
  else return;
  if (key !== 'Escape') event.preventDefault();
});

// leave leads out of what is open: the innermost knows where to.
function leave() {
  if (walled()) {
    ask({ wall: null });
    return;
  }
  const way = document.querySelector('.drawer[data-close]') ?? document.querySelector('main [data-close]');
  if (way) go(way.dataset.close);
}

async function search() {
  if (!document.getElementById('search')) {
    go('jobs');
    await new Promise((resolve) => { setTimeout(resolve, 100); });
  }
  document.getElementById('search')?.focus();
}

// walled says whether this is the wall: its address is the overview's with ?wall, so that
// a browser of a monitor on the wall can begin with it.
export const walled = () => place.value.page === '' && place.value.query.has('wall');

// wall shows the overview on the whole screen, for a monitor that nobody sits at.
export async function wall() {
  if (walled()) {
    ask({ wall: null });
    if (document.fullscreenElement) await document.exitFullscreen();
    return;
  }
  go('?wall');
  try {
    await document.documentElement.requestFullscreen();
  } catch {
    // The browser wants a click first, or does not do it at all.
  }
}

// Esc in a window on the whole screen is the browser's, and tells nobody.
document.addEventListener('fullscreenchange', () => {
  if (!document.fullscreenElement && walled()) ask({ wall: null });
});

export const showKeys = () => { open.value = true; };

export function Keys() {
  const dialog = useRef(null);
  useEffect(() => { if (open.value) dialog.current.showModal(); }, [open.value]);
  if (!open.value) return null;
  return html`<dialog ref=${dialog} class="keys" aria-label="Keys" onClose=${() => { open.value = false; }}><h2>Keys</h2>
    <dl>${keys.map(([key, what]) => html`<div key=${key}><dt><kbd>${key}</kbd></dt><dd>${what}</dd></div>`)}</dl>
    <div class="actions"><button type="button" onClick=${() => dialog.current.close()}>Close</button></div></dialog>`;
}

const USUAL = 14; // pixels of a letter in a window of usual size

// useScale tells how much larger than usual letters are, as in a very wide window.
export function useScale() {
  const read = () => parseFloat(getComputedStyle(document.documentElement).fontSize) / USUAL;
  const [scale, setScale] = useState(read);
  useEffect(() => {
    const look = () => setScale(read());
    addEventListener('resize', look);
    return () => removeEventListener('resize', look);
  }, []);
  return scale;
}

// useNarrow tells whether the window is narrower than so many pixels.
export function useNarrow(pixels) {
  const query = `(max-width: ${pixels}px)`;
  const [narrow, setNarrow] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const list = matchMedia(query);
    const look = () => setNarrow(list.matches);
    list.addEventListener('change', look);
    return () => list.removeEventListener('change', look);
  }, [query]);
  return narrow;
}
