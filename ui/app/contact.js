// The contact sheet: every frame that is rendered as a small picture, as it arrives, and
// a viewer with one of them, in which the sequence plays.
import { ROOT } from './address.js';
import { forget, later } from './budget.js';
import { html, useEffect, useLayoutEffect, useRef, useState } from './lib.js';
import { described, ranges } from './frames.js';
import { Fold } from './parts.js';
import { word } from './format.js';

const MOST = 240; // pictures on a sheet
const FPS = 24;

// shows says whether the manager can make a picture of the file of a frame.
const shows = (f) => f.picture;

// pictureOf is where the picture of a frame is. A frame that is rendered again has another.
const pictureOf = (f, size) => `${ROOT}api/farm/tasks/${f.task_id}/frames/${f.frame}/picture?${new URLSearchParams({ size, v: f.result?.saved ?? '1' })}`;

export function Contact({ frames, wanted, choose, fps }) {
  return html`<${Fold} title="Contact sheet" open><${Sheet} frames=${frames} wanted=${wanted} choose=${choose} fps=${fps} /></${Fold}>`;
}

function Sheet({ frames, wanted, choose, fps }) {
  const [from, setFrom] = useState(0);
  const [open, setOpen] = useState(-1);
  const those = frames.slice(from, from + MOST);
  const toggle = (f) => choose(ranges(wanted.has(f.frame) ? [...wanted].filter((n) => n !== f.frame) : [...wanted, f.frame]));
  return html`<ul class="contact">${those.map((f, i) => html`<li key=${f.frame} class=${`frame ${wanted.has(f.frame) ? 'wanted' : ''}`} data-status=${f.status}>
      <${Thumb} frame=${f} open=${() => setOpen(from + i)} />
      <label class=${f.warns ? 'bad' : 'quiet'} title=${described(f)}><input type="checkbox" checked=${wanted.has(f.frame)} onChange=${() => toggle(f)} aria-label=${`Choose frame ${f.frame}`} /> ${f.frame}</label></li>`)}</ul>
    ${frames.length > MOST && html`<div class="actions"><button type="button" disabled=${from === 0} onClick=${() => setFrom(Math.max(0, from - MOST))}>‹ Earlier</button>
      <button type="button" disabled=${from + MOST >= frames.length} onClick=${() => setFrom(from + MOST)}>Later ›</button></div>`}
    ${open >= 0 && html`<${Viewer} frames=${frames} at=${open} go=${setOpen} fps=${fps} />`}`;
}

function Thumb({ frame: f, open }) {
  const [gone, setGone] = useState(false);
  const now = shows(f) ? pictureOf(f, 'small') : '';
  const [src, setSrc] = useState(now);
  useEffect(() => {
    if (now === src) return undefined;
    const put = () => {
      setGone(false);
      setSrc(now);
    };
    if (now) later(`frame ${f.task_id} ${f.frame}`, put); // those that arrive take their turn
    else put();
    return () => forget(`frame ${f.task_id} ${f.frame}`);
  }, [now]);
  if (!src || gone) return html`<span class="picture"><span class="hint">${gone ? 'not in the storage' : word(f.status)}</span></span>`;
  return html`<button type="button" class="picture" aria-label=${`Frame ${f.frame}, larger`} onClick=${open}><img loading="lazy" src=${src} alt="" onError=${() => setGone(true)} /></button>`;
}

// Viewer shows a frame as large as there is room: arrows lead to others, the space bar plays.
function Viewer({ frames, at, go, fps = FPS }) {
  const dialog = useRef(null);
  const [plays, setPlays] = useState(false);
  const seen = frames.filter(shows);
  const f = frames[at];
  useLayoutEffect(() => {
    dialog.current.showModal();
    dialog.current.focus(); // not a button, which the space bar would press
  }, []);
  const step = (by) => {
    const i = seen.indexOf(f);
    go(frames.indexOf(seen[(i + by + seen.length) % seen.length]));
  };
  useEffect(() => {
    if (!plays) return undefined;
    const timer = setTimeout(() => step(1), 1000 / fps);
    return () => clearTimeout(timer);
  }, [plays, at]);
  const key = (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by) step(by);
    else if (event.key === ' ' && event.target.tagName !== 'BUTTON') setPlays(!plays);
    else return;
    event.preventDefault();
  };
  return html`<dialog ref=${dialog} class="viewer" tabindex="-1" aria-label=${`Frame ${f.frame}`} onClose=${() => go(-1)} onKeyDown=${key}>
    <img src=${pictureOf(f, plays ? 'small' : 'large')} alt=${described(f)} />
    <div class="row"><span class="quiet">${described(f)}</span><span class="spread"></span>
      <button type="button" onClick=${() => step(-1)} aria-label="The frame before">‹</button><button type="button" onClick=${() => step(1)} aria-label="The next frame">›</button>
      <button type="button" onClick=${() => setPlays(!plays)}>${plays ? 'Stop' : 'Play'}</button><button type="button" onClick=${() => dialog.current.close()}>Close</button></div></dialog>`;
}
